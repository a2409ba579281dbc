//! Encoding of arguments to messages.

use std::hint::black_box;

use gungraun::{library_benchmark, library_benchmark_group};
use serde::Serialize;
use socketio_proto::{Args, Namespace, Packet, encode_ack, encode_event, encode_packet};

use crate::catalogue::CODED;
use crate::world::string;

/// The argument of an event.
#[derive(Serialize)]
struct Message {
    id: u64,
    from: String,
    text: String,
    at: f64,
    seen: bool,
}

fn message() -> Message {
    Message {
        id: 4711,
        from: "ada".to_owned(),
        text: string(),
        at: 1_700_000_000.25,
        seen: false,
    }
}

/// Encodes events with one argument.
fn encode_events<T: Serialize>(argument: T) -> T {
    for _ in 0..CODED {
        let mut text = String::from("4");
        encode_event(&mut text, "/", None, "message", black_box(&argument))
            .expect("it can be encoded as JSON");
        black_box(text);
    }
    argument
}

#[library_benchmark]
#[bench::string(string())]
fn strings(argument: String) -> String {
    encode_events(argument)
}

#[library_benchmark]
#[bench::structure(message())]
fn structures(argument: Message) -> Message {
    encode_events(argument)
}

#[library_benchmark]
#[bench::acknowledgement(string())]
fn acknowledgements(argument: String) -> String {
    for _ in 0..CODED {
        let mut text = String::from("4");
        encode_ack(&mut text, "/", 107, black_box(&argument)).expect("it can be encoded as JSON");
        black_box(text);
    }
    argument
}

// A broadcast: the arguments are encoded to a packet, and the packet to a message.
#[library_benchmark]
#[bench::broadcast(string())]
fn broadcasts(argument: String) -> String {
    for _ in 0..CODED {
        let payload = Args::from_serialize(Some("message"), black_box(&argument))
            .expect("it can be encoded as JSON");
        let packet = Packet::event(Namespace::MAIN, payload);
        let mut text = String::from("4");
        black_box(encode_packet(&mut text, &packet));
        black_box(text);
    }
    argument
}

library_benchmark_group!(
    name = encode,
    benchmarks = [strings, structures, acknowledgements, broadcasts]
);
