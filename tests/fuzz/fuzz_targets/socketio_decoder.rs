//! Decodes arbitrary messages in arbitrary order. Each yields an error, or a packet that survives encoding.

#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use socketio_proto::{DecodeLimits, Decoder, Packet, encode_packet};

#[derive(Arbitrary, Debug)]
enum Message {
    Text(String),
    Binary(Vec<u8>),
}

fuzz_target!(|messages: Vec<Message>| {
    let limits = DecodeLimits::default().with_max_attachment_bytes(64);
    let mut decoder = Decoder::new(limits);
    for message in messages {
        let read = match message {
            Message::Text(text) => decoder.decode_text(text.into()),
            Message::Binary(bytes) => decoder.decode_binary(bytes.into()),
        };
        assert!(read.is_ok() || !decoder.is_waiting());
        if let Ok(Some(packet)) = read {
            assert!(!decoder.is_waiting());
            assert_eq!(sent_on(&packet), packet);
        }
    }
});

fn sent_on(packet: &Packet) -> Packet {
    let mut text = String::new();
    let attachments: Vec<Bytes> = encode_packet(&mut text, packet).to_vec();
    let mut decoder = Decoder::default();
    let mut read = decoder
        .decode_text(text.into())
        .expect("an accepted packet is valid");
    for attachment in attachments {
        read = decoder
            .decode_binary(attachment)
            .expect("an accepted packet is valid");
    }
    read.expect("the packet is complete")
}
