//! Compression of the answers to polls.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{HeaderMap, HeaderValue};

use crate::accept_encoding::preferred_encoding;

/// How much is compressed before other tasks run.
///
/// An answer may be as large as the queue of a client; in pieces it holds nobody up.
const PIECE: usize = 32 * 1024;

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
    level: u32,
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
        self.level = level.min(9);
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
    pub(crate) async fn encode(&self, encoding: Encoding, payload: &[u8]) -> io::Result<Bytes> {
        let level = Compression::new(self.level);
        // Text that is worth it shrinks to a fraction.
        let out = Vec::with_capacity(payload.len() / 4);
        let encoded = match encoding {
            Encoding::Gzip => {
                let mut encoder = GzEncoder::new(out, level);
                write_in_pieces(&mut encoder, payload).await?;
                encoder.finish()?
            }
            Encoding::Deflate => {
                let mut encoder = ZlibEncoder::new(out, level);
                write_in_pieces(&mut encoder, payload).await?;
                encoder.finish()?
            }
        };
        Ok(encoded.into())
    }
}

async fn write_in_pieces(encoder: &mut impl Write, payload: &[u8]) -> io::Result<()> {
    for (number, piece) in payload.chunks(PIECE).enumerate() {
        if number > 0 {
            tokio::task::yield_now().await;
        }
        encoder.write_all(piece)?;
    }
    Ok(())
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
}
