//! The messages of the clients and the expected answers.

use crate::frame::{self, Opcode, masked, text};
use crate::options::Options;
use crate::scenario::Scenario;

/// The first acknowledgement id. Ids are this plus the slot, so all have the same number of digits.
pub(crate) const FIRST_ACK_ID: usize = 100;

/// The beginning of the answer to a question; the arguments follow.
pub(crate) const ANSWER: &[u8] = b"439";

/// The words of generated text.
const WORDS: [&str; 48] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "that",
    "for",
    "it",
    "was",
    "on",
    "are",
    "as",
    "with",
    "his",
    "they",
    "at",
    "be",
    "this",
    "from",
    "have",
    "or",
    "by",
    "one",
    "had",
    "not",
    "but",
    "what",
    "all",
    "were",
    "when",
    "we",
    "there",
    "can",
    "an",
    "your",
    "which",
    "their",
    "said",
    "message",
    "server",
    "client",
    "room",
    "socket",
    "event",
    "time",
    "connection",
    "number",
];

/// Returns the string argument that the options select.
pub(crate) fn string_argument(options: &Options) -> String {
    let length = options.payload;
    if !options.words {
        return ('a'..='z').cycle().take(length).collect();
    }
    // Always the same text, without a pattern that a compressor could use.
    let mut state = 1_u64;
    let mut text = String::with_capacity(length + 16);
    while text.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let word = WORDS.get((state >> 33) as usize % WORDS.len());
        text.push_str(word.unwrap_or(&""));
        text.push(' ');
    }
    text.truncate(length);
    text
}

/// Encodes an event with one string argument.
pub(crate) fn event(name: &str, argument: &str) -> String {
    format!("42[\"{name}\",\"{argument}\"]")
}

/// The messages of a scenario.
pub(crate) struct Messages {
    /// The frames of one operation, for each slot. `Rooms` has separate ones for each connection.
    pub(crate) frames: Vec<Vec<u8>>,
    /// The expected text; of an acknowledgement, the part after the id.
    pub(crate) expected_text: Vec<u8>,
    /// The expected binary attachment.
    pub(crate) expected_binary: Vec<u8>,
    /// Whether an expected event has an offset as its last argument.
    has_offset: bool,
}

impl Messages {
    pub(crate) fn new(options: &Options) -> Self {
        let (payload, slots) = (options.payload, options.inflight);
        let argument = string_argument(options);
        let text = |payload: &[u8]| {
            if options.variation.deflate {
                frame::compressed_text(payload)
            } else {
                text(payload)
            }
        };
        let mut expected_binary = Vec::new();
        let (frames, expected_text) = match options.scenario {
            Scenario::Connect | Scenario::Echo | Scenario::Polling => {
                let event = event("echo", &argument).into_bytes();
                (vec![text(&event)], event)
            }
            Scenario::Joins => {
                // A separate event, whose handler measures its duration.
                let frame = text(event("timed_broadcast", &argument).as_bytes());
                (vec![frame], event("broadcast", &argument).into_bytes())
            }
            Scenario::Broadcast => {
                let event = event("broadcast", &argument).into_bytes();
                (vec![text(&event)], event)
            }
            Scenario::Ack => {
                let frame = |id| text(format!("42{id}[\"ack\",\"{argument}\"]").as_bytes());
                let ids = FIRST_ACK_ID..FIRST_ACK_ID + slots;
                (
                    ids.map(frame).collect(),
                    format!("[\"{argument}\"]").into_bytes(),
                )
            }
            Scenario::Bin => {
                expected_binary = (0..payload).map(|index| (index * 31) as u8).collect();
                let header = b"451-[\"bin\",{\"_placeholder\":true,\"num\":0}]";
                let mut frames = text(header);
                frames.extend(masked(Opcode::Binary, &expected_binary));
                // The order of the placeholder's keys may differ.
                (vec![frames], b"451-[\"bin\",{".to_vec())
            }
            Scenario::Inner | Scenario::Rooms => (Vec::new(), Vec::new()),
        };
        Self {
            frames,
            expected_text,
            expected_binary,
            has_offset: options.variation.recovery,
        }
    }

    /// Returns whether a packet is the expected event.
    #[inline]
    pub(crate) fn is_expected(&self, packet: &[u8]) -> bool {
        if !self.has_offset {
            return packet == self.expected_text;
        }
        let event = self.expected_text.strip_suffix(b"]").unwrap_or_default();
        packet
            .strip_prefix(event)
            .and_then(|rest| rest.strip_prefix(b",\"")?.strip_suffix(b"\"]"))
            .is_some_and(|offset| !offset.is_empty() && !offset.contains(&b'"'))
    }
}

/// Encodes a frame that joins or leaves rooms, with the acknowledgement id of `slot`.
pub(crate) fn rooms(event: &str, slot: usize, names: impl Iterator<Item = String>) -> Vec<u8> {
    let names = names
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(",");
    text(format!("42{}[\"{event}\",[{names}]]", FIRST_ACK_ID + slot).as_bytes())
}

/// Encodes a frame with a question to the server that is not part of the load. The answer begins with
/// [`ANSWER`]. The arguments are JSON, each after a comma.
pub(crate) fn question(event: &str, arguments: &str) -> Vec<u8> {
    text(format!("429[\"{event}\"{arguments}]").as_bytes())
}

/// Splits an acknowledgement into its slot and its arguments.
#[inline]
pub(crate) fn acknowledged(packet: &[u8]) -> Option<(usize, &[u8])> {
    let packet = packet.strip_prefix(b"43")?;
    let digits = packet
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (id, arguments) = packet.split_at(digits);
    let id = str::from_utf8(id).ok()?.parse::<usize>().ok()?;
    Some((id.checked_sub(FIRST_ACK_ID)?, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_names_its_slot() {
        assert_eq!(acknowledged(b"43100[]"), Some((0, &b"[]"[..])));
        assert_eq!(acknowledged(b"43115[\"a\"]"), Some((15, &b"[\"a\"]"[..])));
        for packet in [
            "43[]",
            "4399[]",
            "42100[]",
            "43x",
            "43999999999999999999999[]",
        ] {
            assert_eq!(acknowledged(packet.as_bytes()), None, "{packet}");
        }
    }

    fn messages(line: &str) -> Messages {
        let options = Options::parse(line.split_whitespace().map(str::to_owned));
        Messages::new(&options.unwrap().unwrap())
    }

    #[test]
    fn an_offset_follows_the_arguments_where_it_is_expected() {
        let plain = messages("--payload 3");
        let recovery = messages("--payload 3 --with recovery");
        let event = b"42[\"echo\",\"abc\"]";
        assert!(plain.is_expected(event) && !recovery.is_expected(event));
        let event = b"42[\"echo\",\"abc\",\"AbC-12\"]";
        assert!(recovery.is_expected(event) && !plain.is_expected(event));
        for wrong in [
            &b"42[\"echo\",\"abx\",\"AbC-12\"]"[..],
            b"42[\"echo\",\"abc\",\"\"]",
            b"42[\"echo\",\"abc\",\"a\",\"b\"]",
            b"42[\"echo\",\"abc\",1]",
        ] {
            assert!(!recovery.is_expected(wrong));
        }
    }

    #[test]
    fn words_are_text_of_the_length_that_is_asked_for() {
        let words = messages("--payload 2048 --words").expected_text;
        assert_eq!(words.len(), messages("--payload 2048").expected_text.len());
        let frame = frame::compressed_text(&words);
        assert!((600..900).contains(&frame.len()), "{}", frame.len());
    }

    #[test]
    fn every_slot_has_its_own_frame() {
        let messages = messages("--scenario ack --payload 3 --inflight 2");
        assert_eq!(messages.frames[1], text(b"42101[\"ack\",\"abc\"]"));
        assert_eq!(messages.expected_text, b"[\"abc\"]");
        assert_eq!(
            rooms("join", 1, ["a", "b"].map(str::to_owned).into_iter()),
            text(b"42101[\"join\",[\"a\",\"b\"]]")
        );
    }
}
