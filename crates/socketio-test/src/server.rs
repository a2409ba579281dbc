//! The server under test.

use std::panic::Location;

use axum_core::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tower_service::Service;

use crate::builder::ClientBuilder;
use crate::client::TestClient;
use crate::failure::or_fail;
use crate::refused::ConnectRefused;
use crate::service::{BoxError, SharedService};

/// The server under test: any tower service that answers HTTP requests.
///
/// It is called in the process of the test, without ports and without TCP. tokio's paused clock is
/// therefore exact. All layers of the service take part. A clone shares the service.
///
/// # Examples
///
/// ```
/// use axum::Router;
/// use socketio::{Reply, SocketIoLayer, extract::Data};
/// use socketio_test::TestServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sockets = SocketIoLayer::new();
/// sockets.io().of("/").on("add", async |Data((a, b)): Data<(u32, u32)>| Reply(a + b));
///
/// let server = TestServer::new(Router::new().layer(sockets));
/// let client = server.connect("/").await.unwrap();
/// let sum: u32 = client.emit_with_ack("add", &(1, 2)).await;
/// assert_eq!(sum, 3);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestServer {
    service: SharedService,
}

impl TestServer {
    /// Creates a server from a service: an axum `Router` with the Socket.IO layer, another service in
    /// its layers, or the service of Socket.IO itself.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            service: SharedService::new(service),
        }
    }

    /// Returns the builder of a client.
    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::new(self.service.clone())
    }

    /// Connects a client to a namespace, over polling and with the default options.
    ///
    /// # Errors
    ///
    /// Returns an error if the server refuses the handshake or the client, or does not answer in time.
    ///
    /// # Panics
    ///
    /// Panics if the name does not begin with `/` or contains a comma.
    #[track_caller]
    pub fn connect(
        &self,
        namespace: &str,
    ) -> impl Future<Output = Result<TestClient, ConnectRefused>> + Send + use<> {
        let client = self.client().namespace(namespace);
        async move { client.connect().await }
    }

    /// Sends a GET request through the service.
    ///
    /// # Panics
    ///
    /// Panics if the target is invalid or the service fails.
    #[track_caller]
    pub fn get(&self, target: &str) -> impl Future<Output = TestResponse> + Send + use<> {
        self.send(
            Location::caller(),
            request(Method::GET, target, Body::empty()),
        )
    }

    /// Sends a POST request through the service.
    ///
    /// # Panics
    ///
    /// Panics if the target is invalid or the service fails.
    #[track_caller]
    pub fn post<B>(
        &self,
        target: &str,
        body: B,
    ) -> impl Future<Output = TestResponse> + Send + use<B>
    where
        B: Into<Body>,
    {
        self.send(
            Location::caller(),
            request(Method::POST, target, body.into()),
        )
    }

    /// Sends any HTTP request through the service.
    ///
    /// # Panics
    ///
    /// Panics if the service fails.
    #[track_caller]
    pub fn request<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = TestResponse> + Send + use<B>
    where
        B: Into<Body>,
    {
        self.send(Location::caller(), Ok(request.map(Into::into)))
    }

    fn send(
        &self,
        place: &'static Location<'static>,
        request: Result<Request<Body>, String>,
    ) -> impl Future<Output = TestResponse> + Send + use<> {
        let service = self.service.clone();
        async move {
            let sent = async {
                let response = service.call(request?).await.map_err(|error| {
                    format!("the service failed: {error}. Correct the service or its layers")
                })?;
                let (parts, body) = response.into_parts();
                let body = body.collect().await.map_err(|error| {
                    format!("the body of the response failed: {error}. Correct its handler")
                })?;
                Ok(TestResponse {
                    status: parts.status,
                    headers: parts.headers,
                    body: body.to_bytes(),
                })
            };
            or_fail(place, sent.await)
        }
    }
}

/// Creates a request, or returns the text of the failure.
fn request(method: Method, target: &str, body: Body) -> Result<Request<Body>, String> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = target
        .parse()
        .map_err(|error| format!("{target:?} is not a target: {error}. Begin it with `/`"))?;
    Ok(request)
}

/// A response to an HTTP request of [`TestServer`].
#[derive(Clone, Debug)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Returns the body.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// Returns the body as text, in which invalid UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Deserialises the body from JSON.
    ///
    /// # Panics
    ///
    /// Panics if the body is not JSON or does not have the type `T`.
    #[must_use]
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!(
                "the response {} {:?} is not a `{}`: {error}. Read the type that the handler returns",
                self.status,
                self.text(),
                std::any::type_name::<T>()
            ),
        }
    }

    /// Returns the cookies that the response sets, as the value of the header `Cookie` of later
    /// requests. It is empty if the response sets none.
    #[must_use]
    pub fn cookies(&self) -> String {
        let values = self.headers.get_all(header::SET_COOKIE).iter();
        let cookies = values.filter_map(|value| {
            let (cookie, _) = value
                .to_str()
                .ok()
                .map(|text| text.split_once(';').unwrap_or((text, "")))?;
            Some(cookie.trim())
        });
        cookies.collect::<Vec<_>>().join("; ")
    }
}
