//! The negotiation of `permessage-deflate` (RFC 7692, section 7.1).

use std::fmt::Write as _;

use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};

use crate::config::per_message_deflate::{PerMessageDeflate, WINDOW_BITS};

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";

/// The window if no parameter limits it: 32 KiB.
const DEFAULT_WINDOW_BITS: u8 = 15;

/// The smallest window of the zlib library. Its output is also valid for a window of 8.
const MIN_WINDOW_BITS: u8 = 9;

/// The negotiated compression of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Negotiated {
    pub(super) threshold: usize,
    pub(super) server_takeover: bool,
    pub(super) client_takeover: bool,
    pub(super) server_window_bits: u8,
    pub(super) level: u8,
    pub(super) memory_level: u8,
}

/// A parameter of an offer or of the response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Parameter {
    ServerNoContextTakeover,
    ClientNoContextTakeover,
    ServerMaxWindowBits(u8),
    /// The value is optional in an offer.
    ClientMaxWindowBits(Option<u8>),
}

/// Accepts the first acceptable offer of a request and returns the response header. Returns `None`
/// if there is no such offer.
pub(crate) fn negotiate(
    request: &HeaderMap,
    options: &PerMessageDeflate,
) -> Option<(Negotiated, HeaderValue)> {
    let mut offers = Vec::new();
    for header in request.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        // A client with a malformed offer may misunderstand the response.
        offers.append(&mut parse(header.to_str().ok()?)?);
    }
    let accepted = offers
        .into_iter()
        .find_map(|offer| accept(offer?, options))?;
    let header = HeaderValue::from_str(&answer(&accepted)).ok()?;
    let window_bits = accepted.iter().find_map(|parameter| match parameter {
        Parameter::ServerMaxWindowBits(bits) => Some(*bits),
        _ => None,
    });
    let negotiated = Negotiated {
        threshold: options.threshold,
        server_takeover: !accepted.contains(&Parameter::ServerNoContextTakeover),
        client_takeover: !accepted.contains(&Parameter::ClientNoContextTakeover),
        server_window_bits: window_bits
            .unwrap_or(DEFAULT_WINDOW_BITS)
            .max(MIN_WINDOW_BITS),
        level: options.level,
        memory_level: options.memory_level,
    };
    Some((negotiated, header))
}

/// Returns the response to an offer: its own parameters in order, then those added by the options.
fn accept(offer: Vec<Parameter>, options: &PerMessageDeflate) -> Option<Vec<Parameter>> {
    let smaller = |option: Option<u8>, asked: Option<u8>| option.into_iter().chain(asked).min();
    let mut client_window_known = false;
    let mut server_window_known = false;
    let mut accepted = Vec::with_capacity(4);
    for parameter in offer {
        match parameter {
            Parameter::ServerMaxWindowBits(asked) => {
                server_window_known = true;
                let bits = smaller(options.server_max_window_bits, Some(asked));
                accepted.extend(bits.map(Parameter::ServerMaxWindowBits));
            }
            Parameter::ClientMaxWindowBits(asked) => {
                client_window_known = true;
                // An offer without a value allows the server to set one.
                let bits = smaller(options.client_max_window_bits, asked);
                accepted.extend(bits.map(|bits| Parameter::ClientMaxWindowBits(Some(bits))));
            }
            other => accepted.push(other),
        }
    }
    if options.client_max_window_bits.is_some() && !client_window_known {
        return None;
    }
    for (wanted, parameter) in [
        (
            options.server_no_context_takeover,
            Parameter::ServerNoContextTakeover,
        ),
        (
            options.client_no_context_takeover,
            Parameter::ClientNoContextTakeover,
        ),
    ] {
        if wanted && !accepted.contains(&parameter) {
            accepted.push(parameter);
        }
    }
    if let Some(bits) = options.server_max_window_bits
        && !server_window_known
    {
        accepted.push(Parameter::ServerMaxWindowBits(bits));
    }
    Some(accepted)
}

fn answer(parameters: &[Parameter]) -> String {
    let mut answer = String::from(NAME);
    for parameter in parameters {
        let (name, value) = match *parameter {
            Parameter::ServerNoContextTakeover => (SERVER_NO_CONTEXT_TAKEOVER, None),
            Parameter::ClientNoContextTakeover => (CLIENT_NO_CONTEXT_TAKEOVER, None),
            Parameter::ServerMaxWindowBits(bits) => (SERVER_MAX_WINDOW_BITS, Some(bits)),
            Parameter::ClientMaxWindowBits(bits) => (CLIENT_MAX_WINDOW_BITS, bits),
        };
        answer.push_str("; ");
        answer.push_str(name);
        if let Some(value) = value {
            // Writing to a `String` cannot fail.
            write!(answer, "={value}").ok();
        }
    }
    answer
}

/// Parses the offers of this extension in a header. The inner `None` is an offer that is never
/// acceptable. The outer `None` is a malformed header (RFC 6455, section 9.1).
fn parse(header: &str) -> Option<Vec<Option<Vec<Parameter>>>> {
    let mut offers = Vec::new();
    // Quoted values must be tokens as well, so quotes cannot contain separators.
    for extension in header.split(',') {
        let mut parts = extension
            .split(';')
            .map(|part| part.trim_matches([' ', '\t']));
        let name = parts.next().filter(|name| is_token(name))?;
        let mut parameters = Some(Vec::new());
        for part in parts {
            let (name, value) = split_parameter(part)?;
            let parameter = parameter(name, value.as_deref());
            parameters = parameters
                .zip(parameter)
                .and_then(|(mut known, parameter)| {
                    let kind = std::mem::discriminant(&parameter);
                    let repeated = known
                        .iter()
                        .any(|known| std::mem::discriminant(known) == kind);
                    known.push(parameter);
                    (!repeated).then_some(known)
                });
        }
        if name == NAME {
            offers.push(parameters);
        }
    }
    Some(offers)
}

/// Splits a parameter into its name and its unquoted value.
fn split_parameter(part: &str) -> Option<(&str, Option<String>)> {
    let Some((name, value)) = part.split_once('=') else {
        return is_token(part).then_some((part, None));
    };
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?.split('\\').collect(),
        None => value.to_owned(),
    };
    (is_token(name) && is_token(&value)).then_some((name, Some(value)))
}

/// Returns the parameter if the extension defines it and the value is valid.
fn parameter(name: &str, value: Option<&str>) -> Option<Parameter> {
    match (name, value) {
        (SERVER_NO_CONTEXT_TAKEOVER, None) => Some(Parameter::ServerNoContextTakeover),
        (CLIENT_NO_CONTEXT_TAKEOVER, None) => Some(Parameter::ClientNoContextTakeover),
        (SERVER_MAX_WINDOW_BITS, Some(value)) => {
            window_bits(value).map(Parameter::ServerMaxWindowBits)
        }
        (CLIENT_MAX_WINDOW_BITS, None) => Some(Parameter::ClientMaxWindowBits(None)),
        (CLIENT_MAX_WINDOW_BITS, Some(value)) => {
            window_bits(value).map(|bits| Parameter::ClientMaxWindowBits(Some(bits)))
        }
        _ => None,
    }
}

/// Parses a number without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let bits = value
        .parse()
        .ok()
        .filter(|bits| WINDOW_BITS.contains(bits))?;
    (value.starts_with(|first: char| ('1'..='9').contains(&first))).then_some(bits)
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Negotiates with these options and this offer.
    pub(in super::super) fn negotiate_offer(
        options: &PerMessageDeflate,
        offer: &str,
    ) -> Option<(Negotiated, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_str(offer).unwrap(),
        );
        let (negotiated, header) = negotiate(&headers, options)?;
        Some((negotiated, header.to_str().unwrap().to_owned()))
    }

    fn answer_to(options: &PerMessageDeflate, offer: &str) -> Option<String> {
        Some(negotiate_offer(options, offer)?.1)
    }

    fn default_answer(offer: &str) -> Option<String> {
        answer_to(&PerMessageDeflate::default(), offer)
    }

    #[test]
    fn the_offer_of_a_browser_is_accepted() {
        assert_eq!(
            default_answer("permessage-deflate; client_max_window_bits").as_deref(),
            Some("permessage-deflate")
        );
    }

    #[test]
    fn requested_parameters_are_granted_in_order() {
        let offer = "permessage-deflate; client_max_window_bits=10;server_max_window_bits=\"9\" ; \
                     client_no_context_takeover; server_no_context_takeover";
        let (negotiated, answer) = negotiate_offer(&PerMessageDeflate::default(), offer).unwrap();
        assert_eq!(
            answer,
            "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9; \
             client_no_context_takeover; server_no_context_takeover"
        );
        assert!(!negotiated.client_takeover && !negotiated.server_takeover);
        assert_eq!(negotiated.server_window_bits, 9);
    }

    #[test]
    fn the_options_add_parameters() {
        let options = PerMessageDeflate::default()
            .server_no_context_takeover(true)
            .client_no_context_takeover(true)
            .server_max_window_bits(11)
            .client_max_window_bits(12);
        assert_eq!(
            answer_to(&options, "permessage-deflate; client_max_window_bits").as_deref(),
            Some(
                "permessage-deflate; client_max_window_bits=12; server_no_context_takeover; \
                 client_no_context_takeover; server_max_window_bits=11"
            )
        );
        let asks_for_less =
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9";
        assert_eq!(
            answer_to(&options, asks_for_less).as_deref(),
            Some(
                "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9; \
                 server_no_context_takeover; client_no_context_takeover"
            )
        );
        // The client cannot be limited.
        assert_eq!(answer_to(&options, "permessage-deflate"), None);
    }

    #[test]
    fn the_first_acceptable_offer_is_accepted() {
        let offers = "x-other; a=1, permessage-deflate; unknown, \
                      permessage-deflate; server_max_window_bits=10, permessage-deflate";
        assert_eq!(
            default_answer(offers).as_deref(),
            Some("permessage-deflate; server_max_window_bits=10")
        );
    }

    #[test]
    fn unknown_or_malformed_offers_are_declined() {
        for offer in [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate; unknown",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=010",
            "permessage-deflate; server_max_window_bits=+10",
            "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
            "permessage-deflate;",
            "permessage-deflate; =1",
            "permessage-deflate, ,",
            "permessage-deflate; server_max_window_bits=\"1,0\"",
            "permessage-deflate; server_max_window_bits=\"10",
        ] {
            assert_eq!(default_answer(offer), None, "{offer}");
        }
    }

    #[test]
    fn a_window_of_8_is_treated_as_9() {
        let offer = "permessage-deflate; server_max_window_bits=8";
        let (negotiated, answer) = negotiate_offer(&PerMessageDeflate::default(), offer).unwrap();
        assert_eq!(answer, offer);
        assert_eq!(negotiated.server_window_bits, 9);
    }
}
