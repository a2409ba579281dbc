//! nginx in front of the server.

use std::collections::BTreeSet;
use std::fs;

use e2e::clients::{self, Transports};
use socketio_testing::{Request, WsClient};
use wtransport::Identity;

use crate::proxy::{Proxy, new_folder};
use crate::server::Server;

pub(crate) const ALL: [Transports; 3] = [
    Transports::Polling,
    Transports::WebSocket,
    Transports::Upgrade,
];

/// Connects real clients through a proxy. Returns the names of the servers that they have reached.
pub(crate) async fn connect(
    url: &str,
    path: &str,
    transports: Transports,
    options: &str,
) -> Option<Vec<String>> {
    let mut args = vec!["--url", url, "--path", path, "--clients", "12"];
    args.extend(["--transports", transports.option()]);
    args.extend(["--client-options", options]);
    let output = clients::script("deploying.mjs", &["socket.io-client"], &args).await?;
    Some(serde_json::from_str(&output).expect("names of servers"))
}

async fn connect_all(url: &str, path: &str, options: &str) {
    for transports in ALL {
        if let Some(names) = connect(url, path, transports, options).await {
            assert_eq!(names, ["a"; 12], "{transports:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_serves_all_transports() {
    let server = Server::start("a").await;
    let to = server.addr.to_string();
    let edits = [("127.0.0.1:3000", &*to)];
    if let Some(nginx) = Proxy::nginx("nginx-location.conf", &edits).await {
        connect_all(&nginx.url(), "/socket.io", "{}").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sub_path_is_removed_by_the_proxy() {
    let server = Server::start("a").await;
    let to = server.addr.to_string();
    let edits = [("127.0.0.1:3000", &*to)];
    if let Some(nginx) = Proxy::nginx("nginx-sub-path.conf", &edits).await {
        connect_all(&nginx.url(), "/api/socket.io", "{}").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_http2_end_at_the_proxy() {
    let server = Server::start("a").await;
    let folder = new_folder();
    let identity = Identity::self_signed(["localhost", "127.0.0.1"]).expect("valid names");
    let certificate = folder.join("app.pem").display().to_string();
    let key = folder.join("app.key").display().to_string();
    let pem = identity.certificate_chain().as_slice()[0].to_pem();
    fs::write(&certificate, pem).expect("a new file");
    fs::write(&key, identity.private_key().to_secret_pem()).expect("a new file");
    let to = server.addr.to_string();
    let edits = [
        ("127.0.0.1:3000", &*to),
        ("/etc/ssl/app.pem", &*certificate),
        ("/etc/ssl/app.key", &*key),
    ];
    let Some(nginx) = Proxy::nginx("nginx-tls.conf", &edits).await else {
        return;
    };
    let url = format!("https://{}", nginx.addr());
    connect_all(&url, "/socket.io", r#"{"rejectUnauthorized":false}"#).await;
    // Browsers poll over HTTP/2. Node's client uses HTTP/1.1.
    for transports in ALL {
        let args = ["--url", &url, "--transports", transports.option()];
        let modules = ["playwright-core", "socket.io-client", "chromium"];
        let Some(output) = clients::script("deploying_browser.mjs", &modules, &args).await else {
            break;
        };
        let expected = match transports {
            Transports::Polling => r#"{"transport":"polling","protocols":["h2"]}"#,
            Transports::WebSocket => r#"{"transport":"websocket","protocols":[]}"#,
            _ => r#"{"transport":"websocket","protocols":["h2"]}"#,
        };
        assert_eq!(output.trim(), expected);
    }
    fs::remove_dir_all(folder).ok();
}

/// Starts two servers behind a configuration for two.
async fn two_servers(file: &str) -> Option<(Proxy, [Server; 2])> {
    let servers = [Server::start("a").await, Server::start("b").await];
    let [a, b] = [&servers[0], &servers[1]].map(|server| server.addr.to_string());
    let edits = [("127.0.0.1:3001", &*a), ("127.0.0.1:3002", &*b)];
    let nginx = Proxy::nginx(file, &edits).await?;
    Some((nginx, servers))
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_sticky_by_address() {
    let Some((nginx, _servers)) = two_servers("nginx-sticky-address.conf").await else {
        return;
    };
    for transports in ALL {
        if let Some(names) = connect(&nginx.url(), "/socket.io", transports, "{}").await {
            // All clients have the same address.
            assert_eq!(BTreeSet::from_iter(names).len(), 1, "{transports:?}");
        }
    }
}

/// The document names `ip_hash` as the alternative.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_sticky_by_ip_hash() {
    let servers = [Server::start("a").await, Server::start("b").await];
    let [a, b] = [&servers[0], &servers[1]].map(|server| server.addr.to_string());
    let edits = [
        ("127.0.0.1:3001", &*a),
        ("127.0.0.1:3002", &*b),
        ("hash $remote_addr consistent;", "ip_hash;"),
    ];
    let Some(nginx) = Proxy::nginx("nginx-sticky-address.conf", &edits).await else {
        return;
    };
    let url = nginx.url();
    if let Some(names) = connect(&url, "/socket.io", Transports::Upgrade, "{}").await {
        assert_eq!(BTreeSet::from_iter(names).len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_sticky_by_cookie() {
    let Some((nginx, _servers)) = two_servers("nginx-sticky-cookie.conf").await else {
        return;
    };
    let options = r#"{"withCredentials":true}"#;
    for transports in ALL {
        if let Some(names) = connect(&nginx.url(), "/socket.io", transports, options).await {
            // Each client has its own cookie.
            assert_eq!(BTreeSet::from_iter(names).len(), 2, "{transports:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_sticky_by_their_id() {
    let Some((nginx, _servers)) = two_servers("nginx-rolling.conf").await else {
        return;
    };
    for transports in ALL {
        if let Some(names) = connect(&nginx.url(), "/socket.io", transports, "{}").await {
            assert_eq!(BTreeSet::from_iter(names).len(), 2, "{transports:?}");
        }
    }
}

/// The response names the line that the configuration lacks.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_without_websocket_is_recognised() {
    let server = Server::start("a").await;
    let to = server.addr.to_string();
    let http = "proxy_http_version 1.1;";
    let upgrade = "proxy_set_header Upgrade $http_upgrade;";
    let connection = "proxy_set_header Connection \"upgrade\";";
    for (removed, hint) in [
        (&[http][..], "HTTP/1.0 has no upgrades"),
        (&[upgrade][..], "missing header Upgrade: websocket"),
        (&[connection][..], "missing header Connection: upgrade"),
        (
            &[upgrade, connection][..],
            "missing headers Upgrade and Connection",
        ),
    ] {
        let mut edits = vec![("127.0.0.1:3000", &*to)];
        edits.extend(removed.iter().map(|line| (*line, "")));
        let Some(nginx) = Proxy::nginx("nginx-location.conf", &edits).await else {
            return;
        };
        let request = Request::websocket("/socket.io/?EIO=4&transport=websocket");
        let refused = WsClient::try_connect(nginx.addr(), &request).await;
        let refused = refused.expect_err("the request is no upgrade any more");
        refused.assert(400, r#"{"code":3,"message":"Bad request"}"#);
        assert_eq!(refused.header("engine-io-hint"), Some(hint));
    }
}
