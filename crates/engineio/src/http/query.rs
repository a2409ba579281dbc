//! The parameters of a request's query.

use std::borrow::Cow;

use engineio_proto::Protocol;
use http::request::Parts;
use memchr::memchr;

/// The common start of the queries of polls and POSTs.
const COMMON_START: &str = "EIO=4&transport=polling&";

/// A value that is neither a transport, an id nor a revision: that of a repeated parameter.
///
/// Node reads a repeated parameter as an array, which is none of them either.
const REPEATED: &str = ",";

/// The text of a request's query, without escapes in the parameters that are read.
#[derive(Debug)]
pub(crate) struct QueryText<'a>(Option<Cow<'a, str>>);

impl<'a> QueryText<'a> {
    /// Returns the query of a request.
    #[inline]
    pub(crate) fn of(request: &'a Parts) -> Self {
        Self(request.uri.query().map(unescaped))
    }

    /// Parses the parameters.
    #[inline]
    pub(crate) fn parse(&self) -> Query<'_> {
        Query::parse(self.0.as_deref())
    }
}

impl<'a> From<&'a str> for QueryText<'a> {
    fn from(query: &'a str) -> Self {
        Self(Some(unescaped(query)))
    }
}

/// Decodes the escapes of characters that occur in ids, revisions and transport names.
///
/// The others stay encoded, which keeps the pairs apart. A value with such an escape is not valid
/// anyway.
fn unescaped(query: &str) -> Cow<'_, str> {
    match split_at_byte(query, memchr(b'%', query.as_bytes())) {
        Some((plain, rest)) => Cow::Owned(unescaped_after(plain, rest)),
        None => Cow::Borrowed(query),
    }
}

/// Decodes the text after the first `%`.
#[cold]
fn unescaped_after(plain: &str, mut rest: &str) -> String {
    let mut out = String::with_capacity(plain.len().saturating_add(rest.len()));
    out.push_str(plain);
    loop {
        let byte = rest
            .get(..2)
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) => {
                out.push(char::from(byte));
                rest = rest.get(2..).unwrap_or_default();
            }
            _ => out.push('%'),
        }
        match rest.split_once('%') {
            Some((plain, after)) => {
                out.push_str(plain);
                rest = after;
            }
            None => {
                out.push_str(rest);
                return out;
            }
        }
    }
}

/// The parameters of a request's query.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Query<'a> {
    /// `transport`.
    pub(crate) transport: Option<&'a str>,
    /// `sid`. An empty value is treated as missing, as in Node.
    pub(crate) sid: Option<&'a str>,
    /// `EIO`, the protocol revision.
    eio: Option<&'a str>,
    /// `j`, the index of the callback of a JSONP request.
    pub(crate) jsonp: Option<&'a str>,
    /// Whether binary messages are sent as base64 text (`b64` with any value), for clients that
    /// cannot receive binary frames.
    pub(crate) base64: bool,
}

impl<'a> Query<'a> {
    /// Parses a query in one pass, because every poll and POST has one.
    fn parse(query: Option<&'a str>) -> Self {
        let mut read = Self::default();
        let mut rest = query;
        // One comparison takes a tenth of the time of parsing the pairs.
        if let Some(after) = query.and_then(|query| query.strip_prefix(COMMON_START)) {
            read.eio = Some("4");
            read.transport = Some("polling");
            rest = Some(after);
        }
        while let Some(pairs) = rest {
            let (pair, after) = match split_at_byte(pairs, memchr(b'&', pairs.as_bytes())) {
                Some((pair, after)) => (pair, Some(after)),
                None => (pairs, None),
            };
            rest = after;
            // Names are too short for `memchr` to pay off.
            let equals = pair.bytes().position(|byte| byte == b'=');
            let Some((name, value)) = split_at_byte(pair, equals) else {
                continue;
            };
            // Compared as bytes, without copying.
            let parameter = match name.as_bytes() {
                b"transport" => &mut read.transport,
                b"sid" => &mut read.sid,
                b"EIO" => &mut read.eio,
                b"j" => &mut read.jsonp,
                b"b64" => {
                    read.base64 |= !value.is_empty();
                    continue;
                }
                _ => continue,
            };
            *parameter = match parameter {
                None => Some(value),
                Some(_) => Some(REPEATED),
            };
        }
        read.sid.take_if(|sid| sid.is_empty());
        read
    }

    /// Returns the protocol revision of the client.
    pub(crate) fn protocol(&self) -> Protocol {
        Protocol::requested(self.eio)
    }

    /// Returns whether the query contains a protocol revision.
    pub(crate) fn names_protocol(&self) -> bool {
        self.eio.is_some()
    }
}

/// Returns the parts before and after an ASCII byte.
fn split_at_byte(text: &str, at: Option<usize>) -> Option<(&str, &str)> {
    let at = at?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Query<'_> {
        Query::parse(Some(query))
    }

    #[test]
    fn parameters_are_found_in_any_order() {
        let query = read("t=abc&sid=x-y&b64=1&EIO=4&j=12&transport=polling");
        assert_eq!(query.transport, Some("polling"));
        assert_eq!(query.sid, Some("x-y"));
        assert_eq!(query.protocol(), Protocol::V4);
        assert!(query.names_protocol());
        assert_eq!(query.jsonp, Some("12"));
        assert!(query.base64);
    }

    #[test]
    fn the_common_start_is_parsed_like_any_other() {
        for rest in ["", "sid=x&j=1", "EIO=3&transport=websocket&b64=1", "&=&"] {
            let usual = format!("{COMMON_START}{rest}");
            let usual = read(&usual);
            // The same pairs, with an unknown one in front of them.
            let other = format!("EIO=4&x=y&transport=polling&{rest}");
            assert_eq!(format!("{usual:?}"), format!("{:?}", read(&other)));
        }
        let usual = read(COMMON_START);
        assert_eq!(usual.protocol(), Protocol::V4);
        assert_eq!(usual.transport, Some("polling"));
        assert_eq!(read("EIO=4&transport=pollin").transport, Some("pollin"));
        assert_eq!(read("EIO=4&transport=polling2").transport, Some("polling2"));
    }

    #[test]
    fn missing_parameters_are_none() {
        for query in [
            None,
            Some(""),
            Some("&&=&"),
            Some("sid&transport&EIO&j&b64"),
        ] {
            let query = Query::parse(query);
            assert_eq!(query.transport, None);
            assert_eq!(query.sid, None);
            assert_eq!(query.protocol(), Protocol::V3);
            assert!(!query.names_protocol());
            assert_eq!(query.jsonp, None);
            assert!(!query.base64);
        }
    }

    #[test]
    fn other_names_are_ignored() {
        let query = read("SID=a&xsid=b&sid%20=c&jj=1&b641=1&eio=4");
        assert_eq!(query.sid, None);
        assert_eq!(query.jsonp, None);
        assert!(!query.base64 && !query.names_protocol());
    }

    /// Node's `querystring` decodes names and values.
    #[test]
    fn names_and_values_are_decoded() {
        let text = unescaped("EI%4f=%34&transport=p%6flling&%73id=%61-b%5F%7e&%6A=%31&b%364=1");
        let query = read(&text);
        assert_eq!(query.protocol(), Protocol::V4);
        assert_eq!(query.transport, Some("polling"));
        assert_eq!(query.sid, Some("a-b_~"));
        assert_eq!(query.jsonp, Some("1"));
        assert!(query.base64);
    }

    #[test]
    fn escapes_do_not_separate_pairs() {
        for query in [
            "sid=a%26b%3Dc",
            "sid=%",
            "sid=%4",
            "sid=%zz",
            "sid=%C3%A9",
            "sid=a%é",
            "sid=%25%2B",
        ] {
            assert_eq!(unescaped(query), query);
        }
        assert_eq!(unescaped("a=%2541&b=%%41"), "a=%2541&b=%A");
        let query = read("sid=a%26b=c&transport=a+b?é&j=");
        assert_eq!(query.sid, Some("a%26b=c"));
        assert_eq!(query.transport, Some("a+b?é"));
        assert_eq!(query.jsonp, Some(""));
    }

    #[test]
    fn a_repeated_parameter_has_no_valid_value() {
        let query = read("EIO=4&transport=polling&sid=a&sid=a&transport=polling&EIO=4");
        assert_eq!(query.sid, Some(REPEATED));
        assert_eq!(query.transport, Some(REPEATED));
        assert_eq!(query.protocol(), Protocol::V3);
        assert_eq!(read("sid=&sid=a").sid, Some(REPEATED));
    }

    #[test]
    fn base64_is_on_if_any_value_asks_for_it() {
        assert!(read("b64=&b64=1").base64);
        assert!(!read("b64=").base64);
    }
}
