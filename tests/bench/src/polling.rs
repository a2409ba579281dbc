//! The long-polling clients: each sends events by POST and receives by GET over two keep-alive
//! connections.

mod client;

use std::io::{ErrorKind, Read as _, Write as _};

use self::client::{Client, Phase, Side};
use crate::clock::{nanos, now};
use crate::error::LoadError;
use crate::histogram::Histogram;
use crate::http::{self, Response};
use crate::message;
use crate::network::{self, Interest, Lane, Poller, Wait};
use crate::options::Options;

/// The maximum number of bytes of one read.
const READ_BUFFER: usize = 1 << 18;
/// The number of concurrent handshakes.
const BATCH: usize = 32;
/// The time limit of a batch of handshakes.
const HANDSHAKE_SECONDS: f64 = 30.0;
/// The time limit of pending answers after the end of the load.
const DRAIN_SECONDS: f64 = 2.0;
/// The separator between the packets of a payload.
const SEPARATOR: u8 = 0x1e;

/// All long-polling clients.
pub(crate) struct Clients {
    options: Options,
    poller: Poller,
    clients: Vec<Client>,
    open_request: Vec<u8>,
    expected: Vec<u8>,
    read_buffer: Vec<u8>,
    body: Vec<u8>,
    request: Vec<u8>,
    sending: bool,
    sent: u64,
    pub(crate) measuring: bool,
    pub(crate) ready: usize,
    pub(crate) errors: u64,
    pub(crate) mismatches: u64,
    pub(crate) done: u64,
    pub(crate) gets: u64,
    pub(crate) posts: u64,
    pub(crate) latency: Histogram,
}

impl Clients {
    pub(crate) fn new(options: &Options) -> Result<Self, LoadError> {
        let poller = Poller::new().map_err(|error| LoadError::io("epoll is needed", error))?;
        let target = format!("{}?EIO=4&transport=polling", options.path);
        let argument = message::string_argument(options);
        Ok(Self {
            poller,
            clients: Vec::new(),
            open_request: http::get(&target, options.addr, ""),
            expected: message::event("echo", &argument).into_bytes(),
            read_buffer: vec![0; READ_BUFFER],
            body: Vec::new(),
            request: Vec::new(),
            sending: false,
            sent: 0,
            measuring: false,
            ready: 0,
            errors: 0,
            mismatches: 0,
            done: 0,
            gets: 0,
            posts: 0,
            latency: Histogram::new(),
            options: options.clone(),
        })
    }

    /// Connects all clients and waits until each is ready or has failed.
    ///
    /// # Errors
    /// If there are no file descriptors left, or no client became ready.
    pub(crate) fn open_all(&mut self) -> Result<(), LoadError> {
        let wanted = self.options.connections;
        for index in 0..wanted {
            let connect = |lane| {
                let source = network::source(index, self.options.per_source, lane);
                network::connect(self.options.addr, source)
            };
            let client = connect(Lane::First).and_then(|get| {
                let post = connect(Lane::Second)?;
                self.poller
                    .add(&get, token(index, Side::Get), Interest::ReadWrite)?;
                self.poller
                    .add(&post, token(index, Side::Post), Interest::ReadWrite)?;
                Ok(Client::new(get, post))
            });
            self.clients
                .push(client.map_err(|error| LoadError::io("connect; try fewer --conns", error))?);
            if (index + 1) % BATCH == 0 || index + 1 == wanted {
                let settled = index as u64 + 1;
                self.until(HANDSHAKE_SECONDS, |clients| {
                    clients.ready as u64 + clients.errors >= settled
                });
            }
        }
        if self.ready < wanted {
            eprintln!(
                "loadgen: {} of {wanted} clients ready, {} errors",
                self.ready, self.errors
            );
        }
        if self.ready == 0 {
            let addr = self.options.addr;
            return Err(LoadError::new(format!(
                "no client became ready; is there a server at {addr}?"
            )));
        }
        Ok(())
    }

    /// Starts the load.
    pub(crate) fn start(&mut self) {
        self.sending = true;
        for index in 0..self.clients.len() {
            if let Some(client) = self.clients.get_mut(index) {
                client.credits = self.options.inflight;
            }
            self.post_due(index);
        }
    }

    /// Handles events for a duration.
    pub(crate) fn run_for(&mut self, seconds: f64) {
        self.until(seconds, |_| false);
    }

    /// Ends the load and waits for the pending answers. Returns the number of missing answers.
    pub(crate) fn drain(&mut self) -> u64 {
        self.sending = false;
        self.until(DRAIN_SECONDS, |clients| clients.sent <= clients.done);
        self.sent.saturating_sub(self.done)
    }

    fn until(&mut self, seconds: f64, mut over: impl FnMut(&mut Self) -> bool) {
        let end = now() + nanos(seconds);
        let wait = if self.options.spin {
            Wait::Spin
        } else {
            Wait::Sleep
        };
        while !over(self) && now() < end {
            for index in 0..self.poller.wait(wait) {
                let Some(ready) = self.poller.ready(index) else {
                    break;
                };
                self.ready(ready);
            }
        }
    }

    fn ready(&mut self, ready: network::Ready) {
        let (index, side) = (
            ready.token / 2,
            if ready.token.is_multiple_of(2) {
                Side::Get
            } else {
                Side::Post
            },
        );
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.phase == Phase::Dead {
            return;
        }
        let half = client.half(side);
        if half.connected {
            return self.readable(index, side);
        }
        if !ready.writable {
            return;
        }
        half.connected = true;
        if self
            .poller
            .change(&half.stream, ready.token, Interest::Read)
            .is_err()
        {
            return self.dead(index, "connection lost");
        }
        if side == Side::Get {
            let request = std::mem::take(&mut self.open_request);
            self.write(index, Side::Get, &request);
            self.open_request = request;
        }
    }

    fn write(&mut self, index: usize, side: Side, request: &[u8]) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        match client.half(side).stream.write(request) {
            Ok(written) if written == request.len() => {}
            _ => self.dead(index, "short or failed write of a request"),
        }
    }

    fn dead(&mut self, index: usize, why: &str) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.phase == Phase::Dead {
            return;
        }
        if self.errors == 0 {
            eprintln!("loadgen: polling client {index}: {why}");
        }
        client.phase = Phase::Dead;
        self.errors += 1;
        for side in [Side::Get, Side::Post] {
            // A dead socket would stay ready. It is closed at the end.
            let _ = self.poller.remove(&client.half(side).stream);
        }
    }

    fn readable(&mut self, index: usize, side: Side) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let half = client.half(side);
        let mut buffer = std::mem::take(&mut self.read_buffer);
        let carried = half.partial.len();
        if carried + READ_BUFFER / 2 > buffer.len() {
            buffer.resize(carried + READ_BUFFER, 0);
        }
        let (start, space) = buffer.split_at_mut(carried);
        start.copy_from_slice(&half.partial);
        match half.stream.read(space) {
            Ok(0) => self.dead(index, "connection closed by the server"),
            Ok(count) => {
                half.partial.clear();
                let bytes = buffer.get(..carried + count).unwrap_or_default();
                match http::parse(bytes) {
                    Response::Whole { status, body, used } if used == bytes.len() => {
                        self.response(index, side, status, &body);
                    }
                    Response::Partial => half.partial.extend_from_slice(bytes),
                    _ => self.dead(index, "unreadable response"),
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.dead(index, &error.to_string()),
        }
        self.read_buffer = buffer;
    }

    fn response(&mut self, index: usize, side: Side, status: u16, body: &[u8]) {
        if status != 200 {
            let why = format!("status {status}: {}", String::from_utf8_lossy(body));
            return self.dead(index, &why);
        }
        let at = now();
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if side == Side::Post {
            client.posting = false;
            self.posts += 1;
            return self.post_due(index);
        }
        self.gets += 1;
        if client.phase == Phase::EngineOpen {
            return self.opened(index, body);
        }
        for packet in body.split(|byte| *byte == SEPARATOR) {
            self.packet(index, packet, at);
        }
        self.get(index);
        self.post_due(index);
    }

    fn opened(&mut self, index: usize, body: &[u8]) {
        let Some(sid) = http::session_id(body) else {
            return self.dead(index, "no sid in the open packet");
        };
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        client.session(&self.options.path, &self.options.addr.to_string(), sid);
        client.phase = Phase::NamespaceConnect;
        client.posting = true;
        let mut request = Vec::new();
        client.post_request(b"40", &mut request);
        self.write(index, Side::Post, &request);
        self.get(index);
    }

    fn packet(&mut self, index: usize, packet: &[u8], at: u64) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        match packet {
            packet if packet == self.expected => match client.queue.pop_front() {
                Some(start) => {
                    self.done += 1;
                    client.credits += 1;
                    if self.measuring {
                        self.latency.record(at.saturating_sub(start));
                    }
                }
                None => self.mismatches += 1,
            },
            b"2" => client.owes_pong = true,
            b"6" => {}
            [b'4', b'0', ..] if client.phase == Phase::NamespaceConnect => {
                client.phase = Phase::Ready;
                self.ready += 1;
            }
            packet => {
                if self.mismatches == 0 {
                    eprintln!(
                        "loadgen: unexpected packet: {}",
                        String::from_utf8_lossy(packet)
                    );
                }
                self.mismatches += 1;
            }
        }
    }

    fn get(&mut self, index: usize) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let request = std::mem::take(&mut client.get_request);
        self.write(index, Side::Get, &request);
        if let Some(client) = self.clients.get_mut(index) {
            client.get_request = request;
        }
    }

    /// Posts the due packets, unless a POST is pending.
    fn post_due(&mut self, index: usize) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let operations = if self.sending { client.credits } else { 0 };
        let idle = operations == 0 && !client.owes_pong;
        if idle || client.posting || client.phase != Phase::Ready {
            return;
        }
        self.body.clear();
        if std::mem::take(&mut client.owes_pong) {
            self.body.push(b'3');
        }
        let at = now();
        for _ in 0..operations {
            if !self.body.is_empty() {
                self.body.push(SEPARATOR);
            }
            self.body.extend_from_slice(&self.expected);
            client.queue.push_back(at);
        }
        self.sent += operations as u64;
        client.credits -= operations;
        client.posting = true;
        let mut request = std::mem::take(&mut self.request);
        client.post_request(&self.body, &mut request);
        self.write(index, Side::Post, &request);
        self.request = request;
    }
}

fn token(index: usize, side: Side) -> usize {
    index * 2 + side as usize
}
