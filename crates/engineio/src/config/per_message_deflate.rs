use std::ops::RangeInclusive;

/// How WebSocket messages are compressed: the options of Node's `perMessageDeflate`.
///
/// Compression is off unless [`Config::per_message_deflate`](crate::Config::per_message_deflate) is
/// given one of these, and is used with clients that offer it: all browsers do. It costs time, and
/// memory for each connection: for as long as a client's messages may refer to earlier ones, the
/// server holds up to 370 KiB for what it sends, from the first message that it compresses, and
/// 50 KiB for what it receives, from the first compressed message. With
/// [`server_no_context_takeover`](Self::server_no_context_takeover) and
/// [`client_no_context_takeover`](Self::client_no_context_takeover) a connection holds nothing, and
/// a broadcast is compressed once for all of its recipients that one thread of the runtime serves
/// and with which the same window was agreed on. For that a thread keeps, for each of the last four
/// windows and levels, a compressor and the last eight messages, of 512 KiB together with what came
/// of them.
///
/// Messages are compressed in the task of their connection: a megabyte takes some 20 ms.
///
/// # Examples
///
/// ```
/// use engineio::{Config, PerMessageDeflate};
///
/// let deflate = PerMessageDeflate::default()
///     .threshold(4096)
///     .server_no_context_takeover(true)
///     .client_no_context_takeover(true);
/// let config = Config::default().per_message_deflate(deflate);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct PerMessageDeflate {
    pub(crate) threshold: usize,
    pub(crate) server_no_context_takeover: bool,
    pub(crate) client_no_context_takeover: bool,
    pub(crate) server_max_window_bits: Option<u8>,
    pub(crate) client_max_window_bits: Option<u8>,
    pub(crate) level: u8,
    pub(crate) memory_level: u8,
}

/// Binary logarithms of windows' sizes: 256 bytes to 32 KiB.
pub(crate) const WINDOW_BITS: RangeInclusive<u8> = 8..=15;
const LEVELS: RangeInclusive<u8> = 0..=9;
const MEMORY_LEVELS: RangeInclusive<u8> = 1..=9;

impl Default for PerMessageDeflate {
    fn default() -> Self {
        Self {
            threshold: 1024,
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: None,
            client_max_window_bits: None,
            level: 6,
            memory_level: 8,
        }
    }
}

impl PerMessageDeflate {
    /// From which size on a message is compressed, in bytes as it travels: 1024 by default.
    ///
    /// It holds always. In Node's server it holds only where no context is taken over.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Compresses each message for itself, also for clients that do not ask for it: `false` by
    /// default.
    ///
    /// Messages that are like each other get longer, connections cost less memory.
    pub fn server_no_context_takeover(mut self, forget: bool) -> Self {
        self.server_no_context_takeover = forget;
        self
    }

    /// Tells clients to compress each message for itself: `false` by default.
    pub fn client_no_context_takeover(mut self, forget: bool) -> Self {
        self.client_no_context_takeover = forget;
        self
    }

    /// The window within which the server refers to what it has sent, as a power of two: what the
    /// client asks for by default, or 15 (32 KiB).
    ///
    /// A client that asks for a smaller one gets it. A window of 8 is treated as one of 9, of which
    /// the library uses no more.
    ///
    /// # Panics
    ///
    /// If it is not between 8 and 15.
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server_max_window_bits = Some(within(bits, WINDOW_BITS, "window bits"));
        self
    }

    /// The window within which clients may refer to what they have sent, as a power of two: up to
    /// 15 (32 KiB) by default.
    ///
    /// Nothing is compressed with clients that cannot be told so.
    ///
    /// # Panics
    ///
    /// If it is not between 8 and 15.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client_max_window_bits = Some(within(bits, WINDOW_BITS, "window bits"));
        self
    }

    /// How hard the server tries, from 0 to 9: 6 by default (Node's `zlibDeflateOptions.level`).
    ///
    /// # Panics
    ///
    /// If it is not between 0 and 9.
    pub fn level(mut self, level: u8) -> Self {
        self.level = within(level, LEVELS, "the level");
        self
    }

    /// How much memory the server takes for it, from 1 to 9: 8 by default (Node's
    /// `zlibDeflateOptions.memLevel`).
    ///
    /// Each step halves or doubles a part of it that is 112 KiB at 8.
    ///
    /// # Panics
    ///
    /// If it is not between 1 and 9.
    pub fn memory_level(mut self, level: u8) -> Self {
        self.memory_level = within(level, MEMORY_LEVELS, "the memory level");
        self
    }
}

fn within(value: u8, range: RangeInclusive<u8>, what: &str) -> u8 {
    assert!(
        range.contains(&value),
        "{what} must be between {} and {}, not {value}",
        range.start(),
        range.end()
    );
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "window bits must be between 8 and 15, not 16")]
    fn a_window_that_there_is_not_is_refused() {
        let _ = PerMessageDeflate::default().server_max_window_bits(16);
    }

    #[test]
    #[should_panic(expected = "the memory level must be between 1 and 9, not 0")]
    fn a_memory_level_that_there_is_not_is_refused() {
        let _ = PerMessageDeflate::default().memory_level(0);
    }
}
