use http::{HeaderMap, HeaderValue, header};

/// What browsers say of where a request comes from, which no page can change.
const SEC_FETCH_SITE: &str = "sec-fetch-site";

/// Which origins may open and use sessions.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Origins {
    /// Every origin.
    #[default]
    Any,
    /// The listed ones, compared byte for byte, such as `https://example.com`.
    ///
    /// Requests without an `Origin` header are those of programs, which are served, and those that
    /// a `<script>` makes, with the cookies of whoever sees the page, to poll by JSONP. Of the latter
    /// only those are served whose browser says with `Sec-Fetch-Site` that they come from a page of
    /// the same origin, or from none: JSONP is refused to pages of other origins, also of listed ones,
    /// to browsers that do not know that header, and without TLS, where they do not send it.
    List(Vec<HeaderValue>),
}

impl Origins {
    /// An allow-list.
    ///
    /// Each entry is a scheme, a host, and a port if it is not that of the scheme; or `null`, which
    /// pages without an origin send, and anybody can. It is brought into the form that browsers send:
    /// scheme and host in small letters, without a slash at the end, and without `:80` for `http` and
    /// `:443` for `https`.
    ///
    /// # Panics
    ///
    /// If an entry could never be the origin of a page: one without a scheme or a host, with a path
    /// or a wildcard, or with characters that a header cannot carry (write a host with letters beyond
    /// ASCII as `xn--…`).
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
    pub fn list<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        let parse = |origin: &str| match serialized(origin) {
            Some(origin) => origin,
            None => panic!(
                "{origin:?} is no origin: write scheme, host and port as in \
                 `https://example.com` or `http://localhost:3000`"
            ),
        };
        Self::List(origins.into_iter().map(parse).collect())
    }

    /// Whether pages of every origin are served.
    pub(crate) fn are_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    /// Whether a page of this origin is served.
    pub(crate) fn allows(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::List(list) => list.contains(origin),
        }
    }

    /// Whether a request by which a script or a form polls is served, which a page of another origin
    /// can make without saying so.
    pub(crate) fn allows_element(&self, headers: &HeaderMap) -> bool {
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

/// An origin as browsers send it.
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
    fn an_origin_is_in_the_list_or_refused() {
        let origins = Origins::list(["https://example.com"]);
        assert!(origins.allows(&HeaderValue::from_static("https://example.com")));
        assert!(!origins.allows(&HeaderValue::from_static("https://evil.example")));
        assert!(!origins.allows(&HeaderValue::from_static("null")));
        assert!(Origins::Any.allows(&HeaderValue::from_static("https://evil.example")));
    }

    #[test]
    fn entries_are_brought_into_the_form_of_browsers() {
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
    fn what_no_page_can_have_as_its_origin_is_a_mistake() {
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
    fn polling_by_a_script_is_for_pages_of_the_same_origin() {
        let origins = Origins::list(["https://example.com"]);
        let allows = |origins: &Origins, sent: &[(&'static str, &str)]| {
            let headers = sent
                .iter()
                .map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap()))
                .collect();
            origins.allows_element(&headers)
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
