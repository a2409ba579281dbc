//! The thread that is all clients.

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

use super::client::{Client, News, Words};
use super::line::{Line, ServerEnd, Wire, Written};
use super::listener::Door;
use super::progress::Progress;

/// How many handshakes are under way at a time; as many as the generator has.
const AT_A_TIME: usize = 64;
/// How long it sleeps when there is nothing to do; longer and longer while that lasts. Nobody wakes it, for that would
/// be work of the server's that TCP does not have.
const SHORTEST_NAP: Duration = Duration::from_micros(100);
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// What clients are to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Order {
    Lay(usize),
    Open { clients: usize, leave: bool },
}

/// All clients.
#[derive(Debug)]
pub(super) struct Crowd {
    orders: Receiver<Order>,
    door: Door,
    progress: Arc<Progress>,
    wire: Arc<Wire>,
    words: Words,
    clients: Vec<Client>,
    wanted: usize,
    leave: bool,
    /// How many have knocked.
    opened: usize,
}

impl Crowd {
    pub(super) fn new(orders: Receiver<Order>, door: Door, progress: Arc<Progress>) -> Self {
        Self {
            orders,
            door,
            progress,
            wire: Arc::default(),
            words: Words::keep(),
            clients: Vec::new(),
            wanted: 0,
            leave: false,
            opened: 0,
        }
    }

    /// Goes on for as long as the process lives.
    pub(super) fn run(mut self) {
        let mut nap = SHORTEST_NAP;
        let mut written = Written::default();
        loop {
            for order in self.orders.try_iter().collect::<Vec<_>>() {
                self.obey(order);
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
                self.hear(number, part);
            }
            written.parts.clear();
            written.bytes.clear();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Lay(clients) => {
                // In one piece: while it grew it would be there twice, and be counted as the server's.
                self.clients
                    .reserve_exact(clients.saturating_sub(self.clients.len()));
                while self.clients.len() < clients {
                    let line = Line::new(self.clients.len(), Arc::clone(&self.wire));
                    self.clients.push(Client::new(line));
                    self.progress.laid.add_one();
                }
            }
            Order::Open { clients, leave } => {
                self.wanted = clients.min(self.clients.len());
                self.leave = leave;
            }
        }
    }

    fn open_more(&mut self) {
        while self.opened < self.wanted && self.under_way() < AT_A_TIME {
            let Some(client) = self.clients.get(self.opened) else {
                return;
            };
            self.opened += 1;
            let sent = client.line.send(self.words.upgrade);
            if !sent || self.door.send(ServerEnd(Arc::clone(&client.line))).is_err() {
                self.progress.lost.add_one();
            }
        }
    }

    fn under_way(&self) -> usize {
        let over = self.progress.ready.number() + self.progress.lost.number();
        self.opened.saturating_sub(over)
    }

    fn hear(&mut self, number: usize, bytes: &[u8]) {
        let Some(client) = self.clients.get_mut(number) else {
            return;
        };
        let progress = &self.progress;
        client.receive(&self.words, bytes, self.leave, |news| match news {
            News::Lost => progress.lost.add_one(),
            News::Pinged => progress.pinged.add_one(),
            News::Ready => progress.ready.add_one(),
        });
    }
}
