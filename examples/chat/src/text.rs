//! Validated input: names, rooms and messages.

use std::fmt;

use serde::Serialize;

use crate::problem::Problem;

/// The most characters of a user name: one line in the list of members.
pub(crate) const MAX_NAME: usize = 24;

/// The most characters of a room name: one line in the list of rooms.
pub(crate) const MAX_ROOM_NAME: usize = 24;

/// The most characters of a message: about a page.
pub(crate) const MAX_MESSAGE: usize = 2000;

/// The length of a key in bytes. Clients create keys of 32 bytes.
const KEY_LENGTH: std::ops::RangeInclusive<usize> = 16..=64;

/// The length of a nonce in bytes.
const NONCE_LENGTH: std::ops::RangeInclusive<usize> = 1..=40;

/// The name of a user.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct UserName(String);

impl UserName {
    /// Parses and normalizes the input of a user.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than [`MAX_NAME`] or not legible.
    pub(crate) fn parse(typed: &str) -> Result<Self, Problem> {
        one_line(typed, " ", "name", MAX_NAME).map(Self)
    }

    /// Returns whether two names look the same to readers.
    pub(crate) fn resembles(&self, other: &Self) -> bool {
        self.0.to_lowercase() == other.0.to_lowercase()
    }
}

/// The name of a room, without the `#` that the page shows in front.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct RoomName(String);

impl RoomName {
    /// Parses the input of a user and normalizes it to lower case, with hyphens for spaces.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than [`MAX_ROOM_NAME`] or not legible.
    pub(crate) fn parse(typed: &str) -> Result<Self, Problem> {
        let typed = typed.trim_start().trim_start_matches('#').to_lowercase();
        one_line(&typed, "-", "room name", MAX_ROOM_NAME).map(Self)
    }

    /// Returns the name of the Socket.IO room.
    ///
    /// Each socket is in a room with the name of its id. The prefix prevents a user from opening that room and
    /// receiving private events.
    pub(crate) fn channel(&self) -> String {
        format!("room:{}", self.0)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a message, with one or more lines.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct MessageText(String);

impl MessageText {
    /// Parses the input of a user.
    ///
    /// # Errors
    ///
    /// If the text is empty or longer than [`MAX_MESSAGE`].
    pub(crate) fn parse(typed: &str) -> Result<Self, Problem> {
        let text: String = typed
            .trim()
            .chars()
            .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
            .collect();
        bounded(text, "message", MAX_MESSAGE).map(Self)
    }
}

/// The secret that identifies a browser window when it reconnects.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(crate) struct Key(String);

impl Key {
    /// Parses the key of a client.
    ///
    /// # Errors
    ///
    /// If the key is too short for a secret, too long, or has characters other than letters and digits.
    pub(crate) fn parse(key: &str) -> Result<Self, Problem> {
        token(key, KEY_LENGTH, "key").map(Self)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// An identifier that a client chooses for a message. It stays the same when the message is sent again.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Nonce(String);

impl Nonce {
    /// Parses the nonce of a client.
    ///
    /// # Errors
    ///
    /// If the nonce is empty, too long, or has characters other than letters and digits.
    pub(crate) fn parse(nonce: &str) -> Result<Self, Problem> {
        token(nonce, NONCE_LENGTH, "nonce of the message").map(Self)
    }
}

fn one_line(
    typed: &str,
    separator: &str,
    what: &'static str,
    max: usize,
) -> Result<String, Problem> {
    let words: Vec<_> = typed.split_whitespace().collect();
    let text = bounded(words.join(separator), what, max)?;
    if text.chars().any(is_deceptive) || !text.chars().any(char::is_alphanumeric) {
        return Err(Problem::Illegible(what));
    }
    Ok(text)
}

fn bounded(text: String, what: &'static str, max: usize) -> Result<String, Problem> {
    match text.chars().count() {
        0 => Err(Problem::Empty(what)),
        length if length > max => Err(Problem::TooLong { what, length, max }),
        _ => Ok(text),
    }
}

fn token(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    what: &'static str,
) -> Result<String, Problem> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain && length.contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err(Problem::Malformed(what))
    }
}

/// Returns whether a character can make two names look the same: invisible ones and changes of direction.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
        || ('\u{202A}'..='\u{202E}').contains(&c)
        || ('\u{2060}'..='\u{2069}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line() {
        let name = UserName::parse("  Ada \n Lovelace ").unwrap();
        assert_eq!(name, UserName("Ada Lovelace".to_owned()));
    }

    #[test]
    fn a_name_has_a_limit_of_characters() {
        assert!(UserName::parse(&"é".repeat(MAX_NAME)).is_ok());
        let problem = UserName::parse(&"é".repeat(MAX_NAME + 1)).unwrap_err();
        assert_eq!(
            problem.to_string(),
            "The name has 25 characters. Shorten it to 24."
        );
    }

    #[test]
    fn a_name_must_be_legible() {
        assert_eq!(UserName::parse(" "), Err(Problem::Empty("name")));
        for typed in ["...", "\u{200B}", "Ada\u{202E}", "A\u{0}da"] {
            assert_eq!(UserName::parse(typed), Err(Problem::Illegible("name")));
        }
    }

    #[test]
    fn names_are_compared_without_case() {
        let name = |typed| UserName::parse(typed).unwrap();
        assert!(name("ÉMILE").resembles(&name("émile")));
        assert!(!name("Emile").resembles(&name("Emil")));
    }

    #[test]
    fn a_room_name_is_normalized() {
        let room = RoomName::parse(" #Late  Night ").unwrap();
        assert_eq!(room.to_string(), "late-night");
        assert_eq!(room.channel(), "room:late-night");
        assert!(RoomName::parse(&"r".repeat(MAX_ROOM_NAME)).is_ok());
        assert!(RoomName::parse(&"r".repeat(MAX_ROOM_NAME + 1)).is_err());
    }

    #[test]
    fn a_message_keeps_its_lines_and_has_a_limit() {
        let text = MessageText::parse("one\r\n\u{7}two\n").unwrap();
        assert_eq!(text, MessageText("one\ntwo".to_owned()));
        assert!(MessageText::parse(&"m".repeat(MAX_MESSAGE)).is_ok());
        assert!(MessageText::parse(&"m".repeat(MAX_MESSAGE + 1)).is_err());
    }

    #[test]
    fn keys_and_nonces_have_limits() {
        assert!(Key::parse(&"k".repeat(16)).is_ok());
        assert!(Key::parse(&"k".repeat(64)).is_ok());
        for key in ["k".repeat(15), "k".repeat(65), "k k".repeat(8)] {
            assert_eq!(Key::parse(&key), Err(Problem::Malformed("key")));
        }
        assert!(Nonce::parse(&"n".repeat(40)).is_ok());
        assert!(Nonce::parse(&"n".repeat(41)).is_err());
        assert!(Nonce::parse("").is_err());
    }

    #[test]
    fn debug_output_hides_the_key() {
        let key = Key::parse("0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "Key(..)");
    }
}
