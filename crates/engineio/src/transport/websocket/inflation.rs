//! From compressed messages to what they were (RFC 7692, section 7.2.2).

use std::fmt;

use engineio_proto::Spare;
use zlib_rs::{Inflate, InflateFlush, Status};

use super::close_code::CloseCode;

/// What the sender has cut off the end of a message.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How much is inflated at a time, in bytes.
const STEP: usize = 4 * 1024;

/// How many contexts a thread keeps for the messages of clients that take none over.
const SPARE_CONTEXTS: usize = 4;

/// The largest window, 32 KiB. It reads what was made with a smaller one too, and takes no more memory:
/// the library gives every context as much.
const WINDOW_BITS: u8 = 15;

/// Inflates the messages of one client.
pub(super) struct Inflation {
    /// Whether a message may refer to the ones before it.
    takeover: bool,
    /// Made for the first message, and between messages only kept if it is taken over.
    context: Option<Inflate>,
    /// Whether the client has ended its stream, which begins anew with the next message.
    ended: bool,
}

thread_local! {
    /// Contexts with nothing in their windows.
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

    /// Inflates the next bytes of a message, and gives what comes of them to `take` piece by piece.
    pub(super) fn inflate(
        &mut self,
        mut input: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), CloseCode>,
    ) -> Result<(), CloseCode> {
        let mut buffer = [0; STEP];
        loop {
            let context = self.context.get_or_insert_with(spare_context);
            let (read, written) = (context.total_in(), context.total_out());
            let status = context
                .decompress(input, &mut buffer, InflateFlush::SyncFlush)
                .map_err(|_| CloseCode::INVALID)?;
            let read = difference(context.total_in(), read);
            let written = difference(context.total_out(), written);
            input = input.get(read..).unwrap_or_default();
            take(buffer.get(..written).unwrap_or_default())?;
            if status == Status::StreamEnd {
                self.ended = true;
                // What follows is another stream.
                context.reset(false);
                if input.is_empty() {
                    return Ok(());
                }
            } else if input.is_empty() && written < STEP {
                return Ok(());
            } else if read == 0 && written == 0 {
                return Err(CloseCode::INVALID);
            }
        }
    }

    /// Inflates what is left of a message that is complete.
    pub(super) fn finish(
        &mut self,
        take: impl FnMut(&[u8]) -> Result<(), CloseCode>,
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

/// A context with nothing in its window.
fn spare_context() -> Inflate {
    Spare::with(&SPARE, Vec::pop).unwrap_or_else(|| Inflate::new(false, WINDOW_BITS))
}

/// How much a counter has moved on.
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

    /// What a message inflates to, whole or byte by byte.
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
    fn the_examples_of_the_rfc() {
        for step in [1, 3, 100] {
            let inflation = &mut Inflation::new(true);
            assert_eq!(inflate(inflation, &HELLO, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &HELLO_AGAIN, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &STORED, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &FINAL, step).unwrap(), b"Hello");
            assert_eq!(inflate(inflation, &HELLO, step).unwrap(), b"Hello");
            // The last byte is that of an empty block, which need not be there.
            assert_eq!(
                inflate(inflation, &TWO_BLOCKS[..13], step).unwrap(),
                b"Hello"
            );
            assert_eq!(inflate(inflation, &[0x00], step).unwrap(), b"");
        }
    }

    #[test]
    fn without_takeover_nothing_is_remembered() {
        let inflation = &mut Inflation::new(false);
        assert_eq!(inflate(inflation, &HELLO, 100).unwrap(), b"Hello");
        assert!(inflation.context.is_none());
        assert_eq!(
            inflate(inflation, &HELLO_AGAIN, 100),
            Err(CloseCode::INVALID)
        );
    }

    #[test]
    fn what_cannot_be_inflated_is_an_error() {
        let inflation = &mut Inflation::new(true);
        assert_eq!(
            inflate(inflation, &[0xff, 0xff], 100),
            Err(CloseCode::INVALID)
        );
    }

    #[test]
    fn inflating_stops_when_nobody_takes_more() {
        let mut inflation = Inflation::new(true);
        let zeros = crate::transport::websocket::deflation::tests::deflate(&vec![0; 10_000_000]);
        assert!(zeros.len() < 20_000);
        let mut taken = 0;
        let result = inflation.inflate(&zeros, |piece| {
            taken += piece.len();
            if taken > 100_000 {
                Err(CloseCode::SIZE)
            } else {
                Ok(())
            }
        });
        assert_eq!(result, Err(CloseCode::SIZE));
        assert!(taken <= 100_000 + STEP);
    }
}
