//! A client connection.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use crate::deflate::Inflater;
use crate::ledger::Ledger;
use crate::network::{Interest, Poller};

/// The phase of the handshake.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Closed,
    TcpConnect,
    /// The request that opens the session by long-polling is pending.
    PollingOpen,
    Upgrade,
    /// The probe of the upgrade from long-polling is pending.
    Probe,
    EngineOpen,
    NamespaceConnect,
    SecondNamespace,
    Ready,
}

/// The error of a broken connection.
#[derive(Debug)]
pub(super) struct Lost;

/// The compression of the server's messages.
pub(super) enum Compression {
    Off,
    /// Messages without references to earlier ones.
    Alone,
    /// Messages that may refer to earlier ones. The decompressor is created for the first message.
    Own(Option<Box<Inflater>>),
}

/// A client connection.
pub(super) struct Connection {
    pub(super) phase: Phase,
    /// The start time of the TCP connect.
    pub(super) started: u64,
    /// The received part of a frame.
    pub(super) partial: Vec<u8>,
    pub(super) ledger: Ledger,
    pub(super) compression: Compression,
    /// The id of the session, if it was opened by long-polling.
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

    /// Sets a stream that is connecting and polls it. Closes the previous stream.
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

    /// Returns an error if the TCP connect has failed.
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

    /// Reads once into `buffer`. Returns 0 if no data is available.
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

    /// Writes `data` after the unwritten data. The rest is written when the socket is writable.
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

    /// Writes the unwritten data, and then polls the socket for reading only.
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

    /// Sends a close frame and shuts the socket down for writing.
    pub(super) fn finish(&mut self, frame: &[u8]) {
        if let Some(stream) = &mut self.stream {
            // The peer may have closed the connection already.
            let _ = stream.write(frame);
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    pub(super) fn close(&mut self) {
        self.stream = None;
        self.phase = Phase::Closed;
    }
}
