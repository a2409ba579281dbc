//! Decodes arbitrary bodies. Each yields packets that survive encoding, and at most one error.

#![no_main]

use arbitrary::Arbitrary;
use bytes::Bytes;
use engineio_proto::{PayloadDecoder, PayloadEncoder, Protocol};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    format: Format,
    base64: bool,
    body: &'a [u8],
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Format {
    Separated,
    CountedText,
    CountedBinary,
}

fuzz_target!(|input: Input<'_>| {
    let protocol = match input.format {
        Format::Separated => Protocol::V4,
        Format::CountedText | Format::CountedBinary => Protocol::V3,
    };
    let binary = matches!(input.format, Format::CountedBinary);
    let mut decoder = decoder(protocol, Bytes::copy_from_slice(input.body), binary);
    let mut packets = Vec::new();
    let mut encoder = PayloadEncoder::new(protocol, input.base64);
    while let Some(Ok(packet)) = decoder.next() {
        encoder.push(packet.clone());
        packets.push(packet);
    }
    assert_eq!(decoder.next(), None);
    if packets.is_empty() {
        return;
    }
    let length = encoder.len();
    let payload = encoder.finish();
    assert_eq!(payload.body.len(), length);
    let again = self::decoder(protocol, payload.body, payload.binary);
    assert_eq!(again.collect::<Result<Vec<_>, _>>(), Ok(packets));
});

fn decoder(protocol: Protocol, body: Bytes, binary: bool) -> PayloadDecoder {
    if binary {
        PayloadDecoder::binary(body)
    } else {
        PayloadDecoder::new(protocol, body)
    }
}
