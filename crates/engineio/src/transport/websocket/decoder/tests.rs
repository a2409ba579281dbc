use proptest::prelude::*;

use super::*;
use crate::transport::websocket::deflation::tests::deflate;

const MAX: usize = 100_000;
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Returns a client frame; `first` is the first byte of its header.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..126 => bytes.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes.extend(
        payload
            .iter()
            .zip(KEY.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

fn decoder() -> Decoder {
    Decoder::new(MAX, Some(Box::new(Inflation::new(true))))
}

/// Decodes bytes that arrive in pieces which end at `cuts`.
fn decode(
    decoder: &mut Decoder,
    bytes: &[u8],
    cuts: impl IntoIterator<Item = usize>,
) -> (Vec<Event>, Option<CloseCode>) {
    let mut events = Vec::new();
    let mut start = 0;
    for end in cuts.into_iter().chain([bytes.len()]) {
        let mut piece = bytes[start.min(end)..end].to_vec();
        start = start.max(end);
        let mut input = &mut *piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(Event::Close(code))) => {
                    events.push(Event::Close(code));
                    return (events, None);
                }
                Ok(Some(event)) => events.push(event),
                Ok(None) => {
                    assert!(input.is_empty(), "all is taken");
                    break;
                }
                Err(code) => return (events, Some(code)),
            }
        }
    }
    (events, None)
}

/// Returns the bytes of every kind of frame, and the expected events.
fn conversation() -> (Vec<u8>, Vec<Event>) {
    let long = vec![7; 70_000];
    let bytes = [
        frame(0x81, "4hé€😀".as_bytes()),
        frame(0x82, &[1, 2, 3]),
        frame(0x89, b"ping"),
        frame(0x89, b""),
        frame(0x01, b"4\xe2"),
        frame(0x8a, b"between"),
        frame(0x00, b"\x82"),
        frame(0x00, b""),
        frame(0x80, b"\xac."),
        frame(0x82, &long),
        frame(0x82, &[9; 300]),
        frame(0x81, b""),
        frame(0x02, b""),
        frame(0x80, b""),
        frame(0xc1, &deflate(b"4compressed")),
        frame(0x41, &deflate(b"4compressed again")[..3]),
        frame(0x80, &deflate(b"4compressed again")[3..]),
        frame(0xc2, &deflate(&long)),
        frame(0x88, &[0x03, 0xe8, b'x']),
    ]
    .concat();
    let events = vec![
        Event::Text("4hé€😀".into()),
        Event::Binary(Bytes::from_static(&[1, 2, 3])),
        Event::Ping("ping".into()),
        Event::Ping("".into()),
        Event::Pong,
        Event::Text("4€.".into()),
        Event::Binary(long.clone().into()),
        Event::Binary(vec![9; 300].into()),
        Event::Text("".into()),
        Event::Binary("".into()),
        Event::Text("4compressed".into()),
        Event::Text("4compressed again".into()),
        Event::Binary(long.into()),
        Event::Close(Some(CloseCode::Normal)),
    ];
    (bytes, events)
}

fn check(bytes: &[u8], expected: &[Event], cuts: impl IntoIterator<Item = usize>) {
    let mut decoder = decoder();
    let (events, failure) = decode(&mut decoder, bytes, cuts);
    assert!(events == expected && failure.is_none());
    assert!(decoder.partial.is_none(), "nothing is kept");
}

#[test]
fn frames_are_decoded_at_once() {
    let (bytes, events) = conversation();
    check(&bytes, &events, []);
}

#[test]
fn frames_are_decoded_byte_by_byte() {
    let (bytes, events) = conversation();
    check(&bytes, &events, 0..bytes.len());
}

#[test]
fn frames_are_decoded_in_two_pieces() {
    // Without the long messages there are few enough cuts.
    let bytes = [
        frame(0x81, "4hé€😀".as_bytes()),
        frame(0x01, b"4\xe2"),
        frame(0x89, b"ping"),
        frame(0x80, b"\x82\xac"),
        frame(0x82, &[9; 130]),
        frame(0xc1, &deflate(b"4compressed")),
    ]
    .concat();
    let events = [
        Event::Text("4hé€😀".into()),
        Event::Ping("ping".into()),
        Event::Text("4€".into()),
        Event::Binary(vec![9; 130].into()),
        Event::Text("4compressed".into()),
    ];
    for cut in 0..=bytes.len() {
        check(&bytes, &events, [cut]);
    }
}

#[test]
fn a_complete_message_is_allocated_exactly() {
    let (events, _) = decode(&mut decoder(), &frame(0x82, &[1; 5_000]), []);
    let Some(Event::Binary(bytes)) = events.into_iter().next() else {
        panic!("a message");
    };
    assert_eq!(bytes.len(), 5_000);
    assert_eq!(Vec::from(bytes).capacity(), 5_000);
}

#[test]
fn an_announced_length_allocates_nothing() {
    let mut decoder = Decoder::new(usize::MAX, None);
    let mut bytes = vec![0x82, 0xff];
    bytes.extend((1_u64 << 40).to_be_bytes());
    bytes.extend(KEY);
    bytes.extend([0; 1_000]);
    assert_eq!(decode(&mut decoder, &bytes, []), (Vec::new(), None));
    let partial = decoder.partial.unwrap();
    let Some(Content::Binary(held)) = partial.message.map(|message| message.content) else {
        panic!("a message has begun");
    };
    assert!(held.len() == 1_000 && held.capacity() <= 2_000);
}

/// A buffer that grew by small steps would be moved each time.
#[test]
fn a_fragmented_message_is_moved_few_times() {
    let text = "4é".repeat(30_000);
    let fragmented = |first: u8, payload: &[u8]| -> Vec<u8> {
        let pieces = payload.chunks(100).enumerate();
        let opcode = |number| if number == 0 { first } else { 0x00 };
        let frames = pieces.map(|(number, piece)| frame(opcode(number), piece));
        frames.collect::<Vec<_>>().concat()
    };
    for started in [
        fragmented(0x01, text.as_bytes()),
        fragmented(0x02, &[7; 90_000]),
        [frame(0x41, &deflate(text.as_bytes())), frame(0x00, b"")].concat(),
        [frame(0x42, &deflate(&[7; 90_000])), frame(0x00, b"")].concat(),
    ] {
        let mut decoder = decoder();
        let mut allocations = Vec::new();
        for byte in started {
            assert_eq!(decode(&mut decoder, &[byte], []), (vec![], None));
            let partial = decoder.partial.as_ref();
            let message = partial.and_then(|partial| partial.message.as_ref());
            let (allocated, length) = match message.map(|message| &message.content) {
                Some(Content::Text(text)) => (text.allocated(), text.len()),
                Some(Content::Binary(bytes)) => (bytes.capacity(), bytes.len()),
                None => (0, 0),
            };
            assert!(
                allocated <= 2 * length + 8,
                "{allocated} bytes for {length}"
            );
            allocations.push(allocated);
        }
        allocations.dedup();
        assert!(
            allocations.len() <= 20,
            "it was moved {} times",
            allocations.len()
        );
        assert!(allocations.last() >= Some(&80_000));
    }
}

#[test]
fn too_large_frames_are_refused_by_their_header() {
    for length in [MAX as u64 + 1, 1 << 40, 1 << 63, u64::MAX] {
        let mut bytes = vec![0x82, 0xff];
        bytes.extend(length.to_be_bytes());
        bytes.extend(KEY);
        let refused = decode(&mut decoder(), &bytes, []);
        assert_eq!(refused, (Vec::new(), Some(CloseCode::Size)));
    }
    let (events, failure) = decode(&mut decoder(), &frame(0x82, &[0; MAX]), []);
    assert!(events.len() == 1 && failure.is_none());
}

#[test]
fn fragments_count_towards_one_limit() {
    let bytes = [
        frame(0x02, &[0; MAX - 1]),
        frame(0x00, &[0]),
        frame(0x00, &[0]),
    ]
    .concat();
    assert_eq!(
        decode(&mut decoder(), &bytes, []),
        (Vec::new(), Some(CloseCode::Size))
    );
}

#[test]
fn a_fragment_above_the_limit_is_refused_by_its_header() {
    for (first, content) in [
        (0x02, vec![1; MAX - 1]),
        (0x42, deflate(&[1; 1_000]).to_vec()),
    ] {
        let started = frame(first, &content);
        let length = (MAX + 1 - content.len()) as u64;
        let mut header = vec![0x80, 0xff];
        header.extend(length.to_be_bytes());
        header.extend(KEY);
        let bytes = [started, header].concat();
        let refused = (Vec::new(), Some(CloseCode::Size));
        assert_eq!(decode(&mut decoder(), &bytes, []), refused);
    }
}

#[test]
fn the_number_of_fragments_is_limited() {
    let mut bytes = frame(0x01, b"");
    for _ in 2..MAX_FRAGMENTS {
        bytes.extend(frame(0x00, b""));
    }
    let complete = [&bytes[..], &frame(0x80, b"x")].concat();
    assert_eq!(
        decode(&mut decoder(), &complete, []),
        (vec![Event::Text("x".into())], None)
    );

    let too_many = [&bytes[..], &frame(0x00, b""), &frame(0x80, b"")].concat();
    assert_eq!(
        decode(&mut decoder(), &too_many, []),
        (Vec::new(), Some(CloseCode::Policy))
    );
}

#[test]
fn a_compression_bomb_is_refused() {
    let bomb = frame(0xc2, &deflate(&vec![0; 50 * MAX]));
    assert!(bomb.len() < MAX);
    let (events, failure) = decode(&mut decoder(), &bomb, []);
    assert_eq!((events, failure), (Vec::new(), Some(CloseCode::Size)));
    let just = frame(0xc2, &deflate(&vec![0; MAX]));
    assert_eq!(decode(&mut decoder(), &just, []).1, None);
}

#[test]
fn protocol_violations_are_refused() {
    let protocol: [&[Vec<u8>]; 8] = [
        &[frame(0x80, b"continues nothing")],
        &[frame(0x00, b"")],
        &[frame(0x01, b"a"), frame(0x81, b"b")],
        &[frame(0x01, b"a"), frame(0x02, b"b")],
        &[frame(0x88, &[3])],
        &[frame(0x88, &[0x03, 0xed])],
        &[frame(0x83, b"")],
        &[frame(0x01, b"a"), frame(0xc0, b"b")],
    ];
    for frames in protocol {
        let (events, failure) = decode(&mut decoder(), &frames.concat(), []);
        assert_eq!(
            (events, failure),
            (Vec::new(), Some(CloseCode::Protocol)),
            "{frames:?}"
        );
    }
    let mut without = Decoder::new(MAX, None);
    let compressed = frame(0xc1, &deflate(b"4"));
    assert_eq!(
        decode(&mut without, &compressed, []).1,
        Some(CloseCode::Protocol)
    );
}

#[test]
fn only_valid_close_codes_are_accepted() {
    let close = |code: u16| decode(&mut decoder(), &frame(0x88, &code.to_be_bytes()), []);
    for code in [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
        let events = vec![Event::Close(Some(code.into()))];
        assert_eq!(close(code), (events, None), "{code}");
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535,
    ] {
        let refused = (Vec::new(), Some(CloseCode::Protocol));
        assert_eq!(close(code), refused, "{code}");
    }
}

#[test]
fn invalid_utf8_texts_are_refused() {
    let invalid: [&[Vec<u8>]; 5] = [
        &[frame(0x81, b"\xff")],
        &[frame(0x81, b"\xe2\x82")],
        &[frame(0x01, b"\xf4"), frame(0x00, b"\x90")],
        &[frame(0x88, &[0x03, 0xe8, 0xff])],
        &[frame(0xc1, &deflate(b"\xed\xa0\x80"))],
    ];
    for frames in invalid {
        let (events, failure) = decode(&mut decoder(), &frames.concat(), []);
        assert_eq!(
            (events, failure),
            (Vec::new(), Some(CloseCode::Invalid)),
            "{frames:?}"
        );
    }
    // Detected although the frame is incomplete.
    let unfinished = &frame(0x81, &[b"abc\xff".as_slice(), &[b'x'; 100]].concat())[..30];
    assert_eq!(
        decode(&mut decoder(), unfinished, []).1,
        Some(CloseCode::Invalid)
    );
}

proptest! {
    /// The pieces in which bytes arrive do not affect the result.
    #[test]
    fn pieces_do_not_affect_the_decoding_of_any_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        mut cuts in prop::collection::vec(0_usize..300, 0..8),
    ) {
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(bytes.len()));
        cuts.sort_unstable();
        let whole = decode(&mut decoder(), &bytes, []);
        prop_assert_eq!(decode(&mut decoder(), &bytes, cuts), whole);
    }

    /// The same for almost valid frames.
    #[test]
    fn pieces_do_not_affect_the_decoding_of_broken_frames(
        frames in prop::collection::vec(
            (prop::sample::select(&FIRST_BYTES[..]), prop::collection::vec(any::<u8>(), 0..140)),
            1..8,
        ),
        change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut bytes: Vec<u8> = frames
            .iter()
            .flat_map(|(first, payload)| frame(*first, payload))
            .collect();
        if let Some((at, byte)) = change {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut cuts: Vec<usize> = cuts.drain(..).map(|cut| cut.index(bytes.len())).collect();
        cuts.sort_unstable();
        let whole = decode(&mut decoder(), &bytes, []);
        prop_assert_eq!(decode(&mut decoder(), &bytes, cuts), whole);
    }
}

const FIRST_BYTES: [u8; 10] = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0xc2];
