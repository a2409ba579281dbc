//! One connection to the server, which the clients of several namespaces can share.

mod incoming;
mod pipe;
mod polling;
mod shared;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use parking_lot::Mutex;
use socketio_proto::Packet;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;

use self::incoming::Incoming;
use self::shared::{EndGuard, Outgoing, Shared};
use crate::disconnection::{Disconnection, End};
use crate::inbox::Inbox;
use crate::options::{Options, Transport};
use crate::refused::ConnectRefused;

/// One connection to the server. Its task is aborted on drop.
pub(crate) struct Connection {
    shared: Arc<Shared>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    /// `None` once a caller waits for its end.
    task: Mutex<Option<JoinHandle<()>>>,
    abort: AbortHandle,
}

impl Connection {
    /// Performs the handshake, and spawns the task of the connection.
    pub(crate) async fn open(options: &Options) -> Result<Self, ConnectRefused> {
        let patience = options.patience;
        let opened = timeout(patience, Self::handshake(options)).await;
        opened.unwrap_or_else(|_| Err(ConnectRefused::no_answer(patience, "the handshake")))
    }

    async fn handshake(options: &Options) -> Result<Self, ConnectRefused> {
        let shared = Arc::new(Shared::new(Arc::clone(&options.parser)));
        let (outgoing, receiver) = mpsc::unbounded_channel();
        let incoming = Incoming::new(Arc::clone(&shared), outgoing.clone());
        let run: BoxFuture<'static, End> = match options.transport {
            Transport::Polling => {
                let session = polling::open(options).await?;
                Box::pin(session.run(receiver, incoming))
            }
            Transport::WebSocket => {
                let session = websocket::open(options).await?;
                Box::pin(session.run(receiver, incoming))
            }
        };
        let guard = EndGuard::new(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // Moved, because a task that is aborted or panics ends the clients too.
            let guard = guard;
            let end = run.await;
            guard.end(&end);
        });
        Ok(Self {
            shared,
            outgoing,
            abort: task.abort_handle(),
            task: Mutex::new(Some(task)),
        })
    }

    /// Delivers the packets of a namespace to an inbox. Returns `false` if the connection has
    /// already joined the namespace.
    pub(crate) fn insert(&self, inbox: Arc<Inbox>) -> bool {
        self.shared.insert(inbox)
    }

    /// Removes an inbox whose client was refused, and closes the connection if it was the last one.
    pub(crate) async fn remove(&self, inbox: &Inbox, patience: Duration) {
        if self.shared.remove(inbox.namespace()) {
            self.close(patience).await;
        }
    }

    /// Queues a packet whose failure does not matter to the caller.
    pub(crate) fn queue(&self, packet: &Packet) {
        if let Ok(packets) = self.shared.encode(packet) {
            let _ = self.outgoing.send(Outgoing::new(packets));
        }
    }

    /// Sends a packet. Returns once the server has taken it, or the connection has ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the packet cannot be encoded.
    pub(crate) async fn send(&self, packet: &Packet) -> Result<(), String> {
        let packets = self.shared.encode(packet)?;
        let (taken, is_taken) = oneshot::channel();
        let _ = self.outgoing.send(Outgoing {
            packets,
            is_last: false,
            taken: Some(taken),
        });
        if let Ok(taken) = is_taken.await {
            taken.await;
        }
        Ok(())
    }

    /// Leaves a namespace, and closes the connection if it was the last one, as Node's client does.
    pub(crate) async fn leave(&self, inbox: &Inbox, patience: Duration) {
        let is_empty = self.shared.remove(inbox.namespace());
        inbox.end(End::new(Disconnection::ClientDisconnect));
        let packet = Packet::disconnect(inbox.namespace().clone());
        let _ = timeout(patience, self.send(&packet)).await;
        if is_empty {
            self.close(patience).await;
        }
    }

    /// Closes the connection. Returns once the server has taken the end, or after `patience`.
    pub(crate) async fn close(&self, patience: Duration) {
        self.shared.end(&End::new(Disconnection::ClientDisconnect));
        let _ = self.outgoing.send(Outgoing::close());
        let task = self.task.lock().take();
        if let Some(task) = task
            && timeout(patience, task).await.is_err()
        {
            self.abort.abort();
        }
    }

    /// Ends the connection without closing it, as if the network were lost.
    pub(crate) async fn lose(&self) {
        let detail = "the test has lost the connection";
        let end = End::with_detail(Disconnection::TransportClose, detail);
        self.shared.end(&end);
        self.abort.abort();
        let task = self.task.lock().take();
        if let Some(task) = task {
            let _ = task.await;
        }
    }

    /// Sets whether pings of the server are answered.
    pub(crate) fn answer_pings(&self, answers: bool) {
        self.shared.answer_pings(answers);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
