//! The request that opened a connection, and the information about the client that it carries.

mod date;
mod describe;
mod parts;

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Once;
use std::time::SystemTime;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri, header, uri};
use parking_lot::Mutex;

pub(crate) use self::parts::PartsCopy;

/// The request with which a client opened its connection (Node's `socket.handshake`).
///
/// All sockets of the client share it. Handlers can read the request in a typed way with axum's
/// extractors as arguments: `Query`, `HeaderMap`, `CookieJar`, `TypedHeader`. Node's
/// `handshake.auth` belongs to one socket and not to the connection; use
/// [`Auth<T>`](crate::extract::Auth) or [`Socket::auth`](crate::Socket::auth).
///
/// It serialises as Node's `socket.handshake`: an object with `headers`, `time`, `address`,
/// `xdomain`, `secure`, `issued`, `url`, `query` and `auth`. `auth` is empty, because it belongs to
/// one socket. The object contains the secrets of the request, such as cookies.
///
/// [`Client::drop_request`](crate::Client::drop_request) frees most of it. Each method documents
/// its result after that.
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
    /// A copy of the parts for the next event, see `LazyParts`.
    pub(crate) spare: Mutex<Option<Box<PartsCopy<Self>>>>,
    /// The values retained from a dropped request.
    retained: Option<Box<Retained>>,
}

/// The values retained from a dropped request.
struct Retained {
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
            retained: None,
        }
    }

    /// Returns a copy of the handshake without the request, in which only the path remains.
    pub(crate) fn without_request(&self) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        // Copied because the path shares the buffer of the whole URI.
        parts.uri = Uri::try_from(self.uri().path().to_owned()).unwrap_or_default();
        Self {
            parts,
            issued: self.issued,
            spare: Mutex::new(None),
            retained: Some(Box::new(Retained {
                address: self.address_if_known(),
                secure: self.secure(),
                xdomain: self.xdomain(),
            })),
        }
    }

    /// Returns whether [`Client::drop_request`](crate::Client::drop_request) has freed the request.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.retained.is_some()
    }

    /// Returns the HTTP method of the request; always GET after the request was dropped.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// Returns the path and query of the request, or only the path if the request was dropped.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.parts.uri
    }

    /// Returns the path and query of the request as text (Node's `handshake.url`), or only the path
    /// if the request was dropped.
    #[must_use]
    pub fn url(&self) -> &str {
        let path_and_query = self.parts.uri.path_and_query();
        path_and_query.map_or("/", |url| url.as_str())
    }

    /// Returns the headers of the request. The map is empty if the request was dropped.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// Returns the extensions of the request, which outer layers may have added. They are empty if
    /// the request was dropped.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        &self.parts.extensions
    }

    /// Returns the query of the request as it was sent, without `?`.
    ///
    /// It includes the parameters of Engine.IO: `EIO`, `transport`, `t`. It is `None` if the
    /// request has no query or was dropped.
    pub fn query(&self) -> Option<&str> {
        self.parts.uri.query()
    }

    /// Returns the decoded names and values of the query.
    ///
    /// For typed access, use axum's `Query::try_from_uri(handshake.uri())`.
    pub fn query_pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.query().unwrap_or_default().as_bytes())
    }

    /// Returns the decoded value of a query parameter (Node's `handshake.query`). If the name
    /// occurs several times, the last value is returned, as in Node.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<Cow<'_, str>> {
        let pairs = self.query_pairs().filter(|(found, _)| found == name);
        pairs.last().map(|(_, value)| value)
    }

    /// Returns the address of the peer, if the HTTP server provides it (Node's
    /// `handshake.address`).
    ///
    /// It is `None` unless the application is served with connect info:
    /// `axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())`. The first
    /// call without an address is logged as a warning, once in the process.
    ///
    /// Behind a proxy, this is the address of the proxy. With the feature `axum`, it comes from
    /// axum's `ConnectInfo<SocketAddr>`. Otherwise it comes from a [`SocketAddr`] in the extensions.
    /// It remains available after the request was dropped.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        let address = self.address_if_known();
        if address.is_none() {
            warn_no_address();
        }
        address
    }

    /// Returns the address of the peer and logs nothing.
    fn address_if_known(&self) -> Option<SocketAddr> {
        if let Some(retained) = &self.retained {
            return retained.address;
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

    /// Returns the time at which the connection was opened (Node's `handshake.issued`). It remains
    /// available after the request was dropped.
    #[must_use]
    pub fn issued(&self) -> SystemTime {
        self.issued
    }

    /// Returns the time at which the connection was opened as text, in the format of Node's
    /// `handshake.time` and in UTC: `Sun Nov 22 2026 02:58:24 GMT+0000 (Coordinated Universal
    /// Time)`.
    #[must_use]
    pub fn time(&self) -> String {
        date::to_js_string(self.issued)
    }

    /// Returns whether the request has an `Origin` header, that is, whether a browser sent it for a
    /// page that may be of another site. The value remains available after the request was dropped.
    #[must_use]
    pub fn xdomain(&self) -> bool {
        match &self.retained {
            Some(retained) => retained.xdomain,
            None => self.headers().contains_key(header::ORIGIN),
        }
    }

    /// Returns whether the request names `https` as its scheme.
    ///
    /// HTTP/1.1 requests name no scheme, so the result is `false` for most connections over TLS.
    /// Headers set by a proxy are not trusted. The value remains available after the request was
    /// dropped.
    #[must_use]
    pub fn secure(&self) -> bool {
        match &self.retained {
            Some(retained) => retained.secure,
            None => self.parts.uri.scheme() == Some(&uri::Scheme::HTTPS),
        }
    }
}

/// Logs that there is no address. The setup of the server is the same for all clients.
#[cold]
fn warn_no_address() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::warn!(
            "the address of a client is unknown: serve the application with \
             `into_make_service_with_connect_info::<SocketAddr>()`, or add a `SocketAddr` to the \
             extensions of each request"
        );
    });
}

/// Omits the headers and the query because they often hold secrets.
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
    fn a_handshake_exposes_the_request() {
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
    fn a_bare_request_has_no_query_and_no_address() {
        let handshake = handshake(Request::get("/socket.io/"));
        assert_eq!(handshake.query(), None);
        assert_eq!(handshake.query_pairs().count(), 0);
        assert_eq!(handshake.address(), None);
        assert!(!handshake.xdomain());
    }

    #[cfg(feature = "axum")]
    #[test]
    fn the_address_comes_from_axum_if_available() {
        let address = SocketAddr::from(([127, 0, 0, 1], 9));
        let request = Request::get("/").extension(axum::extract::ConnectInfo(address));
        assert_eq!(handshake(request).address(), Some(address));
    }

    #[test]
    fn only_an_https_scheme_is_secure() {
        assert!(handshake(Request::get("https://a.example/socket.io/")).secure());
        let proxied = Request::get("/socket.io/").header("x-forwarded-proto", "https");
        assert!(!handshake(proxied).secure());
    }

    #[test]
    fn a_dropped_request_leaves_path_address_and_time() {
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
        // Dropping the request twice retains them as well.
        assert_eq!(slim.without_request().address(), Some(address));
    }

    #[test]
    fn debug_output_contains_no_secret() {
        let handshake = handshake(
            Request::get("/socket.io/?token=s3cret").header("authorization", "Bearer s3cret"),
        );
        assert!(!format!("{handshake:?}").contains("s3cret"));
    }
}
