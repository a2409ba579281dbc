use std::sync::Arc;
use std::time::Duration;

use socketio_proto::DecodeLimits;

/// What one client may cost, see the methods of [`SocketIoBuilder`](crate::SocketIoBuilder).
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) attachments_timeout: Duration,
    pub(crate) max_namespaces: usize,
    /// The engine's; here for what is sent at once.
    pub(crate) max_outbound_bytes: usize,
    pub(crate) max_pending_acks: usize,
    pub(crate) max_pending_bytes: usize,
    pub(crate) max_pending_events: usize,
    pub(crate) max_room_len: usize,
    pub(crate) decode: Arc<DecodeLimits>,
    /// The same for old clients, which send a query behind the name of a namespace.
    pub(crate) decode_with_query: Arc<DecodeLimits>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Node's `connectTimeout`.
            connect_timeout: Duration::from_secs(45),
            // A client sends attachments right behind their packet; this leaves room for a large
            // message on a slow line.
            attachments_timeout: Duration::from_secs(30),
            // Each costs a socket and its handlers; pages use a handful.
            max_namespaces: 64,
            max_outbound_bytes: 16 * 1024 * 1024,
            // Each costs some 100 bytes for as long as the client does not answer.
            max_pending_acks: 16_384,
            // Sixteen of the largest messages.
            max_pending_bytes: 16_000_000,
            // Each costs a task; a client that waits for answers never comes near.
            max_pending_events: 1024,
            // Room names often come from clients.
            max_room_len: 1024,
            decode: Arc::default(),
            decode_with_query: Arc::default(),
        }
    }
}
