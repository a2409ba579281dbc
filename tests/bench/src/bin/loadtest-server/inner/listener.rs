//! The listener for in-memory connections.

use std::io;

use axum::serve::Listener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::line::ServerEnd;

/// The sender of new connections to the listener.
pub(super) type Connector = UnboundedSender<ServerEnd>;

/// Accepts lines, as a TCP listener accepts connections.
#[derive(Debug)]
pub(crate) struct InnerListener(UnboundedReceiver<ServerEnd>);

pub(super) fn listener() -> (Connector, InnerListener) {
    // Clients have few concurrent handshakes, so the queue stays short.
    let (connector, accepted) = mpsc::unbounded_channel();
    (connector, InnerListener(accepted))
}

impl Listener for InnerListener {
    type Io = ServerEnd;
    type Addr = ();

    async fn accept(&mut self) -> (ServerEnd, ()) {
        match self.0.recv().await {
            Some(end) => (end, ()),
            // The thread of the clients has ended.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
