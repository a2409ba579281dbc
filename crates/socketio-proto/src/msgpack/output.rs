//! Writes MessagePack.

use std::error::Error;
use std::fmt;

/// The error that a packet does not fit into MessagePack: a string, a list or an attachment has more
/// than 2³² − 1 bytes or elements.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MessageTooLarge(());

impl MessageTooLarge {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for MessageTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, list or attachment of more than 4 GiB: send it in parts")
    }
}

impl Error for MessageTooLarge {}

/// The written part of a message.
#[derive(Debug)]
pub(crate) struct MsgpackOutput {
    bytes: Vec<u8>,
}

impl MsgpackOutput {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(capacity),
        }
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn nil(&mut self) {
        self.bytes.push(0xc0);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.bytes.push(if value { 0xc3 } else { 0xc2 });
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.marked(0xcb, value.to_be_bytes());
    }

    /// Writes an unsigned integer in its shortest form.
    pub(crate) fn unsigned(&mut self, value: u64) {
        if let Ok(value) = u8::try_from(value) {
            if value > 0x7f {
                self.bytes.push(0xcc);
            }
            self.bytes.push(value);
        } else if let Ok(value) = u16::try_from(value) {
            self.marked(0xcd, value.to_be_bytes());
        } else if let Ok(value) = u32::try_from(value) {
            self.marked(0xce, value.to_be_bytes());
        } else {
            self.marked(0xcf, value.to_be_bytes());
        }
    }

    /// Writes a signed integer in its shortest form.
    pub(crate) fn signed(&mut self, value: i64) {
        if let Ok(value) = u64::try_from(value) {
            self.unsigned(value);
        } else if let Ok(value) = i8::try_from(value) {
            if value < -0x20 {
                self.bytes.push(0xd0);
            }
            self.bytes.extend(value.to_be_bytes());
        } else if let Ok(value) = i16::try_from(value) {
            self.marked(0xd1, value.to_be_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.marked(0xd2, value.to_be_bytes());
        } else {
            self.marked(0xd3, value.to_be_bytes());
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), MessageTooLarge> {
        let len = length(text.len())?;
        match u8::try_from(len) {
            Ok(len @ 0..=0x1f) => self.bytes.push(0xa0 | len),
            _ => self.sized([0xd9, 0xda, 0xdb], len),
        }
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(crate) fn binary(&mut self, bytes: &[u8]) -> Result<(), MessageTooLarge> {
        self.sized([0xc4, 0xc5, 0xc6], length(bytes.len())?);
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Begins a list. The elements follow.
    pub(crate) fn array(&mut self, len: usize) -> Result<(), MessageTooLarge> {
        self.container(0x90, [0xdc, 0xdd], length(len)?);
        Ok(())
    }

    /// Begins a map. The keys and values follow.
    pub(crate) fn map(&mut self, len: usize) -> Result<(), MessageTooLarge> {
        self.container(0x80, [0xde, 0xdf], length(len)?);
        Ok(())
    }

    fn container(&mut self, fixed: u8, [two, four]: [u8; 2], len: u32) {
        if let Ok(len @ 0..=0x0f) = u8::try_from(len) {
            self.bytes.push(fixed | len);
        } else if let Ok(len) = u16::try_from(len) {
            self.marked(two, len.to_be_bytes());
        } else {
            self.marked(four, len.to_be_bytes());
        }
    }

    fn sized(&mut self, [one, two, four]: [u8; 3], len: u32) {
        if let Ok(len) = u8::try_from(len) {
            self.marked(one, len.to_be_bytes());
        } else if let Ok(len) = u16::try_from(len) {
            self.marked(two, len.to_be_bytes());
        } else {
            self.marked(four, len.to_be_bytes());
        }
    }

    fn marked<const N: usize>(&mut self, marker: u8, bytes: [u8; N]) {
        self.bytes.push(marker);
        self.bytes.extend(bytes);
    }
}

fn length(len: usize) -> Result<u32, MessageTooLarge> {
    u32::try_from(len).map_err(|_| MessageTooLarge(()))
}
