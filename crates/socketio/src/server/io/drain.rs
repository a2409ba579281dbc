//! Draining the server, and its readiness for new clients.

use std::time::Duration;

use super::SocketIo;

/// The result of draining a server, see [`SocketIo::drain`].
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Drained {
    /// The number of connections that the drain closed.
    pub closed: usize,
    /// The number of connections that ended before the drain closed them, because their clients
    /// left or another call closed them.
    pub ended: usize,
    /// The number of handlers that did not finish in time and were cancelled, see
    /// [`Closed::cancelled`](crate::Closed::cancelled).
    pub cancelled: usize,
}

impl<S> SocketIo<S> {
    /// Drains the server: moves its clients to other servers over `time`, and closes it.
    ///
    /// It is for deployments of several servers behind a load balancer. [`close`](Self::close)
    /// disconnects all clients at once, and they reconnect at once; `drain` spreads their load.
    ///
    /// 1. New connections are refused with `503`, and [`is_accepting`](Self::is_accepting) returns
    ///    `false`. Existing connections are served: their events, polls and upgrades, and CONNECT
    ///    packets for further namespaces.
    /// 2. Connections are closed one after the other, spread evenly over `time`, in random order, with
    ///    those on polling last. The first is closed at once. Each is closed like by
    ///    [`Conn::close`](crate::Conn::close): its queue is sent, and the client receives no DISCONNECT
    ///    packet. It reports "transport close" and reconnects. Disconnect handlers receive
    ///    [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown).
    /// 3. When all connections have ended, or after `time`, the server is closed as by
    ///    [`close`](Self::close), which waits up to 10 seconds for handlers and slow clients. So the
    ///    call returns about 12 seconds after `time` at the latest.
    ///
    /// A connection that ends by itself gives its turn to the next one and thereby shortens the
    /// drain. With no connection, the server is closed at once. A `time` of zero closes all
    /// connections at once; any duration is valid.
    ///
    /// # Other calls
    ///
    /// - [`close`](Self::close) during a drain closes the remaining connections at once. The drain
    ///   returns when the server is closed.
    /// - Concurrent drains close connections independently, each at its pace. The last connection is
    ///   closed within the shorter time.
    /// - A drain of a closed server returns at once.
    /// - If the future is dropped before step 3, the remaining connections stay open, and new ones are
    ///   still refused. Call `drain` or `close` again to continue. A server cannot be reopened.
    /// - A handler may call this, as it may call [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use socketio::SocketIo;
    ///
    /// async fn shut_down(io: SocketIo) {
    ///     let drained = io.drain(Duration::from_secs(30)).await;
    ///     println!("{} connections were closed", drained.closed);
    /// }
    /// ```
    pub async fn drain(&self, time: Duration) -> Drained {
        let connections = self.engine.drain(time).await;
        let closed = self.close().await;
        Drained {
            closed: connections.closed,
            ended: connections.ended,
            cancelled: closed.cancelled,
        }
    }

    /// Returns whether the server is ready for new clients: it is neither draining nor closed, and the
    /// adapter of every namespace is
    /// [healthy](crate::adapter::Adapter::is_healthy).
    ///
    /// Use it for the readiness probe of a load balancer. A server that is not ready still serves its
    /// existing clients. An unhealthy adapter does not refuse clients that connect nevertheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use socketio::SocketIo;
    ///
    /// async fn ready(io: SocketIo) -> StatusCode {
    ///     if io.is_accepting() {
    ///         StatusCode::OK
    ///     } else {
    ///         StatusCode::SERVICE_UNAVAILABLE
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn is_accepting(&self) -> bool {
        let adapters_are_healthy = || {
            let namespaces = self.namespaces().all();
            let mut adapters = namespaces.iter().map(|namespace| &namespace.shared.adapter);
            adapters.all(|adapter| adapter.is_healthy())
        };
        self.engine.is_accepting() && adapters_are_healthy()
    }
}
