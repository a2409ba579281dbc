//! The cookie that identifies a session to load balancers.

use std::time::Duration;

use engineio_proto::SessionId;
use http::HeaderValue;

/// A cookie that contains the session id, for load balancers with sticky sessions: Node's option
/// `cookie`.
///
/// It is sent with the response that opens a session, and the server never reads it. By default it
/// is named `io`, applies to the path `/` and expires when the browser is closed. It is hidden from
/// scripts (`HttpOnly`) and not sent with requests from other sites (`SameSite=Lax`).
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

/// The requests from other sites that carry the cookie: its attribute `SameSite`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CookieSameSite {
    /// No requests.
    Strict,
    /// Only navigations to this site.
    Lax,
    /// All requests. Browsers require [`secure`](SessionCookie::secure) for it, so it is set as
    /// well.
    None,
}

impl CookieSameSite {
    fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "Strict",
            Self::Lax => "Lax",
            Self::None => "None",
        }
    }
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
    /// Sets the name of the cookie: `io` by default.
    ///
    /// # Panics
    ///
    /// Panics if the name is empty or contains spaces, separators or non-ASCII characters.
    pub fn name(mut self, name: &str) -> Self {
        assert!(
            !name.is_empty() && name.bytes().all(is_token),
            "{name:?} cannot be the name of a cookie: use letters, digits, `-` and `_`"
        );
        self.name = name.to_owned();
        self
    }

    /// Sets the path to which the cookie applies: `/` by default, `None` for the path of the
    /// request.
    ///
    /// # Panics
    ///
    /// Panics if the path contains `;`, control characters or non-ASCII characters.
    pub fn path<'a>(mut self, path: impl Into<Option<&'a str>>) -> Self {
        self.path = path.into().map(attribute);
        self
    }

    /// Sets the domain to which the cookie applies: none by default, so that it is only sent to
    /// this host.
    ///
    /// # Panics
    ///
    /// Panics if the domain contains `;`, control characters or non-ASCII characters.
    pub fn domain<'a>(mut self, domain: impl Into<Option<&'a str>>) -> Self {
        self.domain = domain.into().map(attribute);
        self
    }

    /// Sets whether the cookie is hidden from scripts: `true` by default.
    ///
    /// The id is a secret, so keep the default.
    pub fn http_only(mut self, http_only: bool) -> Self {
        self.http_only = http_only;
        self
    }

    /// Sets whether the cookie is only sent over HTTPS: `false` by default.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Sets which requests from other sites carry the cookie: `Lax` by default. `None` (the option)
    /// omits the attribute.
    pub fn same_site(mut self, same_site: impl Into<Option<CookieSameSite>>) -> Self {
        self.same_site = same_site.into();
        self
    }

    /// Sets how long the browser keeps the cookie, in whole seconds: until the browser is closed by
    /// default.
    pub fn max_age(mut self, max_age: impl Into<Option<Duration>>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Returns the `Set-Cookie` header for a session.
    pub(crate) fn header(&self, id: &SessionId) -> HeaderValue {
        let mut cookie = format!("{}={}", self.name, id.as_str());
        if self.http_only {
            cookie.push_str("; HttpOnly");
        }
        if let Some(same_site) = self.same_site {
            cookie.push_str("; SameSite=");
            cookie.push_str(same_site.as_str());
        }
        if self.secure || self.same_site == Some(CookieSameSite::None) {
            cookie.push_str("; Secure");
        }
        if let Some(path) = &self.path {
            cookie.push_str("; Path=");
            cookie.push_str(path);
        }
        if let Some(domain) = &self.domain {
            cookie.push_str("; Domain=");
            // RFC 6265, section 5.2.3: a leading dot is ignored.
            cookie.push_str(domain.strip_prefix('.').unwrap_or(domain));
        }
        if let Some(max_age) = self.max_age {
            cookie.push_str("; Max-Age=");
            cookie.push_str(&max_age.as_secs().to_string());
        }
        HeaderValue::from_str(&cookie)
            .expect("the parts of a cookie are checked when they are set, ids when they are made")
    }
}

/// Returns whether a byte may be part of a token (RFC 9110, section 5.6.2).
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
    fn the_default_cookie_is_that_of_node() {
        let cookie = SessionCookie::default();
        assert_eq!(header(&cookie), "io=abc; HttpOnly; SameSite=Lax; Path=/");
    }

    #[test]
    fn every_attribute_of_the_cookie_can_be_set() {
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
    fn every_attribute_of_the_cookie_can_be_omitted() {
        let cookie = SessionCookie::default()
            .path(None)
            .http_only(false)
            .same_site(None);
        assert_eq!(header(&cookie), "io=abc");
    }

    #[test]
    fn a_cookie_for_other_sites_is_secure() {
        let cookie = SessionCookie::default()
            .same_site(CookieSameSite::None)
            .domain(".example.com");
        let expected = "io=abc; HttpOnly; SameSite=None; Secure; Path=/; Domain=example.com";
        assert_eq!(header(&cookie), expected);
    }

    #[test]
    fn the_maximum_age_does_not_overflow() {
        let cookie = SessionCookie::default().max_age(Duration::MAX);
        assert!(header(&cookie).ends_with("; Max-Age=18446744073709551615"));
    }

    #[test]
    #[should_panic(expected = "cannot be the name of a cookie")]
    fn a_cookie_name_must_be_a_token() {
        let _ = SessionCookie::default().name("a b");
    }

    #[test]
    #[should_panic(expected = "cannot be the attribute of a cookie")]
    fn an_attribute_must_not_contain_a_semicolon() {
        let _ = SessionCookie::default().path("/; Secure");
    }
}
