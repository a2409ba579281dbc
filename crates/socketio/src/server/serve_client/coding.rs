//! Content codings of the files of the browser client.

use std::io::{self, Read as _};

use bytes::Bytes;
use engineio::preferred_encoding;
use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use http::header::{HeaderMap, HeaderValue};

/// A content coding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Coding {
    #[cfg(feature = "brotli")]
    Brotli,
    Gzip,
    Deflate,
}

impl Coding {
    /// All codings. If the client accepts several equally, the first one is used, as in Node.
    pub(super) const ALL: &[Self] = &[
        #[cfg(feature = "brotli")]
        Self::Brotli,
        Self::Gzip,
        Self::Deflate,
    ];

    /// Returns the name of the coding in headers.
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

    /// Returns the coding that the client prefers.
    pub(super) fn preferred(request: &HeaderMap) -> Option<Self> {
        let names: Vec<_> = Self::ALL.iter().map(|coding| coding.name()).collect();
        let name = preferred_encoding(request, &names)?;
        Self::ALL
            .iter()
            .copied()
            .find(|coding| coding.name() == name)
    }

    /// Compresses `content` at the highest level, because it happens once per file.
    ///
    /// # Errors
    ///
    /// Fails if the compressor fails, which does not happen in memory.
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
