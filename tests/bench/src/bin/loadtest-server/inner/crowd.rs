//! The thread that runs all clients.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::client::{Client, ClientEvent, Messages};
use super::line::{Line, ServerEnd, Wire, WriteProgress};
use super::listener::Connector;
use super::progress::Progress;

/// The number of concurrent handshakes, the same as in the generator.
const AT_A_TIME: usize = 64;
/// The shortest sleep of the idle thread. The sleeps grow while it stays idle. The server does not wake
/// the thread, because that would be a cost that TCP does not have.
const SHORTEST_NAP: Duration = Duration::from_micros(100);
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// An order to the clients.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Allocate(usize),
    Open { clients: usize, leave: bool },
}

/// All clients.
#[derive(Debug)]
pub(super) struct Crowd {
    orders: Receiver<Order>,
    connector: Connector,
    progress: Arc<Progress>,
    wire: Arc<Wire>,
    messages: Messages,
    clients: Vec<Client>,
    wanted: usize,
    leave: bool,
    /// The number of clients that have connected.
    opened: usize,
}

impl Crowd {
    pub(super) fn new(
        orders: Receiver<Order>,
        connector: Connector,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            orders,
            connector,
            progress,
            wire: Arc::default(),
            messages: Messages::leak(),
            clients: Vec::new(),
            wanted: 0,
            leave: false,
            opened: 0,
        }
    }

    /// Runs the clients until the process exits.
    pub(super) fn run(mut self) {
        let mut nap = SHORTEST_NAP;
        let mut written = WriteProgress::default();
        loop {
            for order in self.orders.try_iter().collect::<Vec<_>>() {
                self.execute(order);
            }
            self.open_more();
            self.wire.swap(&mut written);
            if written.parts.is_empty() {
                thread::sleep(nap);
                nap = LONGEST_NAP.min(nap * 2);
                continue;
            }
            nap = SHORTEST_NAP;
            let mut bytes = &written.bytes[..];
            for &(number, length) in &written.parts {
                let Some((part, rest)) = bytes.split_at_checked(length) else {
                    break;
                };
                bytes = rest;
                self.receive(number, part);
            }
            written.parts.clear();
            written.bytes.clear();
        }
    }

    fn execute(&mut self, order: Order) {
        match order {
            Order::Allocate(clients) => {
                // A growing vector would briefly be allocated twice, and count as memory of the server.
                self.clients
                    .reserve_exact(clients.saturating_sub(self.clients.len()));
                while self.clients.len() < clients {
                    let line = Line::new(self.clients.len(), Arc::clone(&self.wire));
                    self.clients.push(Client::new(line));
                    self.progress.allocated.add_one();
                }
            }
            Order::Open { clients, leave } => {
                self.wanted = clients.min(self.clients.len());
                self.leave = leave;
            }
        }
    }

    fn open_more(&mut self) {
        while self.opened < self.wanted && self.pending() < AT_A_TIME {
            let Some(client) = self.clients.get(self.opened) else {
                return;
            };
            self.opened += 1;
            let sent = client.line.send(self.messages.upgrade);
            if !sent
                || self
                    .connector
                    .send(ServerEnd(Arc::clone(&client.line)))
                    .is_err()
            {
                self.progress.lost.add_one();
            }
        }
    }

    fn pending(&self) -> usize {
        let finished = self.progress.ready.number() + self.progress.lost.number();
        self.opened.saturating_sub(finished)
    }

    fn receive(&mut self, number: usize, bytes: &[u8]) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        let progress = &self.progress;
        client.receive(&self.messages, bytes, self.leave, |event| match event {
            ClientEvent::Lost => progress.lost.add_one(),
            ClientEvent::Pinged => progress.pinged.add_one(),
            ClientEvent::Ready => progress.ready.add_one(),
        });
    }
}
