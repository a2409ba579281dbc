//! Decodes arbitrary frames. Each is an error, or a packet that survives encoding.

#![no_main]

use arbitrary::Arbitrary;
use engineio_proto::{Frame, Protocol};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    revision_3: bool,
    frame: Received<'a>,
}

#[derive(Arbitrary, Debug)]
enum Received<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
}

fuzz_target!(|input: Input<'_>| {
    let protocol = if input.revision_3 {
        Protocol::V3
    } else {
        Protocol::V4
    };
    let packet = match input.frame {
        Received::Text(text) => protocol.decode_text(text.into()),
        Received::Binary(bytes) => protocol.decode_binary(bytes.to_vec().into()),
    };
    let Ok(packet) = packet else {
        return;
    };
    assert_eq!(
        protocol
            .decode_text(protocol.encode_base64(&packet))
            .as_ref(),
        Ok(&packet)
    );
    let again = match protocol.encode(&packet) {
        Frame::Text(text) => protocol.decode_text(text),
        Frame::Binary(bytes) => protocol.decode_binary(bytes),
    };
    assert_eq!(again, Ok(packet));
});
