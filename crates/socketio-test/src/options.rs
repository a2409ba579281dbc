//! The options of a connection, and the requests that they describe.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_core::body::Body;
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use socketio_proto::{JsonParser, Parser};

use crate::service::SharedService;

/// The default time that a client waits for an event or acknowledgement, by tokio's clock: 5 seconds.
///
/// [`ClientBuilder::patience`](crate::ClientBuilder::patience) sets another time.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The path of the server if the builder sets no other one, as in Node's client.
const PATH: &str = "/socket.io/";

/// The value of the header `Host`, which real clients always send.
const HOST: &str = "localhost";

/// A transport of Engine.IO.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    Polling,
    WebSocket,
}

impl Transport {
    fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }
}

/// The options of a connection.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) service: SharedService,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) address: Option<SocketAddr>,
    pub(crate) transport: Transport,
    pub(crate) parser: Arc<dyn Parser>,
    pub(crate) patience: Duration,
}

impl Options {
    pub(crate) fn new(service: SharedService) -> Self {
        Self {
            service,
            path: PATH.to_owned(),
            query: Vec::new(),
            headers: HeaderMap::new(),
            address: None,
            transport: Transport::Polling,
            parser: Arc::new(JsonParser),
            patience: PATIENCE,
        }
    }

    /// Creates a request of Engine.IO, without the address of the client. `session` is the id of an
    /// open session.
    pub(crate) fn request<B>(&self, method: Method, session: Option<&str>, body: B) -> Request<B> {
        let mut query = Serializer::new(String::new());
        query.append_pair("EIO", "4");
        query.append_pair("transport", self.transport.as_str());
        query.extend_pairs(session.map(|id| ("sid", id)));
        query.extend_pairs(&self.query);
        let mut target = self.path.clone();
        let _ = write!(target, "?{}", query.finish());
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = match target.parse() {
            Ok(uri) => uri,
            Err(error) => panic!(
                "{target:?} is not the target of a request ({error}): encode the path of the builder"
            ),
        };
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_static(HOST));
        for name in self.headers.keys() {
            headers.remove(name);
        }
        headers.extend(self.headers.clone());
        request
    }

    /// Calls the service with a request from the address of the client.
    pub(crate) fn call(&self, mut request: Request<Body>) -> crate::service::Answer {
        if let Some(address) = self.address {
            insert_address(&mut request, address);
        }
        self.service.call(request)
    }
}

/// Adds the address of the client, in the two forms in which HTTP servers provide it.
fn insert_address(request: &mut Request<Body>, address: SocketAddr) {
    #[cfg(feature = "axum")]
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(address));
    request.extensions_mut().insert(address);
}
