//! Clients within this process, whose connections are memory instead of TCP.
//!
//! They need no files, so there can be more of them than a process may open. The server does not know: it is
//! `axum::serve` with another listener. One thread is all clients; what it uses is not counted as the server's, and what
//! the clients hold is laid before they connect, so that whatever the process grows by afterwards is the server's.

mod client;
mod crowd;
mod line;
mod listener;
mod progress;

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use bench::INNER_CLIENTS;
use serde_json::Value;

use self::crowd::{Crowd, Order};
use self::listener::InnerListener;
use self::progress::Progress;

/// The clients, for whoever commands them.
#[derive(Debug)]
pub(crate) struct Inner {
    orders: Sender<Order>,
    progress: Arc<Progress>,
}

impl Inner {
    /// No clients yet, and the listener on which they will come.
    ///
    /// # Errors
    /// If there can be no thread for them.
    pub(crate) fn start() -> io::Result<(Self, InnerListener)> {
        let (orders, received) = mpsc::channel();
        let (door, listener) = listener::listener();
        let progress = Arc::<Progress>::default();
        let crowd = Crowd::new(received, door, Arc::clone(&progress));
        thread::Builder::new()
            .name(INNER_CLIENTS.to_owned())
            .spawn(move || crowd.run())?;
        Ok((Self { orders, progress }, listener))
    }

    /// Lays so many connections, none of which is known to the server.
    pub(crate) fn lay(&self, clients: usize) {
        self.order(Order::Lay(clients));
    }

    /// Connects clients until so many of them have joined the namespace. Those who `leave` leave the room that everybody is in.
    pub(crate) fn open(&self, clients: usize, leave: bool) {
        self.order(Order::Open { clients, leave });
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Value {
        self.progress.told()
    }

    fn order(&self, order: Order) {
        // They take orders for as long as this process lives.
        let _ = self.orders.send(order);
    }
}
