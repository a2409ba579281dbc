//! Writes the parts that the messages of all formats have in common.

use socketio_adapter::{BroadcastOptions, Flags, RemoteSocketInfo, Target};
use socketio_proto::envelope::EnvelopeWriter;
use socketio_proto::{Args, is_reserved};

use super::error::EncodeError;
use super::read::is_reserved_by_servers;

/// Checks the name of an event for sockets.
pub(super) fn check_event(event: &Args) -> Result<(), EncodeError> {
    check_name(event, is_reserved)
}

/// Checks the name of an event for servers.
pub(super) fn check_server_side_event(event: &Args) -> Result<(), EncodeError> {
    check_name(event, is_reserved_by_servers)
}

fn check_name(event: &Args, is_reserved: impl Fn(&str) -> bool) -> Result<(), EncodeError> {
    let name = event.event_name().ok_or(EncodeError::NoEventName)?;
    if is_reserved(&name) {
        return Err(EncodeError::ReservedEvent);
    }
    Ok(())
}

/// Writes a member that is a string.
pub(super) fn text(writer: &mut EnvelopeWriter, key: &str, value: &str) {
    writer.key(key);
    writer.text(value);
}

/// Writes a member that is an integer.
pub(super) fn number(writer: &mut EnvelopeWriter, key: &str, value: u64) {
    writer.key(key);
    writer.unsigned(value);
}

/// Writes a member that is true.
pub(super) fn mark(writer: &mut EnvelopeWriter, key: &str) {
    writer.key(key);
    writer.bool(true);
}

/// Writes a member that is a list of names.
pub(super) fn names<T: AsRef<str>>(writer: &mut EnvelopeWriter, key: &str, names: &[T]) {
    writer.key(key);
    writer.open_array(names.len());
    for name in names {
        writer.text(name.as_ref());
    }
    writer.close_array();
}

/// Writes the options of an operation without flags.
pub(super) fn target(writer: &mut EnvelopeWriter, target: &Target) {
    writer.key("opts");
    writer.open_map(2);
    names(writer, "rooms", target.rooms());
    names(writer, "except", target.excluded());
    writer.close_map();
}

/// Writes the options of an operation with flags.
pub(super) fn options(writer: &mut EnvelopeWriter, options: &BroadcastOptions) {
    writer.key("opts");
    writer.open_map(3);
    names(writer, "rooms", options.target.rooms());
    names(writer, "except", options.target.excluded());
    flags(writer, &options.flags);
    writer.close_map();
}

/// Writes a member with the flags that differ from the defaults. `local` is never sent.
pub(super) fn flags(writer: &mut EnvelopeWriter, flags: &Flags) {
    let timeout = flags.timeout.map(|timeout| {
        u64::try_from(timeout.as_millis())
            .unwrap_or(u64::MAX)
            .min(u32::MAX.into())
    });
    writer.key("flags");
    let len = [flags.volatile, !flags.compress, timeout.is_some()];
    writer.open_map(len.into_iter().filter(|is_written| *is_written).count());
    if flags.volatile {
        mark(writer, "volatile");
    }
    if !flags.compress {
        writer.key("compress");
        writer.bool(false);
    }
    if let Some(timeout) = timeout {
        number(writer, "timeout", timeout);
    }
    writer.close_map();
}

/// Writes the answer of a socket or server, which is omitted if there is none.
pub(super) fn answer(writer: &mut EnvelopeWriter, key: &str, answer: &Args) {
    if !answer.is_empty() {
        writer.key(key);
        writer.argument(answer);
    }
}

/// Returns the number of members that [`ack`] writes.
pub(super) fn ack_len(answer: Option<&Args>, socket: Option<&str>) -> usize {
    let has_answer = answer.is_none_or(|answer| !answer.is_empty());
    usize::from(has_answer).saturating_add(socket.is_some().into())
}

/// Writes the acknowledgement of a socket. Only Rust servers send and understand `left`, which stands for
/// a socket that has left without an answer, and the id of the socket.
pub(super) fn ack(writer: &mut EnvelopeWriter, answer: Option<&Args>, socket: Option<&str>) {
    match answer {
        Some(args) => self::answer(writer, "packet", args),
        None => mark(writer, "left"),
    }
    if let Some(socket) = socket {
        text(writer, "socket", socket);
    }
}

/// Writes the descriptions of sockets.
pub(super) fn sockets(
    writer: &mut EnvelopeWriter,
    sockets: &[RemoteSocketInfo],
) -> Result<(), EncodeError> {
    writer.key("sockets");
    writer.open_array(sockets.len());
    for socket in sockets {
        writer.raw_json(&serde_json::to_string(socket)?);
    }
    writer.close_array();
    Ok(())
}
