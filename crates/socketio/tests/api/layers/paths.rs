//! Tests nested routers and layers that change paths.

use axum::Router;
use axum::routing::get;
use e2e::app::serve_router;
use e2e::session::{assert_alive, join};
use socketio::{SocketIo, SocketIoLayer};
use socketio_testing::Request;
use tower::Layer as _;
use tower_http::normalize_path::NormalizePathLayer;

const HANDSHAKE: &str = "/socket.io/?EIO=4&transport=polling";

async fn count(io: SocketIo) -> String {
    io.clients_count().to_string()
}

#[tokio::test]
async fn nested_and_merged_routers_can_extract_the_server() {
    let deep = Router::new().route("/count", get(count));
    let api = Router::new().nest("/v1", deep.clone());
    let app = Router::new()
        .nest("/api", api)
        .merge(Router::new().route("/merged", get(count)))
        .nest_service("/service", deep)
        .layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    let (_client, _) = join(addr).await;
    for path in ["/api/v1/count", "/merged", "/service/count"] {
        Request::get(path).send(addr).await.assert(200, "1");
    }
}

/// Traps described in the guide: a nested router has no fallback, `route_layer` does not cover the
/// fallback, and a fallback added after the layer replaces it.
#[tokio::test]
async fn a_misplaced_layer_does_not_serve_clients() {
    let nested = Router::new()
        .route("/x", get(count))
        .layer(SocketIoLayer::new());
    let nested = Router::new().nest("/live", nested);
    let route_layer = Router::new()
        .route("/x", get(count))
        .route_layer(SocketIoLayer::new());
    let late_fallback = Router::new()
        .layer(SocketIoLayer::new())
        .fallback(async || "fallback");
    for (app, prefix, status) in [
        (nested, "/live", 404),
        (route_layer, "", 404),
        (late_fallback, "", 200),
    ] {
        let addr = serve_router(app).await;
        let response = Request::get(&format!("{prefix}{HANDSHAKE}"))
            .send(addr)
            .await;
        assert_eq!(response.status, status, "{prefix}");
        assert!(!response.text().starts_with("0{"), "{prefix}");
    }
}

/// A layer that changes paths must wrap the whole router, because axum selects the route before
/// inner layers run.
#[tokio::test]
async fn a_layer_that_trims_slashes_blocks_clients() {
    let app = Router::new().layer(SocketIoLayer::new());
    let trimmed = NormalizePathLayer::trim_trailing_slash().layer(app);
    let addr = serve_router(Router::new().fallback_service(trimmed)).await;
    Request::get(HANDSHAKE).send(addr).await.assert(404, "");

    // In the opposite order, only the paths of the routes are trimmed.
    let routes = Router::new().route("/x", get(count));
    let trimmed = NormalizePathLayer::trim_trailing_slash().layer(routes);
    let app = Router::new()
        .fallback_service(trimmed)
        .layer(SocketIoLayer::new());
    let addr = serve_router(app).await;
    let (mut client, _) = join(addr).await;
    Request::get("/x/").send(addr).await.assert(200, "1");
    assert_alive(&mut client).await;
}
