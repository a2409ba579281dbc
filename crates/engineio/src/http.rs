//! Parts of HTTP requests and responses, independent of sessions and transports; uses no sibling
//! module.

pub(crate) mod accept_encoding;
pub(crate) mod body;
pub(crate) mod compression;
pub(crate) mod connection_failure;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod response;
