//! Reads every part of arbitrary messages between servers. Accepted arguments survive encoding in both encodings.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use socketio_proto::envelope::{EnvelopeValue, EnvelopeWriter};
use socketio_proto::{Args, DecodeLimits, is_reserved};

fuzz_target!(|bytes: &[u8]| {
    let limits = DecodeLimits::default();
    let message = Bytes::copy_from_slice(bytes);
    if let Ok(value) = EnvelopeValue::parse(&message, &limits) {
        walk(value, &limits, 1);
        walk(value.with_buffers(), &limits, 1);
    }
    walk(EnvelopeValue::msgpack(&message), &limits, 1);
});

fn walk(value: EnvelopeValue<'_>, limits: &DecodeLimits, depth: usize) {
    let _ = (
        value.is_nil(),
        value.as_text(),
        value.as_bool(),
        value.as_unsigned(),
    );
    if let Ok(args) = value.event(limits, is_reserved) {
        assert!(args.event_name().is_some());
        read_back(&args, limits);
    }
    if let Ok(args) = value.argument(limits) {
        assert_eq!((args.len(), args.event_name()), (1, None));
        read_back(&args, limits);
    }
    let _ = value.deserialize::<serde_json::Value>(limits);
    if depth == 0 {
        return;
    }
    if let Ok(members) = value.members(["a", "type", "data"]) {
        for member in members.into_iter().flatten() {
            walk(member, limits, depth - 1);
        }
    }
    for element in value.elements().into_iter().flatten().flatten().take(4) {
        walk(element, limits, depth - 1);
    }
}

/// Writes arguments in both encodings and reads them again.
fn read_back(args: &Args, limits: &DecodeLimits) {
    // An object of an application may have the form of a buffer, and then counts as an attachment.
    let limits = &limits.clone().with_max_attachments(usize::MAX);
    for mut writer in [EnvelopeWriter::json(), EnvelopeWriter::msgpack()] {
        writer.open_map(1);
        writer.key("a");
        writer.args(args);
        writer.close_map();
        let message = writer.finish().expect("the arguments are small");
        let value = EnvelopeValue::parse(&message, limits).expect("the message is valid");
        let [list] = value
            .with_buffers()
            .members(["a"])
            .expect("the message is a map");
        let list = list.expect("the member was written");
        let back = if args.event_name().is_some() {
            list.event(limits, |_| false)
        } else {
            list.elements()
                .expect("the arguments are a list")
                .next()
                .expect("there is one argument")
                .and_then(|argument| argument.argument(limits))
        };
        let back = back.expect("the arguments are valid");
        assert_eq!(back.len(), args.len());
        assert!(back.attachments().len() >= args.attachments().len());
    }
}
