//! The request that opened a session, and what it says about the client.

mod date;
mod describe;
mod parts;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::time::SystemTime;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri, header, uri};
use parking_lot::Mutex;

pub(crate) use self::parts::PartsCopy;

/// What a client sent when it opened its session: the request that all of its sockets stem from.
///
/// It is `socket.handshake` of Node. Handlers that want to read it in a typed way take axum's
/// extractors as arguments instead: `Query`, `HeaderMap`, `CookieJar`, `TypedHeader`. Node's
/// `handshake.auth` belongs to one socket and not to the connection:
/// [`Auth<T>`](crate::extract::Auth), [`Socket::auth`](crate::Socket::auth).
///
/// [`Client::drop_request`](crate::Client::drop_request) frees the most of it. What is left of it
/// then is told at each method.
///
/// # Examples
///
/// ```
/// use socketio::Handshake;
///
/// fn room(handshake: &Handshake) -> Option<String> {
///     let (_, room) = handshake.query_pairs().find(|(name, _)| name == "room")?;
///     Some(room.into_owned())
/// }
/// ```
pub struct Handshake {
    pub(crate) parts: Parts,
    issued: SystemTime,
    /// A copy of the parts that the next event can have, see `LazyParts`.
    pub(crate) spare: Mutex<Option<Box<PartsCopy<Self>>>>,
    /// What the parts said before they were dropped.
    kept: Option<Box<Kept>>,
}

/// What is kept of a request that was dropped.
struct Kept {
    address: Option<SocketAddr>,
    secure: bool,
    xdomain: bool,
}

impl Handshake {
    pub(crate) fn new(mut parts: Parts, issued: SystemTime) -> Self {
        parts::detach(&mut parts);
        Self {
            parts,
            issued,
            spare: Mutex::new(None),
            kept: None,
        }
    }

    /// The same handshake without the request: an empty one stands in its place.
    pub(crate) fn without_request(&self) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        // In memory of its own: a path shares that of the whole URI.
        parts.uri = Uri::try_from(self.uri().path().to_owned()).unwrap_or_default();
        Self {
            parts,
            issued: self.issued,
            spare: Mutex::new(None),
            kept: Some(Box::new(Kept {
                address: self.address(),
                secure: self.secure(),
                xdomain: self.xdomain(),
            })),
        }
    }

    /// Whether [`Client::drop_request`](crate::Client::drop_request) has freed the request.
    pub fn is_dropped(&self) -> bool {
        self.kept.is_some()
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The path and query of the request; only the path if the request was dropped.
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// The path and query of the request as text: Node's `handshake.url`. Only the path if the
    /// request was dropped.
    pub fn url(&self) -> &str {
        let path_and_query = self.parts.uri.path_and_query();
        path_and_query.map_or("/", |url| url.as_str())
    }

    /// The headers of the request; none if it was dropped.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// What the layers in front have added to the request; nothing if it was dropped.
    pub fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    /// The query of the request as it was sent, without `?`.
    ///
    /// It includes what Engine.IO needs for itself: `EIO`, `transport`, `t`. There is none if the
    /// request was dropped.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// The names and values of the query, decoded. For typed access, axum has
    /// `Query::try_from_uri(handshake.uri())`.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().unwrap_or_default().as_bytes())
    }

    /// The value of a name in the query, decoded; the last one if there are several, as in Node's
    /// `handshake.query`.
    pub fn query_value(&self, name: &str) -> Option<Cow<'_, str>> {
        let pairs = self.query_pairs().filter(|(found, _)| found == name);
        pairs.last().map(|(_, value)| value)
    }

    /// The address of the peer, if the server that accepted the connection has told.
    ///
    /// Behind a proxy it is the proxy's. It is taken from axum's `ConnectInfo<SocketAddr>` (with
    /// the feature `axum`, where the application is served by
    /// `into_make_service_with_connect_info`), else from a plain [`SocketAddr`] in the extensions.
    /// It stays if the request is dropped.
    pub fn address(&self) -> Option<SocketAddr> {
        if let Some(kept) = &self.kept {
            return kept.address;
        }
        #[cfg(feature = "axum")]
        if let Some(info) = self
            .extensions()
            .get::<axum::extract::ConnectInfo<SocketAddr>>()
        {
            return Some(info.0);
        }
        self.extensions().get::<SocketAddr>().copied()
    }

    /// When the session was opened. It stays if the request is dropped.
    pub fn issued(&self) -> SystemTime {
        self.issued
    }

    /// When the session was opened, as Node's `handshake.time` writes it, in UTC:
    /// `Sun Nov 22 2026 02:58:24 GMT+0000 (Coordinated Universal Time)`.
    pub fn time(&self) -> String {
        date::to_js_string(self.issued)
    }

    /// Whether the request came from a page, perhaps of another site: it has an `Origin`. It stays
    /// if the request is dropped.
    pub fn xdomain(&self) -> bool {
        match &self.kept {
            Some(kept) => kept.xdomain,
            None => self.headers().contains_key(header::ORIGIN),
        }
    }

    /// Whether the request names `https` as its scheme.
    ///
    /// HTTP/1.1 requests do not name one, so it is `false` for most that came over TLS; headers
    /// that a proxy may have set are not believed. It stays if the request is dropped.
    pub fn secure(&self) -> bool {
        match &self.kept {
            Some(kept) => kept.secure,
            None => self.parts.uri.scheme() == Some(&uri::Scheme::HTTPS),
        }
    }
}

/// Headers and query often hold secrets and are left out.
impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("method", self.method())
            .field("path", &self.uri().path())
            .field("issued", &self.issued)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(request: http::request::Builder) -> Handshake {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Handshake::new(parts, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn it_tells_what_the_client_sent() {
        let handshake = handshake(
            Request::get("/socket.io/?EIO=4&room=a%20b")
                .header("origin", "http://a.example")
                .extension(SocketAddr::from(([127, 0, 0, 1], 9))),
        );
        assert_eq!(handshake.method(), Method::GET);
        assert_eq!(handshake.uri().path(), "/socket.io/");
        assert_eq!(handshake.headers()["origin"], "http://a.example");
        assert_eq!(handshake.query(), Some("EIO=4&room=a%20b"));
        let pairs: Vec<_> = handshake.query_pairs().collect();
        assert_eq!(
            pairs,
            [("EIO".into(), "4".into()), ("room".into(), "a b".into())]
        );
        assert_eq!(
            handshake.address(),
            Some(SocketAddr::from(([127, 0, 0, 1], 9)))
        );
        assert_eq!(handshake.query_value("room").as_deref(), Some("a b"));
        assert_eq!(handshake.query_value("table"), None);
        assert_eq!(handshake.url(), "/socket.io/?EIO=4&room=a%20b");
        assert_eq!(handshake.issued(), SystemTime::UNIX_EPOCH);
        assert!(handshake.xdomain());
        assert!(!handshake.secure());
    }

    #[test]
    fn a_bare_request_has_little_to_tell() {
        let handshake = handshake(Request::get("/socket.io/"));
        assert_eq!(handshake.query(), None);
        assert_eq!(handshake.query_pairs().count(), 0);
        assert_eq!(handshake.address(), None);
        assert!(!handshake.xdomain());
    }

    #[cfg(feature = "axum")]
    #[test]
    fn the_address_is_axums_if_it_is_there() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let request = Request::get("/").extension(axum::extract::ConnectInfo(address));
        assert_eq!(handshake(request).address(), Some(address));
    }

    #[test]
    fn only_a_named_scheme_is_secure() {
        assert!(handshake(Request::get("https://a.example/socket.io/")).secure());
        let proxied = Request::get("/socket.io/").header("x-forwarded-proto", "https");
        assert!(!handshake(proxied).secure());
    }

    #[test]
    fn of_a_dropped_request_the_small_things_stay() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let full = handshake(
            Request::get("https://a.example/socket.io/?token=s3cret")
                .header("origin", "http://a.example")
                .extension(address),
        );
        let slim = full.without_request();
        assert!(!full.is_dropped());
        assert!(slim.is_dropped());
        assert_eq!(slim.url(), "/socket.io/");
        assert_eq!(slim.query(), None);
        assert!(slim.headers().is_empty());
        assert!(slim.extensions().is_empty());
        assert_eq!(slim.address(), Some(address));
        assert_eq!(slim.issued(), full.issued());
        assert!(slim.xdomain());
        assert!(slim.secure());
        // And so they do the second time.
        assert_eq!(slim.without_request().address(), Some(address));
    }

    #[test]
    fn debug_tells_no_secret() {
        let handshake = handshake(
            Request::get("/socket.io/?token=s3cret").header("authorization", "Bearer s3cret"),
        );
        assert!(!format!("{handshake:?}").contains("s3cret"));
    }
}
