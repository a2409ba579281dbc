//! The ids of sockets in logs and spans.

use std::fmt;

use engineio::log::Escaped;

/// The number of characters that are shown of an id that is a secret. They suffice to find the lines
/// of one client.
const SHOWN: usize = 8;

/// The sign for the hidden rest of an id.
const ELLIPSIS: char = '…';

/// The id of a socket as logs and spans show it.
///
/// The ids of Socket.IO 2.x clients end with the id of their session, which is a secret. Of that, at
/// most the first 8 characters and at most half are shown.
#[derive(Clone, Copy)]
pub(crate) struct LoggedId<'a> {
    id: &'a str,
    session: Option<&'a str>,
}

impl<'a> LoggedId<'a> {
    /// Wraps the id of a socket. `session` is the id of the session if the socket's id contains it.
    pub(super) fn new(id: &'a str, session: Option<&'a str>) -> Self {
        Self { id, session }
    }
}

impl fmt::Display for LoggedId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(session) = self.session else {
            return Escaped(self.id).fmt(f);
        };
        let namespace = self.id.strip_suffix(session).unwrap_or_default();
        let shown = SHOWN.min(session.chars().count() / 2);
        let beginning: String = session.chars().take(shown).collect();
        write!(f, "{}{beginning}{ELLIPSIS}", Escaped(namespace))
    }
}

impl fmt::Debug for LoggedId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(id: &str, session: Option<&str>) -> String {
        LoggedId::new(id, session).to_string()
    }

    #[test]
    fn an_id_without_a_secret_is_unchanged() {
        assert_eq!(logged("abcdefghijklmnopqrst", None), "abcdefghijklmnopqrst");
        assert_eq!(logged("a\nb", None), r"a\nb");
    }

    #[test]
    fn at_most_eight_characters_and_half_of_a_session_id_are_shown() {
        for (session, shown) in [
            ("abcdefghijklmnopqrst", "abcdefgh…"),
            ("abcdefghijklmno", "abcdefg…"),
            ("abc", "a…"),
            ("a", "…"),
        ] {
            assert_eq!(logged(session, Some(session)), shown);
            let id = format!("/chat#{session}");
            assert_eq!(logged(&id, Some(session)), format!("/chat#{shown}"));
        }
    }

    #[test]
    fn the_name_of_the_namespace_is_escaped_and_cut() {
        let session = "abcdefghijklmnopqrst";
        let id = format!("/\u{1b}[2J{}#{session}", "y".repeat(1000));
        let text = logged(&id, Some(session));
        assert!(text.starts_with(r"/\u{1b}[2Jyyy"), "{text}");
        assert!(text.ends_with("y…abcdefgh…"), "{text}");
        assert!(text.len() < 300, "{} bytes", text.len());
    }
}
