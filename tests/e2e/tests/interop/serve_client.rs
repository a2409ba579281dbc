//! Tests serving the official browser client as Node's server does (`serveClient`).

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use axum::Router;
use axum::routing::get;
use e2e::app::{serve, serve_router};
use e2e::clients::installed_bundles;
use e2e::server::Server;
use e2e::session::{assert_alive, join, join_polling};
use flate2::read::{GzDecoder, ZlibDecoder};
use socketio::{ServeClient, SocketIoLayer};
use socketio_testing::{HttpConnection, RawResponse, Request};

const NAMES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

const TRANSPORT_UNKNOWN: &str = r#"{"code":0,"message":"Transport unknown"}"#;

/// Starts a server that serves the client, and returns it with the client files. Returns `None` if
/// the files are not installed.
async fn start() -> Option<(Server, Files)> {
    let files = Files(installed_bundles()?);
    Some((Server::start().await, files))
}

struct Files(PathBuf);

impl Files {
    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).expect("a file of the client")
    }

    fn etag(&self) -> String {
        let package = std::fs::read(self.0.join("../package.json")).expect("the package");
        let package: serde_json::Value = serde_json::from_slice(&package).expect("JSON");
        format!("\"{}\"", package["version"].as_str().expect("a version"))
    }
}

fn file(name: &str) -> Request {
    Request::get(&format!("/socket.io/{name}"))
}

/// Returns the headers set by the application in alphabetical order.
fn headers(response: &RawResponse) -> Vec<(String, String)> {
    let of_http = ["connection", "date", "keep-alive", "transfer-encoding"];
    let mut headers: Vec<_> = response
        .headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .filter(|(name, _)| !of_http.contains(&&**name))
        .collect();
    headers.sort();
    headers
}

#[track_caller]
fn assert_headers(server: &Server, response: &RawResponse, node: &[(&str, &str)], more: &[&str]) {
    let mut expected: Vec<(String, String)> = node
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let more = server.expects("headers of the browser client", &[] as &[&str], more);
    for header in more {
        let (name, value) = header.split_once(": ").expect("a header");
        expected.push((name.to_owned(), value.to_owned()));
    }
    expected.sort();
    assert_eq!(headers(response), expected);
}

#[tokio::test]
async fn the_server_serves_the_eight_client_files() {
    let Some((server, files)) = start().await else {
        return;
    };
    let mut connection = HttpConnection::open(server.addr()).await;
    for name in NAMES {
        let response = connection.exchange(&file(name)).await;
        assert_eq!(response.status, 200, "{name}");
        assert!(response.body == files.read(name), "{name}");
        let content_type = match name.ends_with(".map") {
            true => "application/json; charset=utf-8",
            false => "application/javascript; charset=utf-8",
        };
        assert_headers(
            &server,
            &response,
            &[
                ("cache-control", "public, max-age=0"),
                ("content-type", content_type),
                ("etag", &files.etag()),
            ],
            &[
                &format!("content-length: {}", response.body.len()),
                "vary: accept-encoding",
            ],
        );
    }
}

#[tokio::test]
async fn every_method_returns_the_file() {
    let Some((server, files)) = start().await else {
        return;
    };
    let content = files.read("socket.io.min.js");
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let response = Request::new(method, "/socket.io/socket.io.min.js")
            .body("")
            .send(server.addr())
            .await;
        assert_eq!(response.status, 200, "{method}");
        assert!(response.body == content, "{method}");
    }
    let mut connection = HttpConnection::open(server.addr()).await;
    let head = Request::new("HEAD", "/socket.io/socket.io.min.js");
    let response = connection.exchange(&head).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("etag"), Some(&*files.etag()));
    // A HEAD response has no body: the next bytes belong to the next response.
    let response = connection.exchange(&file("socket.io.min.js")).await;
    assert_eq!(response.status, 200);
}

#[tokio::test]
async fn the_server_ignores_the_query() {
    let Some((server, files)) = start().await else {
        return;
    };
    for query in ["?v=1", "?EIO=4&transport=polling", "?"] {
        let response = file(&format!("socket.io.js{query}"))
            .send(server.addr())
            .await;
        assert!(response.body == files.read("socket.io.js"), "{query}");
    }
}

/// Guards against paths chosen by the request.
#[tokio::test]
async fn other_names_are_engine_requests() {
    let Some((server, _)) = start().await else {
        return;
    };
    for name in [
        "socket.io.esm.js",
        "socket.io.msgpack.js",
        "SOCKET.IO.JS",
        "socket.io.js/",
        "/socket.io.js",
        "x/socket.io.js",
        "./socket.io.js",
        "../package.json",
        "..%2fpackage.json",
        "socket%2eio.js",
        "package.json",
        "socket.io.js%00",
    ] {
        file(name)
            .send(server.addr())
            .await
            .assert(400, TRANSPORT_UNKNOWN);
    }
}

#[tokio::test]
async fn a_cached_file_is_not_sent_again() {
    let Some((server, files)) = start().await else {
        return;
    };
    let etag = files.etag();
    let list_status = server.expects("If-None-Match with a list or *", 200, 304);
    for (known, status) in [
        (etag.clone(), 304),
        (format!("W/{etag}"), 304),
        (format!("\"x\", {etag}"), list_status),
        (format!("W/{etag},\"x\""), list_status),
        ("*".to_owned(), list_status),
        ("\"4.0.0\"".to_owned(), 200),
        (etag.trim_matches('"').to_owned(), 200),
        ("W/".to_owned(), 200),
    ] {
        let request = file("socket.io.js").header("If-None-Match", &known);
        let response = request.send(server.addr()).await;
        assert_eq!(response.status, status, "{known}");
        if status == 304 {
            assert_eq!(response.body, b"");
            let etag = format!("etag: {etag}");
            assert_headers(
                &server,
                &response,
                &[],
                &[
                    "cache-control: public, max-age=0",
                    &etag,
                    "vary: accept-encoding",
                ],
            );
        }
    }
}

#[tokio::test]
async fn a_file_is_compressed_with_the_preferred_encoding() {
    let Some((server, files)) = start().await else {
        return;
    };
    let name = "socket.io.min.js";
    let content = files.read(name);
    for (accepted, coding) in [
        ("gzip", Some("gzip")),
        ("deflate", Some("deflate")),
        ("br", Some("br")),
        ("gzip, deflate, br, zstd", Some("gzip")),
        ("br, gzip", Some("br")),
        ("gzip;q=0.5, br;q=0.9", Some("br")),
        ("gzip;q=0.9, br;q=0.5", Some("gzip")),
        ("br;q=0, *", Some("gzip")),
        ("deflate;q=0.5, *;q=0.5", Some("deflate")),
        ("*", Some("br")),
        ("identity, gzip;q=0.1", Some("gzip")),
        ("GZIP", Some("gzip")),
        ("zstd", None),
        ("identity", None),
        ("gzip;q=0", None),
        ("", None),
    ] {
        let request = file(name).header("Accept-Encoding", accepted);
        let response = request.send(server.addr()).await;
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-encoding"),
            coding,
            "accepted: {accepted}"
        );
        assert!(decoded(&response) == content, "{accepted}");
        if coding.is_some() {
            assert!(response.body.len() < content.len() / 2, "{accepted}");
        }
    }
}

fn decoded(response: &RawResponse) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut body = &*response.body;
    match response.header("content-encoding") {
        Some("gzip") => GzDecoder::new(body).read_to_end(&mut decoded).map(drop),
        Some("deflate") => ZlibDecoder::new(body).read_to_end(&mut decoded).map(drop),
        Some("br") => brotli::BrotliDecompress(&mut body, &mut decoded),
        _ => return response.body.clone(),
    }
    .expect("decode the body");
    decoded
}

fn small_client() -> ServeClient {
    let files = [("socket.io.js", "/*! Socket.IO v9.9.9 */ the client")];
    ServeClient::from_files(files).expect("valid names")
}

async fn get_client(addr: SocketAddr, target: &str) -> RawResponse {
    Request::get(target).send(addr).await
}

#[tokio::test]
async fn no_file_is_served_by_default() {
    let addr = serve(SocketIoLayer::new()).await;
    get_client(addr, "/socket.io/socket.io.js")
        .await
        .assert(400, TRANSPORT_UNKNOWN);
}

#[tokio::test]
async fn built_in_files_are_served() {
    let layer = SocketIoLayer::builder()
        .serve_client(small_client())
        .build();
    let addr = serve(layer).await;
    let response = get_client(addr, "/socket.io/socket.io.js").await;
    response.assert(200, "…the client");
    assert_eq!(response.header("etag"), Some("\"9.9.9\""));
    // A client file that was not provided.
    get_client(addr, "/socket.io/socket.io.min.js")
        .await
        .assert(400, TRANSPORT_UNKNOWN);
    // Sockets work as usual.
    let (mut client, _) = join(addr).await;
    assert_alive(&mut client).await;
    join_polling(addr).await;
}

#[tokio::test]
async fn files_are_served_below_the_configured_path() {
    let layer = SocketIoLayer::builder()
        .path("/live")
        .serve_client(small_client())
        .build();
    let routes = Router::new().route("/socket.io/socket.io.js", get(async || "mine"));
    let addr = serve_router(routes.layer(layer)).await;
    get_client(addr, "/live/socket.io.js")
        .await
        .assert(200, "…the client");
    get_client(addr, "/socket.io/socket.io.js")
        .await
        .assert(200, "mine");
}

#[tokio::test]
async fn a_standalone_service_serves_the_files() {
    let service = SocketIoLayer::builder()
        .serve_client(small_client())
        .build()
        .into_service();
    let addr = serve_router(Router::new().nest_service("/live", service)).await;
    get_client(addr, "/live/socket.io/socket.io.js")
        .await
        .assert(200, "…the client");
}

/// Guards against compressing a file again for each aborted request.
#[tokio::test]
async fn concurrent_requests_receive_the_same_file() {
    let text = "the client ".repeat(20_000);
    let client = ServeClient::from_files([("socket.io.js", text.clone())]).expect("a valid name");
    let addr = serve(SocketIoLayer::builder().serve_client(client).build()).await;
    let request = file("socket.io.js").header("Accept-Encoding", "gzip");
    for _ in 0..20 {
        let mut aborted = HttpConnection::open(addr).await;
        aborted.send(&request).await;
        aborted.reset();
    }
    let mut answers = Vec::new();
    for _ in 0..10 {
        let request = request.clone();
        answers.push(tokio::spawn(async move { request.send(addr).await }));
    }
    for answer in answers {
        let response = answer.await.expect("an answer");
        assert_eq!(response.header("content-encoding"), Some("gzip"));
        assert!(decoded(&response) == text.as_bytes());
    }
}
