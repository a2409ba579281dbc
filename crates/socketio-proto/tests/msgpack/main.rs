//! Packets as MessagePack.

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

/// The bytes that a text writes in hexadecimal; spaces are for the reader.
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

/// A message of a type, for the main namespace, whose `data` is written out.
fn message(kind: u8, data: &[u8]) -> Vec<u8> {
    let mut message = hex("83 a474797065");
    message.push(kind);
    message.extend(hex("a464617461"));
    message.extend(data);
    message.extend(hex("a36e7370 a12f"));
    message
}

/// The arguments of an event `e` with one argument, which is written out.
fn argument(value: &[u8]) -> Result<Args, DecodeError> {
    let data = [&hex("92 a165"), value].concat();
    read(&message(2, &data)).map(|packet| packet.payload)
}

/// The JSON of the argument of such an event.
fn json(value: &[u8]) -> String {
    argument(value).unwrap().get(0).unwrap().to_owned()
}
