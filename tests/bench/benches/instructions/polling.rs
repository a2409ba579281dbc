//! Events of one long-polling client: requests and responses of the service, without HTTP on the wire.

use bytes::Bytes;
use gungraun::{library_benchmark, library_benchmark_group};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use socketio::NotFound;
use socketio::SocketIoService;
use tower_service::Service as _;

use crate::catalogue::POLLED;
use crate::world::{World, string};

/// The POST that sends and the GET that waits.
type Requests = (Request<Full<Bytes>>, Request<Full<Bytes>>);

/// A client that has joined, and its next requests.
struct Exchange {
    world: World,
    requests: Vec<Requests>,
    answer: String,
}

async fn ask(service: &SocketIoService<NotFound>, request: Request<Full<Bytes>>) -> Bytes {
    let response = service
        .clone()
        .call(request)
        .await
        .unwrap_or_else(|never| match never {});
    let body = response.into_body().collect().await;
    body.expect("the response is complete").to_bytes()
}

fn request(method: Method, query: &str, body: String) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("/socket.io/?EIO=4&transport=polling{query}"))
        .body(Full::new(body.into()))
        .expect("the request is valid")
}

fn echo() -> Exchange {
    let world = World::new();
    let service = &world.service;
    let event = format!("42[\"echo\",\"{}\"]", string());
    let session = world.runtime.block_on(async {
        let open = ask(service, request(Method::GET, "", String::new())).await;
        let open = String::from_utf8_lossy(&open).into_owned();
        let sid = open.split('"').nth(3).expect("the handshake has an id");
        let session = format!("&sid={sid}");
        ask(service, request(Method::POST, &session, "40".to_owned())).await;
        let joined = ask(service, request(Method::GET, &session, String::new())).await;
        assert!(joined.starts_with(b"40{\"sid\":"), "{joined:?}");
        session
    });
    let poll = || request(Method::GET, &session, String::new());
    let post = || request(Method::POST, &session, event.clone());
    Exchange {
        requests: (0..POLLED).map(|_| (poll(), post())).collect(),
        answer: event.clone(),
        world,
    }
}

impl Exchange {
    /// Sends the requests. This is not part of the benchmark's function: callgrind stops counting where the
    /// name of that function occurs again, as it does in the names of its closures.
    async fn run(&self, requests: Vec<Requests>) {
        let service = &self.world.service;
        for (get, post) in requests {
            let (answer, done) = tokio::join!(ask(service, get), ask(service, post));
            assert!(answer == self.answer && done == "ok", "{answer:?} {done:?}");
        }
    }

    fn run_all(mut self) -> Self {
        let requests = std::mem::take(&mut self.requests);
        self.world.runtime.block_on(self.run(requests));
        self
    }
}

// A GET that waits, and a POST whose answer it receives.
#[library_benchmark]
#[bench::echo(echo())]
fn polled(exchange: Exchange) -> Exchange {
    exchange.run_all()
}

library_benchmark_group!(name = polling, benchmarks = [polled]);
