//! Reads primitives from a message.

use crate::error::DecodeError;

/// The unread part of a message. Every read is bounds-checked.
#[derive(Clone, Debug)]
pub(crate) struct Input<'m> {
    rest: &'m [u8],
}

/// The width of a length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Width {
    One,
    Two,
    Four,
}

impl<'m> Input<'m> {
    pub(crate) fn new(message: &'m [u8]) -> Self {
        Self { rest: message }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the number of unread bytes.
    pub(crate) fn len_left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'m [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(DecodeError::InvalidMsgpack)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(DecodeError::InvalidMsgpack)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn len(&mut self, width: Width) -> Result<usize, DecodeError> {
        Ok(match width {
            Width::One => self.u8()?.into(),
            Width::Two => self.u16()?.into(),
            // If it does not fit, no input is that long.
            Width::Four => usize::try_from(self.u32()?).unwrap_or(usize::MAX),
        })
    }
}
