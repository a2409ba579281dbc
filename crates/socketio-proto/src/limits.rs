//! What a peer may send.

/// The bounds of what a [`Decoder`](crate::Decoder) accepts from its peer.
///
/// Every bound is inclusive: a packet that reaches it is accepted, one that crosses it is an
/// error. The size of a message is bounded by whoever reads it from the wire.
///
/// # Examples
///
/// ```
/// use socketio_proto::DecodeLimits;
///
/// let limits = DecodeLimits::default().with_max_attachments(100);
/// assert_eq!(limits.max_depth, 128);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// Binary attachments of one packet. Default: 10, as `maxAttachments` of Node's parser.
    ///
    /// A header of ten bytes could otherwise announce, and make the server wait for, any number.
    pub max_attachments: usize,
    /// Bytes of all attachments of one packet together. Default: 10 000 000, which is ten messages
    /// of the largest size that Node's server reads by default (1 MB).
    ///
    /// Attachments are kept in memory until the last one has come, so this is what one connection
    /// can hold without ever completing a packet.
    pub max_attachment_bytes: usize,
    /// Arrays and objects inside each other, the array of arguments included. Default: 128.
    ///
    /// The decoder itself does not recurse, but types that a handler asks for do. Types that hold
    /// any JSON ([`serde_json::Value`]) refuse what is nested deeper than the default, so a higher
    /// bound is of use to others only.
    pub max_depth: usize,
    /// Bytes of a namespace, its leading `/` included. Default: 256, far over what names need, and
    /// little enough that lists of namespaces and log lines stay small.
    pub max_namespace_len: usize,
    /// Bytes of an event name, escapes resolved. Default: 256, for the same reason.
    pub max_event_name_len: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
            max_depth: 128,
            max_namespace_len: 256,
            max_event_name_len: 256,
        }
    }
}

impl DecodeLimits {
    /// Sets [`max_attachments`](Self#structfield.max_attachments).
    #[must_use]
    pub fn with_max_attachments(mut self, attachments: usize) -> Self {
        self.max_attachments = attachments;
        self
    }

    /// Sets [`max_attachment_bytes`](Self#structfield.max_attachment_bytes).
    #[must_use]
    pub fn with_max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.max_attachment_bytes = bytes;
        self
    }

    /// Sets [`max_depth`](Self#structfield.max_depth).
    #[must_use]
    pub fn with_max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth;
        self
    }

    /// Sets [`max_namespace_len`](Self#structfield.max_namespace_len).
    #[must_use]
    pub fn with_max_namespace_len(mut self, bytes: usize) -> Self {
        self.max_namespace_len = bytes;
        self
    }

    /// Sets [`max_event_name_len`](Self#structfield.max_event_name_len).
    #[must_use]
    pub fn with_max_event_name_len(mut self, bytes: usize) -> Self {
        self.max_event_name_len = bytes;
        self
    }
}
