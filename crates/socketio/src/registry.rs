//! The namespaces of a server with their handler tables, and the patterns that create namespaces.
//!
//! May use `handler` and the modules below it.

pub(crate) mod configurators;
pub(crate) mod event_steps;
pub(crate) mod handlers;
pub(crate) mod namespace_inner;
pub(crate) mod namespaces;
pub(crate) mod parent;
pub(crate) mod server_events;
pub(crate) mod shared_data;
