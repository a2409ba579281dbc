//! Compression of polling responses, and the zlib loop that WebSocket compression shares.

use bytes::Bytes;
use engineio_proto::Spare;
use http::header::{HeaderMap, HeaderValue};
use zlib_rs::{Deflate, DeflateConfig, DeflateError, DeflateFlush, Status};

use crate::http::accept_encoding::preferred_encoding;

/// The number of bytes that are compressed before the task yields.
///
/// A response may be as large as a client's queue. Yielding keeps it from delaying other tasks.
const CHUNK: usize = 32 * 1024;

/// The binary logarithm of the window size: 32 KiB, as in Node.
const WINDOW_BITS: i32 = 15;

/// The number of compressors that a thread keeps for reuse: 4. Each takes 300 KiB.
const SPARE_CONTEXTS: usize = 4;

thread_local! {
    /// Unused compressors, with their parameters.
    static SPARE: Spare<Vec<(CompressorParams, Deflate)>> = const { Spare::new(Vec::new()) };
}

/// The compression of polling responses: Node's option `httpCompression`.
///
/// # Examples
///
/// ```
/// use engineio::{Config, HttpCompression};
///
/// let config = Config::default().http_compression(HttpCompression::default().threshold(4096));
/// // Or disable it:
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
    /// Sets the size from which responses are compressed, in bytes: 1024 by default.
    pub fn threshold(mut self, bytes: usize) -> Self {
        self.threshold = bytes;
        self
    }

    /// Sets the zlib level, from 1 (fast) to 9 (small): 6 by default. Higher values are treated as
    /// 9.
    pub fn level(mut self, level: u32) -> Self {
        self.level = u8::try_from(level).unwrap_or(9).min(9);
        self
    }

    /// Returns the encoding for a response of this length, or `None` to send it uncompressed.
    pub(crate) fn encoding(&self, request: &HeaderMap, length: usize) -> Option<Encoding> {
        if length < self.threshold {
            return None;
        }
        Encoding::preferred(request)
    }

    /// Compresses a response body.
    pub(crate) async fn encode(
        &self,
        encoding: Encoding,
        payload: &[u8],
    ) -> Result<Bytes, DeflateError> {
        let params = CompressorParams {
            encoding,
            level: self.level,
        };
        let mut context = params.context();
        // Text that is long enough to be compressed usually shrinks to less than a quarter.
        let mut out = Vec::with_capacity(payload.len() / 4);
        for (number, chunk) in payload.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            deflate_into(&mut context, chunk, DeflateFlush::NoFlush, &mut out)?;
        }
        deflate_into(&mut context, &[], DeflateFlush::Finish, &mut out)?;
        params.recycle(context);
        Ok(out.into())
    }
}

/// The parameters of a compressor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct CompressorParams {
    encoding: Encoding,
    level: u8,
}

impl CompressorParams {
    /// Returns an unused compressor, or creates one.
    fn context(self) -> Deflate {
        let spare = Spare::with(&SPARE, |spare| {
            let at = spare.iter().position(|(params, _)| *params == self)?;
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

    /// Stores a compressor for reuse. If there are too many, the least recently used one is
    /// dropped.
    fn recycle(self, context: Deflate) {
        Spare::with(&SPARE, |spare| {
            if spare.len() >= SPARE_CONTEXTS {
                spare.remove(0);
            }
            spare.push((self, context));
        });
    }
}

/// A content encoding that polling clients support.
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

    /// Returns the encoding that the client prefers.
    fn preferred(request: &HeaderMap) -> Option<Self> {
        let offered = [Self::Gzip, Self::Deflate];
        let name = preferred_encoding(request, &offered.map(Self::as_str))?;
        offered
            .into_iter()
            .find(|encoding| encoding.as_str() == name)
    }
}

/// The size of the output buffer, in bytes.
pub(crate) const STEP: usize = 4 * 1024;

/// Compresses all of `input` and appends the output.
///
/// `flush` determines how much of the output is produced now. With [`DeflateFlush::Finish`] it is
/// all of it.
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

/// Returns the increase of a counter.
fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn short_responses_are_not_compressed() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let compression = HttpCompression::default();
        assert_eq!(compression.encoding(&headers, 1023), None);
        assert_eq!(compression.encoding(&headers, 1024), Some(Encoding::Gzip));
    }

    #[tokio::test]
    async fn compressed_responses_decompress_to_the_payload() {
        use std::io::Read as _;

        let payload: Vec<u8> = (0..5 * CHUNK).map(|at| (at % 251) as u8).collect();
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
    async fn compressors_are_reused_and_their_number_is_limited() {
        let spare_count = || Spare::with(&SPARE, |spare| spare.len());
        let payload = vec![b'a'; 5_000];
        let first = HttpCompression::default();
        let expected = first.encode(Encoding::Gzip, &payload).await.unwrap();
        for _ in 0..3 {
            let again = first.encode(Encoding::Gzip, &payload).await.unwrap();
            assert_eq!(again, expected);
            assert_eq!(spare_count(), 1);
        }
        for level in 1..9 {
            let other = HttpCompression::default().level(level);
            other.encode(Encoding::Deflate, &payload).await.unwrap();
        }
        assert_eq!(spare_count(), SPARE_CONTEXTS);
    }
}
