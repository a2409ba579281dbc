//! Messages between servers, in which some values are arguments (feature `msgpack`).
//!
//! The servers of a cluster send each other messages around the arguments of events. Such a message is
//! JSON or MessagePack. [`EnvelopeWriter`] writes both, and [`EnvelopeValue`] reads both without
//! decoding more than the caller asks for.
//!
//! # Examples
//!
//! ```
//! use bytes::Bytes;
//! use socketio_proto::envelope::{EnvelopeValue, EnvelopeWriter};
//! use socketio_proto::{Args, DecodeLimits, is_reserved};
//!
//! let event = Args::from_serialize(Some("photo"), &Bytes::from_static(&[1, 2]))?;
//! let mut writer = EnvelopeWriter::msgpack();
//! writer.open_map(2);
//! writer.key("uid");
//! writer.text("b7e7ac0477d43569");
//! writer.key("data");
//! writer.args(&event);
//! writer.close_map();
//! let message = writer.finish()?;
//!
//! let limits = DecodeLimits::default();
//! let [uid, data] = EnvelopeValue::parse(&message, &limits)?.members(["uid", "data"])?;
//! assert_eq!(uid.and_then(EnvelopeValue::as_text).as_deref(), Some("b7e7ac0477d43569"));
//! let data = data.expect("the member is in the message");
//! assert_eq!(data.event(&limits, is_reserved)?, event);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod buffers;
mod json_parts;
mod msgpack_parts;
mod value;
mod writer;

pub use self::value::{EnvelopeElements, EnvelopeValue};
pub use self::writer::EnvelopeWriter;
