//! Entry points of the fuzz targets. Only compiled for them, and not part of the public API.

pub use crate::transport::websocket::decode_in_pieces;
pub use crate::transport::webtransport::decode_in_pieces as decode_webtransport_in_pieces;
