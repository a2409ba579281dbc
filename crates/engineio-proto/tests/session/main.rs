//! Tests of the session as conversations in virtual time.

mod conversation;
mod heartbeat;
mod heartbeat_v3;
mod operations;
mod v3;
mod v4;
