//! A polling client, whose requests are passed to the service directly.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use engineio::{EngineIoService, NotFound};
use http::Request;
use http_body::Body;
use http_body_util::{Empty, Full};
use tokio::task::JoinHandle;

use crate::application::Reporter;
use crate::server::{Answer, Server, answer, expect};

pub(crate) const OPEN: &str = "/engine.io/?EIO=4&transport=polling";

pub(crate) struct PollingClient {
    service: EngineIoService<NotFound, Reporter>,
    pub(crate) sid: String,
}

impl PollingClient {
    /// Opens a session.
    pub(crate) async fn open(server: &Server) -> Self {
        let request = Request::get(OPEN).body(Empty::<Bytes>::new());
        let opened = server.answer(request.expect("a request")).await;
        Self {
            service: server.service(),
            sid: sid_of(opened.text()),
        }
    }

    pub(crate) fn target(&self) -> String {
        format!("{OPEN}&sid={}", self.sid)
    }

    /// Sends a GET, which is pending beside the test.
    pub(crate) fn get(&self) -> PendingRequest {
        let request = Request::get(self.target()).body(Empty::<Bytes>::new());
        self.send(request.expect("a request"))
    }

    /// Returns the packets of the next GET, in order.
    pub(crate) async fn poll(&self) -> Vec<String> {
        self.get().packets().await
    }

    /// Posts a body that is available at once.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        expect("the answer to a POST", self.start_post_of(body).answer()).await
    }

    pub(crate) fn start_post_of(&self, body: &str) -> PendingRequest {
        self.start_post(Full::new(Bytes::copy_from_slice(body.as_bytes())))
    }

    /// Starts a POST, which is pending beside the test.
    pub(crate) fn start_post<B>(&self, body: B) -> PendingRequest
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let request = Request::post(self.target())
            .header("content-type", "text/plain;charset=UTF-8")
            .body(body);
        self.send(request.expect("a request"))
    }

    /// Sends a request. The server has received it when this returns.
    pub(crate) fn send<B>(&self, request: Request<B>) -> PendingRequest
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let mut answer = Box::pin(answer(self.service.clone(), request));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut answer).poll(&mut cx) {
            Poll::Ready(answer) => PendingRequest::Answered(answer),
            Poll::Pending => PendingRequest::Waiting(tokio::spawn(answer)),
        }
    }
}

/// A pending request. Dropping it disconnects the client.
#[derive(Debug)]
pub(crate) enum PendingRequest {
    Answered(Answer),
    Waiting(JoinHandle<Answer>),
}

impl PendingRequest {
    pub(crate) async fn answer(mut self) -> Answer {
        match &mut self {
            Self::Answered(answer) => answer.clone(),
            Self::Waiting(task) => expect("the answer to a request", task)
                .await
                .expect("the request runs to its end"),
        }
    }

    /// Returns the packets of the response.
    pub(crate) async fn packets(self) -> Vec<String> {
        let answer = self.answer().await;
        assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
        answer.text().split('\x1e').map(str::to_owned).collect()
    }

    /// Returns whether the request is still pending after every task has run.
    pub(crate) async fn is_waiting(&self) -> bool {
        crate::server::settle().await;
        match self {
            Self::Answered(_) => false,
            Self::Waiting(task) => !task.is_finished(),
        }
    }

    /// Disconnects the client.
    pub(crate) async fn drop_connection(self) {
        drop(self);
        crate::server::settle().await;
    }
}

impl Drop for PendingRequest {
    fn drop(&mut self) {
        if let Self::Waiting(task) = self {
            task.abort();
        }
    }
}

/// Returns the session id in an open packet.
pub(crate) fn sid_of(open: &str) -> String {
    open.strip_prefix(r#"0{"sid":""#)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("no open packet: {open}"))
        .to_owned()
}
