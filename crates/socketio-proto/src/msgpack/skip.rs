//! Skips values of MessagePack.

use super::input::{Input, Width};
use super::token::Token;
use crate::error::DecodeError;

/// Skips one value and checks everything that reading it would check. It does not recurse.
pub(super) fn skip_checked(input: &mut Input<'_>) -> Result<(), DecodeError> {
    let mut values: u64 = 1;
    while values > 0 {
        let inner = match Token::read(input)? {
            Token::Array(len) => len.into(),
            Token::Map(len) => u64::from(len).saturating_mul(2),
            _ => 0,
        };
        values = values.saturating_sub(1).saturating_add(inner);
    }
    Ok(())
}

/// Skips one value faster. It does not recurse, and does not check whether strings are UTF-8.
pub(crate) fn skip(input: &mut Input<'_>) -> Result<(), DecodeError> {
    let mut values: u64 = 1;
    while values > 0 {
        let inner = skip_head(input)?;
        values = values.saturating_sub(1).saturating_add(inner);
    }
    Ok(())
}

/// Skips a value without elements, or the head of a value with elements. Returns the number of values
/// that belong to it and follow.
fn skip_head(input: &mut Input<'_>) -> Result<u64, DecodeError> {
    let marker = input.u8()?;
    let len = match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => return Ok(0),
        0x80..=0x8f => return Ok(u64::from(marker & 0x0f).saturating_mul(2)),
        0x90..=0x9f => return Ok((marker & 0x0f).into()),
        0xdc => return Ok(input.u16()?.into()),
        0xdd => return Ok(input.u32()?.into()),
        0xde => return Ok(u64::from(input.u16()?).saturating_mul(2)),
        0xdf => return Ok(u64::from(input.u32()?).saturating_mul(2)),
        // Reserved by the specification.
        0xc1 => return Err(DecodeError::InvalidMsgpack),
        0xa0..=0xbf => (marker & 0x1f).into(),
        0xc4 | 0xd9 => input.len(Width::One)?,
        0xc5 | 0xda => input.len(Width::Two)?,
        0xc6 | 0xdb => input.len(Width::Four)?,
        // The type of an extension is one more byte.
        0xc7 => input.len(Width::One)?.saturating_add(1),
        0xc8 => input.len(Width::Two)?.saturating_add(1),
        0xc9 => input.len(Width::Four)?.saturating_add(1),
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 => 2,
        0xca | 0xce | 0xd2 => 4,
        0xcb | 0xcf | 0xd3 => 8,
        0xd4 => 2,
        0xd5 => 3,
        0xd6 => 5,
        0xd7 => 9,
        0xd8 => 17,
    };
    input.take(len)?;
    Ok(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_that_can_be_read_is_skipped_as_a_whole(
            message in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let (mut by_tokens, mut by_markers) = (Input::new(&message), Input::new(&message));
            let is_read = skip_checked(&mut by_tokens).is_ok();
            let is_skipped = skip(&mut by_markers).is_ok();
            prop_assert!(is_skipped || !is_read);
            if is_read {
                prop_assert_eq!(by_markers.len_left(), by_tokens.len_left());
            }
        }
    }

    #[test]
    fn every_marker_is_skipped_with_its_value() {
        for marker in 0..=u8::MAX {
            let mut message = vec![0; 64];
            message[0] = marker;
            let (mut by_tokens, mut by_markers) = (Input::new(&message), Input::new(&message));
            assert_eq!(
                skip(&mut by_markers),
                skip_checked(&mut by_tokens),
                "{marker:02x}"
            );
            assert_eq!(by_markers.len_left(), by_tokens.len_left(), "{marker:02x}");
        }
    }
}
