//! Patterns of expected texts.

/// The wildcard for any number of characters, including none.
const GAP: char = '…';

/// Returns whether `actual` matches `pattern`, in which every `…` matches any number of characters.
///
/// ```
/// use socketio_testing::matches;
///
/// assert!(matches(r#"40{"sid":"…"}"#, r#"40{"sid":"NFdqMxIWLiFlvGFYAAAA"}"#));
/// assert!(!matches(r#"40{"sid":"…"}"#, r#"40{"sid":"NFdq","pid":"x"} "#));
/// ```
#[must_use]
pub fn matches(pattern: &str, actual: &str) -> bool {
    let mut pieces = pattern.split(GAP);
    // `split` yields at least one piece.
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        // The leftmost match leaves the most text for the following pieces.
        let Some((_, after)) = rest.split_once(piece) else {
            return false;
        };
        rest = after;
    }
    true
}

/// Asserts that `actual` [`matches()`] the pattern. `what` describes the text.
///
/// # Panics
///
/// Panics with both texts if they differ.
#[track_caller]
pub fn assert_matches(what: &str, pattern: &str, actual: &str) {
    assert!(
        matches(pattern, actual),
        "{what}\n  expected: {pattern:?}\n       got: {actual:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_gap_texts_must_be_equal() {
        assert!(matches("", ""));
        assert!(matches("ok", "ok"));
        assert!(!matches("ok", "ok "));
        assert!(!matches("ok", "o"));
        assert!(!matches("", "o"));
    }

    #[test]
    fn a_gap_takes_any_characters() {
        assert!(matches("…", ""));
        assert!(matches("a…", "a"));
        assert!(matches("…z", "abcz"));
        assert!(matches("a…m…z", "a--mm--z"));
        assert!(!matches("a…m…z", "a----z"));
        assert!(!matches("a…z", "a-z-"));
    }

    #[test]
    fn pieces_do_not_overlap() {
        assert!(!matches("ab…ba", "aba"));
        assert!(!matches("a…b…b", "ab"));
        assert!(matches("a…b…b", "abb"));
    }
}
