//! The limits for one client.

use std::sync::Arc;
use std::time::Duration;

use socketio_proto::DecodeLimits;

/// The limits for one client. The methods of [`SocketIoBuilder`](crate::SocketIoBuilder) describe
/// them.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) attachments_timeout: Duration,
    pub(crate) max_auth_bytes: usize,
    pub(crate) max_namespaces: usize,
    /// The limit of the engine. It also bounds the packets that a recovered client is sent at once.
    pub(crate) max_outbound_bytes: usize,
    pub(crate) max_pending_acks: usize,
    pub(crate) max_pending_bytes: usize,
    pub(crate) max_pending_events: usize,
    pub(crate) max_room_len: usize,
    pub(crate) decode: Arc<DecodeLimits>,
    /// As `decode`, for clients of Socket.IO 2.x, which send a query behind the namespace name.
    pub(crate) decode_with_query: Arc<DecodeLimits>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Node's `connectTimeout`.
            connect_timeout: Duration::from_secs(45),
            // A client sends attachments directly after their packet. This allows for a large
            // message on a slow line.
            attachments_timeout: Duration::from_secs(30),
            // A token per namespace, or one payload that fills a message.
            max_auth_bytes: 1_000_000,
            // Each namespace takes about 450 bytes, 120 kB in total, and packets are assigned to them
            // by a linear search. Pages use a handful, gateways for several users hundreds.
            max_namespaces: 256,
            max_outbound_bytes: 16 * 1024 * 1024,
            // Each costs about 100 bytes until the client answers.
            max_pending_acks: 16_384,
            // Sixteen of the largest messages.
            max_pending_bytes: 16_000_000,
            // Each costs a task. A client that waits for answers stays far below.
            max_pending_events: 1024,
            // Room names often come from clients.
            max_room_len: 1024,
            decode: Arc::default(),
            decode_with_query: Arc::default(),
        }
    }
}
