//! The WebSocket clients: one loop over all connections.

mod connection;

use std::thread;
use std::time::Duration;

use self::connection::{Connection, Lost, Phase};
use crate::clock::{nanos, now};
use crate::error::LoadError;
use crate::frame::{self, Opcode, Parsed};
use crate::histogram::Histogram;
use crate::http::find;
use crate::ledger::RoomTurn;
use crate::message;
use crate::network::{self, Poller, Wait};
use crate::options::Options;
use crate::scenario::Scenario;
use crate::traffic::{Followup, Mode, Traffic};

/// What one read takes at most; a broadcast of many fan-outs comes in one.
const READ_BUFFER: usize = 1 << 20;
/// How long all handshakes together may take.
const HANDSHAKE_SECONDS: f64 = 120.0;
/// How long answers that are under way may take when load has ended.
const DRAIN_SECONDS: f64 = 2.0;
/// How long one operation on every connection may take.
const TOUCH_SECONDS: f64 = 60.0;
/// How many connections are touched at a time.
const TOUCH_AT_A_TIME: usize = 64;
/// How long the server gets to answer the goodbyes.
const GOODBYE: Duration = Duration::from_millis(300);
/// The code of a normal closure.
const NORMAL_CLOSURE: [u8; 2] = 1000_u16.to_be_bytes();

/// All WebSocket clients.
pub(crate) struct Clients {
    options: Options,
    poller: Poller,
    connections: Vec<Connection>,
    read_buffer: Vec<u8>,
    /// What the messages of one read have caused; it leaves in one write.
    outgoing: Vec<u8>,
    upgrade_request: Vec<u8>,
    connect_frame: Vec<u8>,
    pong_frame: Vec<u8>,
    opened: usize,
    handshaking: usize,
    /// The next connection of a schedule or a round of touches.
    turn: usize,
    next_due: u64,
    pub(crate) ready: usize,
    pub(crate) errors: u64,
    pub(crate) handshake_times: Histogram,
    pub(crate) traffic: Traffic,
}

impl Clients {
    pub(crate) fn new(options: &Options) -> Result<Self, LoadError> {
        let poller = Poller::new().map_err(|error| LoadError::io("epoll is needed", error))?;
        let upgrade_request = format!(
            "GET {}?EIO=4&transport=websocket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nUser-Agent: loadgen\r\nAccept: */*\r\n\r\n",
            options.path, options.addr
        );
        Ok(Self {
            poller,
            connections: (0..options.connections)
                .map(|_| Connection::new())
                .collect(),
            read_buffer: vec![0; READ_BUFFER],
            outgoing: Vec::with_capacity(1 << 16),
            upgrade_request: upgrade_request.into_bytes(),
            connect_frame: frame::text(b"40"),
            pong_frame: frame::text(b"3"),
            opened: 0,
            handshaking: 0,
            turn: 0,
            next_due: 0,
            ready: 0,
            errors: 0,
            handshake_times: Histogram::new(),
            traffic: Traffic::new(options),
            options: options.clone(),
        })
    }

    /// Opens all connections and waits until each is ready or has failed.
    ///
    /// # Errors
    /// If none became ready.
    pub(crate) fn open_all(&mut self) -> Result<(), LoadError> {
        self.open_more();
        let wanted = self.connections.len();
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

    /// Handles what comes for some time, sleeping in between.
    pub(crate) fn pause(&mut self, seconds: f64) {
        self.until(seconds, Wait::Sleep, |_| false);
    }

    /// Begins the load: of a closed loop the first operations, of a schedule nothing yet.
    pub(crate) fn start(&mut self) {
        let scheduled = self.options.rate.is_some();
        self.traffic.mode = if scheduled { Mode::Rest } else { Mode::Loop };
        self.next_due = now();
        if scheduled {
            return;
        }
        let slots = self.options.inflight;
        if self.options.scenario == Scenario::Broadcast {
            for _ in 0..slots {
                self.broadcast();
            }
            return;
        }
        let active = match self.options.scenario {
            Scenario::Rooms => self.options.active.min(self.connections.len()),
            _ => self.connections.len(),
        };
        for index in 0..active {
            for _ in 0..slots {
                self.operate(index, now());
            }
        }
    }

    /// Runs the load for some time.
    pub(crate) fn run_for(&mut self, seconds: f64) {
        let Some(rate) = self.options.rate else {
            self.until(seconds, self.patience(), |_| false);
            return;
        };
        let gap = nanos(1.0 / rate).max(1);
        self.until(seconds, Wait::Spin, |clients| {
            // Late operations count from when they were due, else a stalled server would look fast.
            let at = now();
            while clients.next_due <= at {
                let due = clients.next_due;
                clients.next_due += gap;
                let index = clients.turn;
                clients.turn = (clients.turn + 1) % clients.connections.len();
                if !clients.operate(index, due) {
                    clients.errors += 1;
                }
            }
            false
        });
    }

    /// Ends the load, waits for the answers under way; returns how many never came.
    pub(crate) fn drain(&mut self) -> u64 {
        self.traffic.mode = Mode::Rest;
        let over = |clients: &mut Self| clients.traffic.sent <= clients.traffic.done;
        self.until(DRAIN_SECONDS, Wait::Sleep, over);
        self.traffic.sent.saturating_sub(self.traffic.done)
    }

    /// One operation on every connection; returns how many were answered.
    pub(crate) fn touch_all(&mut self) -> u64 {
        self.traffic.mode = Mode::Touch;
        self.turn = 0;
        let before = self.traffic.done;
        for _ in 0..TOUCH_AT_A_TIME {
            self.touch();
        }
        let wanted = before + self.ready as u64;
        self.until(TOUCH_SECONDS, self.patience(), |clients| {
            clients.traffic.done >= wanted
        });
        self.traffic.mode = Mode::Rest;
        let answered = self.traffic.done - before;
        if self.traffic.done < wanted {
            eprintln!("loadgen: {answered} of {} connections answered", self.ready);
        }
        answered
    }

    /// Every connection joins its rooms out of the pool.
    pub(crate) fn join_first_rooms(&mut self) {
        let (rooms, pool) = (self.options.rooms, self.options.room_pool);
        for (index, connection) in self.connections.iter_mut().enumerate() {
            let names = (0..rooms).map(|room| format!("r{}", (index * rooms + room) % pool));
            let join = message::rooms("join", 0, names);
            connection.ledger.rooms = vec![RoomTurn {
                join,
                leave: Vec::new(),
                joined: false,
            }];
        }
        self.touch_all();
        for (index, connection) in self.connections.iter_mut().enumerate() {
            connection.ledger.rooms = Vec::new();
            if index < self.options.active {
                connection.ledger.rooms = (0..self.options.inflight)
                    .map(|slot| {
                        // Spread so that neighbours share some rooms and not others.
                        let name =
                            |room| format!("x{}", (index * 7 + slot * 131 + room * 13) % pool);
                        RoomTurn {
                            join: message::rooms("join", slot, (0..rooms).map(name)),
                            leave: message::rooms("leave", slot, (0..rooms).map(name)),
                            joined: false,
                        }
                    })
                    .collect();
            }
        }
    }

    /// Says goodbye on all connections and closes them.
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

    /// Handles what comes until `over` says so, for at most some seconds.
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
        while self.handshaking < self.options.concurrency {
            let index = self.opened;
            let Some(connection) = self.connections.get_mut(index) else {
                return;
            };
            self.opened += 1;
            let started = now();
            let begun = network::connect(self.options.addr)
                .and_then(|stream| connection.begin(stream, &self.poller, index, started));
            match begun {
                Ok(()) => self.handshaking += 1,
                Err(error) => {
                    eprintln!("loadgen: connect: {error}");
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

    /// One operation on a connection that is ready; `false` if it has too many under way.
    fn operate(&mut self, index: usize, start: u64) -> bool {
        let Some(connection) = self.connections.get_mut(index) else {
            return true;
        };
        if connection.phase != Phase::Ready {
            return true;
        }
        self.outgoing.clear();
        if !self
            .traffic
            .begin(&mut connection.ledger, start, &mut self.outgoing)
        {
            return false;
        }
        self.send_outgoing(index);
        true
    }

    fn touch(&mut self) {
        while let Some(connection) = self.connections.get(self.turn) {
            let index = self.turn;
            self.turn += 1;
            if connection.phase == Phase::Ready {
                self.operate(index, now());
                return;
            }
        }
    }

    fn broadcast(&mut self) {
        self.outgoing.clear();
        self.traffic
            .begin_broadcast(self.ready, now(), &mut self.outgoing);
        self.send_outgoing(0);
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
            connection.phase = Phase::Upgrade;
            let request = std::mem::take(&mut self.upgrade_request);
            self.write(index, &request);
            self.upgrade_request = request;
        }
        let Some(connection) = self.connections.get_mut(index) else {
            return;
        };
        if connection.is_open() && connection.flush(&self.poller, index).is_err() {
            self.lose(index);
        }
    }

    fn readable(&mut self, index: usize) {
        // The buffer is lent out, so that messages in it can be handled by `self`.
        let mut buffer = std::mem::take(&mut self.read_buffer);
        let outcome = self.read(index, &mut buffer);
        self.read_buffer = buffer;
        match outcome {
            Ok(Followup::Broadcast) => self.broadcast(),
            Ok(Followup::Nothing | Followup::Touch) => {}
            Err(Lost) => self.lose(index),
        }
    }

    /// Reads once and handles the messages.
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
        if connection.phase == Phase::Upgrade {
            match find(bytes, b"\r\n\r\n") {
                Some(end) if bytes.starts_with(b"HTTP/1.1 101") => {
                    bytes = bytes.get(end + 4..).unwrap_or_default();
                    connection.phase = Phase::EngineOpen;
                }
                Some(_) => {
                    let answer = bytes.get(..200).unwrap_or(bytes);
                    eprintln!(
                        "loadgen: upgrade refused: {}",
                        String::from_utf8_lossy(answer)
                    );
                    return Err(Lost);
                }
                None => {
                    connection.partial.extend_from_slice(bytes);
                    return Ok(Followup::Nothing);
                }
            }
        }
        self.frames(index, bytes, at)
    }

    /// Handles the frames in `bytes` and keeps what is left; answers leave in one write.
    fn frames(&mut self, index: usize, mut bytes: &[u8], at: u64) -> Result<Followup, Lost> {
        let mut outgoing = std::mem::take(&mut self.outgoing);
        outgoing.clear();
        let mut broadcasts = 0;
        let mut touches = 0;
        let outcome = loop {
            match frame::parse(bytes) {
                Parsed::Partial => break Ok(()),
                Parsed::Refused { header } => {
                    eprintln!(
                        "loadgen: frame header {header:02x?} (masked, fragmented or compressed)"
                    );
                    break Err(Lost);
                }
                Parsed::Whole {
                    opcode,
                    payload,
                    used,
                } => {
                    bytes = bytes.get(used..).unwrap_or_default();
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
        outcome?;
        if !self.outgoing.is_empty() {
            self.send_outgoing(index);
        }
        for _ in 0..touches {
            self.touch();
        }
        // All but the last; that is left to the caller, which has the buffer back by then.
        for _ in 1..broadcasts {
            self.broadcast();
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
            (Opcode::Text, Some(b'4'), Phase::NamespaceConnect) if payload.starts_with(b"40") => {
                connection.phase = Phase::Ready;
                self.ready += 1;
                self.handshaking -= 1;
                self.handshake_times
                    .record(at.saturating_sub(connection.started));
                self.open_more();
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
