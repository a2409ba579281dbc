//! The parts of MessagePack.

use crate::error::DecodeError;
use crate::msgpack::{Input, Token, skip};

/// Returns the values of the members with these keys.
pub(super) fn members<'m, const N: usize>(
    bytes: &'m [u8],
    keys: [&str; N],
) -> Result<[Option<&'m [u8]>; N], DecodeError> {
    let mut input = Input::new(bytes);
    let Token::Map(len) = Token::read(&mut input)? else {
        return Err(DecodeError::InvalidMsgpack);
    };
    let mut found = [None; N];
    for _ in 0..len {
        let key = Token::read(&mut input)?;
        if let Token::Array(_) | Token::Map(_) = key {
            return Err(DecodeError::InvalidMsgpack);
        }
        let value = value(&mut input)?;
        let place = keys.iter().zip(&mut found);
        if let Some((_, place)) = place.into_iter().find(|(name, _)| Token::Str(name) == key) {
            *place = Some(value);
        }
    }
    if input.is_empty() {
        Ok(found)
    } else {
        Err(DecodeError::InvalidMsgpack)
    }
}

/// Skips one value and returns its bytes.
fn value<'m>(input: &mut Input<'m>) -> Result<&'m [u8], DecodeError> {
    let mut after = input.clone();
    skip(&mut after)?;
    input.take(input.len_left().saturating_sub(after.len_left()))
}

/// An iterator over the elements of a list. After an error it ends.
#[derive(Clone, Debug)]
pub(super) struct MsgpackElements<'m> {
    input: Input<'m>,
    /// `None` after the end.
    remaining: Option<u32>,
}

impl<'m> MsgpackElements<'m> {
    pub(super) fn new(bytes: &'m [u8]) -> Result<Self, DecodeError> {
        let mut input = Input::new(bytes);
        match Token::read(&mut input)? {
            Token::Array(len) => Ok(Self {
                input,
                remaining: Some(len),
            }),
            _ => Err(DecodeError::InvalidMsgpack),
        }
    }
}

impl<'m> Iterator for MsgpackElements<'m> {
    type Item = Result<&'m [u8], DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(remaining) = self.remaining?.checked_sub(1) else {
            self.remaining = None;
            return (!self.input.is_empty()).then_some(Err(DecodeError::InvalidMsgpack));
        };
        let value = value(&mut self.input);
        self.remaining = value.is_ok().then_some(remaining);
        Some(value)
    }
}
