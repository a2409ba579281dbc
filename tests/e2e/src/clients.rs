//! Runs the client suites of `clients/` against a server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use socketio::ServeClient;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::server::Server;

/// The environment variable that, set to `1`, lets tests pass if their client is not installed.
/// They print what they skip.
pub const SKIP_MISSING: &str = "SOCKETIO_E2E_SKIP_MISSING";

/// The time limit of one suite. A suite takes about ten seconds on an idle machine.
const SUITE_LIMIT: Duration = Duration::from_secs(600);

/// The transports that a suite uses: its `--transports` option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transports {
    /// Only polling.
    Polling,
    /// Only WebSocket.
    WebSocket,
    /// Polling first, then an upgrade to WebSocket.
    Upgrade,
    /// Only WebTransport.
    WebTransport,
    /// Polling first, then an upgrade to WebTransport.
    UpgradeToWebTransport,
}

impl Transports {
    /// Returns the value of the option.
    pub fn option(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
            Self::Upgrade => "polling,websocket",
            Self::WebTransport => "webtransport",
            Self::UpgradeToWebTransport => "polling,webtransport",
        }
    }
}

/// A client for the JavaScript suites, with its options.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Its folder in `node_modules`.
    pub module: &'static str,
    /// Additional client options, as JSON.
    pub options: &'static str,
    /// The number of clients in the load case. `None` uses the default of the suite.
    pub load_clients: Option<u32>,
}

impl Client {
    /// Returns the client in a folder of `node_modules`, without additional options.
    pub const fn new(module: &'static str) -> Self {
        Self {
            module,
            options: "{}",
            load_clients: None,
        }
    }

    fn arguments(self, command: &mut Command) {
        command.args(["--client", self.module, "--client-options", self.options]);
        if let Some(clients) = self.load_clients {
            command.args(["--load-clients", &clients.to_string()]);
        }
    }
}

/// Runs `suite.mjs`, with a client in Node.
///
/// # Panics
///
/// Panics when a case fails, and when the client is not installed and [`SKIP_MISSING`] is not set.
pub async fn node(server: Server, client: Client, transports: Transports) {
    let module = client.module;
    if present(module, &folder().join("node_modules").join(module)) {
        let mut command = Command::new("node");
        command.arg(folder().join("suite.mjs"));
        client.arguments(&mut command);
        run(&mut command, server, transports).await;
    }
}

/// Runs the cases of `suite.mjs` for connection state recovery. The server must have it enabled.
///
/// # Panics
///
/// As [`node`].
pub async fn node_recovery(server: Server, transports: Transports) {
    let client = "socket.io-client";
    if present(client, &folder().join("node_modules").join(client)) {
        let mut command = Command::new("node");
        command
            .arg(folder().join("suite.mjs"))
            .args(["--client", client, "--suite", "recovery"]);
        run(&mut command, server, transports).await;
    }
}

/// Runs `browser.mjs`, with the bundle of a client in headless Chromium.
///
/// # Panics
///
/// As [`node`].
pub async fn browser(server: Server, client: Client, transports: Transports) {
    let chromium = chromium();
    let modules = folder().join("node_modules");
    if present("playwright-core", &modules.join("playwright-core"))
        && present(client.module, &modules.join(client.module))
        && present("Chromium", Path::new(&chromium))
    {
        let mut command = Command::new("node");
        command.arg(folder().join("browser.mjs"));
        command.args(["--chromium", &chromium]);
        client.arguments(&mut command);
        run(&mut command, server, transports).await;
    }
}

/// Runs `browser.mjs` against a server that accepts WebTransport sessions on the UDP port of the
/// same number. `certificate_hash` is the SHA-256 hash of its certificate in hexadecimal digits.
///
/// # Panics
///
/// As [`node`].
pub async fn browser_with_webtransport(
    addr: SocketAddr,
    certificate_hash: &str,
    transports: Transports,
) {
    let chromium = chromium();
    let modules = folder().join("node_modules/playwright-core");
    if present("playwright-core", &modules) && present("Chromium", Path::new(&chromium)) {
        let mut command = Command::new("node");
        command.arg(folder().join("browser.mjs"));
        command.args(["--certificate-hash", certificate_hash]);
        command.args(["--chromium", &chromium]);
        run_against(&mut command, addr, transports).await;
    }
}

/// Runs `suite.py`, with python-socketio.
///
/// # Panics
///
/// As [`node`].
pub async fn python(server: Server, transports: Transports) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e-venv/bin/python");
    if present("python-socketio", &python) {
        run(
            Command::new(python).arg(folder().join("suite.py")),
            server,
            transports,
        )
        .await;
    }
}

/// Runs a Node script of `clients/` and returns its standard output. `modules` lists the packages
/// that it needs, and `chromium` if it needs the browser. Returns `None` if one of them is not
/// installed and [`SKIP_MISSING`] is set.
///
/// # Panics
///
/// Panics when the script fails, and when something it needs is not installed and [`SKIP_MISSING`]
/// is not set.
pub async fn script(name: &str, modules: &[&str], args: &[&str]) -> Option<String> {
    for module in modules {
        let at = match *module {
            "chromium" => chromium().into(),
            module => folder().join("node_modules").join(module),
        };
        if !present(module, &at) {
            return None;
        }
    }
    let mut command = Command::new("node");
    command.arg(folder().join(name)).args(args);
    Some(output(&mut command).await)
}

/// Runs a Python script of `clients/` and returns its standard output. Returns `None` if
/// python-socketio is not installed and [`SKIP_MISSING`] is set.
///
/// # Panics
///
/// As [`script`].
pub async fn python_script(name: &str, args: &[&str]) -> Option<String> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e-venv/bin/python");
    if !present("python-socketio", &python) {
        return None;
    }
    let mut command = Command::new(python);
    command.arg(folder().join(name)).args(args);
    Some(output(&mut command).await)
}

/// Returns the path of a program. Returns `None` if it is not installed and [`SKIP_MISSING`] is set.
///
/// # Panics
///
/// Panics when it is not installed and [`SKIP_MISSING`] is not set.
pub fn program(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    // Servers are often outside of the `PATH` of users.
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    let expected = found.unwrap_or_else(|| Path::new("/usr/sbin").join(name));
    present(name, &expected).then_some(expected)
}

/// A server in Node, which is killed when this is dropped.
#[derive(Debug)]
pub struct NodeServer {
    addr: SocketAddr,
    _process: Child,
}

impl NodeServer {
    /// Starts a script of `clients/` that prints "listening PORT". Returns `None` if socket.io is
    /// not installed and [`SKIP_MISSING`] is set.
    ///
    /// # Panics
    ///
    /// As [`script`].
    pub async fn start(name: &str) -> Option<Self> {
        if !present("socket.io", &folder().join("node_modules/socket.io")) {
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder().join(name))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts: install Node 20 or later");
        let stdout = process.stdout.take().expect("the output is piped");
        let mut lines = BufReader::new(stdout).lines();
        let line = lines.next_line().await.expect("the output is text");
        let port = line
            .as_deref()
            .and_then(|line| line.strip_prefix("listening "));
        let port = port.and_then(|port| port.parse().ok());
        let port: u16 =
            port.unwrap_or_else(|| panic!("{name} printed {line:?} instead of its port"));
        Some(Self {
            addr: (Ipv4Addr::LOCALHOST, port).into(),
            _process: process,
        })
    }

    /// Returns the address it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn chromium() -> String {
    std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}

/// Runs `suite.mjs` with socket.io-client 4.x and socket.io-msgpack-parser.
///
/// # Panics
///
/// As [`node`].
pub async fn node_with_msgpack(server: Server, transports: Transports) {
    if let Some(script) = msgpack_script("suite.mjs") {
        let mut command = Command::new("node");
        run(command.arg(script).arg("--msgpack"), server, transports).await;
    }
}

/// Runs `browser.mjs` with the bundle of socket.io-client 4.x that includes
/// socket.io-msgpack-parser.
///
/// # Panics
///
/// As [`node`].
pub async fn browser_with_msgpack(server: Server, transports: Transports) {
    let chromium = chromium();
    let modules = folder().join("node_modules/playwright-core");
    if present("playwright-core", &modules) && present("Chromium", Path::new(&chromium)) {
        let mut command = Command::new("node");
        command.arg(folder().join("browser.mjs"));
        command.args(["--msgpack", "--chromium", &chromium]);
        run(&mut command, server, transports).await;
    }
}

/// Runs `suite.py` with the MessagePack serializer of python-socketio.
///
/// # Panics
///
/// As [`node`].
pub async fn python_with_msgpack(server: Server, transports: Transports) {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/e2e-venv/bin/python");
    if present("python-socketio", &python) {
        let mut command = Command::new(python);
        command.arg(folder().join("suite.py")).arg("--msgpack");
        run(&mut command, server, transports).await;
    }
}

/// Returns the path of a script that needs socket.io-msgpack-parser, or `None` if that is not
/// installed.
///
/// # Panics
///
/// Panics if it is not installed and [`SKIP_MISSING`] is not set.
pub fn msgpack_script(name: &str) -> Option<PathBuf> {
    const PARSER: &str = "socket.io-msgpack-parser";
    present(PARSER, &folder().join("node_modules").join(PARSER)).then(|| folder().join(name))
}

/// Returns the path of a script that runs Node's parser, or `None` if the parser is not installed.
///
/// # Panics
///
/// Panics if it is not installed and [`SKIP_MISSING`] is not set.
pub fn parser_script(name: &str) -> Option<PathBuf> {
    const PARSER: &str = "socket.io-parser";
    present(PARSER, &folder().join("node_modules").join(PARSER)).then(|| folder().join(name))
}

/// Returns the browser bundles of socket.io-client 4.x if it is installed.
pub fn bundles() -> Option<ServeClient> {
    static BUNDLES: OnceLock<Option<ServeClient>> = OnceLock::new();
    BUNDLES
        .get_or_init(|| ServeClient::from_dir(bundles_folder()).ok())
        .clone()
}

/// Returns the folder with the bundles of socket.io-client 4.x, or `None` if it is not installed.
///
/// # Panics
///
/// Panics if it is not installed and [`SKIP_MISSING`] is not set.
pub fn installed_bundles() -> Option<PathBuf> {
    let folder = bundles_folder();
    present("socket.io-client", &folder).then_some(folder)
}

fn bundles_folder() -> PathBuf {
    folder().join("node_modules/socket.io-client/dist")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

fn present(what: &str, at: &Path) -> bool {
    if at.exists() {
        return true;
    }
    if std::env::var_os(SKIP_MISSING).is_some_and(|value| value == "1") {
        println!("skipped: {what} is not installed at {}", at.display());
        return false;
    }
    panic!(
        "{what} is not installed at {}: run `cargo xtask test`, which installs it, or set {SKIP_MISSING}=1",
        at.display()
    );
}

async fn run(command: &mut Command, server: Server, transports: Transports) {
    run_against(command, server.addr(), transports).await;
}

async fn run_against(command: &mut Command, addr: SocketAddr, transports: Transports) {
    let url = format!("http://{addr}");
    command.args(["--url", &url, "--transports", transports.option()]);
    output(command).await;
}

/// Runs a command, prints its output, and returns its standard output.
async fn output(command: &mut Command) -> String {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(SUITE_LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => panic!(
            "{command:?} failed to start: {error}; run `cargo xtask test`, which installs what it needs"
        ),
        Err(_) => panic!(
            "{command:?} did not finish within {} s",
            SUITE_LIMIT.as_secs()
        ),
    };
    print!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success(),
        "the suite failed ({}); see its output above",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
