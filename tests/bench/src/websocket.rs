//! The WebSocket clients: one loop over all connections.

mod connection;
mod handshake;
mod load;
mod rooms;

use std::thread;
use std::time::Duration;

use self::connection::{Connection, Lost, Phase};
use crate::clock::{nanos, now};
use crate::deflate::Inflater;
use crate::error::LoadError;
use crate::frame::{self, Opcode, Parsed};
use crate::histogram::Histogram;
use crate::ledger::Ledger;
use crate::network::{self, Lane, Poller, Wait};
use crate::options::{LEAST_TO_COMPRESS, Options};
use crate::schedule::Schedule;
use crate::traffic::{Followup, Traffic};

/// The maximum number of bytes of one read, which may contain many broadcasts.
const READ_BUFFER: usize = 1 << 20;
/// The time limit of all handshakes together.
const HANDSHAKE_SECONDS: f64 = 120.0;
/// The time limit for the server's close frames.
const GOODBYE: Duration = Duration::from_millis(300);
/// The code of a normal closure.
const NORMAL_CLOSURE: [u8; 2] = 1000_u16.to_be_bytes();

/// All WebSocket clients.
pub(crate) struct Clients {
    options: Options,
    poller: Poller,
    connections: Vec<Connection>,
    read_buffer: Vec<u8>,
    /// The frames that answer the messages of one read, sent with one write.
    outgoing: Vec<u8>,
    connect_frame: Vec<u8>,
    /// Decompresses messages without references to earlier ones.
    inflater: Inflater,
    inflated: Vec<u8>,
    pong_frame: Vec<u8>,
    /// The number of connections to open.
    wanted: usize,
    opened: usize,
    handshaking: usize,
    /// The index of the next connection of a schedule or a round of single operations.
    turn: usize,
    /// The schedule of the operations, if they follow one.
    operations: Option<Schedule>,
    /// The schedule of additional broadcasts.
    broadcasts: Option<Schedule>,
    /// The connections that are outside of the room at the start of the load.
    outsiders: Vec<usize>,
    /// Selects the connections of a round of single operations.
    touched: fn(&Ledger) -> bool,
    pub(crate) ready: usize,
    pub(crate) errors: u64,
    /// The number of received compressed messages.
    pub(crate) compressed: u64,
    pub(crate) handshake_times: Histogram,
    pub(crate) traffic: Traffic,
}

impl Clients {
    pub(crate) fn new(options: &Options) -> Result<Self, LoadError> {
        let poller = Poller::new().map_err(|error| LoadError::io("epoll is needed", error))?;
        Ok(Self {
            poller,
            connections: (0..options.all_connections())
                .map(|_| Connection::new())
                .collect(),
            read_buffer: vec![0; READ_BUFFER],
            outgoing: Vec::with_capacity(1 << 16),
            connect_frame: frame::text(b"40"),
            inflater: Inflater::new(),
            inflated: Vec::new(),
            pong_frame: frame::text(b"3"),
            wanted: 0,
            opened: 0,
            handshaking: 0,
            turn: 0,
            operations: None,
            broadcasts: None,
            outsiders: Vec::new(),
            touched: |_| true,
            ready: 0,
            errors: 0,
            compressed: 0,
            handshake_times: Histogram::new(),
            traffic: Traffic::new(options),
            options: options.clone(),
        })
    }

    /// Opens all connections and waits until each is ready or has failed.
    ///
    /// # Errors
    /// If no connection became ready.
    pub(crate) fn open_all(&mut self) -> Result<(), LoadError> {
        self.open_until(self.connections.len())
    }

    /// Opens connections until there are `wanted`, and waits until each is ready or has failed.
    ///
    /// # Errors
    /// If no connection became ready.
    pub(crate) fn open_until(&mut self, wanted: usize) -> Result<(), LoadError> {
        self.wanted = wanted;
        self.open_more();
        self.until(HANDSHAKE_SECONDS, self.patience(), |clients| {
            clients.ready as u64 + clients.errors >= wanted as u64
        });
        if self.ready < wanted {
            eprintln!(
                "loadgen: {} of {wanted} connections ready, {} errors",
                self.ready, self.errors
            );
        }
        if self.ready == 0 {
            let addr = self.options.addr;
            return Err(LoadError::new(format!(
                "no connection became ready; is there a server at {addr}?"
            )));
        }
        Ok(())
    }

    /// Handles events for a duration and sleeps in between.
    pub(crate) fn pause(&mut self, seconds: f64) {
        self.until(seconds, Wait::Sleep, |_| false);
    }

    /// Sends a close frame on all connections and closes them.
    pub(crate) fn close_all(&mut self) {
        let goodbye = frame::masked(Opcode::Close, &NORMAL_CLOSURE);
        for connection in &mut self.connections {
            connection.finish(&goodbye);
        }
        thread::sleep(GOODBYE);
        for connection in &mut self.connections {
            connection.close();
        }
    }

    fn patience(&self) -> Wait {
        if self.options.spin {
            Wait::Spin
        } else {
            Wait::Sleep
        }
    }

    /// Handles events until `over` returns `true`, for at most `seconds`.
    fn until(&mut self, seconds: f64, wait: Wait, mut over: impl FnMut(&mut Self) -> bool) {
        let end = now() + nanos(seconds);
        while !over(self) && now() < end {
            for index in 0..self.poller.wait(wait) {
                let Some(ready) = self.poller.ready(index) else {
                    break;
                };
                if ready.writable {
                    self.writable(ready.token);
                }
                if ready.readable {
                    self.readable(ready.token);
                }
            }
        }
    }

    fn open_more(&mut self) {
        while self.handshaking < self.options.concurrency && self.opened < self.wanted {
            let index = self.opened;
            let Some(connection) = self.connections.get_mut(index) else {
                return;
            };
            self.opened += 1;
            let started = now();
            let source = network::source(index, self.options.per_source, Lane::First);
            let begun = network::connect(self.options.addr, source)
                .and_then(|stream| connection.begin(stream, &self.poller, index, started));
            match begun {
                Ok(()) => self.handshaking += 1,
                Err(error) => {
                    // The other connections fail for the same reason. Their messages would fill the pipe.
                    if self.errors == 0 {
                        eprintln!("loadgen: connect: {error}");
                    }
                    self.errors += 1;
                }
            }
        }
    }

    fn lose(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        if connection.phase != Phase::Ready {
            self.handshaking -= 1;
        }
        connection.close();
        self.errors += 1;
        self.open_more();
    }

    fn write(&mut self, index: usize, data: &[u8]) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.is_open() && connection.write(&self.poller, index, data).is_err() {
            self.lose(index);
        }
    }

    /// Sends `outgoing` on one connection.
    fn send_outgoing(&mut self, index: usize) {
        let outgoing = std::mem::take(&mut self.outgoing);
        self.write(index, &outgoing);
        self.outgoing = outgoing;
    }

    fn writable(&mut self, index: usize) {
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        if connection.phase == Phase::TcpConnect {
            if connection.connected().is_err() {
                return self.lose(index);
            }
            let request = self.first_request(index);
            self.write(index, &request);
        }
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.is_open() && connection.flush(&self.poller, index).is_err() {
            self.lose(index);
        }
    }

    fn readable(&mut self, index: usize) {
        // The buffer is moved out, because the handlers of its messages borrow `self` mutably.
        let mut buffer = std::mem::take(&mut self.read_buffer);
        let outcome = self.read(index, &mut buffer);
        self.read_buffer = buffer;
        match outcome {
            Ok(Followup::Broadcast) => self.broadcast(now()),
            Ok(Followup::Nothing | Followup::Touch) => {}
            Err(Lost) => self.lose(index),
        }
    }

    /// Reads once and handles the received messages.
    fn read(&mut self, index: usize, buffer: &mut Vec<u8>) -> Result<Followup, Lost> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Err(Lost);
        };
        if matches!(connection.phase, Phase::Closed | Phase::TcpConnect) {
            return Ok(Followup::Nothing);
        }
        let carried = connection.partial.len();
        if carried + READ_BUFFER / 16 > buffer.len() {
            buffer.resize(carried + READ_BUFFER, 0);
        }
        let (start, space) = buffer.split_at_mut(carried);
        start.copy_from_slice(&connection.partial);
        let count = connection.read(space)?;
        if count == 0 {
            return Ok(Followup::Nothing);
        }
        let at = now();
        connection.partial.clear();
        let mut bytes = buffer.get(..carried + count).unwrap_or_default();
        match connection.phase {
            Phase::PollingOpen => {
                self.polled(index, bytes)?;
                return Ok(Followup::Nothing);
            }
            Phase::Upgrade => match self.upgraded(index, bytes)? {
                Some(rest) => bytes = rest,
                None => return Ok(Followup::Nothing),
            },
            _ => {}
        }
        self.frames(index, bytes, at)
    }

    /// Handles the frames in `bytes` and keeps the remaining bytes. Sends all answers with one write.
    fn frames(&mut self, index: usize, mut bytes: &[u8], at: u64) -> Result<Followup, Lost> {
        let mut outgoing = std::mem::take(&mut self.outgoing);
        outgoing.clear();
        let mut inflated = std::mem::take(&mut self.inflated);
        let mut broadcasts = 0;
        let mut touches = 0;
        let outcome = loop {
            match frame::parse(bytes) {
                Parsed::Partial => break Ok(()),
                Parsed::Refused { header } => {
                    eprintln!("loadgen: frame header {header:02x?} (masked or fragmented)");
                    break Err(Lost);
                }
                Parsed::Whole {
                    opcode,
                    compressed,
                    mut payload,
                    used,
                } => {
                    bytes = bytes.get(used..).unwrap_or_default();
                    if compressed {
                        if self.inflate(index, payload, &mut inflated).is_err() {
                            break Err(Lost);
                        }
                        payload = &inflated;
                    } else if self.options.variation.deflate && payload.len() >= LEAST_TO_COMPRESS {
                        // An uncompressed answer would cost less than the measured operation.
                        self.traffic.mismatch(payload);
                    }
                    match self.frame(index, opcode, payload, at, &mut outgoing) {
                        Ok(Followup::Broadcast) => broadcasts += 1,
                        Ok(Followup::Nothing) => {}
                        Ok(Followup::Touch) => touches += 1,
                        Err(Lost) => break Err(Lost),
                    }
                }
            }
        };
        if let Some(connection) = self.connections.get_mut(index) {
            connection.partial.extend_from_slice(bytes);
        }
        self.outgoing = outgoing;
        self.inflated = inflated;
        outcome?;
        if !self.outgoing.is_empty() {
            self.send_outgoing(index);
        }
        for _ in 0..touches {
            self.touch();
        }
        // Starts all but the last. The caller starts that one after it has put the buffer back.
        for _ in 1..broadcasts {
            self.broadcast(now());
        }
        Ok(if broadcasts > 0 {
            Followup::Broadcast
        } else {
            Followup::Nothing
        })
    }

    #[inline]
    fn frame(
        &mut self,
        index: usize,
        opcode: Opcode,
        payload: &[u8],
        at: u64,
        outgoing: &mut Vec<u8>,
    ) -> Result<Followup, Lost> {
        let Some(connection) = self.connections.get_mut(index) else {
            return Err(Lost);
        };
        match (opcode, payload.first(), connection.phase) {
            (Opcode::Text, Some(b'4'), Phase::Ready) => {
                return Ok(self
                    .traffic
                    .packet(&mut connection.ledger, payload, at, outgoing));
            }
            (Opcode::Binary, _, Phase::Ready) => {
                return Ok(self
                    .traffic
                    .attachment(&mut connection.ledger, payload, at, outgoing));
            }
            (Opcode::Text, Some(b'2'), _) => outgoing.extend_from_slice(&self.pong_frame),
            (Opcode::Text, Some(b'0'), Phase::EngineOpen) => {
                connection.phase = Phase::NamespaceConnect;
                outgoing.extend_from_slice(&self.connect_frame);
            }
            (Opcode::Text, Some(b'3'), Phase::Probe) if payload == b"3probe" => {
                connection.phase = Phase::NamespaceConnect;
                outgoing.extend_from_slice(&frame::text(b"5"));
                outgoing.extend_from_slice(&self.connect_frame);
            }
            (Opcode::Text, Some(b'4'), Phase::NamespaceConnect) if payload.starts_with(b"40{") => {
                if self.options.variation.namespace {
                    connection.phase = Phase::SecondNamespace;
                    outgoing.extend_from_slice(&frame::text(b"40/two,"));
                } else {
                    self.is_ready(index, at);
                }
            }
            (Opcode::Text, Some(b'4'), Phase::SecondNamespace)
                if payload.starts_with(b"40/two,{") =>
            {
                self.is_ready(index, at);
            }
            (Opcode::Text, Some(b'6'), _) | (Opcode::Pong, _, _) => {}
            (Opcode::Ping, _, _) => {
                outgoing.extend_from_slice(&frame::masked(Opcode::Pong, payload));
            }
            (Opcode::Close, _, _) => return Err(Lost),
            (Opcode::Text | Opcode::Binary, _, _) => self.traffic.mismatch(payload),
        }
        Ok(Followup::Nothing)
    }
}
