//! Decoding of messages to packets and their arguments.

use std::hint::black_box;

use bytes::Bytes;
use bytestring::ByteString;
use engineio_proto::{PayloadDecoder, Protocol};
use gungraun::{library_benchmark, library_benchmark_group};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use socketio_proto::{DecodeLimits, Decoder};

use crate::catalogue::{CODED, PAYLOAD_PACKETS, PAYLOADS};
use crate::world::string;

/// Messages of one kind, each in a separate buffer as from a connection.
struct Messages {
    decoder: Decoder,
    texts: Vec<ByteString>,
    attachments: Vec<Bytes>,
}

fn messages(text: &str) -> Messages {
    Messages {
        decoder: Decoder::new(DecodeLimits::default()),
        texts: (0..CODED).map(|_| text.into()).collect(),
        attachments: Vec::new(),
    }
}

fn string_event() -> Messages {
    messages(&format!("2[\"message\",\"{}\"]", string()))
}

/// An entry of a list with a size of about 1 KiB.
#[derive(Deserialize)]
#[expect(dead_code, reason = "deserializing it is measured")]
struct Entry {
    id: u64,
    name: String,
    tags: Vec<String>,
    score: f64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "deserializing it is measured")]
struct Entries {
    entries: Vec<Entry>,
}

fn object_event() -> Messages {
    let entry = |id: usize| json!({ "id": id, "name": "Ada Lovelace", "tags": ["one", "two"], "score": 0.5 });
    let entries: Vec<_> = (100..115).map(entry).collect();
    messages(
        &json!(["message", { "entries": entries }])
            .to_string()
            .replacen('[', "2[", 1),
    )
}

fn acknowledgement() -> Messages {
    messages(&format!("3107[\"{}\"]", string()))
}

fn binary_event() -> Messages {
    let attachment = || Bytes::from(vec![b'x'; 1024]);
    Messages {
        attachments: (0..CODED).map(|_| attachment()).collect(),
        ..messages("51-[\"message\",{\"_placeholder\":true,\"num\":0}]")
    }
}

/// Decodes each message and reads its first argument, as a handler does.
fn read_all<T: DeserializeOwned>(messages: Messages) -> Decoder {
    let Messages {
        mut decoder,
        texts,
        attachments,
    } = messages;
    let mut attachments = attachments.into_iter();
    for text in texts {
        let mut packet = decoder.decode_text(text).expect("the message is valid");
        if packet.is_none() {
            let attachment = attachments.next().expect("each message has an attachment");
            packet = decoder
                .decode_binary(attachment)
                .expect("the attachment is expected");
        }
        let packet = packet.expect("the packet is complete");
        black_box(packet.event_name());
        black_box(packet.payload.deserialize::<T>().expect("the type fits"));
    }
    decoder
}

#[library_benchmark]
#[bench::string(string_event())]
#[bench::acknowledgement(acknowledgement())]
fn strings(messages: Messages) -> Decoder {
    read_all::<String>(messages)
}

#[library_benchmark]
#[bench::object(object_event())]
fn objects(messages: Messages) -> Decoder {
    read_all::<Entries>(messages)
}

#[library_benchmark]
#[bench::binary(binary_event())]
fn binaries(messages: Messages) -> Decoder {
    read_all::<Bytes>(messages)
}

fn payload_of_packets() -> Vec<Bytes> {
    let packet = format!("42[\"message\",\"{}\"]", string());
    let payload = vec![packet; PAYLOAD_PACKETS].join("\x1e");
    (0..PAYLOADS)
        .map(|_| Bytes::from(payload.clone().into_bytes()))
        .collect()
}

#[library_benchmark]
#[bench::payload_16(payload_of_packets())]
fn payloads(payloads: Vec<Bytes>) -> usize {
    let decode = |payload| PayloadDecoder::new(Protocol::V4, payload);
    let packets = payloads.into_iter().flat_map(decode);
    packets.fold(0, |count, packet| {
        black_box(packet.expect("the packet is valid"));
        count + 1
    })
}

library_benchmark_group!(
    name = decode,
    benchmarks = [strings, objects, binaries, payloads]
);
