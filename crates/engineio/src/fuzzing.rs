//! The way in for the fuzz targets. It is there when they are built, and is no part of the API.

pub use crate::transport::websocket::decode_in_pieces;
pub use crate::transport::webtransport::decode_in_pieces as decode_webtransport_in_pieces;
