//! The compression of `permessage-deflate` (RFC 7692).

use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

/// The bytes that are removed from the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// The largest window, which decompresses messages of any window.
const WINDOW_BITS: u8 = 15;
/// The compression level of zlib, as in browsers.
const LEVEL: i32 = 6;
/// The maximum overhead for a message that cannot be compressed.
const SLACK: usize = 1024;
/// The maximum size of a received message.
const LARGEST: usize = 1 << 24;

/// Compresses a message without references to earlier messages.
pub(crate) fn alone(message: &[u8]) -> Vec<u8> {
    let mut context = Deflate::new(LEVEL, false, WINDOW_BITS);
    let mut out = vec![0; message.len() + SLACK];
    // Fails only if the output buffer is too small.
    let _ = context.compress(message, &mut out, DeflateFlush::SyncFlush);
    out.truncate(usize::try_from(context.total_out()).unwrap_or_default());
    if out.ends_with(&TAIL) {
        out.truncate(out.len() - TAIL.len());
    }
    out
}

/// Decompresses the messages of one server. Each may refer to earlier ones.
pub(crate) struct Inflater(Inflate);

impl Inflater {
    pub(crate) fn new() -> Self {
        Self(Inflate::new(false, WINDOW_BITS))
    }

    /// Replaces `out` with the decompressed message. Returns `false` if the message is invalid.
    pub(crate) fn inflate(&mut self, message: &[u8], out: &mut Vec<u8>) -> bool {
        let before = self.0.total_out();
        out.resize(out.capacity().max(message.len() * 4 + SLACK), 0);
        self.piece(message, before, out) && self.piece(&TAIL, before, out) && {
            out.truncate(self.written(before));
            true
        }
    }

    /// Clears the window of earlier messages.
    pub(crate) fn forget(&mut self) {
        self.0.reset(false);
    }

    fn piece(&mut self, mut input: &[u8], before: u64, out: &mut Vec<u8>) -> bool {
        loop {
            let read = self.0.total_in();
            let written = self.written(before);
            if written == out.len() {
                if out.len() > LARGEST {
                    return false;
                }
                out.resize(out.len() * 2, 0);
            }
            let space = out.get_mut(written..).unwrap_or_default();
            if self
                .0
                .decompress(input, space, InflateFlush::SyncFlush)
                .is_err()
            {
                return false;
            }
            let read = usize::try_from(self.0.total_in() - read).unwrap_or_default();
            input = input.get(read..).unwrap_or_default();
            // The output has space left, so the input is decompressed completely.
            if input.is_empty() && self.written(before) < out.len() {
                return true;
            }
        }
    }

    fn written(&self, before: u64) -> usize {
        usize::try_from(self.0.total_out() - before).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_whatever_their_size() {
        let mut inflater = Inflater::new();
        let mut out = Vec::new();
        for size in [1, 100, 5000, 300_000, 3] {
            let message: Vec<u8> = (0..size).map(|index| (index / 7) as u8).collect();
            assert!(inflater.inflate(&alone(&message), &mut out));
            assert!(out == message, "{size}");
        }
    }

    #[test]
    fn a_message_may_refer_to_the_one_before() {
        let mut context = Deflate::new(LEVEL, false, WINDOW_BITS);
        let message: Vec<u8> = (0..600_u32)
            .map(|index| (index * index % 251) as u8)
            .collect();
        let mut compressed = Vec::new();
        for _ in 0..2 {
            let before = usize::try_from(context.total_out()).unwrap();
            let mut out = vec![0; 2000];
            context
                .compress(&message, &mut out, DeflateFlush::SyncFlush)
                .unwrap();
            out.truncate(usize::try_from(context.total_out()).unwrap() - before - TAIL.len());
            compressed.push(out);
        }
        assert!(compressed[1].len() < compressed[0].len() / 4);
        let (mut inflater, mut out) = (Inflater::new(), Vec::new());
        for message_part in &compressed {
            assert!(inflater.inflate(message_part, &mut out));
            assert!(out == message);
        }
        inflater.forget();
        assert!(!inflater.inflate(&compressed[1], &mut out) || out != message);
    }

    #[test]
    fn invalid_messages_are_rejected() {
        assert!(!Inflater::new().inflate(&[0xff; 20], &mut Vec::new()));
    }
}
