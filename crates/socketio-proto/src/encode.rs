//! From packets to messages.
//!
//! Every function appends one message to a text that the caller has begun, for instance with the
//! `4` of Engine.IO; so a message is written once, where it is to be sent from.

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

/// Appends an event, and returns the attachments that must be sent right after it.
///
/// [`Args`](crate::Args#arguments-as-types) tells how a type stands for arguments. Numbers that
/// are not finite become `null`, as in JavaScript. The number of attachments is not bounded here,
/// but Node's parser takes no more than 10 by default.
///
/// The name is not checked: [`is_reserved`](crate::is_reserved) is the caller's to ask.
///
/// # Errors
///
/// If the value has no JSON form; the text is then as it was.
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

/// Appends an acknowledgement, and returns the attachments that must be sent right after it.
///
/// # Errors
///
/// If the value has no JSON form; the text is then as it was.
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

/// Appends the CONNECT packet that tells a client that it has joined a namespace: its socket id,
/// and if it may recover its session later, the secret id for that (`pid`).
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

/// Appends the CONNECT_ERROR packet that tells a client why it may not join a namespace.
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

/// Appends the DISCONNECT packet that tells a client that it has been removed from a namespace.
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

/// Appends a packet whose payload is encoded already, and returns the attachments that must be
/// sent right after it.
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
    // Prefix, three numbers and the namespace are rarely longer than this.
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

/// The packets of a server, for parsers other than the JSON one.
impl Packet {
    /// The packet that [`encode_connect`] writes.
    #[must_use]
    pub fn connect(namespace: Namespace, sid: &str, pid: Option<&str>) -> Self {
        Self::with_object(PacketType::Connect, namespace, |out| {
            push_ids(out, sid, pid);
        })
    }

    /// The packet that [`encode_connect_error`] writes.
    #[must_use]
    pub fn connect_error(namespace: Namespace, message: &str, data: Option<&RawValue>) -> Self {
        Self::with_object(PacketType::ConnectError, namespace, |out| {
            push_error(out, message, data);
        })
    }

    /// The packet that [`encode_disconnect`] writes.
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
        mark(out, start, kind, attachments.len());
    }
    Ok(attachments)
}

/// Corrects the type of a packet that begins at `start` and has turned out to have attachments. Most
/// have none.
fn mark(out: &mut String, start: usize, kind: PacketType, attachments: usize) {
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
