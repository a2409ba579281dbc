//! The MessagePack encoding of packets.

#![cfg(feature = "msgpack")]
#![allow(
    clippy::unwrap_used,
    reason = "to panic is to fail here, in what tests share, too"
)]

mod any;
mod limits;
mod malformed;
mod values;
mod wire;

use bytes::Bytes;
use socketio_proto::{Args, DecodeError, DecodeLimits, MsgpackParser, Packet};

/// Decodes hexadecimal text. Spaces are ignored.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|char| char.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

fn read(message: &[u8]) -> Result<Packet, DecodeError> {
    MsgpackParser::decode(&Bytes::copy_from_slice(message), &DecodeLimits::default())
}

/// Returns a message of this type for the main namespace with encoded `data`.
fn message(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut message = hex("83 a474797065");
    message.push(kind);
    message.extend(hex("a464617461"));
    message.extend(data);
    message.extend(hex("a36e7370 a12f"));
    message
}

/// Decodes an event `e` with one encoded argument, and returns the arguments.
fn argument(value: &[u8]) -> Result<Args, DecodeError> {
    let data = [&hex("92 a165"), value].concat();
    read(&message(2, &data)).map(|packet| packet.payload)
}

/// Decodes an event `e` with one encoded argument, and returns its JSON.
fn json(value: &[u8]) -> String {
    argument(value).unwrap().get(0).unwrap().to_owned()
}
