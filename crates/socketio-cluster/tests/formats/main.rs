//! The formats of messages, compared with the bytes that Node's adapters publish.

#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod golden;
mod headers;
mod legacy;
mod limits;
mod malformed;
mod round_trip;
mod writing;

use bytes::Bytes;
use socketio_cluster::{
    Args, Body, BroadcastOptions, ClassicFormat, DecodeError, Destination, Format, Message,
    Namespace, ServerId, ShardedFormat, Target,
};

/// The id of the sender in the messages of Node's classic adapter.
const CLASSIC_SERVER: &str = "AFHGFF";

/// The id of the sender in the messages of Node's sharded adapter.
const SHARDED_SERVER: &str = "b7e7ac0477d43569";

const NAMESPACE_CHANNEL: &str = "socket.io#/#";
const REQUEST_CHANNEL: &str = "socket.io-request#/#";
const RESPONSE_CHANNEL: &str = "socket.io-response#/#";

fn classic() -> ClassicFormat {
    ClassicFormat::new("socket.io", Namespace::MAIN)
}

fn sharded() -> ShardedFormat {
    ShardedFormat::new("socket.io", Namespace::MAIN)
}

/// Decodes hexadecimal text. Spaces are ignored.
fn hex(text: &str) -> Bytes {
    let digits: Vec<u32> = text.chars().filter_map(|char| char.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
        .collect()
}

/// Returns a payload in JSON or hexadecimal text.
fn payload(text: &str) -> Bytes {
    if text.starts_with('{') {
        Bytes::copy_from_slice(text.as_bytes())
    } else {
        hex(text)
    }
}

/// Returns arguments with this JSON text: an event, or an acknowledgement if there is no name.
fn args(json: &str, attachments: &[&[u8]]) -> Args {
    use socketio_proto::{DecodeLimits, Packet, PacketType};
    let is_event = json.starts_with("[\"");
    let kind = if is_event {
        PacketType::Event
    } else {
        PacketType::Ack
    };
    let attachments = attachments
        .iter()
        .map(|bytes| Bytes::copy_from_slice(bytes))
        .collect();
    let limits = DecodeLimits::default().with_max_depth(1000);
    let packet = Packet::from_parts(
        kind,
        Namespace::MAIN,
        None,
        json.into(),
        attachments,
        &limits,
    );
    packet.unwrap().payload
}

fn event(json: &str) -> Args {
    args(json, &[])
}

fn broadcast(event: Args, target: Target) -> Body {
    Body::Broadcast {
        event,
        options: BroadcastOptions::new(target),
        request: None,
        accepts_no_answer: false,
    }
}

fn decoded(format: &impl Format, channel: &str, text: &str) -> Result<Message, DecodeError> {
    format.decode(channel, &payload(text))
}

/// Decodes a request of the classic format.
fn request(text: &str) -> Result<Body, DecodeError> {
    decoded(&classic(), REQUEST_CHANNEL, text).map(|message| message.body)
}

/// Decodes an answer of the classic format.
fn response(text: &str) -> Result<Body, DecodeError> {
    decoded(&classic(), RESPONSE_CHANNEL, text).map(|message| message.body)
}

/// Decodes a message of the sharded format.
fn enveloped(text: &str) -> Result<Body, DecodeError> {
    decoded(&sharded(), NAMESPACE_CHANNEL, text).map(|message| message.body)
}

fn message(sender: &str, body: Body) -> Message {
    Message::new(ServerId::new(sender), Namespace::MAIN, body)
}

fn encoded(format: &impl Format, to: &Destination, message: &Message) -> (String, Bytes) {
    let outgoing = format.encode(to, message).unwrap();
    (outgoing.channel.to_string(), outgoing.payload)
}
