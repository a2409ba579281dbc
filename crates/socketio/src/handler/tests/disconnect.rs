//! Disconnect handlers.

use axum::extract::{Query, State};
use http::HeaderMap;

use super::*;
use crate::context::DisconnectContext;
use crate::extract::{PartsRejection, SocketData};
use crate::handler::DisconnectListener;
use crate::server::io::SocketIo;
use crate::wire::disconnect_reason::DisconnectReason;

#[tokio::test]
async fn every_extractor_of_the_phase() {
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
        nobody: Result<Nobody, PartsRejection>,
    ) {
        assert_eq!(socket.namespace().name(), namespace.name());
        assert_eq!(nobody.err().unwrap().status(), StatusCode::FORBIDDEN);
        log.add(reason);
        log.add(format_args!(
            "{} {:?} {tenant}",
            query.room, headers["cookie"]
        ));
        log.add(format_args!("{path} {}", data.is_none()));
    }
    let mut client = Client::join(|namespace| namespace.on_disconnect(left)).await;
    client.send("41").await;
    // Joining again takes its turn after leaving.
    client.connect("").await;
    client.app.log.expect([
        "client namespace disconnect",
        "blue \"theme=dark\" acme",
        "/socket.io/ true",
    ]);
}

#[tokio::test]
async fn a_handler_that_cannot_run_says_why() {
    let client = Client::join(|namespace| namespace).await;
    let handler = async |_: Nobody, State(log): State<Log>| log.add("ran");
    let listener = DisconnectListener::new(handler, client.app.clone());
    let reason = DisconnectReason::TransportClose;
    let cx = DisconnectContext::new(client.socket(), reason);
    let rejection = listener.call(cx).await.unwrap_err();
    assert!(rejection.is_extractor());
    assert_eq!(rejection.to_string(), "nobody may");
    client.app.log.expect([]);
}
