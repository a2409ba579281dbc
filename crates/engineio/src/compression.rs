//! Compression of the answers to polls.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{self, HeaderMap, HeaderValue};

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

    /// What the client likes best, by its quality values, then by its order.
    fn preferred(request: &HeaderMap) -> Option<Self> {
        let accepted = request
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut gzip = Rank::default();
        let mut deflate = Rank::default();
        for (position, accepted) in accepted.enumerate() {
            let (name, quality) = parse(accepted);
            for (encoding, rank) in [(Self::Gzip, &mut gzip), (Self::Deflate, &mut deflate)] {
                let named = name.eq_ignore_ascii_case(encoding.as_str());
                if named || name == "*" {
                    rank.improve(named, quality, position);
                }
            }
        }
        // Where the client does not care, the first wins.
        let best = if deflate.beats(&gzip) {
            (Self::Deflate, deflate)
        } else {
            (Self::Gzip, gzip)
        };
        (best.1.quality > 0.0).then_some(best.0)
    }
}

/// The name and the quality of one entry of the header.
fn parse(accepted: &str) -> (&str, f32) {
    let mut parts = accepted.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts
        .find_map(|part| part.strip_prefix("q="))
        .map_or(1.0, |quality| quality.trim().parse().unwrap_or(0.0));
    (name, quality)
}

/// How much the client likes an encoding.
#[derive(Clone, Copy, Debug, Default)]
struct Rank {
    /// Whether it is named, and not only meant by `*`.
    named: bool,
    quality: f32,
    position: usize,
}

impl Rank {
    /// Being named says more than `*`, whatever the quality: so an encoding can be excluded.
    fn improve(&mut self, named: bool, quality: f32, position: usize) {
        if named && !self.named || named == self.named && quality > self.quality {
            *self = Self {
                named,
                quality,
                position,
            };
        }
    }

    fn beats(&self, other: &Self) -> bool {
        if self.quality != other.quality {
            return self.quality > other.quality;
        }
        if self.named != other.named {
            return self.named;
        }
        self.position < other.position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(accepted: &[&str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for value in accepted {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(header::ACCEPT_ENCODING, value);
        }
        Encoding::preferred(&headers).map(Encoding::as_str)
    }

    /// Each is what the npm package `accepts` answers.
    #[test]
    fn the_client_has_its_choice() {
        for (accepted, expected) in [
            ("", None),
            ("identity", None),
            ("br", None),
            ("gzip", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("deflate", Some("deflate")),
            ("deflate, gzip", Some("deflate")),
            ("gzip, deflate, br", Some("gzip")),
            ("br, deflate;q=0.5, gzip;q=0.4", Some("deflate")),
            ("gzip;q=0.4,deflate;q=0.5", Some("deflate")),
            ("gzip;q=0", None),
            ("gzip;q=0, *", Some("deflate")),
            ("*", Some("gzip")),
            ("*;q=0", None),
            ("*;q=0.1, deflate;q=0.1", Some("deflate")),
            ("gzip;q=none", None),
            ("gzip;q=0, gzip;q=0.5", Some("gzip")),
            (",;,;q=1, gzip", Some("gzip")),
        ] {
            assert_eq!(preferred(&[accepted]), expected, "{accepted:?}");
        }
        assert_eq!(preferred(&[]), None);
        assert_eq!(preferred(&["br", "deflate"]), Some("deflate"));
    }

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
