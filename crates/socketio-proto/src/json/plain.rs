//! The parts of strings that stand for themselves.

/// Bytes of a string before the next quote, backslash or control character.
///
/// Three needles one of which is a range are beyond what memchr can look for.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    // Most strings are short and end within these.
    const WORDS: u32 = 2;

    let mut rest = bytes;
    let mut words = 0;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let special = special_bytes(*word);
        if special != 0 {
            let plain = special.trailing_zeros() / u8::BITS;
            return bytes
                .len()
                .saturating_sub(rest.len())
                .saturating_add(plain as usize);
        }
        rest = behind;
        words += 1;
        if words == WORDS {
            rest = skip_plain_chunks(rest);
        }
    }
    let plain = rest.iter().take_while(|&&byte| !is_special(byte)).count();
    bytes.len().saturating_sub(rest.len()).saturating_add(plain)
}

/// What is left of a long string after as many whole chunks as are plain: to look at many bytes
/// without an early exit lets the compiler use vector instructions.
fn skip_plain_chunks(mut bytes: &[u8]) -> &[u8] {
    while let Some((chunk, behind)) = bytes.split_first_chunk::<32>()
        && !chunk
            .iter()
            .fold(false, |any, &byte| any | is_special(byte))
    {
        bytes = behind;
    }
    bytes
}

fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

/// Eight bytes at once: the highest bit of the first special byte is the lowest one set here. What
/// is set above it means nothing, as borrows may have come from below.
fn special_bytes(word: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);

    let word = u64::from_le_bytes(word);
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    let controls = word.wrapping_sub(SPACES) & !word;
    (zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES) | controls) & HIGHS
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn the_plain_part_of_a_string_ends_where_it_ends(
            plain in vec(prop_oneof![Just(b'!'), Just(b' '), Just(b'#'), Just(b'['), Just(0x7f), 0x80..=0xff_u8], 0..90),
            rest in vec(any::<u8>(), 0..40),
        ) {
            let bytes = [plain.as_slice(), &rest].concat();
            let end = bytes.iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_len(&bytes), end);
        }
    }
}
