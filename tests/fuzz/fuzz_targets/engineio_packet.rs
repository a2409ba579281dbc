//! Whatever a text frame holds, it is a packet that can be written again, or an error.

#![no_main]

use bytestring::ByteString;
use engineio_proto::{Frame, Packet};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|wire: &str| {
    let Ok(packet) = Packet::decode_text(ByteString::from(wire)) else {
        return;
    };
    assert_eq!(
        Packet::decode_text(packet.encode_base64()).as_ref(),
        Ok(&packet)
    );
    let again = match packet.encode() {
        Frame::Text(text) => Packet::decode_text(text),
        Frame::Binary(bytes) => Ok(Packet::binary(bytes)),
    };
    assert_eq!(again, Ok(packet));
});
