//! What a thread keeps for the clients whose messages do not refer to each other.

use std::collections::VecDeque;

use bytes::Bytes;
use zlib_rs::Deflate;

use super::setting::{Setting, deflate};

/// For how many settings a thread keeps a compressor, with what it has made: 4. One takes up to 370 KiB.
const MAX_SETTINGS: usize = 4;

/// How many messages a thread keeps for one setting, with what came of them: 8.
///
/// Broadcasts that are under way at the same time, and the attachments of one, come to each of their
/// recipients in turn.
const MAX_RECENT: usize = 8;

/// How many bytes these messages may have together, compressed and not: 512 KiB.
const MAX_RECENT_BYTES: usize = 512 * 1024;

/// What a thread keeps for the clients whose messages do not refer to each other: those settings that
/// were last in use, from the oldest on.
#[derive(Default)]
pub(super) struct Shared {
    compressors: Vec<Compressor>,
}

/// A compressor, and what it has made last.
struct Compressor {
    setting: Setting,
    context: Deflate,
    /// From the one that has not been wanted for the longest time on.
    recent: VecDeque<Recent>,
    /// The size of these, in bytes.
    bytes: usize,
}

/// A message and what came of it: the next is often the same, for another recipient.
struct Recent {
    message: Bytes,
    compressed: Option<Bytes>,
}

impl Shared {
    pub(super) const fn new() -> Self {
        Self {
            compressors: Vec::new(),
        }
    }

    /// The compressed message, unless it is not shorter.
    pub(super) fn deflate(&mut self, setting: Setting, message: &Bytes) -> Option<Bytes> {
        self.compressor(setting).deflate(message)
    }

    fn compressor(&mut self, setting: Setting) -> &mut Compressor {
        let known = self
            .compressors
            .iter()
            .position(|compressor| compressor.setting == setting);
        match known {
            Some(at) => {
                if let Some(behind) = self.compressors.get_mut(at..) {
                    behind.rotate_left(1);
                }
            }
            None => {
                if self.compressors.len() >= MAX_SETTINGS {
                    self.compressors.remove(0);
                }
                self.compressors.push(Compressor::new(setting));
            }
        }
        self.compressors
            .last_mut()
            .expect("it has just been put there")
    }
}

impl Compressor {
    fn new(setting: Setting) -> Self {
        Self {
            setting,
            context: setting.context(),
            recent: VecDeque::new(),
            bytes: 0,
        }
    }

    fn deflate(&mut self, message: &Bytes) -> Option<Bytes> {
        // It is held, so that another message cannot lie where it does.
        let known = self.recent.iter().rposition(|recent| {
            recent.message.as_ptr() == message.as_ptr() && recent.message.len() == message.len()
        });
        if let Some(recent) = known.and_then(|at| self.recent.remove(at)) {
            let compressed = recent.compressed.clone();
            self.recent.push_back(recent);
            return compressed;
        }
        self.context.reset();
        // Nothing depends on it: what would grow is better sent as it is.
        let compressed =
            deflate(&mut self.context, message).filter(|short| short.len() < message.len());
        self.keep(Recent {
            message: message.clone(),
            compressed: compressed.clone(),
        });
        compressed
    }

    /// Keeps what is not too large, in the place of what has not been wanted for long.
    fn keep(&mut self, recent: Recent) {
        let bytes = recent.bytes();
        if bytes > MAX_RECENT_BYTES {
            return;
        }
        self.bytes += bytes;
        self.recent.push_back(recent);
        while self.recent.len() > MAX_RECENT || self.bytes > MAX_RECENT_BYTES {
            let oldest = self.recent.pop_front();
            self.bytes -= oldest.map_or(0, |oldest| oldest.bytes());
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

    fn setting(window_bits: u8) -> Setting {
        Setting {
            window_bits,
            level: 6,
            memory_level: 8,
        }
    }

    /// Where the compressed forms of messages lie, which are made once if it stays the same.
    fn places(shared: &mut Shared, window_bits: u8, messages: &[Bytes]) -> Vec<*const u8> {
        messages
            .iter()
            .map(|message| {
                let compressed = shared.deflate(setting(window_bits), message);
                compressed.expect("it is shorter").as_ptr()
            })
            .collect()
    }

    #[test]
    fn broadcasts_that_alternate_are_compressed_once() {
        let mut shared = Shared::new();
        let messages: Vec<Bytes> = (0..MAX_RECENT).map(|n| varied(5_000 + n)).collect();
        let first = places(&mut shared, 15, &messages);
        // Held, so that nothing else comes to lie where it does.
        let held: Vec<_> = messages[..2]
            .iter()
            .map(|message| shared.deflate(setting(15), message))
            .collect();
        for _ in 0..3 {
            assert_eq!(places(&mut shared, 15, &messages), first);
        }
        // One that is wanted again and again stays, whatever others come and go.
        for n in 0..100 {
            assert_eq!(places(&mut shared, 15, &messages[..1]), first[..1]);
            places(&mut shared, 15, &[varied(1_000 + n)]);
        }
        assert_eq!(shared.compressors[0].recent.len(), MAX_RECENT);
        assert_ne!(places(&mut shared, 15, &messages[1..2]), first[1..2]);
        drop(held);
    }

    #[test]
    fn clients_with_other_settings_do_not_disturb_each_other() {
        let mut shared = Shared::new();
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
            .map(|compressor| compressor.setting.window_bits)
            .collect();
        assert_eq!(kept, [11, 12, 13, 14]);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let mut shared = Shared::new();
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
