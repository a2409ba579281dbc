//! Compression of the answers to polls.

use bytes::Bytes;
use engineio_proto::Spare;
use http::header::{HeaderMap, HeaderValue};
use zlib_rs::{Deflate, DeflateConfig, DeflateError, DeflateFlush, Status};

use crate::http::accept_encoding::preferred_encoding;

/// How much is compressed before other tasks run.
///
/// An answer may be as large as the queue of a client; in pieces it holds nobody up.
const PIECE: usize = 32 * 1024;

/// The binary logarithm of the window's size: 32 KiB, as Node has it.
const WINDOW_BITS: i32 = 15;

/// How many compressors a thread keeps for the answers to come: 4. One takes 300 KiB.
const SPARE_CONTEXTS: usize = 4;

thread_local! {
    /// Compressors that are not in use, and for what they are.
    static SPARE: Spare<Vec<(Kind, Deflate)>> = const { Spare::new(Vec::new()) };
}

/// How answers to polls are compressed: Node's option `httpCompression`.
///
/// # Examples
///
/// ```
/// use engineio::{Config, HttpCompression};
///
/// let config = Config::default().http_compression(HttpCompression::default().threshold(4096));
/// // Or not at all:
/// let config = Config::default().http_compression(None);
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct HttpCompression {
    threshold: usize,
    level: u8,
}

impl Default for HttpCompression {
    fn default() -> Self {
        Self {
            threshold: 1024,
            level: 6,
        }
    }
}

impl HttpCompression {
    /// The length from which an answer is compressed, in bytes: 1024 by default.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// The level of zlib, from 1 (fast) to 9 (small): 6 by default. Higher ones are taken for 9.
    pub fn level(mut self, level: u32) -> Self {
        self.level = u8::try_from(level).unwrap_or(9).min(9);
        self
    }

    /// How an answer of this length is to be compressed for a client, if at all.
    pub(crate) fn encoding(&self, request: &HeaderMap, length: usize) -> Option<Encoding> {
        if length < self.threshold {
            return None;
        }
        Encoding::preferred(request)
    }

    /// Compresses an answer.
    pub(crate) async fn encode(
        &self,
        encoding: Encoding,
        payload: &[u8],
    ) -> Result<Bytes, DeflateError> {
        let kind = Kind {
            encoding,
            level: self.level,
        };
        let mut context = kind.context();
        // Text that is worth it shrinks to a fraction.
        let mut out = Vec::with_capacity(payload.len() / 4);
        for (number, piece) in payload.chunks(PIECE).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            deflate_into(&mut context, piece, DeflateFlush::NoFlush, &mut out)?;
        }
        deflate_into(&mut context, &[], DeflateFlush::Finish, &mut out)?;
        kind.keep(context);
        Ok(out.into())
    }
}

/// What a compressor is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Kind {
    encoding: Encoding,
    level: u8,
}

impl Kind {
    /// A compressor at its beginning.
    fn context(self) -> Deflate {
        let spare = Spare::with(&SPARE, |spare| {
            let at = spare.iter().position(|(kind, _)| *kind == self)?;
            Some(spare.remove(at))
        });
        if let Some((_, mut context)) = spare {
            context.reset();
            return context;
        }
        let mut config = DeflateConfig::new(self.level.into());
        config.window_bits = match self.encoding {
            Encoding::Gzip => 16 + WINDOW_BITS,
            Encoding::Deflate => WINDOW_BITS,
        };
        Deflate::new_with_config(config)
    }

    /// Keeps a compressor, in the place of the one that has not been in use for the longest time.
    fn keep(self, context: Deflate) {
        Spare::with(&SPARE, |spare| {
            if spare.len() >= SPARE_CONTEXTS {
                spare.remove(0);
            }
            spare.push((self, context));
        });
    }
}

/// A way of compressing that clients of long-polling know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Encoding {
    Gzip,
    Deflate,
}

impl Encoding {
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// What the client likes best.
    fn preferred(request: &HeaderMap) -> Option<Self> {
        let offered = [Self::Gzip, Self::Deflate];
        let name = preferred_encoding(request, &offered.map(Self::as_str))?;
        offered
            .into_iter()
            .find(|encoding| encoding.as_str() == name)
    }
}

/// How much is compressed at a time, in bytes.
pub(crate) const STEP: usize = 4 * 1024;

/// Compresses all of `input` and appends what comes of it.
///
/// How much of it comes now depends on `flush`; with [`DeflateFlush::Finish`] it is all.
pub(crate) fn deflate_into(
    context: &mut Deflate,
    mut input: &[u8],
    flush: DeflateFlush,
    out: &mut Vec<u8>,
) -> Result<(), DeflateError> {
    let mut buffer = [0; STEP];
    loop {
        let (read, written) = (context.total_in(), context.total_out());
        let status = context.compress(input, &mut buffer, flush)?;
        let read = difference(context.total_in(), read);
        let written = difference(context.total_out(), written);
        input = input.get(read..).unwrap_or_default();
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        if (input.is_empty() && written < STEP) || status == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// How much a counter has moved on.
fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn short_answers_stay_as_they_are() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let compression = HttpCompression::default();
        assert_eq!(compression.encoding(&headers, 1023), None);
        assert_eq!(compression.encoding(&headers, 1024), Some(Encoding::Gzip));
    }

    #[tokio::test]
    async fn what_is_compressed_comes_out_again() {
        use std::io::Read as _;

        let payload: Vec<u8> = (0..5 * PIECE).map(|at| (at % 251) as u8).collect();
        let compression = HttpCompression::default().level(42);
        for encoding in [Encoding::Gzip, Encoding::Deflate] {
            let encoded = compression.encode(encoding, &payload).await.unwrap();
            assert!(encoded.len() < payload.len() / 10);
            let mut decoded = Vec::new();
            match encoding {
                Encoding::Gzip => flate2::read::GzDecoder::new(&*encoded)
                    .read_to_end(&mut decoded)
                    .unwrap(),
                Encoding::Deflate => flate2::read::ZlibDecoder::new(&*encoded)
                    .read_to_end(&mut decoded)
                    .unwrap(),
            };
            assert_eq!(decoded, payload);
        }
    }

    #[tokio::test]
    async fn compressors_are_used_again_and_few_are_kept() {
        let kept = || Spare::with(&SPARE, |spare| spare.len());
        let payload = vec![b'a'; 5_000];
        let first = HttpCompression::default();
        let expected = first.encode(Encoding::Gzip, &payload).await.unwrap();
        for _ in 0..3 {
            let again = first.encode(Encoding::Gzip, &payload).await.unwrap();
            assert_eq!(again, expected);
            assert_eq!(kept(), 1);
        }
        for level in 1..9 {
            let other = HttpCompression::default().level(level);
            other.encode(Encoding::Deflate, &payload).await.unwrap();
        }
        assert_eq!(kept(), SPARE_CONTEXTS);
    }
}
