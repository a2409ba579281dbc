use std::sync::Arc;

use http::request::Parts;

/// A copy of the parts of a request.
pub(crate) struct PartsCopy<H> {
    pub(crate) parts: Parts,
    /// Whose copy it is, while a call has it.
    pub(crate) handshake: Option<Arc<H>>,
    /// How many extensions there were before the first extractor ran.
    pub(crate) extensions: usize,
}
