//! Errors of handlers, middleware, hooks and emits.
//!
//! Bottom of the ladder: this module uses no other module of the crate.

pub(crate) mod boxed;
pub(crate) mod client_error;
pub(crate) mod connect_error;
pub(crate) mod emit_error;
pub(crate) mod extractor_rejection;
pub(crate) mod refusal;
pub(crate) mod rejection;
