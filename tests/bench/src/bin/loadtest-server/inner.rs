//! Clients in this process with in-memory connections instead of TCP.
//!
//! They need no files, so their number is not limited by the open files of a process. The server is the
//! same: `axum::serve` with another listener. One thread runs all clients, and its CPU time is not
//! counted. The memory of the clients is allocated before they connect, so the process then grows by the
//! memory of the server only.

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

/// The handle with which the application controls the clients.
#[derive(Debug)]
pub(crate) struct Inner {
    orders: Sender<Order>,
    progress: Arc<Progress>,
}

impl Inner {
    /// Starts the thread of the clients. Returns the handle, and the listener to which they connect.
    ///
    /// # Errors
    /// If the thread cannot be created.
    pub(crate) fn start() -> io::Result<(Self, InnerListener)> {
        let (orders, received) = mpsc::channel();
        let (connector, listener) = listener::listener();
        let progress = Arc::<Progress>::default();
        let crowd = Crowd::new(received, connector, Arc::clone(&progress));
        thread::Builder::new()
            .name(INNER_CLIENTS.to_owned())
            .spawn(move || crowd.run())?;
        Ok((Self { orders, progress }, listener))
    }

    /// Allocates this number of connections, without connecting them.
    pub(crate) fn allocate(&self, clients: usize) {
        self.order(Order::Allocate(clients));
    }

    /// Connects clients until this number of them has joined the namespace. With `leave`, each leaves the
    /// room of all clients.
    pub(crate) fn open(&self, clients: usize, leave: bool) {
        self.order(Order::Open { clients, leave });
    }

    /// Returns the progress of the clients.
    pub(crate) fn progress(&self) -> Value {
        self.progress.to_json()
    }

    fn order(&self, order: Order) {
        // The thread receives orders until the process exits.
        let _ = self.orders.send(order);
    }
}
