//! The sizes of the types that every connection or socket has.
//!
//! A budget is the size at the time of writing and up to 10 % more.

use crate::client::ClientInner;
use crate::client::connection::ClientConnection;
use crate::handshake::Handshake;
use crate::socket::Socket;
use crate::socket_state::SocketState;
use crate::socket_state::data_map::DataMap;
use crate::socket_state::listeners::Listeners;
use crate::socket_state::recoverable::Recoverable;
use crate::socket_state::rooms_at_leave::RoomsAtLeave;
use crate::socket_state::tasks::Tasks;
use crate::wire::client_shared::ClientShared;

#[test]
fn an_idle_client_stays_within_its_budget() {
    let sizes = [
        // Each connection has one of these, besides its session and its request.
        ("ClientConnection", size_of::<ClientConnection>(), 104),
        ("ClientInner", size_of::<ClientInner>(), 128),
        ("ClientShared", size_of::<ClientShared>(), 64),
        ("Tasks", size_of::<Tasks>(), 80),
        ("Handshake", size_of::<Handshake>(), 288),
        // Each socket has one of these.
        ("SocketState", size_of::<SocketState>(), 264),
        ("Socket", size_of::<Socket>(), 8),
        ("Recoverable", size_of::<Recoverable>(), 128),
        // Parts of a socket that are empty in most sockets.
        ("DataMap", size_of::<DataMap>(), 16),
        ("Listeners", size_of::<Listeners>(), 16),
        ("RoomsAtLeave", size_of::<RoomsAtLeave>(), 8),
    ];
    for (name, size, budget) in sizes {
        assert!(
            size <= budget,
            "{name}: {size} bytes, the budget is {budget}"
        );
    }
}
