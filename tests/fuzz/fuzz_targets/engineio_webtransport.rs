//! Decodes arbitrary frames of a WebTransport stream. The decoder does not panic, and the result does not depend on how the bytes
//! are split.

#![no_main]

use arbitrary::Arbitrary;
use engineio::fuzzing::decode_webtransport_in_pieces as decode_in_pieces;
use libfuzzer_sys::fuzz_target;

const MAX_MESSAGE: usize = 10_000;

#[derive(Arbitrary, Debug)]
struct Input {
    /// The lengths of the pieces. The remaining bytes are the last piece.
    lengths: Vec<u8>,
    bytes: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let whole = decode_in_pieces([&input.bytes[..]], MAX_MESSAGE);
    let mut rest = &input.bytes[..];
    let mut pieces = Vec::new();
    for length in input.lengths {
        let (piece, behind) = rest.split_at(rest.len().min(length.into()));
        pieces.push(piece);
        rest = behind;
    }
    pieces.push(rest);
    assert_eq!(decode_in_pieces(pieces, MAX_MESSAGE), whole);
    assert_eq!(decode_in_pieces(input.bytes.chunks(1), MAX_MESSAGE), whole);
});
