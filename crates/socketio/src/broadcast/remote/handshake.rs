//! The handshake of a socket of any server.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::Value;

/// What the client of a fetched socket sent when it opened its connection.
///
/// It is read from what the server of the socket has told, in the form of Node's
/// `socket.handshake`. What that server did not tell, or tells in another form, is `None` or
/// `false`.
#[derive(Clone, Copy)]
pub struct RemoteHandshake<'a> {
    json: &'a Value,
}

impl<'a> RemoteHandshake<'a> {
    pub(super) fn new(json: &'a Value) -> Self {
        Self { json }
    }

    /// All of it, as it was told.
    #[must_use]
    pub fn as_json(&self) -> &'a Value {
        self.json
    }

    /// The value of a header, whose name is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.json.get("headers")?.get(name)?.as_str()
    }

    /// The headers, with names in lower case. A value is a text, or a list of texts.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
        entries(self.json.get("headers"))
    }

    /// The value of a name in the query.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.query()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    /// The names and values of the query, decoded.
    pub fn query(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        entries(self.json.get("query")).map(|(name, value)| {
            let value = match value {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            };
            (name, value)
        })
    }

    /// The address of the peer, as its server writes it.
    #[must_use]
    pub fn address(&self) -> Option<&'a str> {
        self.json.get("address")?.as_str()
    }

    /// Whether the request came from a page, perhaps of another site.
    #[must_use]
    pub fn xdomain(&self) -> bool {
        self.flag("xdomain")
    }

    /// Whether the connection is encrypted, as far as its server knows.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.flag("secure")
    }

    /// When the connection was opened.
    #[must_use]
    pub fn issued(&self) -> Option<SystemTime> {
        let millis = self.json.get("issued")?.as_u64()?;
        UNIX_EPOCH.checked_add(Duration::from_millis(millis))
    }

    /// When the connection was opened, as text.
    #[must_use]
    pub fn time(&self) -> Option<&'a str> {
        self.json.get("time")?.as_str()
    }

    /// The path and query of the request.
    #[must_use]
    pub fn url(&self) -> Option<&'a str> {
        self.json.get("url")?.as_str()
    }

    /// The CONNECT payload of the client (the `auth` option of its side), as a type.
    ///
    /// # Errors
    ///
    /// If it is not of that type, or the server has not told it.
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

/// Headers and query often hold secrets and are left out.
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

    /// What Node's server 4.8.4 tells of a client.
    #[test]
    fn a_handshake_of_nodes_is_read() {
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
    fn of_nonsense_nothing_is_known() {
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
