//! The limits of the input from a peer.

/// The limits of the packets that a [`Decoder`](crate::Decoder) accepts from its peer.
///
/// Every limit is inclusive: a packet that reaches it is accepted, and a packet that exceeds it is an
/// error. The size of a message is limited by the transport.
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
    /// The maximum number of attachments per packet. Default: 10, as `maxAttachments` of Node's parser.
    ///
    /// Otherwise a header of ten bytes could make the server wait for any number of attachments.
    pub max_attachments: usize,
    /// The maximum size of all attachments of a packet together, in bytes. Default: 10 000 000, ten
    /// messages of the maximum size that Node's server reads by default (1 MB).
    ///
    /// Attachments are buffered until the last one has arrived, so a connection can hold this much
    /// memory without ever completing a packet.
    pub max_attachment_bytes: usize,
    /// The maximum nesting of arrays and objects, including the array of arguments. Default: 128.
    ///
    /// The decoder does not recurse, but `Deserialize` implementations do. Types that accept any JSON
    /// ([`serde_json::Value`]) fail beyond the default, so a higher limit helps other types only.
    pub max_depth: usize,
    /// The maximum length of the name of a namespace in bytes, including the leading `/`. Default:
    /// 256, which keeps lists of namespaces and log lines small.
    pub max_namespace_len: usize,
    /// The maximum length of an event name in bytes, with escapes resolved. Default: 256.
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
