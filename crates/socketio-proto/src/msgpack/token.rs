//! Reads the tokens of MessagePack.

use super::input::{Input, Width};
use crate::error::DecodeError;

/// The type of the extension for timestamps.
const TIMESTAMP: i8 = -1;

/// The number of bits for the seconds in a timestamp of 64 bits.
const SECONDS_BITS: u32 = 34;

const SECONDS_MASK: u64 = (1 << SECONDS_BITS) - 1;

/// A value, or the head of a value with elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'m> {
    /// The head of a list with this number of elements.
    Array(u32),
    /// Binary, or an `ArrayBuffer`, which Node's parser encodes differently.
    Binary(&'m [u8]),
    Bool(bool),
    /// Milliseconds since 1970.
    Date(i64),
    Extension(i8, &'m [u8]),
    Float(f64),
    /// The head of a map with this number of entries.
    Map(u32),
    Nil,
    /// An integer of a signed format.
    Signed(i64),
    Str(&'m str),
    /// `undefined` in JavaScript.
    Undefined,
    Unsigned(u64),
}

impl<'m> Token<'m> {
    pub(crate) fn read(input: &mut Input<'m>) -> Result<Self, DecodeError> {
        let marker = input.u8()?;
        Ok(match marker {
            0x00..=0x7f => Self::Unsigned(marker.into()),
            0x80..=0x8f => Self::Map((marker & 0x0f).into()),
            0x90..=0x9f => Self::Array((marker & 0x0f).into()),
            0xa0..=0xbf => text(input, (marker & 0x1f).into())?,
            0xc0 => Self::Nil,
            // Reserved by the specification.
            0xc1 => return Err(DecodeError::InvalidMsgpack),
            0xc2 => Self::Bool(false),
            0xc3 => Self::Bool(true),
            0xc4 => binary(input, Width::One)?,
            0xc5 => binary(input, Width::Two)?,
            0xc6 => binary(input, Width::Four)?,
            0xc7 => match sized_extension(input, Width::One)? {
                Self::Extension(TIMESTAMP, bytes) => timestamp(bytes),
                token => token,
            },
            0xc8 => sized_extension(input, Width::Two)?,
            0xc9 => sized_extension(input, Width::Four)?,
            0xca => Self::Float(f32::from_be_bytes(input.array()?).into()),
            0xcb => Self::Float(f64::from_be_bytes(input.array()?)),
            0xcc => Self::Unsigned(input.u8()?.into()),
            0xcd => Self::Unsigned(input.u16()?.into()),
            0xce => Self::Unsigned(input.u32()?.into()),
            0xcf => Self::Unsigned(u64::from_be_bytes(input.array()?)),
            0xd0 => Self::Signed(i8::from_be_bytes(input.array()?).into()),
            0xd1 => Self::Signed(i16::from_be_bytes(input.array()?).into()),
            0xd2 => Self::Signed(i32::from_be_bytes(input.array()?).into()),
            0xd3 => Self::Signed(i64::from_be_bytes(input.array()?)),
            0xd4 => match extension(input, 1)? {
                (0, _) => Self::Undefined,
                (kind, bytes) => Self::Extension(kind, bytes),
            },
            0xd5 => fixed_extension(input, 2)?,
            0xd6 => match extension(input, 4)? {
                (TIMESTAMP, bytes) => timestamp(bytes),
                (kind, bytes) => Self::Extension(kind, bytes),
            },
            0xd7 => match extension(input, 8)? {
                (0, time) => Self::Date(time.try_into().map_or(0, i64::from_be_bytes)),
                (TIMESTAMP, bytes) => timestamp(bytes),
                (kind, bytes) => Self::Extension(kind, bytes),
            },
            0xd8 => fixed_extension(input, 16)?,
            0xd9 => sized_text(input, Width::One)?,
            0xda => sized_text(input, Width::Two)?,
            0xdb => sized_text(input, Width::Four)?,
            0xdc => Self::Array(input.u16()?.into()),
            0xdd => Self::Array(input.u32()?),
            0xde => Self::Map(input.u16()?.into()),
            0xdf => Self::Map(input.u32()?),
            0xe0..=0xff => Self::Signed(i8::from_be_bytes([marker]).into()),
        })
    }

    /// Returns the number if it is a non-negative integer of any format.
    pub(crate) fn as_unsigned(&self) -> Option<u64> {
        match *self {
            Self::Unsigned(number) => Some(number),
            Self::Signed(number) => u64::try_from(number).ok(),
            _ => None,
        }
    }
}

/// Reads a timestamp of 32, 64 or 96 bits, in which other encoders write a `Date`. Returns a plain
/// extension if it has another length.
fn timestamp(bytes: &[u8]) -> Token<'_> {
    let (seconds, nanoseconds) = if let Ok(seconds) = bytes.try_into() {
        (u32::from_be_bytes(seconds).into(), 0)
    } else if let Ok(both) = bytes.try_into() {
        let both = u64::from_be_bytes(both);
        (
            i128::from(both & SECONDS_MASK),
            i128::from(both >> SECONDS_BITS),
        )
    } else if let Some((nanoseconds, seconds)) = bytes.split_first_chunk()
        && let Ok(seconds) = seconds.try_into()
    {
        let nanoseconds = u32::from_be_bytes(*nanoseconds);
        (i64::from_be_bytes(seconds).into(), nanoseconds.into())
    } else {
        return Token::Extension(TIMESTAMP, bytes);
    };
    // As `new Date(number)`, which truncates towards 1970. A time that does not fit is no valid date.
    let ms = (seconds * 1_000_000_000 + nanoseconds) / 1_000_000;
    Token::Date(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn text<'m>(input: &mut Input<'m>, len: usize) -> Result<Token<'m>, DecodeError> {
    std::str::from_utf8(input.take(len)?)
        .map(Token::Str)
        .map_err(|_| DecodeError::InvalidMsgpack)
}

fn sized_text<'m>(input: &mut Input<'m>, width: Width) -> Result<Token<'m>, DecodeError> {
    let len = input.len(width)?;
    text(input, len)
}

fn binary<'m>(input: &mut Input<'m>, width: Width) -> Result<Token<'m>, DecodeError> {
    let len = input.len(width)?;
    input.take(len).map(Token::Binary)
}

fn sized_extension<'m>(input: &mut Input<'m>, width: Width) -> Result<Token<'m>, DecodeError> {
    let len = input.len(width)?;
    Ok(match extension(input, len)? {
        (0, buffer) => Token::Binary(buffer),
        (kind, bytes) => Token::Extension(kind, bytes),
    })
}

fn fixed_extension<'m>(input: &mut Input<'m>, len: usize) -> Result<Token<'m>, DecodeError> {
    let (kind, bytes) = extension(input, len)?;
    Ok(Token::Extension(kind, bytes))
}

fn extension<'m>(input: &mut Input<'m>, len: usize) -> Result<(i8, &'m [u8]), DecodeError> {
    let kind = i8::from_be_bytes(input.array()?);
    Ok((kind, input.take(len)?))
}
