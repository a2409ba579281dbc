//! Revision 4 of the protocol, for clients before Socket.IO 3.
//!
//! Such a client joins the main namespace without a CONNECT packet. For other namespaces it appends a
//! query to the name, where later clients send a payload:
//!
//! ```text
//! revision 4                      revision 5
//!   0/admin?token=abc               0/admin,{"token":"abc"}
//!   0/admin                         0/admin,{"sid":"…"}
//!   4/admin,"not authorised"        4/admin,{"message":"not authorised"}
//! ```
//!
//! All other packets are the same in both revisions.

use bytestring::ByteString;
use serde_json::{Map, Value};

use crate::args::Args;
use crate::error::DecodeError;
use crate::json::ArgOffsets;
use crate::namespace::Namespace;
use crate::packet::{Packet, PacketType};

/// The maximum length of the query after the name of a namespace in bytes, including its question
/// mark: 8192.
///
/// Clients send credentials there, which may be long. Add it to
/// [`max_namespace_len`](crate::DecodeLimits::max_namespace_len) of the decoder, see [`receive`].
pub const MAX_QUERY_LEN: usize = 8192;

/// Converts a packet of a client to revision 5: removes the query from the name of the namespace, and
/// makes it the payload of a CONNECT packet.
///
/// The payload is an object of strings. Of several values with the same name the last one counts, as
/// in Node's server.
///
/// # Errors
///
/// [`DecodeError::NamespaceTooLong`] if the name without the query is longer than `max_namespace_len`.
/// The limit of the decoder must be [`MAX_QUERY_LEN`] bytes higher.
///
/// # Examples
///
/// ```
/// use socketio_proto::{DecodeLimits, Decoder, revision_4};
///
/// let packet = Decoder::default().decode_text("0/admin?token=a%20b".into())?.expect("a complete packet");
/// let packet = revision_4::receive(packet, 256)?;
/// assert_eq!(packet.namespace, "/admin");
/// assert_eq!(packet.payload.as_json(), r#"{"token":"a b"}"#);
/// # Ok::<(), socketio_proto::DecodeError>(())
/// ```
pub fn receive(mut packet: Packet, max_namespace_len: usize) -> Result<Packet, DecodeError> {
    let (name, query) = match packet.namespace.split_once('?') {
        Some((name, query)) => (name, Some(query)),
        None => (packet.namespace.as_str(), None),
    };
    if name.len() > max_namespace_len {
        return Err(DecodeError::NamespaceTooLong {
            limit: max_namespace_len,
        });
    }
    if packet.kind == PacketType::Connect {
        packet.payload = query.map(payload_of).unwrap_or_default();
    }
    if query.is_some() {
        packet.namespace = Namespace::from_wire(name);
    }
    Ok(packet)
}

/// Creates the CONNECT packet that confirms to a client that it has joined a namespace.
#[must_use]
pub fn connect(namespace: Namespace) -> Packet {
    Packet::new(PacketType::Connect, namespace, Args::default())
}

/// Creates the packet that reports to a client why middleware has rejected it.
///
/// As in Node's server, the payload is the data of the error, or its message if there is no data. Data
/// that is falsy in JavaScript, such as 0 or an empty string, counts as absent.
///
/// # Examples
///
/// ```
/// use serde_json::{Value, json};
/// use socketio_proto::{Namespace, revision_4};
///
/// let payload = |data: Option<&Value>| {
///     let packet = revision_4::connect_error(Namespace::MAIN, "not authorised", data);
///     packet.payload.as_json().to_owned()
/// };
/// assert_eq!(payload(None), r#""not authorised""#);
/// assert_eq!(payload(Some(&json!({ "code": 7 }))), r#"{"code":7}"#);
/// assert_eq!(payload(Some(&json!(0))), r#""not authorised""#);
/// ```
#[must_use]
pub fn connect_error(namespace: Namespace, message: &str, data: Option<&Value>) -> Packet {
    let payload = match data {
        Some(data) if is_truthy(data) => data.to_string(),
        _ => Value::from(message).to_string(),
    };
    let payload = Args::new(payload.into(), 0, ArgOffsets::default());
    Packet::new(PacketType::ConnectError, namespace, payload)
}

fn payload_of(query: &str) -> Args {
    let mut object = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        object.insert(name.into_owned(), value.into_owned().into());
    }
    let json = ByteString::from(Value::Object(object).to_string());
    Args::new(json, 0, ArgOffsets::default())
}

fn is_truthy(data: &Value) -> bool {
    match data {
        Value::Null => false,
        Value::Bool(data) => *data,
        Value::Number(data) => data.as_f64() != Some(0.0),
        Value::String(data) => !data.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decode::Decoder;
    use crate::encode::encode_packet;

    fn received(text: &str) -> Packet {
        let packet = Decoder::default().decode_text(text.into()).unwrap();
        receive(packet.unwrap(), 256).unwrap()
    }

    fn written(packet: &Packet) -> String {
        let mut text = String::new();
        assert!(encode_packet(&mut text, packet).is_empty());
        text
    }

    fn auth(text: &str) -> Value {
        let packet = received(text);
        assert_eq!(packet.namespace, "/foo");
        packet.payload.deserialize_payload().unwrap()
    }

    #[test]
    fn a_query_becomes_the_payload() {
        assert_eq!(auth("0/foo?tok=1"), json!({ "tok": "1" }));
        assert_eq!(
            auth("0/foo?a=%C3%A9%20+%2B&b=&c&=d&a%26=x%3D"),
            json!({ "a": "é  +", "b": "", "c": "", "": "d", "a&": "x=" })
        );
        assert_eq!(auth("0/foo?a=1&a=2"), json!({ "a": "2" }));
        assert_eq!(auth("0/foo?a?b=1?2"), json!({ "a?b": "1?2" }));
        assert_eq!(auth("0/foo?__proto__=x"), json!({ "__proto__": "x" }));
        assert_eq!(auth("0/foo?"), json!({}));
    }

    #[test]
    fn the_payload_of_a_connect_packet_is_ignored() {
        assert_eq!(received(r#"0/foo,{"a":1}"#).payload.as_json(), "");
        assert_eq!(auth(r#"0/foo?b=2,{"a":1}"#), json!({ "b": "2" }));
    }

    #[test]
    fn the_query_is_removed_from_other_packets_too() {
        let packet = received(r#"2/foo?tok=1,["hello"]"#);
        assert_eq!(packet.namespace, "/foo");
        assert_eq!(packet.payload.as_json(), r#"["hello"]"#);
        assert_eq!(received(r#"2["?"]"#).namespace, "/");
    }

    #[test]
    fn the_limit_applies_to_the_name_without_the_query() {
        let name = format!("/{}", "n".repeat(99));
        let packet = |name: &str| Packet {
            namespace: Namespace::new(name).unwrap(),
            ..connect(Namespace::MAIN)
        };
        let query = "x".repeat(MAX_QUERY_LEN);
        assert!(receive(packet(&format!("{name}?{query}")), 100).is_ok());
        let error = DecodeError::NamespaceTooLong { limit: 99 };
        for name in [name.clone(), format!("{name}?a=b")] {
            assert_eq!(receive(packet(&name), 99).unwrap_err(), error);
        }
    }

    #[test]
    fn packets_to_clients_have_the_format_of_revision_4() {
        let foo = || Namespace::new("/foo").unwrap();
        assert_eq!(written(&connect(Namespace::MAIN)), "0");
        assert_eq!(written(&connect(foo())), "0/foo,");
        assert_eq!(written(&connect_error(foo(), "no", None)), r#"4/foo,"no""#);
        let data = json!([1, "é"]);
        let error = connect_error(Namespace::MAIN, "no", Some(&data));
        assert_eq!(written(&error), r#"4[1,"é"]"#);
    }

    #[test]
    fn falsy_data_counts_as_absent() {
        for data in [json!(null), json!(false), json!(0), json!(-0.0), json!("")] {
            let error = connect_error(Namespace::MAIN, "no", Some(&data));
            assert_eq!(written(&error), r#"4"no""#, "{data}");
        }
        for data in [json!(true), json!(1), json!("0"), json!([]), json!({})] {
            let error = connect_error(Namespace::MAIN, "no", Some(&data));
            assert_eq!(written(&error), format!("4{data}"));
        }
    }
}
