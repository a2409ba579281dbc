use std::io::{self, Read as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use http::header::{self, HeaderMap, HeaderValue};

/// A form of compression that HTTP knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    #[cfg(feature = "brotli")]
    Brotli,
    Gzip,
    Deflate,
}

impl Coding {
    /// All of them; those that the client likes equally in the order of Node's server.
    pub(super) const ALL: &[Self] = &[
        #[cfg(feature = "brotli")]
        Self::Brotli,
        Self::Gzip,
        Self::Deflate,
    ];

    /// The name of the coding in headers.
    pub(super) fn token(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "brotli")]
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
        }
    }

    /// Compresses as well as is possible: it is done once.
    ///
    /// # Errors
    ///
    /// If the compressor fails, which it has no reason to in memory.
    pub(super) fn compress(self, content: &[u8]) -> io::Result<Bytes> {
        let mut compressed = Vec::new();
        match self {
            #[cfg(feature = "brotli")]
            Self::Brotli => {
                let params = brotli::enc::BrotliEncoderParams::default();
                brotli::BrotliCompress(&mut &*content, &mut compressed, &params)?;
            }
            Self::Gzip => {
                GzEncoder::new(content, Compression::best()).read_to_end(&mut compressed)?;
            }
            Self::Deflate => {
                ZlibEncoder::new(content, Compression::best()).read_to_end(&mut compressed)?;
            }
        }
        Ok(compressed.into())
    }
}

/// The coding that the client likes best (`Accept-Encoding`), by the rules of Node's server: a
/// coding that is named counts before `*`, then the quality, then the place in the header.
pub(super) fn preferred(request: &HeaderMap) -> Option<Coding> {
    let values = request.get_all(header::ACCEPT_ENCODING);
    let accepted: Vec<Accepted<'_>> = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(Accepted::parse)
        .collect();
    let liking = |coding: &Coding| {
        let named = |accepted: &&Accepted<'_>| accepted.name.eq_ignore_ascii_case(coding.name());
        let any = |accepted: &&Accepted<'_>| accepted.name == "*";
        let place = accepted
            .iter()
            .position(|entry| named(&entry))
            .or_else(|| accepted.iter().position(|entry| any(&entry)))?;
        let entry = accepted.get(place)?;
        let order = (entry.quality, entry.name != "*", std::cmp::Reverse(place));
        (entry.quality > 0).then_some(order)
    };
    // Of those that are equal, `max_by_key` would take the last.
    Coding::ALL
        .iter()
        .rev()
        .filter_map(|coding| Some((liking(coding)?, *coding)))
        .max_by_key(|(liking, _)| *liking)
        .map(|(_, coding)| coding)
}

/// One entry of `Accept-Encoding`.
struct Accepted<'a> {
    name: &'a str,
    /// In thousandths: what is not a number is none at all.
    quality: u32,
}

impl<'a> Accepted<'a> {
    fn parse(entry: &'a str) -> Option<Self> {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let quality = parts.find_map(|parameter| parameter.strip_prefix("q="));
        let quality = quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0_f32));
        Some(Self {
            name,
            // A float that is out of range, or not a number, saturates.
            quality: (quality.clamp(0.0, 1.0) * 1000.0) as u32,
        })
    }
}
