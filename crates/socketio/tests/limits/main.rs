//! Tests every limit on clients: the server accepts the limit, exceeding it has the documented
//! outcome, and other clients are not affected.

mod attachments;
mod messages;
mod outbound;
mod pending_events;
mod sockets;
mod timeouts;
