//! What can go wrong.

mod args;
mod decode;
mod encode;

pub use self::args::ArgsError;
pub use self::decode::DecodeError;
pub use self::encode::EncodeError;
