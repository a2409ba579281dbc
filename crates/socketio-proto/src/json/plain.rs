//! Finds the end of the part of a string that needs no escapes.

const WORD: usize = size_of::<u64>();

/// Returns the number of bytes before the next quote, backslash or control character.
///
/// memchr cannot search for three needles of which one is a range.
// Always inlined: with calls, the scan of objects is a fifth slower.
#[inline(always)]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let Some(first) = bytes.first_chunk() else {
        return plain_len_of_few(bytes);
    };
    // Most strings are short and end in the first word.
    match plain_in_word(*first) {
        WORD => plain_len_of_many(bytes),
        plain => plain,
    }
}

/// [`plain_len`] of a string whose first word is plain.
#[inline(never)]
fn plain_len_of_many(bytes: &[u8]) -> usize {
    let mut rest = skip_plain_chunks(bytes);
    while let Some((word, behind)) = rest.split_first_chunk() {
        let plain = plain_in_word(*word);
        if plain < WORD {
            return bytes.len().saturating_sub(rest.len()).saturating_add(plain);
        }
        rest = behind;
    }
    if rest.is_empty() {
        return bytes.len();
    }
    // The remaining bytes, with the last word that overlaps bytes already known to be plain.
    let plain = bytes.last_chunk().copied().map_or(0, plain_in_word);
    bytes.len().saturating_sub(WORD).saturating_add(plain)
}

/// [`plain_len`] of fewer bytes than a word.
#[inline(never)]
fn plain_len_of_few(bytes: &[u8]) -> usize {
    const HALF: usize = WORD / 2;

    let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) else {
        return bytes.iter().take_while(|&&byte| !is_special(byte)).count();
    };
    // The halves overlap, because there are fewer bytes than in a word.
    let (first, last): ([u8; HALF], [u8; HALF]) = (*first, *last);
    let word =
        u64::from(u32::from_le_bytes(last)) << u32::BITS | u64::from(u32::from_le_bytes(first));
    match plain_in_word(word.to_le_bytes()) {
        plain if plain < HALF => plain,
        plain => plain.saturating_add(bytes.len()).saturating_sub(WORD),
    }
}

/// Skips whole chunks of plain bytes. A chunk is examined without an early exit, so that the compiler
/// uses vector instructions.
#[inline]
fn skip_plain_chunks(mut bytes: &[u8]) -> &[u8] {
    while let Some((chunk, behind)) = bytes.split_first_chunk::<16>()
        && !chunk
            .iter()
            .fold(false, |any, &byte| any | is_special(byte))
    {
        bytes = behind;
    }
    bytes
}

/// Returns whether a byte is a quote, a backslash or a control character.
///
/// It takes the minimum of three numbers, each of which is zero for one kind of special byte, so that
/// vector instructions need only one comparison.
#[inline]
fn is_special(byte: u8) -> bool {
    let control = byte.saturating_sub(b' ' - 1);
    (byte ^ b'"').min(byte ^ b'\\').min(control) == 0
}

/// Returns the number of bytes of a word before the first special one; all if there is none.
#[inline]
fn plain_in_word(word: [u8; WORD]) -> usize {
    (special_bytes(word).trailing_zeros() / u8::BITS) as usize
}

/// Marks the special bytes of a word. The lowest set bit is the highest bit of the first special byte.
/// Higher bits have no meaning, because of borrows from lower bytes.
#[inline]
fn special_bytes(word: [u8; WORD]) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; WORD]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; WORD]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; WORD]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; WORD]);
    const SPACES: u64 = u64::from_le_bytes([b' '; WORD]);

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
        fn the_plain_part_ends_at_the_first_special_byte(
            plain in vec(prop_oneof![Just(b'!'), Just(b' '), Just(b'#'), Just(b'['), Just(0x7f), 0x80..=0xff_u8], 0..90),
            rest in vec(any::<u8>(), 0..40),
        ) {
            let bytes = [plain.as_slice(), &rest].concat();
            let end = bytes.iter().position(|&byte| is_special(byte)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_len(&bytes), end);
        }
    }
}
