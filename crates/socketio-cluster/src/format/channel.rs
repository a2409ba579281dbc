//! The names of channels.

use bytestring::ByteString;

/// Returns the name of a channel below another: `<parent><name>#`.
pub(super) fn below(parent: &str, name: &str) -> ByteString {
    let mut channel =
        String::with_capacity(parent.len().saturating_add(name.len()).saturating_add(1));
    channel.push_str(parent);
    channel.push_str(name);
    channel.push('#');
    channel.into()
}

/// Returns the name of a channel below `parent`, which may contain `#`. `None` for the parent itself and
/// for other channels.
pub(super) fn name_below<'c>(parent: &str, channel: &'c str) -> Option<&'c str> {
    let name = channel.strip_prefix(parent)?.strip_suffix('#')?;
    (!name.is_empty()).then_some(name)
}

/// Returns the pattern of Redis for a channel and all channels below it.
///
/// The name of a namespace may contain characters with a meaning in patterns. Node's adapter does not
/// escape them, so its pattern of the namespace `/dyn-[ab]` does not match that namespace.
pub(super) fn pattern(parent: &str) -> String {
    let mut pattern = String::with_capacity(parent.len().saturating_add(1));
    for char in parent.chars() {
        if matches!(char, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern.push('*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_contain_the_separator() {
        for name in ["a", "a#b", "#", "é"] {
            let channel = below("socket.io#/#", name);
            assert_eq!(name_below("socket.io#/#", &channel), Some(name));
        }
        for other in [
            "socket.io#/#",
            "socket.io#/x#a#",
            "socket.io#/#a",
            "other#/#a#",
            "",
        ] {
            assert_eq!(name_below("socket.io#/#", other), None, "{other}");
        }
        assert_eq!(name_below("socket.io#/#", "socket.io#/##"), None);
    }

    #[test]
    fn patterns_escape_the_characters_of_patterns() {
        assert_eq!(pattern("socket.io#/#"), "socket.io#/#*");
        assert_eq!(pattern(r"s#/[a-b]?*\#"), r"s#/\[a-b\]\?\*\\#*");
    }
}
