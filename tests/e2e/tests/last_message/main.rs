//! The last messages of a session reach every client, and the client is notified of the end once.
//!
//! Real clients record their observations with this project's server and with Node's.

mod observation;
mod server;

use std::net::SocketAddr;

use e2e::clients::{self, NodeServer, Transports};
use observation::{Observation, Scenario};

/// The environment variable with the number of clients of each scenario with this project's server.
const CLIENTS: &str = "SOCKETIO_E2E_LAST_MESSAGE_CLIENTS";

/// The number of clients of each scenario if [`CLIENTS`] is not set, and always with Node's server.
const DEFAULT_CLIENTS: &str = "20";

/// The ends of sessions. Each is a process of the client script.
const ENDS: [&str; 6] = [
    "disconnect",
    "disconnect-close",
    "conn-close",
    "broadcast",
    "broadcast-close",
    "server-close",
];

/// The folder of the latest socket.io-client.
const LATEST: &str = "socket.io-client";

#[derive(Clone, Copy, Debug)]
enum Client {
    /// The folder in `node_modules`.
    Node(&'static str),
    Python,
}

impl Client {
    /// Runs the script of the client for one end.
    async fn observations(
        self,
        control: SocketAddr,
        clients: &str,
        transports: Transports,
        end: &str,
    ) -> Option<Vec<Observation>> {
        let control = format!("http://{control}");
        let mut args = vec!["--control", &control, "--clients", clients, "--ends", end];
        args.extend(["--transports", transports.option()]);
        let output = match self {
            Self::Node(module) => {
                args.extend(["--client", module]);
                // A `connect` in the disconnect handler confuses earlier versions of the client.
                if module != LATEST {
                    args.extend(["--reconnects", "false"]);
                }
                clients::script("last_message.mjs", &[module], &args).await
            }
            Self::Python => clients::python_script("last_message.py", &args).await,
        };
        Some(observation::parse(&output?))
    }

    /// Returns the reasons that the client may report. More than one is possible where the end of
    /// the session races with a poll or with the upgrade.
    fn reasons(self, transports: Transports, end: &str) -> &'static [&'static str] {
        match (self, end, transports) {
            (Self::Node(_), "conn-close", _) => &["transport close"],
            (Self::Node(_), "server-close", Transports::WebSocket) => &["transport close"],
            // The server does not wait for the poll after the last messages, and refuses it. A poll
            // that arrives before the end receives the close packet.
            (Self::Node(_), "server-close", _) => &["transport error", "transport close"],
            (Self::Node(_), ..) => &["io server disconnect"],
            // This client reports the close packet of polling and the end of a WebSocket differently.
            (Self::Python, "conn-close", Transports::WebSocket) => &["transport error"],
            (Self::Python, "conn-close", Transports::Upgrade) => {
                &["server disconnect", "transport error"]
            }
            (Self::Python, "server-close", Transports::WebSocket) => &["transport error"],
            (Self::Python, "server-close", _) => &["transport error", "server disconnect"],
            (Self::Python, ..) => &["server disconnect"],
        }
    }
}

/// Runs all scenarios of a client and its transports with both servers.
async fn compare(client: Client, transports: Transports) {
    let Some(node) = NodeServer::start("last-message-server.mjs").await else {
        return;
    };
    let ours = server::start().await;
    let count = std::env::var(CLIENTS).unwrap_or_else(|_| DEFAULT_CLIENTS.to_owned());
    let mut faults = Vec::new();
    for end in ENDS {
        let reasons = client.reasons(transports, end);
        let node = client.observations(node.addr(), DEFAULT_CLIENTS, transports, end);
        let Some(node) = node.await else { return };
        let ours = client.observations(ours, &count, transports, end);
        let Some(ours) = ours.await else { return };
        // Node drops queued packets when the server closes, which docs/DIFFERENCES.md documents.
        let may_lose = end == "server-close";
        faults.extend(observation::faults("Node", &node, reasons, may_lose));
        faults.extend(observation::faults("this server", &ours, reasons, false));
        assert_eq!(scenarios(&node), scenarios(&ours));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn scenarios(observations: &[Observation]) -> Vec<&Scenario> {
    let mut scenarios: Vec<_> = observations.iter().map(|seen| &seen.scenario).collect();
    scenarios.dedup();
    scenarios
}

macro_rules! clients {
    ($($name:ident: $client:expr;)*) => {
        $(mod $name {
            use super::{Client, Transports, compare};

            #[tokio::test(flavor = "multi_thread")]
            async fn polling() {
                compare($client, Transports::Polling).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn upgrade() {
                compare($client, Transports::Upgrade).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn websocket() {
                compare($client, Transports::WebSocket).await;
            }
        })*
    };
}

clients! {
    node: Client::Node(super::LATEST);
    node_4_0: Client::Node("socket.io-client-4.0");
    node_3: Client::Node("socket.io-client-3");
    node_2: Client::Node("socket.io-client-2");
    python: Client::Python;
}
