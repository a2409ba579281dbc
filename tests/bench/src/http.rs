//! Requests and responses of HTTP/1.1, as Engine.IO servers use them.

use std::borrow::Cow;
use std::net::SocketAddrV4;

/// The result of parsing the first response of a buffer.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Response<'a> {
    /// More bytes are needed.
    Partial,
    /// A complete response and its size.
    Whole {
        status: u16,
        body: Cow<'a, [u8]>,
        used: usize,
    },
    /// Not an HTTP response.
    Unreadable,
}

/// Encodes a request without a body. Each line of `headers` ends with a line break.
pub(crate) fn get(target: &str, host: SocketAddrV4, headers: &str) -> Vec<u8> {
    format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}User-Agent: loadgen\r\nAccept: */*\r\n\r\n"
    )
    .into_bytes()
}

/// Returns the id of the session that the body of a response opens.
pub(crate) fn session_id(body: &[u8]) -> Option<&str> {
    let (_, rest) = str::from_utf8(body).ok()?.split_once("\"sid\":\"")?;
    rest.split_once('"').map(|(sid, _)| sid)
}

/// Returns the value of a header. The name is in lower case.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (found, value) = str::from_utf8(line).ok()?.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Parses the first response. A response without a length has an empty body.
pub(crate) fn parse(bytes: &[u8]) -> Response<'_> {
    let Some(head_end) = find(bytes, b"\r\n\r\n") else {
        return Response::Partial;
    };
    let (head, body) = bytes.split_at(head_end + 4);
    let status = head
        .get(9..12)
        .and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    let Some(status) = status else {
        return Response::Unreadable;
    };
    let mut length = 0;
    let mut chunked = false;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let value = str::from_utf8(value)
            .unwrap_or("")
            .trim_start_matches(':')
            .trim();
        if name.eq_ignore_ascii_case(b"content-length") {
            let Ok(value) = value.parse::<usize>() else {
                return Response::Unreadable;
            };
            length = value;
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        }
    }
    if chunked {
        return unchunk(status, head.len(), body);
    }
    match body.get(..length) {
        Some(body) => Response::Whole {
            status,
            body: Cow::Borrowed(body),
            used: head.len() + length,
        },
        None => Response::Partial,
    }
}

/// Joins the chunks of a body that begins at `offset` of the response.
fn unchunk(status: u16, offset: usize, body: &[u8]) -> Response<'static> {
    let mut rest = body;
    let mut joined = Vec::new();
    loop {
        let Some(line_end) = find(rest, b"\r\n") else {
            return Response::Partial;
        };
        let (line, after) = rest.split_at(line_end);
        let size = str::from_utf8(line)
            .ok()
            .and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
        let Some(size) = size else {
            return Response::Unreadable;
        };
        let Some(chunk) = after.get(2..).and_then(|after| after.get(..size)) else {
            return Response::Partial;
        };
        let Some(after) = after.get(2 + size + 2..) else {
            return Response::Partial;
        };
        joined.extend_from_slice(chunk);
        rest = after;
        if size == 0 {
            let used = offset + body.len() - rest.len();
            return Response::Whole {
                status,
                body: Cow::Owned(joined),
                used,
            };
        }
    }
}

/// Returns the position of `needle`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every proper prefix of a response is partial. Bytes after the response are not consumed.
    fn conversation(bytes: &[u8], status: u16, body: &[u8]) {
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Response::Partial, "cut at {cut}");
        }
        let mut pipelined = bytes.to_vec();
        pipelined.extend_from_slice(b"HTTP/1.1");
        let body = Cow::Borrowed(body);
        assert_eq!(
            parse(&pipelined),
            Response::Whole {
                status,
                body,
                used: bytes.len()
            }
        );
    }

    #[test]
    fn a_body_of_stated_length() {
        conversation(
            b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\nok",
            200,
            b"ok",
        );
    }

    #[test]
    fn a_body_in_chunks() {
        let bytes =
            b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n";
        conversation(bytes, 400, b"ab0123456789");
    }

    #[test]
    fn invalid_responses_are_unreadable() {
        assert_eq!(parse(b"SSH-2.0-whatever\r\n\r\n"), Response::Unreadable);
        assert_eq!(
            parse(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"),
            Response::Unreadable
        );
        let bad_chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n";
        assert_eq!(parse(bad_chunk), Response::Unreadable);
    }
}
