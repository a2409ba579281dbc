//! The parameters of compression.

use bytes::Bytes;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush};

use crate::http::compression::deflate_into;
use crate::log::Escaped;

/// The bytes that are removed from the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The parameters that determine the compressed form of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct DeflateParams {
    pub(super) window_bits: u8,
    pub(super) level: u8,
    pub(super) memory_level: u8,
}

impl DeflateParams {
    /// Creates a compressor without history.
    pub(super) fn context(self) -> Deflate {
        let mut config = DeflateConfig::new(self.level.into());
        // Negative for a stream without a zlib header.
        config.window_bits = -i32::from(self.window_bits);
        config.mem_level = self.memory_level.into();
        Deflate::new_with_config(config)
    }
}

/// Compresses a message. Returns `None` if zlib fails.
pub(super) fn deflate(context: &mut Deflate, message: &[u8]) -> Option<Bytes> {
    let mut out = Vec::new();
    if let Err(error) = deflate_into(context, message, DeflateFlush::SyncFlush, &mut out) {
        crate::log_limited!(
            error,
            None,
            "sending a message uncompressed: zlib failed",
            error = %Escaped(format_args!("{error:?}")),
        );
        return None;
    }
    let length = out.strip_suffix(&TAIL)?.len();
    out.truncate(length);
    Some(out.into())
}
