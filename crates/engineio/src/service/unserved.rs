//! Clients that ask for a path which nothing serves.

use http::{Method, Request, Response, StatusCode, header};

use crate::http::query::QueryText;
use crate::log::Escaped;

/// A request that looks like the first one of a client and was passed to the inner service.
///
/// Another engine inside may serve it. If the response is not that of an engine, the paths of client
/// and server differ, or the service is in the wrong place. Clients report only that they cannot
/// connect.
#[derive(Debug)]
pub(crate) struct UnservedClient {
    requested: Box<str>,
    served: Box<str>,
}

impl UnservedClient {
    /// Returns the client if the request is one of a client that opens a session.
    pub(crate) fn of<B>(request: &Request<B>, served: &str) -> Option<Self> {
        // The common case costs no parsing.
        let query = request
            .uri()
            .query()
            .filter(|query| query.contains("EIO="))?;
        let text = QueryText::from(query);
        let query = text.parse();
        let opens = request.method() == Method::GET
            && query.names_protocol()
            && query.transport.is_some()
            && query.sid.is_none();
        opens.then(|| Self {
            requested: request.uri().path().into(),
            served: served.into(),
        })
    }

    /// Logs the client unless the response is that of another engine.
    pub(crate) fn answered<B>(&self, response: &Response<B>) {
        let is_page = || {
            let content_type = response.headers().get(header::CONTENT_TYPE);
            content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
        };
        let is_unserved = match response.status() {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => true,
            status => status.is_success() && is_page(),
        };
        if is_unserved {
            crate::log_limited!(
                warn,
                None,
                "a client asks for a path that nothing serves: make the option `path` of the client \
                 and of the server fit. A service that is nested sees the path without the prefix, \
                 and so does this message",
                requested = %Escaped(&self.requested),
                served = %self.served,
            );
        }
    }
}
