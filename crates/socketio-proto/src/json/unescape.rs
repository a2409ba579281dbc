//! Resolves the escapes of strings.

/// Returns the string that the characters between the quotes of a JSON string represent.
///
/// Unpaired surrogates, which JSON can represent and Rust strings cannot, become replacement
/// characters.
pub(crate) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut chars = escaped.chars();
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => {
                rest = push_unicode(&mut text, chars.as_str());
                continue;
            }
            // `"`, `\` and `/` represent themselves.
            Some(char) => text.push(char),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// Returns the string of a JSON token if it has an unpaired surrogate, which becomes a replacement
/// character. `serde_json` refuses such a string.
pub(crate) fn repair(token: &str) -> Option<String> {
    let raw = token.strip_prefix('"')?.strip_suffix('"')?;
    has_lone_surrogate(raw).then(|| unescape(raw))
}

/// The number of digits of a `\u` escape.
pub(super) const UNIT_LEN: usize = 4;

/// Returns whether the characters between the quotes of a JSON string, or a whole JSON text, contain
/// the escape of an unpaired surrogate.
pub(crate) fn has_lone_surrogate(raw: &str) -> bool {
    let mut rest = raw;
    while let Some((_, escaped)) = rest.split_once('\\') {
        let mut chars = escaped.chars();
        let is_unicode = chars.next() == Some('u');
        rest = chars.as_str();
        if is_unicode {
            match surrogate_escape_len(rest.as_bytes()) {
                Ok(len) => rest = rest.get(len..).unwrap_or_default(),
                Err(LoneSurrogate) => return true,
            }
        }
    }
    false
}

/// The escape of a surrogate that is no half of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoneSurrogate;

/// Returns the length of a `\u` escape after its prefix: of both escapes if it begins a pair of
/// surrogates.
pub(super) fn surrogate_escape_len(hex: &[u8]) -> Result<usize, LoneSurrogate> {
    const PAIR: usize = UNIT_LEN + r"\u".len() + UNIT_LEN;

    match (surrogate(hex), hex.get(UNIT_LEN..)) {
        (None, _) => Ok(UNIT_LEN),
        (Some(Half::High), Some([b'\\', b'u', low @ ..])) if surrogate(low) == Some(Half::Low) => {
            Ok(PAIR)
        }
        _ => Err(LoneSurrogate),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Half {
    High,
    Low,
}

/// Returns the half of a pair that the hexadecimal digits at the start are.
fn surrogate(hex: &[u8]) -> Option<Half> {
    match hex {
        [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..] => Some(Half::High),
        [b'd' | b'D', b'c'..=b'f' | b'C'..=b'F', ..] => Some(Half::Low),
        _ => None,
    }
}

/// Appends the character of a `\u` escape, whose prefix has been read, and returns the rest.
fn push_unicode<'a>(text: &mut String, hex: &'a str) -> &'a str {
    let (unit, rest) = split_unit(hex);
    let paired = rest.strip_prefix("\\u").map(split_unit);
    let units = [unit, paired.map_or(0, |(low, _)| low)];
    let mut decoded = char::decode_utf16(units);
    match (decoded.next(), paired) {
        // A surrogate pair if both units were consumed.
        (Some(Ok(char)), Some((_, behind))) if decoded.next().is_none() => {
            text.push(char);
            behind
        }
        (first, _) => {
            text.push(
                first
                    .and_then(Result::ok)
                    .unwrap_or(char::REPLACEMENT_CHARACTER),
            );
            rest
        }
    }
}

fn split_unit(hex: &str) -> (u16, &str) {
    match hex.split_at_checked(4) {
        Some((digits, rest)) => (u16::from_str_radix(digits, 16).unwrap_or(0xfffd), rest),
        None => (0xfffd, ""),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_escape_is_resolved() {
        assert_eq!(unescape(r#"\"\\\/\b\f\n\r\t"#), "\"\\/\u{8}\u{c}\n\r\t");
        assert_eq!(unescape(r"a\u0062c\u00e9\u0000"), "abcé\0");
        assert_eq!(unescape(r"\ud83d\ude00!"), "😀!");
    }

    #[test]
    fn an_unpaired_surrogate_is_replaced() {
        assert_eq!(unescape(r"a\ud800b"), "a\u{fffd}b");
        assert_eq!(unescape(r"\ude00\u0041"), "\u{fffd}A");
        assert_eq!(unescape(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(unescape(r"\ud83d\ud83d\ude00"), "\u{fffd}😀");
    }

    #[test]
    fn an_unpaired_surrogate_is_found() {
        for raw in [
            r"\ud83d",
            r"a\uDC00b",
            r"\ud83d\u0041",
            r"\ud83d\ud83d\ude00",
            r"\ud83d\n",
        ] {
            assert!(has_lone_surrogate(raw), "{raw}");
        }
        for raw in [
            "",
            "ud83d",
            r"\\ud83d",
            r"\ud83d\ude00",
            r"\uD83D\uDE00\u00e9",
            "😀",
        ] {
            assert!(!has_lone_surrogate(raw), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn exactly_unpaired_surrogates_are_replaced(units: Vec<u16>) {
            let raw: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let text = String::from_utf16_lossy(&units);
            prop_assert_eq!(unescape(&raw), text);
            let is_valid = String::from_utf16(&units).is_ok();
            prop_assert_eq!(has_lone_surrogate(&raw), !is_valid);
        }

        #[test]
        fn strings_of_serde_json_are_unescaped(text: String) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&json[1..json.len() - 1]), text);
        }

        #[test]
        fn any_text_ends(raw: String, tail in r"(\\u?[0-9a-fé]{0,5}){0,6}") {
            unescape(&format!("{raw}{tail}"));
        }
    }
}
