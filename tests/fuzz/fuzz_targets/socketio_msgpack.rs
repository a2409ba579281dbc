//! Decodes arbitrary bytes. The result is an error, or a packet that survives encoding as JSON and as MessagePack.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use socketio_proto::{DecodeLimits, MsgpackParser, Packet, PacketType};

fuzz_target!(|bytes: &[u8]| {
    let limits = DecodeLimits::default();
    let message = Bytes::copy_from_slice(bytes);
    let Ok(packet) = MsgpackParser::decode(&message, &limits) else {
        return;
    };
    assert!(packet.payload.as_json().len() <= 7 * bytes.len());
    // Only MessagePack supports binary data in other packet types.
    let has_arguments = matches!(packet.kind, PacketType::Event | PacketType::Ack);
    if has_arguments || packet.payload.attachments().is_empty() {
        assert_eq!(as_json(&packet), packet);
    }
    let written = MsgpackParser::encode(&packet).expect("a decoded packet is within the limits");
    let back = MsgpackParser::decode(&written, &limits).expect("an encoded packet is valid");
    let again = MsgpackParser::encode(&back).expect("a decoded packet is within the limits");
    assert_eq!(again, written);
});

fn as_json(packet: &Packet) -> Packet {
    Packet::from_parts(
        packet.kind,
        packet.namespace.clone(),
        packet.id,
        packet.payload.as_json().into(),
        packet.payload.attachments().to_vec(),
        &DecodeLimits::default(),
    )
    .expect("a decoded packet is valid")
}
