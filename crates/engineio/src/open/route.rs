//! Routing: the kind of a request, the checks that refuse it, and the response to a refused request.

use engineio_proto::{ConnectionError, Protocol, Transport};
use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Version, header};

use super::upgrade_headers::{MissingPart, has_token};
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::http::connection_failure::{ConnectionFailure, FailureContext, Refusal};
use crate::http::query::{Query, QueryText};
use crate::http::response::{self, BadUpgrade, EngineResponse};
use crate::log::Escaped;
use crate::transport::jsonp::Jsonp;
use crate::transport::webtransport;

/// The kind of a request below the engine's path, with the session it refers to.
#[derive(Debug)]
pub(crate) enum Route<S> {
    /// A new session. Its protocol revision has to be checked later, with [`protocol`].
    Open(Transport),
    /// A GET of a polling session, which carries packets to the client.
    Poll(S, Option<Jsonp>),
    /// A POST of a polling session, which carries packets to the server. With JSONP they are in a
    /// form.
    Post(S, Option<Jsonp>),
    /// A WebSocket for a polling session.
    Upgrade(S),
    /// A method that no transport uses.
    UnknownMethod,
}

/// The session of a request, with a snapshot of its state.
#[derive(Debug)]
pub(crate) struct FoundSession<S> {
    pub(crate) session: S,
    pub(crate) transport: Transport,
    pub(crate) protocol: Protocol,
}

/// Returns the protocol revision of a request for a new session.
pub(crate) fn protocol(parts: &Parts, config: &Config) -> Result<Protocol, Refusal> {
    let protocol = QueryText::of(parts).parse().protocol();
    match protocol {
        Protocol::V3 if !config.allow_eio3 => Err(Refusal::unsupported_protocol(protocol)),
        _ => Ok(protocol),
    }
}

/// Returns the kind of a request. Performs the checks of Node's server in the same order.
///
/// `find` looks up a session by its id.
pub(crate) fn route<S>(
    parts: &Parts,
    config: &Config,
    find: impl FnOnce(&str) -> Option<FoundSession<S>>,
) -> Result<Route<S>, Refusal> {
    let query = QueryText::of(parts);
    let query = query.parse();
    let upgrade = is_websocket_upgrade(parts);

    let transport = query
        .transport
        .and_then(Transport::parse)
        // WebTransport sessions are not opened by HTTP requests.
        .filter(|&transport| transport != Transport::WebTransport)
        .filter(|&transport| config.transports.contains(transport))
        .ok_or_else(|| Refusal::unknown_transport(query.transport))?;
    check_origin(parts, config)?;
    if transport == Transport::Polling {
        check_jsonp(&query, parts, config)?;
    }

    if let Some(sid) = query.sid {
        let FoundSession {
            session,
            transport: previous,
            protocol,
        } = find(sid).ok_or_else(|| Refusal::unknown_session(&sid.into()))?;
        if !upgrade && transport != previous {
            return Err(Refusal::bad_request(FailureContext::TransportMismatch {
                transport,
                previous,
            }));
        }
        if query.protocol() != protocol {
            return Err(Refusal::bad_request(FailureContext::ProtocolMismatch {
                protocol: query.protocol(),
                previous: protocol,
            }));
        }
        return match (upgrade, transport) {
            (true, Transport::WebSocket) if config.allow_upgrades => Ok(Route::Upgrade(session)),
            (false, Transport::Polling) => Ok(match parts.method {
                Method::GET => Route::Poll(session, query.jsonp.map(Jsonp::with_index)),
                Method::POST => Route::Post(session, query.jsonp.map(Jsonp::with_index)),
                _ => Route::UnknownMethod,
            }),
            // A plain request cannot be answered by a WebSocket session.
            _ => Err(Refusal::bad_request(FailureContext::TransportHandshake)),
        };
    }

    if parts.method != Method::GET && !upgrade {
        return Err(Refusal {
            error: ConnectionError::BadHandshakeMethod,
            context: FailureContext::BadHandshakeMethod {
                method: parts.method.clone(),
            },
        });
    }
    if upgrade != (transport == Transport::WebSocket) {
        return Err(Refusal::bad_request(FailureContext::TransportHandshake));
    }
    Ok(Route::Open(transport))
}

/// Performs the checks of a WebTransport session that need no packet, as far as `parts` contains
/// the necessary headers.
pub(crate) fn webtransport(parts: &Parts, config: &Config) -> Result<(), Refusal> {
    if !config.transports.webtransport {
        let name = Transport::WebTransport.as_str();
        return Err(Refusal::unknown_transport(Some(name)));
    }
    check_origin(parts, config)?;
    let query = QueryText::of(parts);
    let query = query.parse();
    match query.protocol() {
        protocol if query.names_protocol() && protocol != webtransport::PROTOCOL => {
            Err(Refusal::unsupported_protocol(protocol))
        }
        _ => Ok(()),
    }
}

fn check_origin(parts: &Parts, config: &Config) -> Result<(), Refusal> {
    // If every origin is allowed, the header lookup is skipped.
    if config.origins.allow_all() {
        return Ok(());
    }
    match single(&parts.headers, &header::ORIGIN) {
        Ok(None) => Ok(()),
        Ok(Some(origin)) if config.origins.allows(origin, parts) => Ok(()),
        Ok(Some(origin)) | Err(origin) => Err(Refusal::origin_not_allowed(Some(origin))),
    }
}

/// Checks JSONP requests. They carry the cookies of a page's visitor but may lack the origin of the
/// page.
fn check_jsonp(query: &Query<'_>, parts: &Parts, config: &Config) -> Result<(), Refusal> {
    if query.jsonp.is_some() && !config.origins.allows_jsonp(parts) {
        return Err(Refusal::origin_not_allowed(
            parts.headers.get(header::ORIGIN),
        ));
    }
    Ok(())
}

/// Returns whether the request is a WebSocket upgrade, by HTTP/1.1 upgrade (RFC 6455) or extended
/// CONNECT (RFC 8441). An upgrade by HTTP/1.0 is ignored (RFC 9110, section 7.8).
pub(crate) fn is_websocket_upgrade(parts: &Parts) -> bool {
    if parts.version == Version::HTTP_2 {
        return is_extended_connect(parts);
    }
    if parts.version < Version::HTTP_11 {
        return false;
    }
    // Checked in this order because plain requests contain the second header as well.
    has_token(&parts.headers, header::UPGRADE, "websocket")
        && has_token(&parts.headers, header::CONNECTION, "upgrade")
}

#[cfg(feature = "http2")]
fn is_extended_connect(parts: &Parts) -> bool {
    parts.method == Method::CONNECT
        && parts
            .extensions
            .get::<hyper::ext::Protocol>()
            .is_some_and(|protocol| protocol.as_str() == "websocket")
}

#[cfg(not(feature = "http2"))]
fn is_extended_connect(parts: &Parts) -> bool {
    if parts.method == Method::CONNECT {
        crate::log_limited!(
            warn,
            None,
            "a WebSocket over HTTP/2 is refused: enable the feature `http2`",
        );
    }
    false
}

/// Checks the WebSocket headers of an upgrade request. Returns the key to answer, which only
/// HTTP/1.1 has.
pub(crate) fn websocket_key(parts: &Parts) -> Result<Option<&HeaderValue>, BadUpgrade> {
    let version = single(&parts.headers, &header::SEC_WEBSOCKET_VERSION);
    let version = version.map_err(|_| BadUpgrade::Version)?;
    if parts.version == Version::HTTP_2 {
        return match version {
            None => Ok(None),
            Some(version) if version == "13" => Ok(None),
            Some(_) => Err(BadUpgrade::Version),
        };
    }
    if parts.method != Method::GET {
        return Err(BadUpgrade::Malformed);
    }
    // 16 bytes in base64 are 22 characters and two of padding.
    let key = single(&parts.headers, &header::SEC_WEBSOCKET_KEY)
        .ok()
        .flatten()
        .filter(|key| key.len() == 24 && key.as_bytes().ends_with(b"=="))
        .ok_or(BadUpgrade::Malformed)?;
    match version {
        Some(version) if version == "13" => Ok(Some(key)),
        _ => Err(BadUpgrade::Version),
    }
}

/// Returns the value of a header that must not be repeated, or an error with the first value if it is.
///
/// Node joins the values of such headers, which makes them invalid.
fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, &'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(first), Some(_)) => Err(first),
        (value, _) => Ok(value),
    }
}

/// Returns the first subprotocol that the client offers.
pub(crate) fn first_subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    HeaderValue::from_str(offered.split(',').next()?.trim())
        .ok()
        .filter(|value| !value.is_empty())
}

/// Reports a refusal and returns the error response.
pub(super) fn refuse<A: Application>(
    engine: &Engine<A>,
    parts: &Parts,
    refusal: &Refusal,
) -> EngineResponse {
    let error = &refusal.error;
    report_refusal(engine, parts, refusal);
    if is_websocket_upgrade(parts) {
        return response::upgrade_error(error);
    }
    let mut response = response::error(error);
    if let Some(missing) = MissingPart::of(parts, &refusal.context) {
        missing.log();
        missing.add_hint(&mut response);
    }
    response
}

/// Logs a refusal and reports it to the application.
pub(super) fn report_refusal<A: Application>(engine: &Engine<A>, parts: &Parts, refusal: &Refusal) {
    let failure = ConnectionFailure {
        request: parts,
        refusal,
    };
    tracing::debug!(
        code = failure.code(),
        reason = failure.message(),
        context = %Escaped(refusal.context.redacted()),
        "request refused"
    );
    engine.registry.counters.refused(failure.code());
    engine.application.connection_error(&failure);
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(method: &str, query: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/engine.io/?{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    const UPGRADE: &[(&str, &str)] = &[
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
    ];

    fn found(transport: Transport) -> Option<FoundSession<()>> {
        Some(FoundSession {
            session: (),
            transport,
            protocol: Protocol::V4,
        })
    }

    fn check(parts: &Parts) -> Result<Route<()>, Refusal> {
        let route = route(parts, &Config::default(), |sid| match sid {
            "polls" => found(Transport::Polling),
            "socket" => found(Transport::WebSocket),
            _ => None,
        })?;
        if let Route::Open(_) = route {
            protocol(parts, &Config::default())?;
        }
        Ok(route)
    }

    fn refusal(method: &str, query: &str, headers: &[(&str, &str)]) -> Refusal {
        check(&parts(method, query, headers)).unwrap_err()
    }

    fn refused(method: &str, query: &str, headers: &[(&str, &str)]) -> u8 {
        refusal(method, query, headers).error.code()
    }

    #[test]
    fn invalid_requests_are_refused_with_the_codes_of_the_protocol() {
        assert_eq!(refused("GET", "EIO=4", &[]), 0);
        assert_eq!(refused("GET", "EIO=4&transport=abc", &[]), 0);
        assert_eq!(refused("GET", "EIO=4&transport=__proto__", &[]), 0);
        assert_eq!(
            refused("GET", "EIO=4&transport=polling&sid=unknown", &[]),
            1
        );
        assert_eq!(refused("POST", "EIO=4&transport=polling", &[]), 2);
        assert_eq!(refused("OPTIONS", "EIO=4&transport=polling", &[]), 2);
        assert_eq!(refused("GET", "EIO=4&transport=websocket", &[]), 3);
        assert_eq!(refused("GET", "EIO=4&transport=polling", UPGRADE), 3);
        assert_eq!(refused("GET", "EIO=3&transport=polling", &[]), 5);
        assert_eq!(refused("GET", "transport=polling", &[]), 5);
        assert_eq!(refused("GET", "EIO=3&transport=websocket", UPGRADE), 5);
        assert_eq!(
            refused("GET", "EIO=4&transport=websocket&sid=polls", &[]),
            3
        );
        assert_eq!(refused("GET", "EIO=4&transport=polling&sid=socket", &[]), 3);
        assert_eq!(
            refused("GET", "EIO=4&transport=websocket&sid=socket", &[]),
            3
        );
    }

    #[test]
    fn an_upgrade_with_another_protocol_version_is_refused() {
        assert_eq!(
            refused("GET", "EIO=3&transport=websocket&sid=polls", UPGRADE),
            3
        );
    }

    #[test]
    fn the_context_names_the_cause_of_a_refusal() {
        use FailureContext as Context;

        let context = |query, headers| refusal("GET", query, headers).context;
        assert!(matches!(
            context("EIO=4&transport=a%20b", &[]),
            Context::TransportUnknown { transport: Some(name) } if name == "a%20b"
        ));
        assert!(matches!(
            context("EIO=4", &[]),
            Context::TransportUnknown { transport: None }
        ));
        assert!(matches!(
            context("EIO=4&transport=polling&sid=unknown", &[]),
            Context::SessionIdUnknown { sid } if sid.as_str() == "unknown"
        ));
        assert!(matches!(
            refusal("PUT", "EIO=4&transport=polling", &[]).context,
            Context::BadHandshakeMethod { method } if method == Method::PUT
        ));
        // With two errors, that of the transport takes precedence, as in Node.
        assert!(matches!(
            context("EIO=3&transport=websocket&sid=polls", &[]),
            Context::TransportMismatch {
                transport: Transport::WebSocket,
                previous: Transport::Polling
            }
        ));
        assert!(matches!(
            context("EIO=3&transport=polling&sid=polls", &[]),
            Context::ProtocolMismatch {
                protocol: Protocol::V3,
                previous: Protocol::V4
            }
        ));
        assert!(matches!(
            context("EIO=4&transport=websocket", &[]),
            Context::TransportHandshake
        ));
        assert!(matches!(
            context("transport=polling", &[]),
            Context::UnsupportedProtocolVersion {
                protocol: Protocol::V3
            }
        ));
    }

    #[test]
    fn an_empty_session_id_is_none() {
        let parts = parts("GET", "EIO=4&transport=polling&sid=", &[]);
        assert!(matches!(check(&parts), Ok(Route::Open(Transport::Polling))));
    }

    #[test]
    fn a_request_is_routed_to_its_session() {
        let routed = |method, headers| {
            let transport = if headers == UPGRADE {
                "websocket"
            } else {
                "polling"
            };
            check(&parts(
                method,
                &format!("EIO=4&transport={transport}&sid=polls"),
                headers,
            ))
            .unwrap()
        };
        assert!(matches!(routed("GET", &[]), Route::Poll((), None)));
        assert!(matches!(routed("POST", &[]), Route::Post((), None)));
        assert!(matches!(routed("PUT", &[]), Route::UnknownMethod));
        assert!(matches!(routed("GET", UPGRADE), Route::Upgrade(())));
        let script = parts("GET", "EIO=4&transport=polling&sid=polls&j=7", &[]);
        let Ok(Route::Poll((), Some(jsonp))) = check(&script) else {
            panic!("a script polls");
        };
        assert_eq!(jsonp, Jsonp::with_index("7"));
    }

    #[test]
    fn an_origin_outside_the_list_is_refused_on_every_transport() {
        let config = Config::default().origins(crate::config::origins::Origins::list([
            "https://example.com",
        ]));
        let evil = ("origin", "https://evil.example");
        for query in [
            "EIO=4&transport=polling",
            "EIO=4&transport=polling&sid=polls",
            "EIO=4&transport=websocket",
            "EIO=4&transport=websocket&sid=polls",
        ] {
            for headers in [&[evil][..], &[evil, UPGRADE[0], UPGRADE[1]][..]] {
                let parts = parts("GET", query, headers);
                let find = |_: &str| found(Transport::Polling);
                let refusal = route(&parts, &config, find).unwrap_err();
                let reply = (refusal.error.code(), refusal.error.status());
                assert_eq!(reply, (4, 403), "{query}");
                assert_eq!(refusal.context.name(), Some("ORIGIN_NOT_ALLOWED"));
            }
        }
    }

    #[test]
    fn a_repeated_origin_is_refused() {
        let config = Config::default().origins(crate::config::origins::Origins::list([
            "https://example.com",
        ]));
        let good = ("origin", "https://example.com");
        let evil = ("origin", "https://evil.example");
        for headers in [[good, evil], [evil, good], [good, good]] {
            let parts = parts("GET", "EIO=4&transport=polling", &headers);
            let refusal = route(&parts, &config, |_| None::<FoundSession<()>>).unwrap_err();
            assert_eq!(refusal.context.name(), Some("ORIGIN_NOT_ALLOWED"));
        }
    }

    #[test]
    fn a_repeated_transport_or_session_is_unknown() {
        let code = |query: &str| {
            let parts = parts("GET", query, &[]);
            let find = |sid: &str| {
                (sid == "polls")
                    .then(|| found(Transport::Polling))
                    .flatten()
            };
            route(&parts, &Config::default(), find)
                .map(|_| ())
                .map_err(|refusal| refusal.error.code())
        };
        assert_eq!(code("EIO=4&transport=polling&sid=polls"), Ok(()));
        assert_eq!(code("EIO=4&transport=polling&transport=polling"), Err(0));
        assert_eq!(code("EIO=4&transport=polling&sid=polls&sid=polls"), Err(1));
        assert_eq!(code("EIO=%34&transport=p%6flling&%73id=polls"), Ok(()));
    }

    #[test]
    fn a_repeated_key_or_version_of_a_websocket_is_refused() {
        let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        let version = ("sec-websocket-version", "13");
        let accepts = |headers: &[(&str, &str)]| websocket_key(&parts("GET", "", headers)).is_ok();
        assert!(accepts(&[key, version]));
        assert!(!accepts(&[key, key, version]));
        assert!(!accepts(&[key, version, version]));
    }

    #[test]
    fn a_jsonp_poll_must_prove_the_same_origin() {
        let config = Config::default().origins(crate::config::origins::Origins::list([
            "https://example.com",
        ]));
        let polls = |query, headers: &[(&str, &str)]| {
            let find = |_: &str| found(Transport::Polling);
            route(&parts("GET", query, headers), &config, find).map(|_| ())
        };
        let scripts = [
            "EIO=4&transport=polling&j=0",
            "j=&EIO=4&transport=polling&sid=polls",
        ];
        for query in scripts {
            let refusal = polls(query, &[]).unwrap_err();
            assert_eq!(refusal.error.code(), 4);
            assert!(matches!(
                refusal.context,
                FailureContext::OriginNotAllowed { origin: None }
            ));
            assert!(polls(query, &[("sec-fetch-site", "cross-site")]).is_err());
            assert!(polls(query, &[("sec-fetch-site", "same-origin")]).is_ok());
            assert!(polls(query, &[("origin", "https://example.com")]).is_ok());
        }
        assert!(polls("EIO=4&transport=polling", &[]).is_ok());
        assert!(polls("EIO=4&transport=websocket&sid=polls&j=0", UPGRADE).is_ok());
    }

    #[test]
    fn a_websocket_key_is_sixteen_bytes() {
        let with = |key: &str, version: &str| {
            let headers = [
                ("sec-websocket-key", key),
                ("sec-websocket-version", version),
            ];
            websocket_key(&parts("GET", "", &headers)).map(|key| key.is_some())
        };
        assert_eq!(with("dGhlIHNhbXBsZSBub25jZQ==", "13"), Ok(true));
        assert_eq!(
            with("dGhlIHNhbXBsZSBub25jZQ==", "12"),
            Err(BadUpgrade::Version)
        );
        assert_eq!(with("short==", "13"), Err(BadUpgrade::Malformed));
    }

    #[test]
    fn the_first_subprotocol_is_accepted() {
        let parts = parts("GET", "", &[("sec-websocket-protocol", "proto1, proto2")]);
        assert_eq!(first_subprotocol(&parts.headers).unwrap(), "proto1");
    }
}
