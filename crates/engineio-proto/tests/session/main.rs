//! The session, told as conversations in virtual time.

mod closing;
mod conversation;
mod heartbeat;
mod operations;
mod outbound;
mod polling;
mod upgrade;
