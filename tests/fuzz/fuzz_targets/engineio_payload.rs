//! Whatever a body holds, it is packets that can be written again, or ends in one error.

#![no_main]

use bytes::Bytes;
use engineio_proto::{PayloadDecoder, PayloadEncoder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut decoder = PayloadDecoder::new(Bytes::copy_from_slice(body));
    let mut packets = Vec::new();
    let mut encoder = PayloadEncoder::new();
    while let Some(Ok(packet)) = decoder.next() {
        encoder.push(&packet);
        packets.push(packet);
    }
    assert_eq!(decoder.next(), None);
    if packets.is_empty() {
        return;
    }
    let again: Result<Vec<_>, _> = PayloadDecoder::new(encoder.finish()).collect();
    assert_eq!(again, Ok(packets));
});
