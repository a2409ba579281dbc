//! Every query of the dashboard returns data from a real Prometheus that scrapes the example.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use socketio_testing::{Message, Program, Request, WsClient};

/// The variable that skips the test if Prometheus is not installed.
const SKIP_MISSING: &str = "SOCKETIO_E2E_SKIP_MISSING";

const PROMETHEUS: &str = "/usr/bin/prometheus";

const WEBSOCKET: &str = "/socket.io/?EIO=4&transport=websocket";

/// The rounds of traffic until every query must have data. A round takes about a tenth of a second.
const MAX_ROUNDS: usize = 600;

#[tokio::test]
async fn every_query_has_data() {
    if !Path::new(PROMETHEUS).exists() {
        assert!(
            std::env::var(SKIP_MISSING).is_ok_and(|value| value == "1"),
            "{PROMETHEUS} is not installed: run `cargo xtask test`, which installs it, or set \
             {SKIP_MISSING}=1"
        );
        println!("skipped: {PROMETHEUS} is not installed");
        return;
    }
    let example = Program::start(env!("CARGO_BIN_EXE_example-metrics"));
    let prometheus = Prometheus::scraping(example.addr());
    let mut traffic = Traffic::start(example.addr()).await;
    let mut missing = queries();
    assert!(missing.len() >= 20, "{} queries", missing.len());
    for _ in 0..MAX_ROUNDS {
        traffic.round().await;
        let Some(query) = missing.pop() else {
            break;
        };
        if !prometheus.has_data(&query).await {
            missing.insert(0, query);
        }
    }
    assert!(missing.is_empty(), "no data for {missing:#?}");
    let dashboard = dashboard();
    for name in metric_names(&example).await {
        // Nothing upgrades or recovers in the example.
        if !["socketio_recoveries_total", "socketio_upgrades_total"].contains(&&*name) {
            assert!(dashboard.contains(&name), "no panel shows {name}");
        }
    }
}

fn dashboard() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana.json");
    fs::read_to_string(path).expect("the dashboard")
}

/// Returns the queries of the panels, with an interval in place of Grafana's variable.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&dashboard()).expect("valid JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array();
        targets.expect("targets").clone()
    });
    targets
        .map(|target| {
            let query = target["expr"].as_str().expect("a query");
            query.replace("$__rate_interval", "10s")
        })
        .collect()
}

/// Returns the names of the server's metrics.
async fn metric_names(example: &Program) -> BTreeSet<String> {
    let metrics = Request::get("/metrics").send(example.addr()).await.text();
    let types = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    types
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// A Prometheus server, which is stopped on drop.
struct Prometheus {
    process: Child,
    folder: PathBuf,
    addr: SocketAddr,
}

impl Prometheus {
    fn scraping(target: SocketAddr) -> Self {
        let addr = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let folder = std::env::temp_dir().join(format!("socketio-metrics-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let config = format!(
            "scrape_configs:\n  - job_name: socketio\n    scrape_interval: 1s\n    \
             scrape_timeout: 1s\n    static_configs:\n      - targets: [\"{target}\"]\n"
        );
        let file = folder.join("prometheus.yml");
        fs::write(&file, config).expect("a file");
        let data = folder.join("data");
        let process = Command::new(PROMETHEUS)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg(format!("--web.listen-address={addr}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start Prometheus");
        Self {
            process,
            folder,
            addr,
        }
    }

    /// Returns whether a query has a result that is a number. `false` if Prometheus has not started.
    async fn has_data(&self, query: &str) -> bool {
        if tokio::net::TcpStream::connect(self.addr).await.is_err() {
            return false;
        }
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let request = Request::get(&format!("/api/v1/query?query={encoded}"));
        let text = request.send(self.addr).await.text();
        let Ok(answer) = serde_json::from_str::<Value>(&text) else {
            return false;
        };
        assert_ne!(answer["status"], "error", "{query}: {text}");
        let results = answer["data"]["result"].as_array();
        let is_number = |result: &Value| {
            result["value"][1]
                .as_str()
                .is_some_and(|text| text != "NaN")
        };
        results.is_some_and(|results| results.iter().any(is_number))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Clients that cause every kind of figure.
struct Traffic {
    addr: SocketAddr,
    client: WsClient,
    /// Answers nothing that it is asked.
    _silent: WsClient,
}

impl Traffic {
    async fn start(addr: SocketAddr) -> Self {
        Self {
            addr,
            client: join(addr).await,
            _silent: join(addr).await,
        }
    }

    async fn round(&mut self) {
        for event in [
            r#"421["add",1,2]"#,
            r#"421["add","no number"]"#,
            r#"421["unknown"]"#,
            r#"421["say","lobby","hello"]"#,
            r#"421["search","x"]"#,
            // Its answer takes some milliseconds and is the last.
            r#"422["search","socket"]"#,
        ] {
            self.client.send(event).await;
        }
        read_until(&mut self.client, "432").await;
        let mut leaving = join(self.addr).await;
        leaving.send("40/members,").await;
        read_until(&mut leaving, "44/members,").await;
        leaving.reset();
        let refused = Request::get("/socket.io/?EIO=4&transport=tcp");
        refused.send(self.addr).await.assert(400, "…");
    }
}

/// Answers the server until a packet begins with this text.
async fn read_until(client: &mut WsClient, start: &str) {
    loop {
        let Message::Text(text) = client.recv().await else {
            panic!("the server sends text");
        };
        let asked = text.strip_prefix("42").and_then(|ask| ask.split_once('['));
        match asked {
            _ if text.starts_with(start) => return,
            _ if text == "2" => client.send("3").await,
            Some((id, _)) if !id.is_empty() => client.send(&format!("43{id}[true]")).await,
            _ => {}
        }
    }
}

async fn join(addr: SocketAddr) -> WsClient {
    let mut client = WsClient::connect(addr, WEBSOCKET).await;
    client.expect("0{…}").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    client
}
