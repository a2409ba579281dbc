//! Every limit that a client can push: what reaches it is served, what crosses it has the outcome
//! that the option documents, and nobody else notices.

mod attachments;
mod messages;
mod outbound;
mod pending_events;
mod sockets;
mod timeouts;
