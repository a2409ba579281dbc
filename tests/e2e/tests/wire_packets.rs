//! Tests valid and malformed Socket.IO packets over polling, one row per payload.
//!
//! Each payload is sent to a session that has joined `/`. The row lists the packets that the server
//! sends, and whether it keeps or closes the session.

use std::time::Instant;

use e2e::server::Server;
use socketio_testing::PollingClient;

/// A payload and the expected reaction.
struct Row {
    name: &'static str,
    payload: &'static str,
    answers: &'static [&'static str],
    end: End,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum End {
    Alive,
    Closed,
}

const fn alive(name: &'static str, payload: &'static str, answers: &'static [&'static str]) -> Row {
    Row {
        name,
        payload,
        answers,
        end: End::Alive,
    }
}

const fn closed(name: &'static str, payload: &'static str) -> Row {
    Row {
        name,
        payload,
        answers: &[],
        end: End::Closed,
    }
}

#[tokio::test]
async fn the_server_handles_event_packets() {
    check(&[
        alive(
            "event without arguments",
            r#"42["echo"]"#,
            &[r#"42["echo"]"#],
        ),
        alive(
            "event of an explicit namespace",
            r#"42/,["echo",1]"#,
            &[r#"42["echo",1]"#],
        ),
        alive(
            "white space",
            "42[ \"echo\" ,\t1 ,\r\n2 ] ",
            &[r#"42["echo",1,2]"#],
        ),
        alive(
            "half of a surrogate pair",
            r#"42["echo","\ud800"]"#,
            &[r#"42["echo","\ud800"]"#],
        ),
        alive(
            "escaped event name",
            r#"42["\u0065c\u0068o",1]"#,
            &[r#"42["echo",1]"#],
        ),
        alive(
            "event name with quotes",
            r#"42["quote\"back\\slash\/",1]"#,
            &[r#"42["quote\"back\\slash/",1]"#],
        ),
        alive(
            "unicode event name",
            r#"42["événement ☃ 漢字 😀",1]"#,
            &[r#"42["événement ☃ 漢字 😀",1]"#],
        ),
        alive("empty event name", r#"42["",1]"#, &[r#"42["",1]"#]),
        alive("unknown event", r#"42["unhandled",1]"#, &[]),
        alive("event named error", r#"42["error",1]"#, &[]),
        alive("event named connection", r#"42["connection",1]"#, &[]),
        alive("event without a payload", "42", &[]),
        alive("number as the event name", "42[5,1]", &[]),
        alive(
            "nul character",
            r#"42["echo","\u0000a"]"#,
            &[r#"42["echo","\u0000a"]"#],
        ),
        alive(
            "special keys of JavaScript objects",
            r#"42["echo",{"__proto__":{"a":1},"constructor":1}]"#,
            &[r#"42["echo",{"__proto__":{"a":1},"constructor":1}]"#],
        ),
        closed("empty array", "42[]"),
        closed("null as the event name", "42[null]"),
        closed("object as the event name", "42[{}]"),
        closed("boolean as the event name", "42[true]"),
        closed("object instead of an array", r#"42{"echo":1}"#),
        closed("string instead of an array", r#"42"echo""#),
        closed("broken JSON", r#"42["echo""#),
        closed("text after the JSON", r#"42["echo"]x"#),
        closed("control character in a string", "42[\"echo\",\"\n\"]"),
        closed("reserved name connect", r#"42["connect"]"#),
        closed("reserved name connect_error", r#"42["connect_error"]"#),
        closed("reserved name disconnect", r#"42["disconnect"]"#),
        closed("reserved name disconnecting", r#"42["disconnecting"]"#),
        closed("reserved name newListener", r#"42["newListener"]"#),
        closed("reserved name removeListener", r#"42["removeListener"]"#),
        closed("escaped reserved name", r#"42["\u0063onnect"]"#),
        closed("unknown packet type", "47"),
        closed("no packet type", "4"),
        closed("a letter as the packet type", r#"4x["echo"]"#),
    ])
    .await;
}

#[tokio::test]
async fn the_server_handles_acknowledgement_packets() {
    check(&[
        alive(
            "event with an id",
            r#"420["ack",1,"b"]"#,
            &[r#"430[1,"b"]"#],
        ),
        alive(
            "event with an id, no values",
            r#"42123["ack"]"#,
            &["43123[]"],
        ),
        alive("leading zeros of an id", r#"42007["ack",1]"#, &["437[1]"]),
        alive(
            "the largest id",
            r#"429007199254740991["ack",1]"#,
            &["439007199254740991[1]"],
        ),
        alive("unknown id", "43999[1]", &[]),
        alive("no id", "43[1]", &[]),
        alive("answer without values", "431", &[]),
        closed("answer that is not an array", r#"431{"a":1}"#),
    ])
    .await;
}

#[tokio::test]
async fn the_server_handles_connect_and_disconnect_packets() {
    check(&[
        alive(
            "unknown namespace",
            "40/unknown,",
            &[r#"44/unknown,{"message":"Invalid namespace"}"#],
        ),
        alive(
            "unknown namespace without a comma",
            "40/unknown",
            &[r#"44/unknown,{"message":"Invalid namespace"}"#],
        ),
        alive(
            "query after the namespace",
            "40/?a=b,",
            &[r#"44/?a=b,{"message":"Invalid namespace"}"#],
        ),
        alive(
            "refusal",
            "40/admin,",
            &[r#"44/admin,{"message":"not allowed","data":{"code":"E_TOKEN"}}"#],
        ),
        alive(
            "second namespace",
            r#"40/admin,{"token":"secret"}"#,
            &[r#"40/admin,{"sid":"…"}"#],
        ),
        closed("second CONNECT", "40"),
        closed("CONNECT_ERROR of the client", r#"44{"message":"x"}"#),
        closed("DISCONNECT with a payload", r#"41{"a":1}"#),
        closed(
            "event of a namespace that was not joined",
            r#"42/admin,["echo",1]"#,
        ),
        closed("event of an unknown namespace", r#"42/unknown,["echo",1]"#),
        closed(
            "answer for a namespace that was not joined",
            "43/admin,1[1]",
        ),
        closed("leaving a namespace that was not joined", "41/admin,"),
        closed("namespace without a comma", r#"42/admin["echo",1]"#),
        closed("CONNECT with an array", "40/admin,[]"),
        closed("CONNECT with a string", r#"40/admin,"x""#),
        closed("CONNECT with null", "40/admin,null"),
        closed("CONNECT with a boolean", "40/admin,true"),
        closed("CONNECT with broken JSON", "40/admin,{"),
    ])
    .await;
}

#[tokio::test]
async fn the_server_handles_attachments() {
    check(&[
        alive(
            "one attachment",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQID",
            &[r#"451-["echo",{"_placeholder":true,"num":0}]"#, "bAQID"],
        ),
        alive(
            "attachments of an answered event",
            "451-3[\"ack\",[{\"_placeholder\":true,\"num\":0}]]\u{1e}bAQ==",
            &[r#"461-3[[{"_placeholder":true,"num":0}]]"#, "bAQ=="],
        ),
        alive(
            "placeholder in an event without attachments",
            r#"42["echo",{"_placeholder":true,"num":0}]"#,
            &[r#"42["echo",{"_placeholder":true,"num":0}]"#],
        ),
        alive(
            "attachments of an unknown answer",
            "461-999[{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==",
            &[],
        ),
        closed(
            "eleven attachments",
            r#"4511-["echo",{"_placeholder":true,"num":0}]"#,
        ),
        closed("no attachments", r#"450-["echo",1]"#),
        closed("no count", r#"45-["echo",1]"#),
        closed("no dash", r#"451["echo",1]"#),
        closed("no count and no dash", r#"45["echo",1]"#),
        closed("negative count", r#"45-1-["echo",1]"#),
        closed("fraction as the count", r#"451.5-["echo",1]"#),
        closed("letters as the count", r#"45x-["echo",1]"#),
        closed(
            "placeholder out of range",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":1}]\u{1e}bAQ==",
        ),
        closed(
            "negative placeholder",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":-1}]\u{1e}bAQ==",
        ),
        closed(
            "text as the placeholder",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":\"splice\"}]\u{1e}bAQ==",
        ),
        closed(
            "placeholder without a number",
            "451-[\"echo\",{\"_placeholder\":true}]\u{1e}bAQ==",
        ),
        closed(
            "text instead of an attachment",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}42[\"echo\"]",
        ),
        closed("unexpected binary", "bAQ=="),
        closed(
            "two attachments instead of one",
            "451-[\"silence\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==\u{1e}bAQ==",
        ),
    ])
    .await;
}

/// Payloads with attachments that the server relays without decoding the arguments.
#[tokio::test]
async fn the_server_relays_attachments_unchanged() {
    let server = Server::start().await;
    for (name, payload, node, ours) in [
        (
            "ten attachments, one of them used",
            "4510-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==\
             \u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==\u{1e}bAQ==",
            &[r#"451-["echo",{"_placeholder":true,"num":0}]"#, "bAQ=="] as &[&str],
            &[
                r#"4510-["echo",{"_placeholder":true,"num":0}]"#,
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
                "bAQ==",
            ] as &[&str],
        ),
        (
            "attachments in another order",
            "452-[\"echo\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==\u{1e}bAg==",
            &[
                r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
                "bAg==",
                "bAQ==",
            ],
            &[
                r#"452-["echo",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]"#,
                "bAQ==",
                "bAg==",
            ],
        ),
        (
            "one placeholder twice",
            "451-[\"echo\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==",
            &[
                r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#,
                "bAQ==",
                "bAQ==",
            ],
            &[
                r#"451-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#,
                "bAQ==",
            ],
        ),
        (
            "attachment without a placeholder",
            "451-[\"echo\",\"x\"]\u{1e}bAQ==",
            &[r#"42["echo","x"]"#],
            &[r#"451-["echo","x"]"#, "bAQ=="],
        ),
    ] {
        println!("{name}");
        let answers = server.expects("relayed attachments", node, ours);
        let mut client = PollingClient::connect(server.addr()).await;
        client.send(payload).await;
        finish(&mut client, answers, End::Alive).await;
    }
}

/// JavaScript ignores blanks around the number of an id, and reads only blanks as 0. Blanks of JSON may
/// surround a payload.
#[tokio::test]
async fn blanks_around_ids_and_payloads_are_ignored() {
    let server = Server::start().await;
    for (payload, answers) in [
        (r#"42 ["ack",1]"#, &["430[1]"] as &[&str]),
        (r#"42 1["ack",1]"#, &["431[1]"]),
        ("421\r\n[ \"ack\" , 1 ]\r\n", &["431[1]"]),
        ("42\u{feff}7\u{a0}[\"ack\",1]", &["437[1]"]),
        (r#"42["echo",1] "#, &[r#"42["echo",1]"#]),
    ] {
        println!("{payload:?}");
        let mut client = PollingClient::connect(server.addr()).await;
        client.send(payload).await;
        finish(&mut client, answers, End::Alive).await;
    }
    for connect in ["40\n", "40 {\"token\":1}", "40{\"token\":1}\r\n"] {
        println!("{connect:?}");
        let mut client = PollingClient::handshake(server.addr()).await;
        client.send(connect).await;
        client.expect(r#"40{"sid":"…"}"#).await;
    }
    for payload in ["42[\"ack\",1]\u{a0}", "42\u{85}[\"ack\",1]"] {
        println!("{payload:?}");
        let mut client = PollingClient::connect(server.addr()).await;
        client.send(payload).await;
        finish(&mut client, &[], End::Closed).await;
    }
}

/// Half of an emoji, as `"abc😀".slice(0, 4)` is sent by a browser.
#[tokio::test]
async fn unpaired_surrogates_are_relayed() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let event = r#"42["echo","\ud83d",{"\udc00":["abc\ud83d"]}]"#;
    client.send(event).await;
    finish(&mut client, &[event], End::Alive).await;
}

/// Rows listed in the table of deviations.
#[tokio::test]
async fn the_server_deviates_only_where_listed() {
    let server = Server::start().await;
    let one_attachment: &[&str] = &[r#"451-["echo",{"_placeholder":true,"num":0}]"#, "bAQ=="];
    for (name, payload, node, ours) in [
        (
            "ack id beyond 2^53-1",
            r#"4212345678901234567890["ack",1]"#,
            (&["4312345678901234567000[1]"] as &[&str], End::Alive),
            (&[] as &[&str], End::Closed),
        ),
        (
            "ack id with a blank between digits",
            r#"421 1["ack",1]"#,
            (&["43NaN[1]"], End::Alive),
            (&[], End::Closed),
        ),
        (
            "attachment count ' 1'",
            "45 1-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==",
            (one_attachment, End::Alive),
            (&[], End::Closed),
        ),
        (
            "attachment count 1e0",
            "451e0-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==",
            (one_attachment, End::Alive),
            (&[], End::Closed),
        ),
        (
            "numbers and repeated keys",
            r#"42["echo",{"a":1,"a":2},1.0,1e3,-0,12345678901234567890]"#,
            (
                &[r#"42["echo",{"a":2},1,1000,0,12345678901234567000]"#],
                End::Alive,
            ),
            (
                &[r#"42["echo",{…"a":2},1…,1…,…0…,1234567890123456…]"#],
                End::Alive,
            ),
        ),
    ] {
        println!("{name}");
        let (answers, end) = server.expects(name, node, ours);
        let mut client = PollingClient::connect(server.addr()).await;
        client.send(payload).await;
        finish(&mut client, answers, end).await;
    }
}

#[tokio::test]
async fn packets_before_the_first_connect_close_the_session() {
    let server = Server::start().await;
    for payload in [
        r#"42["echo",1]"#,
        "43[1]",
        "41",
        "40[]",
        r#"40"x""#,
        "40null",
        "451-[\"echo\",{\"_placeholder\":true,\"num\":0}]\u{1e}bAQ==",
    ] {
        println!("{payload}");
        let mut client = PollingClient::handshake(server.addr()).await;
        client.send(payload).await;
        finish(&mut client, &[], End::Closed).await;
    }
}

#[tokio::test]
async fn a_client_can_join_only_another_namespace() {
    let server = Server::start().await;
    let mut client = PollingClient::handshake(server.addr()).await;
    client.send(r#"40/admin,{"token":"secret"}"#).await;
    client.expect(r#"40/admin,{"sid":"…"}"#).await;
    client.send(r#"42/admin,7["ack",1]"#).await;
    client.expect("43/admin,7[1]").await;
    client.send(r#"42/admin,["echo","é"]"#).await;
    client.expect(r#"42/admin,["echo","é"]"#).await;
}

#[tokio::test]
async fn a_client_can_rejoin_a_namespace() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    client.send("41").await;
    client.send("40").await;
    client.expect(r#"40{"sid":"…"}"#).await;
    finish(&mut client, &[], End::Alive).await;
}

#[tokio::test]
async fn an_event_after_its_connect_is_handled() {
    let server = Server::start().await;
    let mut client = PollingClient::handshake(server.addr()).await;
    client
        .send("40\u{1e}42[\"echo\",1]\u{1e}42[\"echo\",2]")
        .await;
    if server.expects("CONNECT and event in one payload", true, false) {
        finish(&mut client, &[], End::Closed).await;
    } else {
        client.expect(r#"40{"sid":"…"}"#).await;
        finish(
            &mut client,
            &[r#"42["echo",1]"#, r#"42["echo",2]"#],
            End::Alive,
        )
        .await;
    }
}

#[tokio::test]
async fn the_server_numbers_its_acknowledgement_requests() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    client.send(r#"42["ask","x",10000]"#).await;
    let question = client.expect(r#"42…["question","x"]"#).await;
    let id = question
        .trim_start_matches("42")
        .trim_end_matches(r#"["question","x"]"#);
    client.send(&format!("43{id}[\"y\",\"ignored\"]")).await;
    client.expect(r#"42["answered","y"]"#).await;
    // A second answer is ignored.
    client.send(&format!("43{id}[\"z\"]")).await;
    finish(&mut client, &[], End::Alive).await;
}

#[tokio::test]
async fn an_acknowledgement_request_times_out() {
    let server = Server::start().await;
    let mut client = PollingClient::connect(server.addr()).await;
    let start = Instant::now();
    client.send(r#"42["ask","x",100]"#).await;
    client.expect(r#"42…["question","x"]"#).await;
    client.expect(r#"42["unanswered","x"]"#).await;
    assert!(
        start.elapsed().as_millis() >= 99,
        "after {:?}",
        start.elapsed()
    );
}

async fn check(rows: &[Row]) {
    let server = Server::start().await;
    for row in rows {
        println!("{}", row.name);
        let mut client = PollingClient::connect(server.addr()).await;
        client.send(row.payload).await;
        finish(&mut client, row.answers, row.end).await;
    }
}

async fn finish(client: &mut PollingClient, answers: &[&str], end: End) {
    for answer in answers {
        client.expect(answer).await;
    }
    match end {
        End::Closed => client.expect_close().await,
        End::Alive => {
            client.send(r#"429["ack","alive"]"#).await;
            client.expect(r#"439["alive"]"#).await;
        }
    }
}
