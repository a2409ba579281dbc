//! The generator against servers that answer correctly, incorrectly and not at all.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use bench::{LoadError, Options, Report, run};

/// The answer of the server to an event.
#[derive(Clone, Copy)]
enum Answer {
    Altered,
    Never,
    Correct,
    Twice,
}

#[test]
fn correct_answers_are_operations() {
    let report = load(Answer::Correct, "--scenario echo --inflight 4").unwrap();
    assert!(report.number("ops").unwrap() > 0.0, "{report}");
    assert_eq!(outcome(&report), [3.0, 0.0, 0.0, 0.0], "{report}");
    assert!(report.number("p50_us").unwrap() > 0.0, "{report}");
    assert!(
        report.number("p999_us") >= report.number("p50_us"),
        "{report}"
    );
}

#[test]
fn all_due_operations_are_performed() {
    let report = load(Answer::Correct, "--scenario echo --rate 200").unwrap();
    // A window of 0.2 s at 200/s, with tolerance for slow machines.
    let operations = report.number("ops").unwrap();
    assert!((1.0..=80.0).contains(&operations), "{report}");
    assert_eq!(outcome(&report), [3.0, 0.0, 0.0, 0.0], "{report}");
}

#[test]
fn a_wrong_byte_is_a_mismatch() {
    let report = load(Answer::Altered, "--scenario echo").unwrap();
    assert!(report.number("mismatch").unwrap() > 0.0, "{report}");
}

#[test]
fn a_second_answer_is_a_mismatch() {
    let report = load(Answer::Twice, "--scenario echo").unwrap();
    assert!(report.number("mismatch").unwrap() > 0.0, "{report}");
}

#[test]
fn absent_answers_are_missing() {
    let report = load(Answer::Never, "--scenario echo --inflight 2").unwrap();
    assert_eq!(outcome(&report), [3.0, 0.0, 0.0, 6.0], "{report}");
    assert_eq!(report.number("ops"), Some(0.0), "{report}");
}

#[test]
fn idle_connections_perform_one_operation() {
    let report = load(Answer::Correct, "--scenario connect").unwrap();
    assert_eq!(report.number("ops"), Some(3.0), "{report}");
    assert_eq!(outcome(&report), [3.0, 0.0, 0.0, 0.0], "{report}");
    assert!(report.number("rss_per_conn_touched").is_some(), "{report}");
}

#[test]
fn the_error_without_a_server_contains_the_address() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let error = measure(free, "--scenario echo").unwrap_err().to_string();
    assert!(error.contains(&free.to_string()), "{error}");
}

/// Returns the numbers of ready connections, errors, mismatches and missing answers.
fn outcome(report: &Report) -> [f64; 4] {
    ["ready", "errors", "mismatch", "missing"]
        .map(|name| report.number(name).expect("every report has it"))
}

fn load(answer: Answer, line: &str) -> Result<Report, LoadError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let addr = listener.local_addr().expect("a bound socket");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            // Returns an error when the generator closes the connection.
            thread::spawn(move || converse(stream, answer));
        }
    });
    measure(addr, line)
}

fn measure(addr: SocketAddr, line: &str) -> Result<Report, LoadError> {
    let line =
        format!("--url {addr} --conns 3 --secs 0.2 --warmup 0.1 --settle 0 --no-spin {line}");
    let options = Options::parse(line.split_whitespace().map(str::to_owned))?;
    run(&options.expect("the options do not contain --help"))
}

fn converse(mut stream: TcpStream, answer: Answer) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        reader.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    assert!(head.starts_with(b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"));
    // The open packet may arrive in the same segment.
    let mut response = b"HTTP/1.1 101 Switching Protocols\r\n\r\n".to_vec();
    response.extend(server_frame(b"0{\"sid\":\"A\"}"));
    stream.write_all(&response)?;
    assert_eq!(client_frame(&mut reader)?, b"40");
    stream.write_all(&server_frame(b"40{\"sid\":\"B\"}"))?;
    // A ping, which the generator answers between its operations.
    stream.write_all(&server_frame(b"2"))?;
    assert_eq!(client_frame(&mut reader)?, b"3");
    loop {
        let mut packet = client_frame(&mut reader)?;
        assert!(packet.starts_with(b"42[\"echo\",\"abc"));
        if let Answer::Altered = answer {
            packet[11] = b'X';
        }
        let frame = server_frame(&packet);
        match answer {
            Answer::Never => {}
            Answer::Altered | Answer::Correct => stream.write_all(&frame)?,
            Answer::Twice => stream.write_all(&frame.repeat(2))?,
        }
    }
}

fn server_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81, u8::try_from(payload.len()).expect("a short packet")];
    frame.extend_from_slice(payload);
    frame
}

fn client_frame(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut header = [0; 6];
    reader.read_exact(&mut header)?;
    if header[0] != 0x81 {
        return Err(io::Error::other("the generator closed the connection"));
    }
    let mut payload = vec![0; usize::from(header[1] & 0x7f)];
    reader.read_exact(&mut payload)?;
    for (byte, mask) in payload.iter_mut().zip(header[2..].iter().cycle()) {
        *byte ^= mask;
    }
    Ok(payload)
}
