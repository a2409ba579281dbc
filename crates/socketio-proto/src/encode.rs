//! Encodes packets as messages.
//!
//! Every function appends one message to a `String`. The caller may have written the `4` of Engine.IO
//! there, so a message is written once, into the buffer that it is sent from.

use std::mem;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use smol_str::SmolStrBuilder;

use crate::args::{Args, ArgsWriter};
use crate::attachments::Attachments;
use crate::error::EncodeError;
use crate::json::{ArgOffsets, push_integer, push_string};
use crate::namespace::Namespace;
use crate::packet::{Packet, PacketType};

/// Appends an event, and returns the attachments, which must be sent right after it.
///
/// [`Args`](crate::Args#arguments-as-types) documents how a type is serialized as arguments. Numbers
/// that are not finite become `null`, as in JavaScript. The number of attachments is not limited here,
/// but Node's parser accepts at most 10 by default.
///
/// The name is not checked. The caller checks it with [`is_reserved`](crate::is_reserved).
///
/// # Errors
///
/// If the value cannot be serialized as JSON. `out` is unchanged then.
///
/// # Examples
///
/// ```
/// use socketio_proto::encode_event;
///
/// let mut text = String::from("4");
/// let attachments = encode_event(&mut text, "/chat", Some(7), "message", &("hi", 1))?;
/// assert_eq!(text, r#"42/chat,7["message","hi",1]"#);
/// assert!(attachments.is_empty());
/// # Ok::<(), socketio_proto::EncodeError>(())
/// ```
pub fn encode_event<T>(
    out: &mut String,
    namespace: &str,
    id: Option<u64>,
    event: &str,
    args: &T,
) -> Result<Attachments, EncodeError>
where
    T: Serialize + ?Sized,
{
    encode_args(out, PacketType::Event, namespace, id, Some(event), args)
}

/// Appends an acknowledgement, and returns the attachments, which must be sent right after it.
///
/// # Errors
///
/// If the value cannot be serialized as JSON. `out` is unchanged then.
///
/// # Examples
///
/// ```
/// use socketio_proto::encode_ack;
///
/// let mut text = String::from("4");
/// encode_ack(&mut text, "/", 7, "done")?;
/// assert_eq!(text, r#"437["done"]"#);
/// # Ok::<(), socketio_proto::EncodeError>(())
/// ```
pub fn encode_ack<T>(
    out: &mut String,
    namespace: &str,
    id: u64,
    args: &T,
) -> Result<Attachments, EncodeError>
where
    T: Serialize + ?Sized,
{
    encode_args(out, PacketType::Ack, namespace, Some(id), None, args)
}

/// Appends the CONNECT packet that confirms to a client that it has joined a namespace.
///
/// `sid` is the id of the socket. `pid` is the secret with which the client can recover its session.
///
/// # Examples
///
/// ```
/// use socketio_proto::encode_connect;
///
/// let mut text = String::from("4");
/// encode_connect(&mut text, "/admin", "a1", None);
/// assert_eq!(text, r#"40/admin,{"sid":"a1"}"#);
/// ```
pub fn encode_connect(out: &mut String, namespace: &str, sid: &str, pid: Option<&str>) {
    push_header(out, PacketType::Connect, 0, namespace, None);
    push_ids(out, sid, pid);
}

/// Appends the CONNECT_ERROR packet that reports to a client why it cannot join a namespace.
///
/// # Examples
///
/// ```
/// use socketio_proto::encode_connect_error;
///
/// let mut text = String::from("4");
/// let data = serde_json::value::to_raw_value(&[1, 2])?;
/// encode_connect_error(&mut text, "/x", "no", Some(&data));
/// assert_eq!(text, r#"44/x,{"message":"no","data":[1,2]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn encode_connect_error(
    out: &mut String,
    namespace: &str,
    message: &str,
    data: Option<&RawValue>,
) {
    push_header(out, PacketType::ConnectError, 0, namespace, None);
    push_error(out, message, data);
}

/// Appends the DISCONNECT packet that notifies a client that it was removed from a namespace.
///
/// # Examples
///
/// ```
/// use socketio_proto::encode_disconnect;
///
/// let mut text = String::from("4");
/// encode_disconnect(&mut text, "/admin");
/// assert_eq!(text, "41/admin,");
/// ```
pub fn encode_disconnect(out: &mut String, namespace: &str) {
    push_header(out, PacketType::Disconnect, 0, namespace, None);
}

/// Appends a packet, and returns its attachments, which must be sent right after it.
///
/// # Examples
///
/// ```
/// use socketio_proto::{Args, Namespace, Packet, encode_packet};
///
/// let packet = Packet::event(Namespace::MAIN, Args::from_serialize(Some("tick"), &1)?);
/// let mut text = String::from("4");
/// let attachments = encode_packet(&mut text, &packet);
/// assert_eq!((text.as_str(), attachments.len()), (r#"42["tick",1]"#, 0));
/// # Ok::<(), socketio_proto::EncodeError>(())
/// ```
pub fn encode_packet<'p>(out: &mut String, packet: &'p Packet) -> &'p [Bytes] {
    let attachments = packet.payload.attachments();
    let json = packet.payload.as_json();
    // Prefix, type, number of attachments and id rarely take more than 32 bytes.
    out.reserve(
        json.len()
            .saturating_add(packet.namespace.len())
            .saturating_add(32),
    );
    push_header(
        out,
        packet.kind,
        attachments.len(),
        &packet.namespace,
        packet.id,
    );
    out.push_str(json);
    attachments
}

/// The packets of a server, for parsers of other encodings.
impl Packet {
    /// Creates the packet that [`encode_connect`] writes.
    #[must_use]
    pub fn connect(namespace: Namespace, sid: &str, pid: Option<&str>) -> Self {
        Self::with_object(PacketType::Connect, namespace, |out| {
            push_ids(out, sid, pid);
        })
    }

    /// Creates the packet that [`encode_connect_error`] writes.
    #[must_use]
    pub fn connect_error(namespace: Namespace, message: &str, data: Option<&RawValue>) -> Self {
        Self::with_object(PacketType::ConnectError, namespace, |out| {
            push_error(out, message, data);
        })
    }

    /// Creates the packet that [`encode_disconnect`] writes.
    #[must_use]
    pub fn disconnect(namespace: Namespace) -> Self {
        Self::new(PacketType::Disconnect, namespace, Args::default())
    }

    fn with_object(
        kind: PacketType,
        namespace: Namespace,
        write: impl FnOnce(&mut String),
    ) -> Self {
        let mut json = String::new();
        write(&mut json);
        let payload = Args::new(json.into(), 0, ArgOffsets::default());
        Self::new(kind, namespace, payload)
    }
}

fn push_ids(out: &mut String, sid: &str, pid: Option<&str>) {
    out.push_str(r#"{"sid":"#);
    push_string(out, sid);
    if let Some(pid) = pid {
        out.push_str(r#","pid":"#);
        push_string(out, pid);
    }
    out.push('}');
}

fn push_error(out: &mut String, message: &str, data: Option<&RawValue>) {
    out.push_str(r#"{"message":"#);
    push_string(out, message);
    if let Some(data) = data {
        out.push_str(r#","data":"#);
        out.push_str(data.get());
    }
    out.push('}');
}

fn encode_args<T>(
    out: &mut String,
    kind: PacketType,
    namespace: &str,
    id: Option<u64>,
    event: Option<&str>,
    args: &T,
) -> Result<Attachments, EncodeError>
where
    T: Serialize + ?Sized,
{
    let start = out.len();
    push_header(out, kind, 0, namespace, id);
    let mut writer = ArgsWriter::new(mem::take(out));
    writer.begin(event);
    let written = writer.write(args);
    let (text, attachments) = writer.finish();
    *out = text;
    if let Err(error) = written {
        out.truncate(start);
        return Err(error);
    }
    if !attachments.is_empty() {
        mark_binary(out, start, kind, attachments.len());
    }
    Ok(attachments)
}

/// Changes the type of the packet that begins at `start` to the binary one.
///
/// The number of attachments is known only after the arguments are written, and most packets have none.
fn mark_binary(out: &mut String, start: usize, kind: PacketType, attachments: usize) {
    let mut marked = SmolStrBuilder::new();
    marked.push(type_digit(kind, true));
    marked.push_str(itoa::Buffer::new().format(attachments));
    marked.push('-');
    out.replace_range(start..start + 1, &marked.finish());
}

#[inline]
fn push_header(
    out: &mut String,
    kind: PacketType,
    attachments: usize,
    namespace: &str,
    id: Option<u64>,
) {
    push_type(out, kind, attachments);
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        push_integer(out, id);
    }
}

#[inline]
fn push_type(out: &mut String, kind: PacketType, attachments: usize) {
    let is_binary = attachments > 0 && matches!(kind, PacketType::Event | PacketType::Ack);
    out.push(type_digit(kind, is_binary));
    if is_binary {
        push_integer(out, attachments);
        out.push('-');
    }
}

fn type_digit(kind: PacketType, is_binary: bool) -> char {
    match (kind, is_binary) {
        (PacketType::Connect, _) => '0',
        (PacketType::Disconnect, _) => '1',
        (PacketType::Event, false) => '2',
        (PacketType::Ack, false) => '3',
        (PacketType::ConnectError, _) => '4',
        (PacketType::Event, true) => '5',
        (PacketType::Ack, true) => '6',
    }
}
