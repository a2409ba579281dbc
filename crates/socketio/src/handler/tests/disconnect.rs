//! Disconnect handlers.

use axum::extract::{Query, State};
use http::HeaderMap;

use super::*;
use crate::context::DisconnectContext;
use crate::disconnect_reason::DisconnectReason;
use crate::extract::{PartsRejection, SocketData};
use crate::handler::{DisconnectHandler, DisconnectListener};
use crate::io::SocketIo;
use crate::namespace::Namespace;

const REASON: DisconnectReason = DisconnectReason::TransportClose;

#[track_caller]
fn leave<H, T>(handler: H, state: App) -> Result<(), Rejection>
where
    H: DisconnectHandler<T, App>,
    T: 'static,
{
    let cx = DisconnectContext::new(socket(), REASON);
    ready(DisconnectListener::new(handler, state).call(cx))
}

#[test]
fn every_extractor_of_the_phase() {
    #[expect(clippy::too_many_arguments, reason = "every one")]
    async fn left(
        socket: Socket,
        namespace: Namespace,
        io: SocketIo,
        reason: DisconnectReason,
        State(log): State<Log>,
        Query(query): Query<Room>,
        headers: HeaderMap,
        Tenant(tenant): Tenant,
        Path(path): Path,
        data: Option<SocketData<u8>>,
        nobody: Result<Nobody, PartsRejection>,
    ) {
        let _ = (socket, namespace, io);
        assert_eq!(reason, REASON);
        assert_eq!(nobody.err().unwrap().status(), StatusCode::FORBIDDEN);
        log.add(format_args!("{} {} {tenant}", query.room, headers.len()));
        log.add(format_args!("{path} {}", data.is_none()));
    }
    let (app, log) = App::new();
    leave(left, app).unwrap();
    log.expect(["blue 3 acme", "/socket.io/ true"]);
}

#[test]
fn a_handler_that_cannot_run_says_why() {
    let (app, log) = App::new();
    let handler = async |_: Nobody, State(log): State<Log>| log.add("ran");
    let rejection = leave(handler, app).unwrap_err();
    assert!(rejection.is_extractor());
    assert_eq!(rejection.to_string(), "nobody may");
    log.expect([]);
}
