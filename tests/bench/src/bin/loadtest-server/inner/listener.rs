//! Where clients within this process connect.

use std::io;

use axum::serve::Listener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::line::ServerEnd;

/// The way to a listener.
pub(super) type Door = UnboundedSender<ServerEnd>;

/// Accepts lines as TCP connections are accepted.
#[derive(Debug)]
pub(crate) struct InnerListener(UnboundedReceiver<ServerEnd>);

pub(super) fn listener() -> (Door, InnerListener) {
    // Whoever connects has few handshakes under way, so no more can wait here.
    let (door, accepted) = mpsc::unbounded_channel();
    (door, InnerListener(accepted))
}

impl Listener for InnerListener {
    type Io = ServerEnd;
    type Addr = ();

    async fn accept(&mut self) -> (ServerEnd, ()) {
        match self.0.recv().await {
            Some(end) => (end, ()),
            // Nobody can come any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
