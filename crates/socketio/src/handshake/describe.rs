//! The JSON form of a handshake, as other servers receive it.

use http::header::{COOKIE, HeaderMap};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::time::SystemTime;

use super::Handshake;

impl Handshake {
    /// Returns the JSON form of Node's `socket.handshake` for a socket with this `auth`.
    pub(crate) fn describe(&self, auth: Option<Value>) -> Value {
        let mut query = Map::new();
        for (name, value) in self.query_pairs() {
            query.insert(name.into_owned(), value.into_owned().into());
        }
        let issued = self.issued.duration_since(SystemTime::UNIX_EPOCH);
        let issued = issued.unwrap_or_default().as_millis();
        json!({
            "headers": headers(self.headers()),
            "time": self.time(),
            "address": self.address_if_known().map(|address| address.ip().to_string()),
            "xdomain": self.xdomain(),
            "secure": self.secure(),
            "issued": u64::try_from(issued).unwrap_or(u64::MAX),
            "url": self.url(),
            "query": query,
            "auth": auth.unwrap_or_else(|| json!({})),
        })
    }
}

/// Serialises the JSON form of Node's `socket.handshake`, with an empty `auth`.
impl Serialize for Handshake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.describe(None).serialize(serializer)
    }
}

/// Returns the headers by name. Several values of one name are joined as Node joins them.
fn headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut described = Map::new();
    for name in headers.keys() {
        let separator = if name == COOKIE { "; " } else { ", " };
        let mut joined = String::new();
        for (index, value) in headers.get_all(name).iter().enumerate() {
            if index > 0 {
                joined.push_str(separator);
            }
            joined.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        described.insert(name.as_str().to_owned(), joined.into());
    }
    described
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn a_description_has_the_fields_of_node() {
        let request = Request::get("/socket.io/?EIO=4&a=1&a=2&b=x%20y")
            .header("Cookie", "a=1")
            .header("cookie", "b=2")
            .header("x-m", "1")
            .header("x-m", "2")
            .extension(std::net::SocketAddr::from(([127, 0, 0, 1], 9)))
            .body(());
        let (parts, ()) = request.unwrap().into_parts();
        let handshake = Handshake::new(parts, SystemTime::UNIX_EPOCH);
        assert_eq!(
            handshake.describe(Some(json!({ "t": 1 }))),
            json!({
                "headers": { "cookie": "a=1; b=2", "x-m": "1, 2" },
                "time": "Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)",
                "address": "127.0.0.1",
                "xdomain": false,
                "secure": false,
                "issued": 0,
                "url": "/socket.io/?EIO=4&a=1&a=2&b=x%20y",
                "query": { "EIO": "4", "a": "2", "b": "x y" },
                "auth": { "t": 1 },
            })
        );
        let serialised = serde_json::to_value(&handshake).expect("JSON");
        assert_eq!(serialised, handshake.describe(None));
        let slim = handshake.without_request().describe(None);
        assert_eq!(slim["headers"], json!({}));
        assert_eq!(slim["url"], "/socket.io/");
        assert_eq!(slim["auth"], json!({}));
    }
}
