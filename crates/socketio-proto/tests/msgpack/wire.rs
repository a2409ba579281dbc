//! Messages of Node's server and client, captured with socket.io-msgpack-parser 3.0.2.

use bytes::Bytes;
use serde_json::json;
use socketio_proto::{
    Args, DecodeError, DecodeLimits, Message, MsgpackParser, Namespace, Packet, PacketType, Parser,
};

use super::{hex, read};

/// Creates a packet from JSON in which `#` is replaced by the placeholder of an attachment of one byte.
fn packet(kind: PacketType, name: &str, id: Option<u64>, json: &str, attachment: u8) -> Packet {
    let has_attachment = json.contains('#');
    let json = json.replace('#', r#"{"_placeholder":true,"num":0}"#);
    let attachments = Vec::from_iter(has_attachment.then(|| Bytes::from(vec![attachment])));
    let namespace = Namespace::new(name).unwrap();
    let limits = DecodeLimits::default();
    Packet::from_parts(kind, namespace, id, json.into(), attachments, &limits).unwrap()
}

#[test]
fn packets_of_a_server_are_encoded_byte_by_byte() {
    use PacketType::{Ack, ConnectError, Disconnect, Event};

    for (expected, packet) in [
        (
            "83a47479706502a46461746192a26869c40101a36e7370a12f",
            packet(Event, "/", None, r#"["hi",#]"#, 1),
        ),
        (
            "84a47479706502a46461746193a1710181a16201a2696400a36e7370a12f",
            packet(Event, "/", Some(0), r#"["q",1,{"b":1}]"#, 0),
        ),
        (
            "84a2696400a47479706503a46461746191c40105a36e7370a12f",
            packet(Ack, "/", Some(0), "[#]", 5),
        ),
        (
            "83a47479706504a46461746182a76d657373616765a26e6fa46461746181a16301a36e7370a22f61",
            packet(
                ConnectError,
                "/a",
                None,
                r#"{"message":"no","data":{"c":1}}"#,
                0,
            ),
        ),
        (
            "82a47479706501a36e7370a12f",
            packet(Disconnect, "/", None, "", 0),
        ),
    ] {
        assert_eq!(
            MsgpackParser::encode(&packet).unwrap(),
            hex(expected),
            "{packet:?}"
        );
    }
}

#[test]
fn messages_of_a_client_are_decoded() {
    use PacketType::{Connect, Disconnect, Event};

    for (sent, expected) in [
        (
            "83a47479706500a46461746181a17401a36e7370a12f",
            packet(Connect, "/", None, r#"{"t":1}"#, 0),
        ),
        (
            "85a47479706502a46461746192a16dc40105a76f7074696f6e7381a8636f6d7072657373c3a2696400a36e7370a12f",
            packet(Event, "/", Some(0), r#"["m",#]"#, 5),
        ),
        (
            "83a47479706500a464617461d40000a36e7370a22f61",
            packet(Connect, "/a", None, "", 0),
        ),
        (
            "84a47479706502a46461746193a176c0cb3ff8000000000000a76f7074696f6e7381a8636f6d7072657373c3a36e7370a12f",
            packet(Event, "/", None, r#"["v",null,1.5]"#, 0),
        ),
        (
            "82a47479706501a36e7370a12f",
            packet(Disconnect, "/", None, "", 0),
        ),
        // The DISCONNECT packet of python-socketio.
        (
            "83a47479706501a464617461c0a36e7370a12f",
            packet(Disconnect, "/", None, "", 0),
        ),
    ] {
        assert_eq!(read(&hex(sent)), Ok(expected), "{sent}");
    }
}

#[test]
fn messages_of_a_server_are_decoded() {
    for sent in [
        "83a47479706500a46461746182a3736964b45f5f417657396a35532d6a5345706a6641414141a3706964d40000a36e7370a12f",
        "83a47479706502a46461746192a26869c40101a36e7370a12f",
        "84a2696400a47479706503a46461746191c40105a36e7370a12f",
        "83a47479706504a46461746182a76d657373616765a26e6fa46461746181a16301a36e7370a22f61",
        "84a47479706502a46461746192a16202a36e7370a12fa2696401",
    ] {
        let packet = read(&hex(sent)).unwrap();
        let written = MsgpackParser::encode(&packet).unwrap();
        assert_eq!(read(&written), Ok(packet));
    }
}

#[test]
fn the_connect_packet_of_a_server_has_no_undefined_member() {
    let packet = read(&hex(
        "83a47479706500a46461746182a3736964b45f5f417657396a35532d6a5345706a6641414141a3706964d40000a36e7370a12f",
    ))
    .unwrap();
    assert_eq!(
        packet.payload.as_json(),
        r#"{"sid":"__AvW9j5S-jSEpjfAAAA"}"#
    );
    assert_eq!(
        MsgpackParser::encode(&packet).unwrap(),
        hex(
            "83a47479706500a46461746181a3736964b45f5f417657396a35532d6a5345706a6641414141a36e7370a12f"
        ),
    );
}

#[test]
fn a_decoder_rejects_text_messages() {
    let mut decoder = MsgpackParser.decoder(Default::default());
    let event = hex("83a47479706502a46461746192a26869c40101a36e7370a12f");
    let packet = decoder
        .decode(Message::Binary(event.into()))
        .unwrap()
        .unwrap();
    assert_eq!(packet.event_name().as_deref(), Some("hi"));
    assert!(!decoder.is_waiting());
    let error = decoder
        .decode(Message::Text("2[\"hi\"]".into()))
        .unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&DecodeError::InvalidMsgpack));
}

#[test]
fn attachments_share_the_buffer_of_their_message() {
    let message = Bytes::from(hex("83a47479706502a46461746192a26869c40101a36e7370a12f"));
    let packet = MsgpackParser::decode(&message, &DecodeLimits::default()).unwrap();
    let attachment = &packet.payload.attachments()[0];
    assert!(message.as_ptr_range().contains(&attachment.as_ptr()));
}

#[test]
fn binary_in_the_payload_of_a_connect_packet_is_decoded() {
    let connect = hex("83a47479706500a46461746181a174c4020102a36e7370a12f");
    let packet = read(&connect).unwrap();
    let auth: std::collections::HashMap<String, Bytes> = packet.payload.deserialize().unwrap();
    assert_eq!(auth["t"], [1, 2].as_slice());
}

#[test]
fn any_valid_json_is_encoded() {
    let payload = Args::from_serialize(Some("e"), &json!({"a": [], "b": {}, "c": [[1], "\n"]}));
    let packet = Packet::event(Namespace::MAIN, payload.unwrap());
    assert_eq!(
        MsgpackParser::encode(&packet).unwrap(),
        hex("83a47479706502a464617461 92a165 83 a161 90 a162 80 a163 92 91 01 a10a a36e7370a12f"),
    );
}
