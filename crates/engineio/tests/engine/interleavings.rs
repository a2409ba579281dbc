//! Generated interleavings of an upgrade with other operations: each message arrives exactly once
//! and in order, in both directions.

use std::time::Duration;

use engineio::{Config, Message, Session};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::body::{BodySender, FedBody};
use crate::polling_client::{PendingRequest, PollingClient};
use crate::server::{Server, pass, settle};
use crate::websocket_client::WebSocketClient;

/// Longer than all steps of a case together.
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(600);

#[derive(Clone, Debug)]
enum Step {
    ServerSends(usize),
    ClientPolls,
    ClientPosts,
    /// The client starts a POST, or completes the one that it has started.
    ClientPostsSlowly,
    /// The client performs the next step of its upgrade. An eager client does not wait for its
    /// requests.
    ClientUpgrades {
        eager: bool,
    },
    /// The probing WebSocket fails.
    ProbeFails(Failure),
    ClientSendsOnWebSocket,
    TimePasses(Duration),
}

#[derive(Clone, Copy, Debug)]
enum Failure {
    Closes,
    SendsGarbage,
    TakesTooLong,
    Vanishes,
}

fn step() -> impl Strategy<Value = Step> {
    use Step::*;
    let failure = prop_oneof![
        Just(Failure::Closes),
        Just(Failure::SendsGarbage),
        Just(Failure::TakesTooLong),
        Just(Failure::Vanishes),
    ];
    prop_oneof![
        10 => (1..4_usize).prop_map(ServerSends),
        8 => Just(ClientPolls),
        3 => Just(ClientPosts),
        3 => Just(ClientPostsSlowly),
        6 => any::<bool>().prop_map(|eager| ClientUpgrades { eager }),
        1 => failure.prop_map(ProbeFails),
        3 => Just(ClientSendsOnWebSocket),
        4 => (0..300_u64).prop_map(|millis| TimePasses(Duration::from_millis(millis))),
    ]
}

enum Upgrade {
    None,
    Connected(WebSocketClient),
    Answered(WebSocketClient),
    Done(WebSocketClient),
}

struct Case {
    server: Server,
    session: Session,
    client: PollingClient,
    poll: Option<PendingRequest>,
    post: Option<(BodySender, PendingRequest)>,
    upgrade: Upgrade,
    sent_by_server: usize,
    sent_by_client: usize,
    received_by_client: Vec<String>,
}

impl Case {
    async fn new() -> Self {
        let config = Config::default()
            .ping_interval(Duration::from_secs(1_000_000))
            .upgrade_timeout(UPGRADE_TIMEOUT);
        let mut server = Server::with(config);
        let client = PollingClient::open(&server).await;
        Self {
            session: server.opened().await,
            server,
            client,
            poll: None,
            post: None,
            upgrade: Upgrade::None,
            sent_by_server: 0,
            sent_by_client: 0,
            received_by_client: Vec::new(),
        }
    }

    async fn take(&mut self, step: Step) {
        let polls = !matches!(self.upgrade, Upgrade::Done(_));
        match step {
            Step::ServerSends(count) => {
                for _ in 0..count {
                    let number = self.sent_by_server.to_string();
                    self.session.send(&*number).expect("an open session");
                    self.sent_by_server += 1;
                }
            }
            Step::ClientPolls if polls => {
                self.look_at_poll().await;
                if self.poll.is_none() {
                    self.poll = Some(self.client.get());
                    settle().await;
                }
            }
            Step::ClientPosts if polls && self.post.is_none() => {
                let packet = self.next_packet();
                self.client.post(&packet).await.is(200, "ok");
            }
            Step::ClientPostsSlowly => match self.post.take() {
                Some(post) => Self::complete(post).await,
                None if polls => {
                    let packet = self.next_packet();
                    let (body_sender, body) = FedBody::new();
                    let post = self.client.start_post(body);
                    body_sender.feed(&packet);
                    // The POST arrives before an upgrade packet that the client may send next.
                    settle().await;
                    self.post = Some((body_sender, post));
                }
                None => {}
            },
            Step::ClientUpgrades { eager } => self.take_upgrade_step(eager).await,
            Step::ProbeFails(failure) => self.fail_probe(failure).await,
            Step::ClientSendsOnWebSocket => {
                if polls {
                    return;
                }
                let packet = self.next_packet();
                if let Upgrade::Done(socket) = &mut self.upgrade {
                    socket.send(&packet).await;
                }
            }
            Step::TimePasses(time) => pass(time).await,
            Step::ClientPolls | Step::ClientPosts => {}
        }
    }

    fn next_packet(&mut self) -> String {
        let packet = format!("4{}", self.sent_by_client);
        self.sent_by_client += 1;
        packet
    }

    /// Handles the response to the poll if it has arrived.
    async fn look_at_poll(&mut self) {
        if let Some(poll) = &self.poll
            && !poll.is_waiting().await
        {
            self.finish_poll().await;
        }
    }

    async fn finish_poll(&mut self) {
        if let Some(poll) = self.poll.take() {
            let packets = poll.packets().await;
            self.received_by_client
                .extend(packets.into_iter().filter(|packet| packet != "6"));
        }
    }

    async fn complete((body_sender, post): (BodySender, PendingRequest)) {
        drop(body_sender);
        post.answer().await.is(200, "ok");
    }

    async fn take_upgrade_step(&mut self, eager: bool) {
        self.upgrade = match std::mem::replace(&mut self.upgrade, Upgrade::None) {
            Upgrade::None => {
                Upgrade::Connected(WebSocketClient::probe(&self.server, &self.client.sid).await)
            }
            Upgrade::Connected(mut socket) => {
                socket.send("2probe").await;
                socket.expect_texts(["3probe"]).await;
                Upgrade::Answered(socket)
            }
            Upgrade::Answered(mut socket) => {
                if !eager {
                    self.finish_poll().await;
                    if let Some(post) = self.post.take() {
                        Self::complete(post).await;
                    }
                }
                socket.send("5").await;
                Upgrade::Done(socket)
            }
            done => done,
        }
    }

    async fn fail_probe(&mut self, failure: Failure) {
        self.upgrade = match std::mem::replace(&mut self.upgrade, Upgrade::None) {
            Upgrade::Connected(mut socket) | Upgrade::Answered(mut socket) => {
                match failure {
                    Failure::Closes => socket.close().await,
                    Failure::SendsGarbage => {
                        socket.send("4not yet").await;
                        socket.is_closed_with(None).await;
                    }
                    Failure::TakesTooLong => {
                        pass(UPGRADE_TIMEOUT).await;
                        socket.is_closed_with(None).await;
                    }
                    Failure::Vanishes => {
                        drop(socket);
                        settle().await;
                    }
                }
                Upgrade::None
            }
            other => other,
        }
    }

    /// Finishes all operations. Both ends must have every message once.
    async fn finish(mut self) {
        if let Some(post) = self.post.take() {
            Self::complete(post).await;
        }
        if let Upgrade::Done(mut socket) = self.upgrade {
            if let Some(poll) = self.poll.take() {
                let packets = poll.packets().await;
                self.received_by_client
                    .extend(packets.into_iter().filter(|packet| packet != "6"));
            }
            while self.received_by_client.len() < self.sent_by_server {
                self.received_by_client.push(socket.text().await);
            }
            socket.expect_nothing().await;
        } else {
            self.look_at_poll().await;
            while self.received_by_client.len() < self.sent_by_server {
                if self.poll.is_none() {
                    self.poll = Some(self.client.get());
                }
                self.finish_poll().await;
            }
        }
        let sent: Vec<_> = (0..self.sent_by_server)
            .map(|number| format!("4{number}"))
            .collect();
        assert_eq!(self.received_by_client, sent);
        for number in 0..self.sent_by_client {
            let expected = Message::from(&*number.to_string());
            assert_eq!(self.server.message().await, expected);
        }
        self.server.expect_nothing();
        assert!(self.session.is_open());
    }
}

proptest! {
    #[test]
    fn every_message_arrives_once_and_in_order(steps in vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut case = Case::new().await;
            for step in steps {
                case.take(step).await;
            }
            case.finish().await;
        });
    }
}
