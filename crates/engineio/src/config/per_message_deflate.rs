//! The options of WebSocket compression.

use std::ops::RangeInclusive;

/// The compression of WebSocket messages: the options of Node's `perMessageDeflate`.
///
/// Compression is disabled unless this is passed to
/// [`Config::per_message_deflate`](crate::Config::per_message_deflate). It is used for clients that
/// offer it, which all browsers do.
///
/// Compression costs time, and memory for each connection. With context takeover, messages may
/// refer to earlier ones. From the first compressed message on, the server then holds up to 370 KiB
/// for sending and 50 KiB for receiving.
///
/// With [`server_no_context_takeover`](Self::server_no_context_takeover) and
/// [`client_no_context_takeover`](Self::client_no_context_takeover), a connection holds nothing. A
/// broadcast is then compressed once for all recipients with the same window that are served by the
/// same thread. For this, each thread keeps a compressor and the last eight messages for each of
/// the last four combinations of window and level. The messages and their compressed forms take at
/// most 512 KiB per combination.
///
/// Messages are compressed in the task of their connection. A megabyte takes about 20 ms.
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

/// The binary logarithms of the window sizes: 256 bytes to 32 KiB.
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
    /// Sets the size from which messages are compressed, in bytes on the wire: 1024 by default.
    ///
    /// It always applies. In Node it only applies without context takeover.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Sets whether each message is compressed independently, even if the client does not request
    /// it: `false` by default.
    ///
    /// Similar messages get longer, and connections need less memory.
    pub fn server_no_context_takeover(mut self, forget: bool) -> Self {
        self.server_no_context_takeover = forget;
        self
    }

    /// Sets whether clients are asked to compress each message independently: `false` by default.
    pub fn client_no_context_takeover(mut self, forget: bool) -> Self {
        self.client_no_context_takeover = forget;
        self
    }

    /// Sets the window within which the server refers to earlier data, as a power of two. The
    /// default is the size that the client requests, or 15 (32 KiB).
    ///
    /// If the client requests a smaller window, that one is used. A window of 8 is treated as 9,
    /// which is the minimum of the zlib library.
    ///
    /// # Panics
    ///
    /// Panics if it is not between 8 and 15.
    pub fn server_max_window_bits(mut self, bits: u8) -> Self {
        self.server_max_window_bits = Some(within(bits, WINDOW_BITS, "window bits"));
        self
    }

    /// Sets the window within which clients may refer to earlier data, as a power of two: up to 15
    /// (32 KiB) by default.
    ///
    /// Compression is disabled for clients that do not support this parameter.
    ///
    /// # Panics
    ///
    /// Panics if it is not between 8 and 15.
    pub fn client_max_window_bits(mut self, bits: u8) -> Self {
        self.client_max_window_bits = Some(within(bits, WINDOW_BITS, "window bits"));
        self
    }

    /// Sets the compression level, from 0 to 9: 6 by default (Node's `zlibDeflateOptions.level`).
    ///
    /// # Panics
    ///
    /// Panics if it is not between 0 and 9.
    pub fn level(mut self, level: u8) -> Self {
        self.level = within(level, LEVELS, "the level");
        self
    }

    /// Sets the memory level, from 1 to 9: 8 by default (Node's `zlibDeflateOptions.memLevel`).
    ///
    /// Each step halves or doubles a part of the memory that is 112 KiB at level 8.
    ///
    /// # Panics
    ///
    /// Panics if it is not between 1 and 9.
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
    fn a_window_out_of_range_panics() {
        let _ = PerMessageDeflate::default().server_max_window_bits(16);
    }

    #[test]
    #[should_panic(expected = "the memory level must be between 1 and 9, not 0")]
    fn a_memory_level_out_of_range_panics() {
        let _ = PerMessageDeflate::default().memory_level(0);
    }
}
