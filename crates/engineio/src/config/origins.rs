//! The origins of pages that are served.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::log::{Escaped, panic_message};

/// The header in which browsers state the relation of a request to its page. Pages cannot change
/// it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The maximum length of a label of a domain name, in bytes.
const MAX_LABEL_LEN: usize = 63;

/// The origins that may open and use sessions: all by default.
///
/// Requests without an `Origin` header come from programs, or from a `<script>` element that polls
/// with JSONP and carries the cookies of the page's visitor. Programs are served. With a list or a
/// predicate, JSONP requests are served only if the browser confirms with `Sec-Fetch-Site` that the
/// page has the same origin, or none. JSONP is therefore refused to pages of other origins, allowed
/// or not. It is also refused to browsers that do not support the header, and without TLS, where
/// browsers do not send it.
#[derive(Clone, Default)]
pub struct Origins(Allowed);

#[derive(Clone, Default)]
enum Allowed {
    #[default]
    Any,
    List(Arc<[ListedOrigin]>),
    Predicate(Arc<OriginPredicate>),
}

type OriginPredicate = dyn Fn(&HeaderValue, &Parts) -> bool + Send + Sync;

impl Origins {
    /// Allows every origin.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// Creates an allowlist from entries in the source code.
    ///
    /// An entry consists of a scheme, a host, and a port if it is not the default port of the
    /// scheme. Entries are normalized to the form that browsers send: lowercase scheme and host, no
    /// trailing slash, no `:80` for `http` and no `:443` for `https`. The header of a request is
    /// compared byte for byte.
    ///
    /// - `*` as the first label of the host stands for exactly one label: `https://*.example.com`
    ///   allows `https://a.example.com`, but neither `https://example.com` nor
    ///   `https://a.b.example.com`. Scheme and port must match as for other entries. An entry
    ///   without a port allows the default port only. Public suffixes are not checked: do not list
    ///   `https://*.co.uk` or `https://*.github.io`, below which anyone can have a page.
    /// - `null` stands for pages without an origin, but any client can send it.
    ///
    /// # Panics
    ///
    /// Panics in the cases in which [`try_list`](Self::try_list) returns an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use engineio::{Config, Origins};
    ///
    /// let origins = Origins::list([
    ///     "https://example.com",
    ///     "https://*.example.com",
    ///     "http://localhost:3000",
    /// ]);
    /// let config = Config::default().origins(origins);
    /// # let _ = config;
    /// ```
    #[must_use]
    #[track_caller]
    pub fn list<I>(origins: I) -> Self
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        match Self::try_list(origins) {
            Ok(origins) => origins,
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates an allowlist from entries of a configuration. The entries are those of
    /// [`list`](Self::list).
    ///
    /// # Errors
    ///
    /// - No page can have the entry as its origin: it lacks a scheme or a host, or has a path, an
    ///   invalid port, or characters that are invalid in a header. Write a host with non-ASCII
    ///   letters as `xn--…`.
    /// - `*` is not the whole first label of a domain, or stands for all sites of a top-level domain
    ///   other than `localhost`.
    ///
    /// # Examples
    ///
    /// ```
    /// use engineio::{InvalidOrigin, Origins};
    ///
    /// fn from_variable(variable: &str) -> Result<Origins, InvalidOrigin> {
    ///     Origins::try_list(variable.split_whitespace())
    /// }
    ///
    /// assert!(from_variable("https://example.com https://*.example.com").is_ok());
    /// let error = from_variable("https://example.com example.org").unwrap_err();
    /// assert_eq!(error.entry(), "example.org");
    /// ```
    pub fn try_list<I>(origins: I) -> Result<Self, InvalidOrigin>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let parse = |entry: I::Item| {
            let entry = entry.as_ref();
            ListedOrigin::parse(entry).map_err(|reason| InvalidOrigin {
                entry: entry.to_owned(),
                reason,
            })
        };
        let list: Result<_, _> = origins.into_iter().map(parse).collect();
        Ok(Self(Allowed::List(list?)))
    }

    /// Allows the origins for which `predicate` returns `true`. It receives the `Origin` header and
    /// the head of the request.
    ///
    /// It is called for every request with the header, on every transport, so it must be fast. If
    /// it panics, the request is refused. Compare whole origins: a comparison with `ends_with` or
    /// `contains` allows pages of other sites.
    ///
    /// # Examples
    ///
    /// ```
    /// use engineio::Origins;
    ///
    /// // Pages of the host that the request is sent to.
    /// let origins = Origins::predicate(|origin, request| {
    ///     let host = request.headers.get("host").and_then(|host| host.to_str().ok());
    ///     host.is_some_and(|host| origin == format!("https://{host}").as_str())
    /// });
    /// # let _ = origins;
    /// ```
    #[must_use]
    pub fn predicate(
        predicate: impl Fn(&HeaderValue, &Parts) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self(Allowed::Predicate(Arc::new(predicate)))
    }

    /// Returns whether pages of every origin are served.
    pub(crate) fn allow_all(&self) -> bool {
        matches!(self.0, Allowed::Any)
    }

    /// Returns whether a page of this origin is served. `request` is passed to a predicate.
    ///
    /// Use it for the CORS headers, so that they agree with the server: with
    /// [`tower-http`](https://docs.rs/tower-http),
    /// `AllowOrigin::predicate(move |origin, request| origins.allows(origin, request))`.
    #[must_use]
    pub fn allows(&self, origin: &HeaderValue, request: &Parts) -> bool {
        match &self.0 {
            Allowed::Any => true,
            Allowed::List(list) => list.iter().any(|listed| listed.matches(origin.as_bytes())),
            Allowed::Predicate(predicate) => {
                let call = AssertUnwindSafe(|| predicate(origin, request));
                catch_unwind(call).unwrap_or_else(|payload| {
                    crate::log_limited!(
                        error,
                        None,
                        "a request was refused because the predicate of `Origins` panicked; set \
                         RUST_BACKTRACE=1 to see where",
                        panic = ?Escaped(panic_message(&*payload)),
                    );
                    false
                })
            }
        }
    }

    /// Returns whether a JSONP request is served. Pages of other origins can send one without an
    /// `Origin` header.
    pub(crate) fn allows_jsonp(&self, request: &Parts) -> bool {
        if self.allow_all() {
            return true;
        }
        let headers: &HeaderMap = &request.headers;
        match headers.get(header::ORIGIN) {
            Some(origin) => self.allows(origin, request),
            None => headers
                .get(SEC_FETCH_SITE)
                .is_some_and(|site| site == "same-origin" || site == "none"),
        }
    }
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Allowed::Any => f.write_str("Any"),
            Allowed::List(list) => f.debug_tuple("List").field(list).finish(),
            Allowed::Predicate(_) => f.debug_tuple("Predicate").finish_non_exhaustive(),
        }
    }
}

/// The error of an entry that cannot be in a list of [`Origins`]. Its text names the entry and the
/// remedy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidOrigin {
    entry: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reason {
    Malformed,
    Wildcard,
    TopLevelDomain,
}

impl InvalidOrigin {
    /// Returns the entry.
    #[must_use]
    pub fn entry(&self) -> &str {
        &self.entry
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remedy = match self.reason {
            Reason::Malformed => {
                "is not an origin: write scheme, host and port as in `https://example.com` or \
                 `http://localhost:3000`"
            }
            Reason::Wildcard => {
                "has a wildcard in the wrong place: write it as the first label of a domain as in \
                 `https://*.example.com`, or use `Origins::predicate`"
            }
            Reason::TopLevelDomain => {
                "would allow all sites of a top-level domain: write the domain as in \
                 `https://*.example.com`, or use `Origins::predicate`"
            }
        };
        write!(f, "{:?} {remedy}", self.entry)
    }
}

impl Error for InvalidOrigin {}

/// An entry of a list, in the form that browsers send.
#[derive(Clone, Debug)]
enum ListedOrigin {
    Exact(Box<str>),
    /// Any label between two parts, such as `https://` and `.example.com`.
    AnyLabel {
        scheme: Box<str>,
        parent: Box<str>,
    },
}

impl ListedOrigin {
    fn parse(entry: &str) -> Result<Self, Reason> {
        if entry == "null" {
            return Ok(Self::Exact("null".into()));
        }
        let entry = entry.to_ascii_lowercase();
        let (scheme, authority) = entry.split_once("://").ok_or(Reason::Malformed)?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split_port(authority).ok_or(Reason::Malformed)?;
        let port = match (scheme, port) {
            ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
            (_, Some(port)) => format!(":{port}"),
        };
        let (is_wildcard, host) = match host.strip_prefix("*.") {
            Some(parent) => (true, parent),
            None => (false, host),
        };
        if is_scheme && host.contains('*') {
            return Err(Reason::Wildcard);
        }
        // Some web views send `file://`.
        let is_empty_host = host.is_empty() && port.is_empty() && scheme == "file";
        if !is_scheme || !(is_host(host) || (is_empty_host && !is_wildcard)) {
            return Err(Reason::Malformed);
        }
        if !is_wildcard {
            return Ok(Self::Exact(format!("{scheme}://{host}{port}").into()));
        }
        let mut labels = host.split('.');
        let is_domain = labels.clone().all(|label| is_label(label.as_bytes()))
            // The last label of an IPv4 address is a number.
            && !labels.clone().next_back().is_some_and(is_number);
        if !is_domain {
            return Err(Reason::Wildcard);
        }
        if labels.nth(1).is_none() && host != "localhost" {
            return Err(Reason::TopLevelDomain);
        }
        Ok(Self::AnyLabel {
            scheme: format!("{scheme}://").into(),
            parent: format!(".{host}{port}").into(),
        })
    }

    fn matches(&self, origin: &[u8]) -> bool {
        match self {
            Self::Exact(listed) => origin == listed.as_bytes(),
            Self::AnyLabel { scheme, parent } => origin
                .strip_prefix(scheme.as_bytes())
                .and_then(|host| host.strip_suffix(parent.as_bytes()))
                .is_some_and(is_label),
        }
    }
}

/// Splits an authority into host and port. Returns `None` if the port is invalid.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        // A colon of an IPv6 address.
        Some((_, rest)) if rest.ends_with(']') => (authority, None),
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    match port {
        None => Some((host, None)),
        // `parse` also accepts a sign.
        Some(port) if is_number(port) => Some((host, Some(port.parse().ok()?))),
        Some(_) => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(host: &str) -> bool {
    let (name, extra): (_, &[u8]) = match host.strip_prefix('[') {
        Some(address) => match address.strip_suffix(']') {
            Some(address) => (address, b":"),
            None => return false,
        },
        None => (host, b""),
    };
    let is_valid = |byte: u8| {
        byte.is_ascii_graphic() && (extra.contains(&byte) || !b"/?#@*\\,:[]".contains(&byte))
    };
    !name.is_empty() && name.bytes().all(is_valid)
}

/// Returns whether this is one label of a domain name, as browsers send it.
fn is_label(label: &[u8]) -> bool {
    let is_valid = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    (1..=MAX_LABEL_LEN).contains(&label.len()) && label.iter().all(is_valid)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn request(headers: HeaderMap) -> Parts {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.headers = headers;
        parts
    }

    fn allows(origins: &Origins, origin: &[u8]) -> bool {
        let origin = HeaderValue::from_bytes(origin).expect("a valid header");
        origins.allows(&origin, &request(HeaderMap::new()))
    }

    #[test]
    fn an_origin_outside_the_list_is_refused() {
        let origins = Origins::list(["https://example.com"]);
        assert!(allows(&origins, "https://example.com".as_bytes()));
        assert!(!allows(&origins, "https://evil.example".as_bytes()));
        assert!(!allows(&origins, "null".as_bytes()));
        assert!(allows(&Origins::any(), b"https://evil.example"));
        let owned = Origins::list(vec!["https://example.com".to_owned()]);
        assert!(allows(&owned, b"https://example.com"));
    }

    #[test]
    fn entries_are_normalized_to_the_form_of_browsers() {
        for (entry, sent) in [
            ("https://example.com/", "https://example.com"),
            ("HTTPS://Example.COM", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:80/", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
            ("file://", "file://"),
            ("null", "null"),
        ] {
            let origins = Origins::list([entry]);
            assert!(allows(&origins, sent.as_bytes()), "{entry}");
        }
    }

    #[test]
    fn an_impossible_origin_panics() {
        for entry in [
            "",
            "*",
            "example.com",
            "localhost:3000",
            "//example.com",
            "https://",
            "https:///",
            "https://:443",
            "https://:3000",
            "://example.com",
            "ht tp://example.com",
            "https://example.com/app",
            "https://example.com//",
            "https://example.com?query",
            "https://example.com#fragment",
            "https://user@example.com",
            "https://example.com, https://example.org",
            "https://exämple.com",
            "Null",
            "https://example.com:",
            "https://example.com:x",
            "https://example.com:65536",
            "https://example.com:+1",
            "https://a:b@example.com",
            "https://[::1",
            "https://*",
            "https://*.",
            "https://*:3000",
            "https://*.com",
            "https://*.*.example.com",
            "https://a.*.example.com",
            "https://a*.example.com",
            "https://*a.example.com",
            "https://*example.com",
            "https://example.*",
            "*://example.com",
            "https://example.com:*",
            "https://*.0.0.1",
            "https://*.[::1]",
            "https://*..example.com",
            "https://*.example.com.",
            "https://*.exämple.com",
            "https://*.example.com/app",
            "https://user@*.example.com",
        ] {
            let error = Origins::try_list(["https://example.com", entry]).expect_err(entry);
            assert_eq!(error.entry(), entry);
            let text = error.to_string();
            assert!(
                text.contains("write ") && text.contains("https://"),
                "{text}"
            );
            let listed = catch_unwind(|| Origins::list([entry]));
            assert!(listed.is_err(), "{entry}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let origins = Origins::list([
            "https://*.example.com",
            "HTTP://*.Example.org:8080/",
            "https://*.example.net:443",
            "http://*.localhost:3000",
        ]);
        for allowed in [
            "https://a.example.com",
            "https://xn--bcher-kva.example.com",
            "https://a-1_b.example.com",
            "http://a.example.org:8080",
            "https://a.example.net",
            "http://tenant.localhost:3000",
        ] {
            assert!(allows(&origins, allowed.as_bytes()), "{allowed}");
        }
        let long = format!("https://{}.example.com", "a".repeat(MAX_LABEL_LEN + 1));
        for refused in [
            "",
            "null",
            "https://",
            "https://*.example.com",
            "https://example.com",
            "https://.example.com",
            "https://a.b.example.com",
            "https://a..example.com",
            "https://A.example.com",
            "https://a.Example.com",
            "HTTPS://a.example.com",
            "https://a.example.com.",
            "https://a.example.com/",
            "https://a.example.com:443",
            "https://a.example.com:8443",
            "https://a.example.com:",
            "https://a:1.example.com",
            "http://a.example.com",
            "wss://a.example.com",
            "https://aexample.com",
            "https://evilexample.com",
            "https://a.example.com.evil.com",
            "https://evil.com/.example.com",
            "https://evil.com#.example.com",
            "https://evil.com?.example.com",
            "https://evil.com\\.example.com",
            "https://evil.com:80.example.com",
            "https://user@a.example.com",
            "https://user:secret@a.example.com",
            "https://a%2eb.example.com",
            "https://a b.example.com",
            " https://a.example.com",
            "https://a.example.com ",
            "https://a.example.com, https://evil.com",
            "https://a.example.com\thttps://evil.com",
            "https://bücher.example.com",
            "https://[::1].example.com",
            "http://a.example.org",
            "http://a.example.org:80",
            "https://a.example.org:8080",
            "http://a.example.org:80801",
            "http://localhost:3000",
            long.as_str(),
        ] {
            assert!(!allows(&origins, refused.as_bytes()), "{refused}");
        }
    }

    #[test]
    fn a_predicate_decides_by_origin_and_request() {
        let origins = Origins::predicate(|origin, request| {
            assert_ne!(origin, "https://panics.example");
            request.headers.get("x-site") == Some(origin)
        });
        let allows = |origin: &'static str| {
            let site = HeaderValue::from_static("https://example.com");
            let headers = HeaderMap::from_iter([("x-site".parse().unwrap(), site)]);
            origins.allows(&HeaderValue::from_static(origin), &request(headers))
        };
        assert!(allows("https://example.com"));
        assert!(!allows("https://evil.example"));
        assert!(!allows("https://panics.example"));
        assert!(!origins.allows_jsonp(&request(HeaderMap::new())));
    }

    #[test]
    fn a_jsonp_poll_is_served_to_pages_of_the_same_origin() {
        let origins = Origins::list(["https://example.com"]);
        let allows = |origins: &Origins, sent: &[(&'static str, &str)]| {
            let headers = sent
                .iter()
                .map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()))
                .collect();
            origins.allows_jsonp(&request(headers))
        };
        for (sent, allowed) in [
            (&[][..], false),
            (&[(SEC_FETCH_SITE, "same-origin")], true),
            (&[(SEC_FETCH_SITE, "none")], true),
            (&[(SEC_FETCH_SITE, "same-site")], false),
            (&[(SEC_FETCH_SITE, "cross-site")], false),
            (&[("origin", "https://example.com")], true),
            (&[("origin", "https://evil.example")], false),
            (
                &[("origin", "null"), (SEC_FETCH_SITE, "same-origin")],
                false,
            ),
        ] {
            assert_eq!(allows(&origins, sent), allowed, "{sent:?}");
            assert!(allows(&Origins::any(), sent));
        }
    }
}
