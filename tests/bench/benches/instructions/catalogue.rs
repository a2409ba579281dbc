//! The counted operations and their numbers per run.

use bench::instructions::Counted;

/// The number of messages that one run decodes or encodes.
pub(crate) const CODED: usize = 64;
/// The number of long-polling bodies that one run decodes, and of the packets in each.
pub(crate) const PAYLOADS: usize = 16;
pub(crate) const PAYLOAD_PACKETS: usize = 16;
/// The number of events that a client sends in one run.
pub(crate) const EVENTS: usize = 64;
/// The number of events that a long-polling client sends in one run.
pub(crate) const POLLED: usize = 32;
/// The number of connections that one run opens and closes.
pub(crate) const CONNECTIONS: usize = 64;
/// The number of members of a room, and of broadcasts to them in one run.
pub(crate) const MEMBERS: usize = 100;
pub(crate) const EMITS: usize = 8;
/// The same numbers for a large room.
pub(crate) const MANY_MEMBERS: usize = 1000;
pub(crate) const MANY_EMITS: usize = 4;
/// The number of sockets of the namespace outside of the room.
pub(crate) const STRANGERS: usize = 10_000;

/// All entries in the order of the table.
pub(crate) const CATALOGUE: &[Counted] = &[
    Counted::new(
        "decode/string",
        CODED,
        "an event with a string of 64 bytes, read into a `String`",
    ),
    Counted::new(
        "decode/object",
        CODED,
        "an event with an object of 1 KiB, read into a struct",
    ),
    Counted::new(
        "decode/acknowledgement",
        CODED,
        "an acknowledgement with a string of 64 bytes",
    ),
    Counted::new(
        "decode/binary",
        CODED,
        "an event with an attachment of 1 KiB",
    ),
    Counted::new(
        "decode/payload_16",
        PAYLOADS * PAYLOAD_PACKETS,
        "a packet, of 16 in the body of a POST",
    ),
    Counted::new("encode/string", CODED, "an event with a string of 64 bytes"),
    Counted::new(
        "encode/structure",
        CODED,
        "an event with a struct of five fields",
    ),
    Counted::new(
        "encode/acknowledgement",
        CODED,
        "an acknowledgement with a string of 64 bytes",
    ),
    Counted::new(
        "encode/broadcast",
        CODED,
        "the packet of a broadcast, and its message",
    ),
    Counted::new(
        "events/echo",
        EVENTS,
        "an event with 64 bytes, and the same event back",
    ),
    Counted::new("events/echo_16", EVENTS, "the same, 16 in one write"),
    Counted::new(
        "events/ack",
        EVENTS,
        "an event with 64 bytes, and its acknowledgement",
    ),
    Counted::new("events/ack_16", EVENTS, "the same, 16 in one write"),
    Counted::new(
        "events/binary",
        EVENTS,
        "an event with an attachment of 1 KiB, and the same event back",
    ),
    Counted::new("events/unhandled", EVENTS, "an event that nothing handles"),
    Counted::new(
        "events/extractors",
        EVENTS,
        "an event whose handler asks for `State`, `Socket` and `Data` of a struct",
    ),
    Counted::new("events/wrapped", EVENTS, "the same inside of one wrap"),
    Counted::new(
        "events/wrapped_ack",
        EVENTS,
        "`events/ack` inside of one wrap",
    ),
    Counted::new("events/wrapped_ack_16", EVENTS, "the same, 16 in one write"),
    Counted::new(
        "events/wrapped_twice_ack_16",
        EVENTS,
        "the same inside of two wraps",
    ),
    Counted::new(
        "broadcast/to_100",
        EMITS * MEMBERS,
        "a delivery to one of 100 members of a room",
    ),
    Counted::new(
        "broadcast/to_100_of_10100",
        EMITS * MEMBERS,
        "the same, with 10 000 sockets that are not in the room",
    ),
    Counted::new(
        "broadcast/to_1000",
        MANY_EMITS * MANY_MEMBERS,
        "a delivery to one of 1000 members",
    ),
    Counted::new(
        "broadcast/to_100_deflated",
        EMITS * MEMBERS,
        "a delivery to one of 100 members, of 2 KiB that are compressed",
    ),
    Counted::new(
        "rooms/join_and_leave_5",
        EVENTS,
        "joining and leaving 5 rooms",
    ),
    Counted::new(
        "polling/echo",
        POLLED,
        "an echo by POST, and the GET that waits for it, without HTTP on the wire",
    ),
    Counted::new(
        "connections/websocket",
        CONNECTIONS,
        "HTTP, upgrade, joining the namespace, and the end",
    ),
];
