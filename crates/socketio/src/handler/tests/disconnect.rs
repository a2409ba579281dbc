//! Tests of disconnect handlers.

use axum::extract::{Query, State};
use http::HeaderMap;

use super::*;
use crate::context::DisconnectContext;
use crate::extract::{PartsRejection, SocketData};
use crate::handler::DisconnectListener;
use crate::server::io::SocketIo;
use crate::wire::disconnect_reason::DisconnectReason;

#[tokio::test]
async fn a_disconnect_handler_takes_each_extractor_of_its_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn left(
        socket: Socket,
        namespace: Namespace,
        _: SocketIo,
        reason: DisconnectReason,
        State(log): State<Log>,
        Query(query): Query<Room>,
        headers: HeaderMap,
        Tenant(tenant): Tenant,
        Path(path): Path,
        data: Option<SocketData<u8>>,
        forbidden: Result<Forbidden, PartsRejection>,
    ) {
        assert_eq!(socket.namespace().name(), namespace.name());
        assert_eq!(forbidden.err().unwrap().status(), StatusCode::FORBIDDEN);
        log.add(reason);
        log.add(format_args!(
            "{} {:?} {tenant}",
            query.room, headers["cookie"]
        ));
        log.add(format_args!("{path} {}", data.is_none()));
    }
    let mut client = Client::join(|namespace| namespace.on_disconnect(left)).await;
    client.send("41").await;
    // The client joins again after it has left completely.
    client.connect("").await;
    client.app.log.expect([
        "client namespace disconnect",
        "blue \"theme=dark\" acme",
        "/socket.io/ true",
    ]);
}

#[tokio::test]
async fn a_rejected_argument_of_a_disconnect_handler_is_reported() {
    let client = Client::join(|namespace| namespace).await;
    let handler = async |_: Forbidden, State(log): State<Log>| log.add("ran");
    let listener = DisconnectListener::new(handler, client.app.clone());
    let reason = DisconnectReason::TransportClose;
    let cx = DisconnectContext::new(client.socket(), reason);
    let rejection = listener.call(cx).await.unwrap_err();
    assert!(rejection.is_extractor());
    assert_eq!(rejection.to_string(), "not allowed");
    client.app.log.expect([]);
}
