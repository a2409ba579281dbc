//! Tests MessagePack on the wire, byte by byte.
//!
//! The expectations also apply to Node's server, except where the test names a deviation.
//! `SOCKETIO_E2E_MSGPACK_ORACLE` is the address of a fixture server started with `--msgpack`.

use e2e::fixture;
use e2e::server::Server;
use e2e::session::open;
use socketio::ConnectionStateRecovery;
use socketio::parser::MsgpackParser;
use socketio_testing::{Message, PollingClient, WsClient, matches};

/// A client whose messages are written in hexadecimal, with spaces for readability.
struct Client(WsClient);

impl Client {
    async fn open(server: Server) -> Self {
        Self(open(server.addr()).await)
    }

    async fn join(server: Server) -> Self {
        let mut client = Self::open(server).await;
        client
            .send("83 a474797065 00 a464617461 d40000 a36e7370 a12f")
            .await;
        client.expect("83 a474797065 00 a464617461 …").await;
        client
    }

    async fn send(&mut self, message: &str) {
        self.0.send_binary(&bytes(message)).await;
    }

    /// Asserts that the next message matches a pattern, where `…` matches any bytes.
    async fn expect(&mut self, pattern: &str) -> String {
        let Message::Binary(message) = self.0.recv().await else {
            panic!("expected a binary message: {pattern}");
        };
        let message: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
        let pattern = pattern.replace(' ', "");
        assert!(
            matches(&pattern, &message),
            "{message} does not match {pattern}"
        );
        message
    }

    async fn expect_close(&mut self) {
        self.0.expect_close(None).await;
    }

    /// Sends an event and expects its echo.
    async fn assert_alive(&mut self) {
        let echo = "83 a474797065 02 a464617461 91 a46563686f a36e7370 a12f";
        self.send(echo).await;
        self.expect(echo).await;
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|char| char.to_digit(16)).collect();
    digits
        .chunks(2)
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits are a byte"))
        .collect()
}

/// Returns an event `echo` with one argument.
fn echo(argument: &str) -> String {
    format!("83 a474797065 02 a464617461 92 a46563686f {argument} a36e7370 a12f")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_client_receives_its_id_when_it_joins() {
    let server = Server::with_msgpack().await;
    let answer = server.expects(
        "undefined pid",
        "83 a474797065 00 a464617461 82 a3736964 b4… a3706964 d40000 a36e7370 a12f",
        "83 a474797065 00 a464617461 81 a3736964 b4… a36e7370 a12f",
    );
    for connect in [
        "83 a474797065 00 a464617461 81 a174 01 a36e7370 a12f",
        "83 a474797065 00 a464617461 d40000 a36e7370 a12f",
        "82 a474797065 00 a36e7370 a12f",
    ] {
        let mut client = Client::open(server).await;
        client.send(connect).await;
        client.expect(answer).await;
        client.assert_alive().await;
    }
}

#[tokio::test]
async fn a_refused_client_receives_the_reason() {
    let server = Server::with_msgpack().await;
    let mut client = Client::open(server).await;
    client
        .send("83 a474797065 00 a464617461 d40000 a36e7370 a62f61646d696e")
        .await;
    let message = format!("a7{} ab{}", hex("message"), hex("not allowed"));
    let data = format!(
        "a4{} 81 a4{} a7{}",
        hex("data"),
        hex("code"),
        hex("E_TOKEN")
    );
    client
        .expect(&format!(
            "83 a474797065 04 a464617461 82 {message} {data} a36e7370 a62f61646d696e"
        ))
        .await;

    client.send("82 a474797065 00 a36e7370 a22f78").await;
    let message = format!(
        "a464617461 81 a7{} b1{}",
        hex("message"),
        hex("Invalid namespace")
    );
    let answer = server.expects(
        "member order of CONNECT_ERROR in MessagePack",
        format!("83 a474797065 04 a36e7370 a22f78 {message}"),
        format!("83 a474797065 04 {message} a36e7370 a22f78"),
    );
    client.expect(&answer).await;
}

#[tokio::test]
async fn the_server_handles_events_and_acknowledgements() {
    let server = Server::with_msgpack().await;
    let mut client = Client::join(server).await;
    for argument in [
        "c0",
        "c2",
        "c3",
        "00",
        "ff",
        "ccff",
        "cd0100",
        "d08f",
        "cf0020000000000000",
        "d3ff00000000000000",
        "cb3ff8000000000000",
        "a0",
        "a3e6bca2",
        "90",
        "80",
        "93 01 02 91 c0",
        "82 a161 01 a162 81 a163 92 01 02",
        "c403 010203",
        "c400",
        "92 c40101 81 a162 c40102",
        "82 ac5f706c616365686f6c646572 c3 a36e756d 00",
    ] {
        client.send(&echo(argument)).await;
        client.expect(&echo(argument)).await;
    }

    // The packet as Node's client encodes it.
    let options = "a76f7074696f6e73 81 a8636f6d7072657373 c3";
    client
        .send(&format!(
            "85 a474797065 02 a464617461 92 a361636b c40105 {options} a26964 07 a36e7370 a12f"
        ))
        .await;
    client
        .expect("84 a26964 07 a474797065 03 a464617461 91 c40105 a36e7370 a12f")
        .await;

    client
        .send("83 a474797065 02 a464617461 93 a361736b 15 cd2710 a36e7370 a12f")
        .await;
    let question = format!("a8{}", hex("question"));
    client
        .expect(&format!(
            "84 a474797065 02 a464617461 92 {question} 15 a26964 00 a36e7370 a12f"
        ))
        .await;
    client
        .send("84 a474797065 03 a464617461 91 2a a26964 00 a36e7370 a12f")
        .await;
    let answered = format!("a8{}", hex("answered"));
    client
        .expect(&format!(
            "83 a474797065 02 a464617461 92 {answered} 2a a36e7370 a12f"
        ))
        .await;

    let leave = format!("ad{}", hex("disconnect-me"));
    client
        .send(&format!(
            "83 a474797065 02 a464617461 92 {leave} c2 a36e7370 a12f"
        ))
        .await;
    client.expect("82 a474797065 01 a36e7370 a12f").await;
}

#[tokio::test]
async fn the_server_relays_javascript_values_as_json() {
    let server = Server::with_msgpack().await;
    let mut client = Client::join(server).await;
    let date = format!("b8{}", hex("2009-02-13T23:31:30.123Z"));
    for (argument, ours) in [
        ("d40000", "c0"),
        ("82 a161 d40000 a162 01", "81 a162 01"),
        ("d700 0000011f71fb04cb", date.as_str()),
        ("c70200 0102", "c402 0102"),
        ("cb7ff0000000000000", "c0"),
    ] {
        client.send(&echo(argument)).await;
        let back = server.expects("relayed JavaScript values", argument, ours);
        client.expect(&echo(back)).await;
    }
}

#[tokio::test]
async fn polling_carries_messages_as_base64() {
    let server = Server::with_msgpack().await;
    let mut client = PollingClient::handshake(server.addr()).await;
    // The CONNECT packet of [`Client::join`].
    client.send("bg6R0eXBlAKRkYXRh1AAAo25zcKEv").await;
    client.expect("bg6R0eXBlAKRkYXRh…").await;
    let echo = "bg6R0eXBlAqRkYXRhkqRlY2hvxAEFo25zcKEv";
    client.send(echo).await;
    client.expect(echo).await;
}

#[tokio::test]
async fn packets_without_data_can_contain_nil() {
    let server = Server::with_msgpack().await;
    let mut witness = Client::join(server).await;
    let mut client = Client::open(server).await;
    client.send("82 a474797065 00 a36e7370 a12f").await;
    let joined = client.expect("83 a474797065 00 a464617461 …").await;
    // The id starts after the `b4` that follows the key `sid`.
    let (_, id) = joined.split_once("a3736964b4").expect("an id");
    let id = id.get(..40).expect("an id of 20 characters");
    client
        .send("83 a474797065 01 a464617461 c0 a36e7370 a12f")
        .await;

    let question = format!("a6{} b4{id}", hex("reason"));
    witness
        .send(&format!(
            "84 a474797065 02 a464617461 92 {question} a26964 00 a36e7370 a12f"
        ))
        .await;
    let reason = server.expects(
        "nil data in MessagePack",
        format!("ac{}", hex("forced close")),
        format!("bb{}", hex("client namespace disconnect")),
    );
    witness
        .expect(&format!(
            "84 a26964 00 a474797065 03 a464617461 91 82 a6{} {reason} …",
            hex("reason")
        ))
        .await;
}

/// Missed packets also pass through the parser.
#[tokio::test]
async fn a_recovered_client_receives_missed_packets() {
    let addr = fixture::start_with(|options| {
        let recovery = ConnectionStateRecovery::new();
        options
            .parser(MsgpackParser)
            .connection_state_recovery(recovery)
    })
    .await;
    let join = "82 a474797065 00 a36e7370 a12f";
    let joined = "83 a474797065 00 a464617461 82 a3736964 b4… a3706964 b4… a36e7370 a12f";
    let mut client = Client(open(addr).await);
    client.send(join).await;
    let ids = client.expect(joined).await;
    let [id, pid] = ["a3736964b4", "a3706964b4"].map(|key| {
        let (_, behind) = ids.split_once(key).expect("a key");
        behind.get(..40).expect("an id of 20 characters").to_owned()
    });
    client.send(&echo("01")).await;
    let event = client
        .expect("83 a474797065 02 a464617461 93 a46563686f 01 … a36e7370 a12f")
        .await;
    let offset = event
        .strip_prefix("83a47479706502a46461746193a46563686f01")
        .and_then(|rest| rest.strip_suffix("a36e7370a12f"))
        .expect("the event has an offset");
    client.0.reset();

    let mut witness = Client(open(addr).await);
    witness.send(join).await;
    witness.expect(joined).await;
    let question = format!("a6{} b4{id}", hex("reason"));
    witness
        .send(&format!(
            "84 a474797065 02 a464617461 92 {question} a26964 00 a36e7370 a12f"
        ))
        .await;
    witness.expect("84 a26964 00 a474797065 03 …").await;
    let news = format!("a5{} 80 a4{} c40105", hex("io-to"), hex("news"));
    witness
        .send(&format!(
            "83 a474797065 02 a464617461 94 {news} a36e7370 a12f"
        ))
        .await;
    let news = format!(
        "83 a474797065 02 a464617461 93 a4{} c40105 … a36e7370 a12f",
        hex("news")
    );
    witness.expect(&news).await;

    let mut back = Client(open(addr).await);
    let credentials = format!("82 a3706964 b4{pid} a6{} {offset}", hex("offset"));
    back.send(&format!(
        "83 a474797065 00 a464617461 {credentials} a36e7370 a12f"
    ))
    .await;
    back.expect(&news).await;
    back.expect(&joined.replacen("b4…", &format!("b4{id}"), 1))
        .await;
}

#[tokio::test]
async fn malformed_packets_close_the_connection() {
    let server = Server::with_msgpack().await;
    let mut witness = Client::join(server).await;
    for message in [
        "",
        "c0",
        "c1",
        "90",
        "81 d9 ff",
        "82 a474797065 05 a36e7370 a12f",
        "82 a474797065 c0 a36e7370 a12f",
        "82 a474797065 01 a36e7370 c0",
        "82 a474797065 02 a36e7370 a12f",
        "83 a474797065 02 a464617461 80 a36e7370 a12f",
        "83 a474797065 03 a464617461 a161 a36e7370 a12f",
        "83 a474797065 01 a464617461 91 01 a36e7370 a12f",
        "83 a474797065 00 a464617461 90 a36e7370 a12f",
        "84 a474797065 02 a464617461 91 a46563686f a26964 a131 a36e7370 a12f",
        // More than one value.
        "83 a474797065 02 a464617461 91 a46563686f a36e7370 a12f 00",
    ] {
        let mut client = Client::join(server).await;
        client.send(message).await;
        client.expect_close().await;
        witness.assert_alive().await;
    }
    let mut client = Client::join(server).await;
    client.0.send(r#"42["echo"]"#).await;
    client.expect_close().await;
    witness.assert_alive().await;
}

#[tokio::test]
async fn reserved_events_close_the_connection() {
    let server = Server::with_msgpack().await;
    let mut client = Client::join(server).await;
    let event = format!("aa{} a161", hex("disconnect"));
    client
        .send(&format!(
            "83 a474797065 02 a464617461 92 {event} a36e7370 a12f"
        ))
        .await;
    let is_refused = server.expects("reserved events in MessagePack", false, true);
    if is_refused {
        client.expect_close().await;
    } else {
        client.assert_alive().await;
    }
}

/// Guards against trusting lengths and against recursion. Node's server allocates gigabytes for
/// some of these messages.
#[tokio::test]
async fn hostile_messages_close_only_their_connection() {
    let server = Server::with_msgpack().await;
    if server.is_node() {
        return;
    }
    let mut witness = Client::join(server).await;
    let deep = format!(
        "83 a474797065 02 a464617461 {} a36e7370 a12f",
        "91".repeat(400_000)
    );
    let maps = format!(
        "83 a474797065 02 a464617461 91 {} a36e7370 a12f",
        "81a161".repeat(200_000)
    );
    let ignored = format!(
        "83 a474797065 02 a36e7370 a12f a178 {}",
        "91".repeat(400_000)
    );
    for message in [
        "c9 ff ff ff ff 00",
        "c6 ff ff ff ff",
        "db ff ff ff ff",
        "dd ff ff ff ff",
        "df ff ff ff ff",
        &echo("c9 ff ff ff ff 00"),
        &echo("c6 ff ff ff ff"),
        &echo("db ff ff ff ff"),
        &echo("dd ff ff ff ff"),
        &echo("df ff ff ff ff"),
        &deep,
        &maps,
        &ignored,
        &format!(
            "83 a474797065 02 a464617461 9d a46563686f {} a36e7370 a12f",
            "c400".repeat(12)
        ),
    ] {
        let mut client = Client::join(server).await;
        client.send(message).await;
        client.expect_close().await;
        witness.assert_alive().await;
    }
    let mut polling = PollingClient::handshake(server.addr()).await;
    polling.send("bg6R0eXBlAKRkYXRh1AAAo25zcKEv").await;
    polling.expect("bg6R0eXBlAKRkYXRh…").await;
    polling.send("byf////8A").await;
    polling.expect_close().await;
    witness.assert_alive().await;

    // Large but valid values.
    for argument in [
        format!("dc8000 {}", "c0".repeat(0x8000)),
        format!("da8000 {}", "01".repeat(0x8000)),
        format!("{} 90", "91".repeat(126)),
    ] {
        witness.send(&echo(&argument)).await;
        witness.expect(&echo(&argument)).await;
    }
}
