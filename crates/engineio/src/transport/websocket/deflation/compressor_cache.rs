//! Compressors and recent results that the connections of a thread share, for messages without
//! context takeover.

use bytes::Bytes;
use zlib_rs::Deflate;

use super::params::{DeflateParams, deflate};

/// The number of compressors that a thread keeps, one for each set of parameters: 4. Each takes up
/// to 370 KiB.
const MAX_COMPRESSORS: usize = 4;

/// The number of recent messages that a thread keeps for each compressor, with their compressed
/// forms: 8.
///
/// Concurrent broadcasts, and the attachments of one, reach each of their recipients in turn.
const MAX_RECENT: usize = 8;

/// The total size of these messages and their compressed forms, in bytes: 512 KiB.
const MAX_RECENT_BYTES: usize = 512 * 1024;

/// The compressors of a thread, from the least to the most recently used.
#[derive(Default)]
pub(super) struct CompressorCache {
    compressors: Vec<Compressor>,
}

/// A compressor with its recent results.
struct Compressor {
    params: DeflateParams,
    context: Deflate,
    /// From the least to the most recently used.
    recent: Vec<Recent>,
    /// The total size of `recent` in bytes.
    bytes: usize,
}

/// A message and its compressed form. The next message is often the same one for another recipient.
struct Recent {
    message: Bytes,
    compressed: Option<Bytes>,
}

impl CompressorCache {
    pub(super) const fn new() -> Self {
        Self {
            compressors: Vec::new(),
        }
    }

    /// Compresses a message. Returns `None` if it would not get shorter.
    pub(super) fn deflate(&mut self, params: DeflateParams, message: &Bytes) -> Option<Bytes> {
        self.compressor(params).deflate(message)
    }

    fn compressor(&mut self, params: DeflateParams) -> &mut Compressor {
        let known = self
            .compressors
            .iter()
            .position(|compressor| compressor.params == params);
        match known {
            Some(at) => {
                let compressor = self.compressors.remove(at);
                self.compressors.push(compressor);
            }
            None => {
                if self.compressors.len() >= MAX_COMPRESSORS {
                    self.compressors.remove(0);
                }
                self.compressors.push(Compressor::new(params));
            }
        }
        self.compressors
            .last_mut()
            .expect("it has just been put there")
    }
}

impl Compressor {
    fn new(params: DeflateParams) -> Self {
        Self {
            params,
            context: params.context(),
            recent: Vec::new(),
            bytes: 0,
        }
    }

    fn deflate(&mut self, message: &Bytes) -> Option<Bytes> {
        // The cached message is alive, so no other message can have the same address.
        let known = self.recent.iter().rposition(|recent| {
            recent.message.as_ptr() == message.as_ptr() && recent.message.len() == message.len()
        });
        if let Some(at) = known {
            let recent = self.recent.remove(at);
            let compressed = recent.compressed.clone();
            self.recent.push(recent);
            return compressed;
        }
        self.context.reset();
        // Without context takeover a message can be sent uncompressed if compression does not pay
        // off.
        let compressed =
            deflate(&mut self.context, message).filter(|short| short.len() < message.len());
        self.keep(Recent {
            message: message.clone(),
            compressed: compressed.clone(),
        });
        compressed
    }

    /// Caches a result if it is small enough, in place of the least recently used ones.
    fn keep(&mut self, recent: Recent) {
        let bytes = recent.bytes();
        if bytes > MAX_RECENT_BYTES {
            return;
        }
        self.bytes += bytes;
        self.recent.push(recent);
        while self.recent.len() > MAX_RECENT || self.bytes > MAX_RECENT_BYTES {
            self.bytes -= self.recent.remove(0).bytes();
        }
    }
}

impl Recent {
    fn bytes(&self) -> usize {
        self.message.len() + self.compressed.as_ref().map_or(0, Bytes::len)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::varied;
    use super::*;

    fn params(window_bits: u8) -> DeflateParams {
        DeflateParams {
            window_bits,
            level: 6,
            memory_level: 8,
        }
    }

    /// Returns the addresses of the compressed forms. An unchanged address shows that the cache was
    /// used.
    fn places(shared: &mut CompressorCache, window_bits: u8, messages: &[Bytes]) -> Vec<*const u8> {
        messages
            .iter()
            .map(|message| {
                let compressed = shared.deflate(params(window_bits), message);
                compressed.expect("it is shorter").as_ptr()
            })
            .collect()
    }

    #[test]
    fn alternating_broadcasts_are_compressed_once() {
        let mut shared = CompressorCache::new();
        let messages: Vec<Bytes> = (0..MAX_RECENT).map(|n| varied(5_000 + n)).collect();
        let first = places(&mut shared, 15, &messages);
        // Kept alive, so that no other result gets the same address.
        let held: Vec<_> = messages[..2]
            .iter()
            .map(|message| shared.deflate(params(15), message))
            .collect();
        for _ in 0..3 {
            assert_eq!(places(&mut shared, 15, &messages), first);
        }
        // A message that is used repeatedly stays cached.
        for n in 0..100 {
            assert_eq!(places(&mut shared, 15, &messages[..1]), first[..1]);
            places(&mut shared, 15, &[varied(1_000 + n)]);
        }
        assert_eq!(shared.compressors[0].recent.len(), MAX_RECENT);
        assert_ne!(places(&mut shared, 15, &messages[1..2]), first[1..2]);
        drop(held);
    }

    #[test]
    fn clients_with_different_parameters_do_not_evict_each_other() {
        let mut shared = CompressorCache::new();
        let message = [varied(5_000)];
        let first = [15, 10, 9].map(|bits| places(&mut shared, bits, &message));
        for _ in 0..3 {
            assert_eq!(
                [15, 10, 9].map(|bits| places(&mut shared, bits, &message)),
                first
            );
        }
        for bits in [11, 12, 13, 14] {
            places(&mut shared, bits, &message);
        }
        let kept: Vec<u8> = shared
            .compressors
            .iter()
            .map(|compressor| compressor.params.window_bits)
            .collect();
        assert_eq!(kept, [11, 12, 13, 14]);
    }

    #[test]
    fn the_cache_is_limited_in_bytes() {
        let mut shared = CompressorCache::new();
        for n in 0..20 {
            places(&mut shared, 15, &[varied(150_000 + n)]);
            let compressor = &shared.compressors[0];
            let held: usize = compressor.recent.iter().map(Recent::bytes).sum();
            assert_eq!(held, compressor.bytes);
            assert!(held <= MAX_RECENT_BYTES, "{held} bytes");
        }
        assert!(shared.compressors[0].recent.len() > 1);
        let before = shared.compressors[0].bytes;
        places(&mut shared, 15, &[varied(MAX_RECENT_BYTES)]);
        assert_eq!(shared.compressors[0].bytes, before);
    }
}
