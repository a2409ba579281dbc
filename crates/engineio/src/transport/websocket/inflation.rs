//! Decompression of messages (RFC 7692, section 7.2.2).

use std::fmt;

use engineio_proto::Spare;
use tungstenite::protocol::frame::coding::CloseCode;
use zlib_rs::{Inflate, InflateFlush, Status};

/// The bytes that the sender has removed from the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The size of the output buffer, in bytes.
const STEP: usize = 4 * 1024;

/// The number of contexts that a thread keeps for clients without context takeover.
const SPARE_CONTEXTS: usize = 4;

/// The largest window, 32 KiB. It can also decode data with smaller windows, and the library
/// allocates the same amount for all sizes.
const WINDOW_BITS: u8 = 15;

/// The decompressor of one connection's messages.
pub(super) struct Inflation {
    /// Whether messages may refer to earlier ones.
    takeover: bool,
    /// Created for the first message. Between messages it is only kept with context takeover.
    context: Option<Inflate>,
    /// Whether the client has ended its deflate stream, so that the next message starts a new one.
    ended: bool,
}

thread_local! {
    /// Reset contexts for reuse.
    static SPARE: Spare<Vec<Inflate>> = const { Spare::new(Vec::new()) };
}

impl Inflation {
    pub(super) fn new(takeover: bool) -> Self {
        Self {
            takeover,
            context: None,
            ended: false,
        }
    }

    /// Inflates the next bytes of a message and passes the output to `take` in pieces.
    pub(super) fn inflate(
        &mut self,
        mut input: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), CloseCode>,
    ) -> Result<(), CloseCode> {
        let mut buffer = [0; STEP];
        loop {
            let context = self.context.get_or_insert_with(spare_context);
            let (read, written) = (context.total_in(), context.total_out());
            let status = context
                .decompress(input, &mut buffer, InflateFlush::SyncFlush)
                .map_err(|_| CloseCode::Invalid)?;
            let read = difference(context.total_in(), read);
            let written = difference(context.total_out(), written);
            input = input.get(read..).unwrap_or_default();
            take(buffer.get(..written).unwrap_or_default())?;
            if status == Status::StreamEnd {
                self.ended = true;
                // The following bytes belong to another stream.
                context.reset(false);
                if input.is_empty() {
                    return Ok(());
                }
            } else if input.is_empty() && written < STEP {
                return Ok(());
            } else if read == 0 && written == 0 {
                return Err(CloseCode::Invalid);
            }
        }
    }

    /// Inflates the rest of a complete message.
    pub(super) fn finish(
        &mut self,
        take: &mut dyn FnMut(&[u8]) -> Result<(), CloseCode>,
    ) -> Result<(), CloseCode> {
        self.inflate(&TAIL, take)?;
        let ended = std::mem::take(&mut self.ended);
        if (ended || !self.takeover)
            && let Some(mut context) = self.context.take()
        {
            context.reset(false);
            Spare::with(&SPARE, |spare| {
                if spare.len() < SPARE_CONTEXTS {
                    spare.push(context);
                }
            });
        }
        Ok(())
    }
}

/// Returns a reset context.
fn spare_context() -> Inflate {
    Spare::with(&SPARE, Vec::pop).unwrap_or_else(|| Inflate::new(false, WINDOW_BITS))
}

/// Returns the increase of a counter.
fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflation")
            .field("takeover", &self.takeover)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inflates a message, whole or byte by byte.
    fn inflate(
        inflation: &mut Inflation,
        message: &[u8],
        step: usize,
    ) -> Result<Vec<u8>, CloseCode> {
        let mut out = Vec::new();
        let mut take = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        for piece in message.chunks(step) {
            inflation.inflate(piece, &mut take)?;
        }
        inflation.finish(&mut take)?;
        Ok(out)
    }

    // The examples of RFC 7692, section 7.2.3.
    const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    const HELLO_AGAIN: [u8; 5] = [0xf2, 0x00, 0x11, 0x00, 0x00];
    const STORED: [u8; 11] = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    const FINAL: [u8; 8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    const TWO_BLOCKS: [u8; 14] = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00, 0x00,
    ];

    #[test]
    fn the_examples_of_the_rfc_are_inflated() {
        for step in [1, 3, 100] {
            let inflation = &mut Inflation::new(true);
            assert_eq!(inflate(inflation, &HELLO, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &HELLO_AGAIN, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &STORED, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &FINAL, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &HELLO, step).unwrap(), b"Hello");
            // The last byte belongs to an empty block and is optional.
            assert_eq!(
                inflate(inflation, &TWO_BLOCKS[..13], step).unwrap(),
                b"Hello"
            );
            assert_eq!(inflate(inflation, &[0x00], step).unwrap(), b"");
        }
    }

    #[test]
    fn nothing_is_remembered_without_takeover() {
        let inflation = &mut Inflation::new(false);
        assert_eq!(inflate(inflation, &HELLO, 100).unwrap(), b"Hello");
        assert!(inflation.context.is_none());
        assert_eq!(
            inflate(inflation, &HELLO_AGAIN, 100),
            Err(CloseCode::Invalid)
        );
    }

    #[test]
    fn invalid_data_is_an_error() {
        let inflation = &mut Inflation::new(true);
        assert_eq!(
            inflate(inflation, &[0xff, 0xff], 100),
            Err(CloseCode::Invalid)
        );
    }

    #[test]
    fn inflating_stops_when_the_output_is_refused() {
        let mut inflation = Inflation::new(true);
        let zeros = crate::transport::websocket::deflation::tests::deflate(&vec![0; 10_000_000]);
        assert!(zeros.len() < 20_000);
        let mut taken = 0;
        let result = inflation.inflate(&zeros, &mut |piece| {
            taken += piece.len();
            if taken > 100_000 {
                Err(CloseCode::Size)
            } else {
                Ok(())
            }
        });
        assert_eq!(result, Err(CloseCode::Size));
        assert!(taken <= 100_000 + STEP);
    }
}
