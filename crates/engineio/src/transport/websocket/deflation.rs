//! Compression of messages (RFC 7692, section 7.2.1).

use std::fmt;

use bytes::Bytes;
use engineio_proto::Spare;
use zlib_rs::Deflate;

use self::compressor_cache::CompressorCache;
use self::params::{DeflateParams, deflate};
use super::extension::Negotiated;

mod compressor_cache;
mod params;

/// The compressor of one connection's messages.
pub(super) struct Deflation {
    negotiated: Negotiated,
    /// Created for the first compressed message. Always `None` without context takeover.
    context: Option<Deflate>,
}

thread_local! {
    static CACHE: Spare<CompressorCache> = const { Spare::new(CompressorCache::new()) };
}

impl Deflation {
    pub(super) fn new(negotiated: Negotiated) -> Self {
        Self {
            negotiated,
            context: None,
        }
    }

    /// Returns whether a message of this length is compressed. The library cannot compress an empty
    /// one.
    #[inline]
    pub(super) fn takes(&self, length: usize) -> bool {
        length > 0 && length >= self.negotiated.threshold
    }

    /// Compresses a message. Returns `None` if it is too short or cannot be compressed.
    pub(super) fn deflate(&mut self, message: &Bytes) -> Option<Bytes> {
        if !self.takes(message.len()) {
            return None;
        }
        let params = DeflateParams {
            window_bits: self.negotiated.server_window_bits,
            level: self.negotiated.level,
            memory_level: self.negotiated.memory_level,
        };
        if self.negotiated.server_takeover {
            let context = self.context.get_or_insert_with(|| params.context());
            let compressed = deflate(context, message);
            if compressed.is_none() {
                // A new context does not refer to data that the client may not have received.
                self.context = None;
            }
            compressed
        } else {
            Spare::with(&CACHE, |cache| cache.deflate(params, message))
        }
    }
}

impl fmt::Debug for Deflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflation")
            .field("negotiated", &self.negotiated)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::extension::tests::negotiate_offer;
    use super::super::inflation::Inflation;
    use super::*;
    use crate::config::per_message_deflate::PerMessageDeflate;
    use crate::http::compression::STEP;

    /// Compresses a message independently.
    pub(in super::super) fn deflate(message: &[u8]) -> Bytes {
        let options = PerMessageDeflate::default().threshold(0);
        with(&options)
            .deflate(&Bytes::copy_from_slice(message))
            .unwrap()
    }

    fn with(options: &PerMessageDeflate) -> Deflation {
        Deflation::new(negotiate_offer(options, "permessage-deflate").unwrap().0)
    }

    fn inflate(inflation: &mut Inflation, compressed: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut take = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        inflation.inflate(compressed, &mut take).unwrap();
        inflation.finish(&mut take).unwrap();
        out
    }

    /// Returns data with few repetitions.
    pub(super) fn varied(length: usize) -> Bytes {
        let mut state = 1_u32;
        (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'a' + ((state >> 24) as u8 & 15)
            })
            .collect()
    }

    #[test]
    fn messages_of_every_size_survive_compression() {
        for takeover in [true, false] {
            for level in [0, 1, 6, 9] {
                let options = PerMessageDeflate::default()
                    .threshold(0)
                    .level(level)
                    .server_no_context_takeover(!takeover);
                let mut deflation = with(&options);
                let mut inflation = Inflation::new(takeover);
                for length in [1, 5, 100, STEP - 1, STEP, STEP + 1, 5 * STEP, 200_000] {
                    let message = varied(length);
                    match deflation.deflate(&message) {
                        Some(compressed) => {
                            assert!(inflate(&mut inflation, &compressed) == message)
                        }
                        None => assert!(!takeover, "{length} bytes at level {level}"),
                    }
                }
            }
        }
    }

    #[test]
    fn messages_refer_to_earlier_ones_only_with_context_takeover() {
        let message = varied(2_000);
        for takeover in [true, false] {
            let options = PerMessageDeflate::default().server_no_context_takeover(!takeover);
            let mut deflation = with(&options);
            let first = deflation.deflate(&message).unwrap().len();
            let second = deflation.deflate(&message).unwrap().len();
            assert_eq!(second < first / 10, takeover, "{first} and {second} bytes");
            assert_eq!(deflation.context.is_some(), takeover);
        }
    }

    #[test]
    fn messages_below_the_threshold_are_not_compressed() {
        let mut deflation = with(&PerMessageDeflate::default());
        assert!(deflation.deflate(&varied(1_023)).is_none());
        assert!(deflation.context.is_none());
        assert!(deflation.deflate(&varied(1_024)).is_some());
        let mut deflation = with(&PerMessageDeflate::default().threshold(0));
        assert!(deflation.deflate(&Bytes::new()).is_none());
        assert!(deflation.deflate(&varied(1)).is_some());
    }

    #[test]
    fn a_message_that_would_grow_is_not_compressed() {
        let options = PerMessageDeflate::default()
            .threshold(0)
            .server_no_context_takeover(true);
        assert!(
            with(&options)
                .deflate(&Bytes::from_static(b"xyz"))
                .is_none()
        );
    }

    #[test]
    fn a_broadcast_is_compressed_once() {
        let options = PerMessageDeflate::default().server_no_context_takeover(true);
        let message = varied(5_000);
        let other = message.clone();
        let first = with(&options).deflate(&message).unwrap();
        let second = with(&options).deflate(&other).unwrap();
        assert_eq!(first.as_ptr(), second.as_ptr());

        // Other parameters give another result.
        let fast = with(&options.clone().level(1)).deflate(&message).unwrap();
        assert_ne!(fast, first);
        assert!(inflate(&mut Inflation::new(false), &fast) == message);
        let again = with(&options).deflate(&message).unwrap();
        assert_eq!(again, first);
        let part = with(&options).deflate(&message.slice(..4_000)).unwrap();
        assert!(inflate(&mut Inflation::new(false), &part) == message[..4_000]);
    }

    #[test]
    fn compression_respects_a_small_window() {
        // The repetition is outside a window of 512 bytes.
        let block = varied(1_000);
        let message = Bytes::from([&block[..], &block[..]].concat());
        let sizes = [8, 9, 15].map(|bits| {
            let options = PerMessageDeflate::default().server_max_window_bits(bits);
            let compressed = with(&options).deflate(&message).unwrap();
            assert!(inflate(&mut Inflation::new(true), &compressed) == message);
            compressed.len()
        });
        assert_eq!(sizes[0], sizes[1]);
        assert!(sizes[2] < sizes[1] * 2 / 3, "{sizes:?}");
    }
}
