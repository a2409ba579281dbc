//! nginx and HAProxy with the configurations of `docs/deploying`.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use e2e::clients;
use socketio_testing::within;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A running proxy, which is killed on drop.
pub(crate) struct Proxy {
    addr: SocketAddr,
    folder: PathBuf,
    _process: Child,
}

impl Proxy {
    /// Starts nginx with a file of `docs/deploying`, in which `edits` are made. Each must apply.
    ///
    /// Returns `None` if nginx is not installed and missing programs are skipped.
    pub(crate) async fn nginx(file: &str, edits: &[(&str, &str)]) -> Option<Self> {
        let program = clients::program("nginx")?;
        let addr = free_addr();
        let folder = new_folder();
        let text = edited(&configuration(file), edits);
        let listen = format!("listen {addr}");
        let site = match text.contains("listen 80;") {
            true => edited(&text, &[("listen 80", &listen)]),
            false => edited(&text, &[("listen 443", &listen)]),
        };
        fs::write(folder.join("site.conf"), site).expect("a new file");
        let at = folder.display();
        // With a single process, nothing is left behind when it is killed.
        let main = format!(
            "daemon off; master_process off; worker_rlimit_nofile 16384; pid {at}/nginx.pid;\n\
             error_log {at}/error.log;\n\
             events {{ worker_connections 8192; }}\n\
             http {{\n\
             access_log off;\n\
             client_body_temp_path {at}/body; proxy_temp_path {at}/proxy;\n\
             fastcgi_temp_path {at}/fastcgi; uwsgi_temp_path {at}/uwsgi; scgi_temp_path {at}/scgi;\n\
             include {at}/site.conf;\n\
             }}\n"
        );
        fs::write(folder.join("nginx.conf"), main).expect("a new file");
        let mut command = Command::new(program);
        command.arg("-c").arg(folder.join("nginx.conf"));
        Some(Self::start(command, addr, folder).await)
    }

    /// Starts HAProxy, as [`nginx`](Self::nginx).
    pub(crate) async fn haproxy(file: &str, edits: &[(&str, &str)]) -> Option<Self> {
        let program = clients::program("haproxy")?;
        let addr = free_addr();
        let folder = new_folder();
        let bind = format!("bind {addr}");
        let text = edited(&configuration(file), edits);
        let text = edited(&text, &[("bind :80", &bind)]);
        let path = folder.join("haproxy.cfg");
        fs::write(&path, text).expect("a new file");
        let mut command = Command::new(program);
        command.arg("-db").arg("-f").arg(&path);
        Some(Self::start(command, addr, folder).await)
    }

    async fn start(mut command: Command, addr: SocketAddr, folder: PathBuf) -> Self {
        let mut process = command
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        within("the start of the proxy", async {
            while TcpStream::connect(addr).await.is_err() {
                if let Ok(Some(status)) = process.try_wait() {
                    panic!("the proxy has ended with {status}; see its output above");
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
        Self {
            addr,
            folder,
            _process: process,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Returns the folder with the configurations.
pub(crate) fn configurations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/deploying")
}

/// Returns a file of `docs/deploying`.
pub(crate) fn configuration(file: &str) -> String {
    let path = configurations().join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Replaces text. Each edit must apply.
pub(crate) fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (from, to) in edits {
        assert!(
            text.contains(from),
            "{from:?} is not in the configuration:\n{text}"
        );
        text = text.replace(from, to);
    }
    text
}

/// Returns an address that nothing listens on.
fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}

/// Creates a folder for the files of a proxy.
pub(crate) fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("deploying-{}-{number}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a new folder");
    folder
}
