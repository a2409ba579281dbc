//! The handshake of a remote socket.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

/// The request with which the client of a remote socket opened its connection.
///
/// It wraps the JSON sent by the socket's server, which has the form of Node's `socket.handshake`.
/// For a field that is missing or has another form, the methods return `None` or `false`.
#[derive(Clone, Copy)]
pub struct RemoteHandshake<'a> {
    json: &'a Value,
}

impl<'a> RemoteHandshake<'a> {
    pub(super) fn new(json: &'a Value) -> Self {
        Self { json }
    }

    /// Returns the handshake as JSON, as the server has sent it.
    #[must_use]
    pub fn as_json(&self) -> &'a Value {
        self.json
    }

    /// Returns the value of a header by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.json.get("headers")?.get(name)?.as_str()
    }

    /// Returns the headers with lower-case names. A value is a string or an array of strings.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        entries(self.json.get("headers"))
    }

    /// Returns the value of a query parameter.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.query()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// Returns the decoded names and values of the query.
    pub fn query(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        entries(self.json.get("query")).map(|(name, value)| {
            let value = match value {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            (name, value)
        })
    }

    /// Returns the address of the peer, in the notation of its server.
    #[must_use]
    pub fn address(&self) -> Option<&'a str> {
        self.json.get("address")?.as_str()
    }

    /// Returns whether the request has an `Origin` header, that is, whether a browser sent it for a
    /// page that may be of another site.
    #[must_use]
    pub fn xdomain(&self) -> bool {
        self.flag("xdomain")
    }

    /// Returns whether the connection is encrypted, as far as its server can detect it.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.flag("secure")
    }

    /// Returns the time at which the connection was opened.
    #[must_use]
    pub fn issued(&self) -> Option<SystemTime> {
        let millis = self.json.get("issued")?.as_u64()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }

    /// Returns the time at which the connection was opened, as text.
    #[must_use]
    pub fn time(&self) -> Option<&'a str> {
        self.json.get("time")?.as_str()
    }

    /// Returns the path and query of the request.
    #[must_use]
    pub fn url(&self) -> Option<&'a str> {
        self.json.get("url")?.as_str()
    }

    /// Deserialises the payload of the CONNECT packet (the `auth` option of the client).
    ///
    /// # Errors
    ///
    /// Returns an error if the payload is missing or does not have the type `T`.
    #[doc(alias = "handshake.auth")]
    pub fn auth<T: Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(self.json.get("auth").unwrap_or(&Value::Null))
    }

    fn flag(&self, name: &str) -> bool {
        self.json.get(name).and_then(Value::as_bool) == Some(true)
    }
}

fn entries(object: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let object = object.and_then(Value::as_object).into_iter().flatten();
    object.map(|(name, value)| (name.as_str(), value))
}

/// Omits the headers and the query because they often hold secrets.
impl fmt::Debug for RemoteHandshake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteHandshake")
            .field("address", &self.address())
            .field("time", &self.time())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The JSON was recorded from Node's server 4.8.4.
    #[test]
    fn a_handshake_of_node_is_readable() {
        let json = json!({
            "headers": { "cookie": "a=1; b=2", "host": "localhost:37521" },
            "time": "Sun Nov 22 2026 02:58:24 GMT+0000 (Coordinated Universal Time)",
            "address": "::ffff:127.0.0.1",
            "xdomain": false,
            "secure": true,
            "issued": 1_795_316_304_366_u64,
            "url": "/socket.io/?b=x%20y&EIO=4&transport=websocket",
            "query": { "b": "x y", "EIO": "4", "transport": "websocket" },
            "auth": { "t": 1 },
        });
        let handshake = RemoteHandshake::new(&json);
        assert_eq!(handshake.header("cookie"), Some("a=1; b=2"));
        assert_eq!(handshake.headers().count(), 2);
        assert_eq!(handshake.query_value("b").as_deref(), Some("x y"));
        assert_eq!(handshake.query().count(), 3);
        assert_eq!(handshake.address(), Some("::ffff:127.0.0.1"));
        assert!(!handshake.xdomain());
        assert!(handshake.secure());
        let issued = UNIX_EPOCH + Duration::from_millis(1_795_316_304_366);
        assert_eq!(handshake.issued(), Some(issued));
        assert!(handshake.time().is_some_and(|time| time.starts_with("Sun")));
        assert!(handshake.url().is_some_and(|url| url.contains("b=x%20y")));
        assert_eq!(handshake.auth::<Value>().ok(), Some(json!({ "t": 1 })));
    }

    #[test]
    fn an_invalid_handshake_has_no_values() {
        for json in [
            json!(null),
            json!("x"),
            json!({ "headers": [1], "query": 7 }),
        ] {
            let handshake = RemoteHandshake::new(&json);
            assert_eq!(handshake.header("cookie"), None);
            assert_eq!(handshake.headers().count(), 0);
            assert_eq!(handshake.query().count(), 0);
            assert_eq!(handshake.issued(), None);
            assert!(!handshake.secure());
            assert!(handshake.auth::<u8>().is_err());
        }
    }
}
