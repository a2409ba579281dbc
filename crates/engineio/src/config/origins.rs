//! The allowlist of origins.

use http::{HeaderMap, HeaderValue, header};

/// The header in which browsers state the relation of a request to its page. Pages cannot change
/// it.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// The origins that may open and use sessions.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Origins {
    /// Every origin.
    #[default]
    Any,
    /// The listed origins, compared byte for byte, such as `https://example.com`.
    ///
    /// Requests without an `Origin` header come from programs, or from a `<script>` element that
    /// polls with JSONP and carries the cookies of the page's visitor. Programs are served. JSONP
    /// requests are served only if the browser confirms with `Sec-Fetch-Site` that the page has the
    /// same origin, or none. JSONP is therefore refused to pages of other origins, listed or not.
    /// It is also refused to browsers that do not support the header, and without TLS, where
    /// browsers do not send it.
    List(Vec<HeaderValue>),
}

impl Origins {
    /// Creates an allowlist.
    ///
    /// An entry consists of a scheme, a host, and a port if it is not the default port of the
    /// scheme. The entry `null` stands for pages without an origin, but any client can send it.
    /// Entries are normalized to the form that browsers send: lowercase scheme and host, no
    /// trailing slash, no `:80` for `http` and no `:443` for `https`.
    ///
    /// # Panics
    ///
    /// Panics if no page can have the origin: without a scheme or a host, with a path or a
    /// wildcard, or with characters that are invalid in a header. Write a host with non-ASCII
    /// letters as `xn--…`.
    ///
    /// # Examples
    ///
    /// ```
    /// use engineio::{Config, Origins};
    ///
    /// let origins = Origins::list(["https://example.com", "http://localhost:3000"]);
    /// let config = Config::default().origins(origins);
    /// # let _ = config;
    /// ```
    #[must_use]
    pub fn list<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        let parse = |origin: &str| match serialized(origin) {
            Some(origin) => origin,
            None => panic!(
                "{origin:?} is not an origin: write scheme, host and port as in \
                 `https://example.com` or `http://localhost:3000`"
            ),
        };
        Self::List(origins.into_iter().map(parse).collect())
    }

    /// Returns whether pages of every origin are served.
    pub(crate) fn allow_all(&self) -> bool {
        matches!(self, Self::Any)
    }

    /// Returns whether a page of this origin is served.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.contains(origin),
        }
    }

    /// Returns whether a JSONP request is served. Pages of other origins can send one without an
    /// `Origin` header.
    pub(crate) fn allows_jsonp(&self, headers: &HeaderMap) -> bool {
        match self {
            Self::Any => true,
            Self::List(_) => match headers.get(header::ORIGIN) {
                Some(origin) => self.allows(origin),
                None => headers
                    .get(SEC_FETCH_SITE)
                    .is_some_and(|site| site == "same-origin" || site == "none"),
            },
        }
    }
}

/// Normalizes an origin to the form that browsers send.
fn serialized(origin: &str) -> Option<HeaderValue> {
    if origin == "null" {
        return Some(HeaderValue::from_static("null"));
    }
    let origin = origin.to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let host = match scheme {
        "http" => authority.strip_suffix(":80").unwrap_or(authority),
        "https" => authority.strip_suffix(":443").unwrap_or(authority),
        _ => authority,
    };
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"/?#@*\\,".contains(&byte));
    // Some web views send `file://`.
    let is_host = is_host && (!host.is_empty() || scheme == "file") && !host.starts_with(':');
    if !is_scheme || !is_host {
        return None;
    }
    HeaderValue::try_from(format!("{scheme}://{host}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_outside_the_list_is_refused() {
        let origins = Origins::list(["https://example.com"]);
        assert!(origins.allows(&HeaderValue::from_static("https://example.com")));
        assert!(!origins.allows(&HeaderValue::from_static("https://evil.example")));
        assert!(!origins.allows(&HeaderValue::from_static("null")));
        assert!(Origins::Any.allows(&HeaderValue::from_static("https://evil.example")));
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
            assert!(origins.allows(&HeaderValue::from_static(sent)), "{entry}");
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
            "https://*.example.com",
            "https://example.com, https://example.org",
            "https://exämple.com",
            "Null",
        ] {
            let listed = std::panic::catch_unwind(|| Origins::list([entry]));
            assert!(listed.is_err(), "{entry}");
        }
    }

    #[test]
    fn a_jsonp_poll_is_served_to_pages_of_the_same_origin() {
        let origins = Origins::list(["https://example.com"]);
        let allows = |origins: &Origins, sent: &[(&'static str, &str)]| {
            let headers = sent
                .iter()
                .map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()))
                .collect();
            origins.allows_jsonp(&headers)
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
            assert!(allows(&Origins::Any, sent));
        }
    }
}
