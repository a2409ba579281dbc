//! One client connection.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use crate::deflate::Inflater;
use crate::ledger::Ledger;
use crate::network::{Interest, Poller};

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Closed,
    TcpConnect,
    /// The session is opened with long-polling.
    PollingOpen,
    Upgrade,
    /// The session that was opened with long-polling is about to move here.
    Probe,
    EngineOpen,
    NamespaceConnect,
    SecondNamespace,
    Ready,
}

/// The connection does not work any more.
#[derive(Debug)]
pub(super) struct Lost;

/// How the server's messages are compressed.
pub(super) enum Compression {
    Off,
    /// Each for itself.
    Alone,
    /// Each may refer to those before it. What reads them is made with the first.
    Own(Option<Box<Inflater>>),
}

/// One client connection.
pub(super) struct Connection {
    pub(super) phase: Phase,
    /// When the TCP connect began.
    pub(super) started: u64,
    /// Read, but not yet a whole frame.
    pub(super) partial: Vec<u8>,
    pub(super) ledger: Ledger,
    pub(super) compression: Compression,
    /// The session, if it was opened with long-polling.
    pub(super) sid: Option<Box<str>>,
    stream: Option<TcpStream>,
    unsent: Vec<u8>,
    waits_to_write: bool,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Closed,
            started: 0,
            partial: Vec::new(),
            ledger: Ledger::default(),
            compression: Compression::Off,
            sid: None,
            stream: None,
            unsent: Vec::new(),
            waits_to_write: false,
        }
    }

    /// Takes a stream whose connect is under way, and watches it. One that was there before is closed.
    pub(super) fn begin(
        &mut self,
        stream: TcpStream,
        poller: &Poller,
        token: usize,
        at: u64,
    ) -> std::io::Result<()> {
        poller.add(&stream, token, Interest::ReadWrite)?;
        self.stream = Some(stream);
        self.phase = Phase::TcpConnect;
        self.started = at;
        self.waits_to_write = true;
        Ok(())
    }

    pub(super) fn is_open(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether the TCP connect, which is over, has worked.
    pub(super) fn connected(&self) -> Result<(), Lost> {
        match self.stream.as_ref().map(TcpStream::take_error) {
            Some(Ok(None)) => Ok(()),
            Some(Ok(Some(error)) | Err(error)) => {
                eprintln!("loadgen: connect: {error}");
                Err(Lost)
            }
            None => Err(Lost),
        }
    }

    /// Reads once into `buffer`; 0 if nothing was there.
    #[inline]
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Lost> {
        let Some(stream) = &mut self.stream else {
            return Err(Lost);
        };
        match stream.read(buffer) {
            Ok(0) => Err(Lost),
            Ok(count) => Ok(count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            Err(_) => Err(Lost),
        }
    }

    /// Writes `data`, behind what could not be written before; what is left waits for the socket.
    #[inline]
    pub(super) fn write(&mut self, poller: &Poller, token: usize, data: &[u8]) -> Result<(), Lost> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(data);
            return Ok(());
        }
        let Some(stream) = &mut self.stream else {
            return Err(Lost);
        };
        let written = match stream.write(data) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => return Err(Lost),
        };
        match data.get(written..) {
            None | Some([]) => Ok(()),
            Some(rest) => {
                self.unsent.extend_from_slice(rest);
                self.waits_to_write = true;
                poller
                    .change(stream, token, Interest::ReadWrite)
                    .map_err(|_| Lost)
            }
        }
    }

    /// Writes what is left over; then the socket is watched for reading only.
    pub(super) fn flush(&mut self, poller: &Poller, token: usize) -> Result<(), Lost> {
        let Some(stream) = &mut self.stream else {
            return Err(Lost);
        };
        if !self.unsent.is_empty() {
            match stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => return Err(Lost),
            }
        }
        if self.waits_to_write && self.unsent.is_empty() {
            self.waits_to_write = false;
            poller
                .change(stream, token, Interest::Read)
                .map_err(|_| Lost)?;
        }
        Ok(())
    }

    /// Says goodbye with `frame`, and that nothing more will be written.
    pub(super) fn finish(&mut self, frame: &[u8]) {
        if let Some(stream) = &mut self.stream {
            // A peer that has gone needs no goodbye.
            let _ = stream.write(frame);
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
        self.phase = Phase::Closed;
    }
}
