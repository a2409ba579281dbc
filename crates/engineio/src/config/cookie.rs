//! The cookie that names a session to load balancers.

use std::time::Duration;

use cookie::{Cookie, SameSite, time};
use engineio_proto::SessionId;
use http::HeaderValue;

/// A cookie with the id of the session, for load balancers that keep clients at their server by
/// it: Node's option `cookie`.
///
/// Sent with the answer that opens a session. The server itself never reads it. It is named `io`,
/// holds for the path `/`, is hidden from scripts (`HttpOnly`), is not sent with requests from
/// other sites (`SameSite=Lax`) and goes when the browser is closed, by default.
///
/// # Examples
///
/// ```
/// use engineio::{Config, SessionCookie};
///
/// let config = Config::default().cookie(SessionCookie::default().name("lb").secure(true));
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct SessionCookie {
    name: String,
    path: Option<String>,
    domain: Option<String>,
    http_only: bool,
    secure: bool,
    same_site: Option<CookieSameSite>,
    max_age: Option<Duration>,
}

/// Which requests from other sites carry the cookie: its attribute `SameSite`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CookieSameSite {
    /// None of them.
    Strict,
    /// Those that lead to a page of this site.
    Lax,
    /// All of them. Browsers ask that the cookie be [`secure`](SessionCookie::secure), so it is.
    None,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: "io".to_owned(),
            path: Some("/".to_owned()),
            domain: None,
            http_only: true,
            secure: false,
            same_site: Some(CookieSameSite::Lax),
            max_age: None,
        }
    }
}

impl SessionCookie {
    /// The name of the cookie: `io` by default.
    ///
    /// # Panics
    ///
    /// If the name is empty or holds what the name of a cookie cannot: spaces, separators,
    /// characters outside of ASCII.
    pub fn name(mut self, name: &str) -> Self {
        assert!(
            !name.is_empty() && name.bytes().all(is_token),
            "{name:?} cannot be the name of a cookie: use letters, digits, `-` and `_`"
        );
        self.name = name.to_owned();
        self
    }

    /// The path for which the cookie holds: `/` by default, `None` for the path of the request.
    ///
    /// # Panics
    ///
    /// If the path holds what the attribute of a cookie cannot: `;`, control characters,
    /// characters outside of ASCII.
    pub fn path<'a>(mut self, path: impl Into<Option<&'a str>>) -> Self {
        self.path = path.into().map(attribute);
        self
    }

    /// The domain for which the cookie holds: none by default, so that it is only sent to this
    /// host.
    ///
    /// # Panics
    ///
    /// If the domain holds what the attribute of a cookie cannot, as for [`path`](Self::path).
    pub fn domain<'a>(mut self, domain: impl Into<Option<&'a str>>) -> Self {
        self.domain = domain.into().map(attribute);
        self
    }

    /// Whether scripts of the page are kept from reading the cookie: `true` by default.
    ///
    /// The id is a secret; leave it so.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Whether the cookie is sent over HTTPS only: `false` by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Which requests from other sites carry the cookie: `Lax` by default, `None` (the option) for
    /// what the browser does without the attribute.
    pub fn same_site(mut self, same_site: impl Into<Option<CookieSameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// How long the browser keeps the cookie, in whole seconds: until it is closed by default.
    pub fn max_age(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// The header that gives the client the cookie of its session.
    pub(crate) fn header(&self, id: &SessionId) -> HeaderValue {
        let mut cookie = Cookie::build((self.name.as_str(), id.as_str())).http_only(self.http_only);
        if let Some(path) = &self.path {
            cookie = cookie.path(path);
        }
        if let Some(domain) = &self.domain {
            cookie = cookie.domain(domain);
        }
        if self.secure {
            cookie = cookie.secure(true);
        }
        if let Some(same_site) = self.same_site {
            cookie = cookie.same_site(match same_site {
                CookieSameSite::Strict => SameSite::Strict,
                CookieSameSite::Lax => SameSite::Lax,
                CookieSameSite::None => SameSite::None,
            });
        }
        if let Some(max_age) = self.max_age {
            let seconds = i64::try_from(max_age.as_secs()).unwrap_or(i64::MAX);
            cookie = cookie.max_age(time::Duration::seconds(seconds));
        }
        HeaderValue::from_str(&cookie.to_string())
            .expect("the parts of a cookie are checked when they are set, ids when they are made")
    }
}

/// Whether a byte may be in a token of RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn attribute(value: &str) -> String {
    assert!(
        value
            .bytes()
            .all(|b| (b' '..=b'~').contains(&b) && b != b';'),
        "{value:?} cannot be the attribute of a cookie: leave out `;` and what is not ASCII"
    );
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(cookie: &SessionCookie) -> String {
        let header = cookie.header(&SessionId::from("abc"));
        header.to_str().unwrap().to_owned()
    }

    #[test]
    fn the_default_is_that_of_node() {
        let cookie = SessionCookie::default();
        assert_eq!(header(&cookie), "io=abc; HttpOnly; SameSite=Lax; Path=/");
    }

    #[test]
    fn every_attribute_can_be_set() {
        let cookie = SessionCookie::default()
            .name("lb")
            .path("/chat")
            .domain("example.com")
            .http_only(false)
            .secure(true)
            .same_site(CookieSameSite::Strict)
            .max_age(Duration::from_millis(90_500));
        let header = header(&cookie);
        let mut parts: Vec<_> = header.split("; ").collect();
        assert_eq!(parts.remove(0), "lb=abc");
        parts.sort_unstable();
        let expected = [
            "Domain=example.com",
            "Max-Age=90",
            "Path=/chat",
            "SameSite=Strict",
            "Secure",
        ];
        assert_eq!(parts, expected);
    }

    #[test]
    fn every_attribute_can_be_left_out() {
        let cookie = SessionCookie::default()
            .path(None)
            .http_only(false)
            .same_site(None);
        assert_eq!(header(&cookie), "io=abc");
    }

    #[test]
    fn the_longest_age_is_no_trouble() {
        let cookie = SessionCookie::default().max_age(Duration::MAX);
        assert!(header(&cookie).contains("Max-Age="));
    }

    #[test]
    #[should_panic(expected = "cannot be the name of a cookie")]
    fn a_name_is_a_token() {
        let _ = SessionCookie::default().name("a b");
    }

    #[test]
    #[should_panic(expected = "cannot be the attribute of a cookie")]
    fn an_attribute_ends_nothing() {
        let _ = SessionCookie::default().path("/; Secure");
    }
}
