use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::value::to_raw_value;
use socketio_adapter::SocketId;
use socketio_proto::{Packet, PacketType};

use super::{Client, Joining, Member, MemberState, Run};
use crate::connect_error::ConnectError;
use crate::context::ConnectContext;
use crate::disconnect_reason::DisconnectReason;
use crate::encoded::Encoded;
use crate::handler::{ConnectListener, catch};
use crate::namespace_core::NamespaceCore;
use crate::ordered::Ordered;
use crate::recipient::{Phase, Recipient};
use crate::socket::Socket;
use crate::tasks::Unfinished;

/// The bytes that a socket id is made of.
const SOCKET_ID_BYTES: usize = 15;

impl Client {
    /// The client asks to join a namespace.
    pub(super) fn connect(self: &Arc<Self>, packet: &Packet) {
        let Some(namespace) = self.namespaces.find(&packet.namespace) else {
            let error = ConnectError::new("Invalid namespace");
            self.send_connect_error(&packet.namespace, &error);
            return;
        };
        let Some(id) = new_socket_id() else {
            let error = ConnectError::new("the server cannot take more clients");
            self.send_connect_error(&packet.namespace, &error);
            return;
        };
        // The payload is kept for long and should not keep the buffer that it was read into.
        let auth = packet.payload.detach();
        let recipient = Recipient::new(id, Arc::clone(&self.link), auth);
        let socket = Socket::new(Arc::new(recipient), Arc::clone(&namespace.space));
        match self.begin_join(&namespace, &socket, packet) {
            Begin::Waiting => {}
            Begin::Joined => self.break_off("the client joined a namespace twice"),
            Begin::TooMany => {
                let error = ConnectError::new("too many namespaces on one connection");
                self.send_connect_error(&packet.namespace, &error);
            }
            Begin::Begun => {
                let join = Box::pin(Arc::clone(self).join(socket.clone(), namespace));
                let Some(task) = self.tasks.start(join, 0) else {
                    return;
                };
                match self.members.lock().joining(&socket) {
                    Some(joining) => joining.task = Some(task),
                    // Cancelled before the task was known.
                    None if socket.recipient.is(Phase::Refused) => task.abort(),
                    None => {}
                }
            }
        }
    }

    /// Makes a place for the socket, behind which packets can queue.
    fn begin_join(
        &self,
        namespace: &Arc<NamespaceCore>,
        socket: &Socket,
        packet: &Packet,
    ) -> Begin {
        let mut members = self.members.lock();
        if members.closed {
            return Begin::Waiting;
        }
        let begun = Member {
            namespace: Arc::clone(namespace),
            state: MemberState::Joining(Box::new(Joining {
                socket: socket.clone(),
                queue: Vec::new(),
                task: None,
                accepted: false,
                left: None,
            })),
        };
        if let Some(member) = members.find(namespace.name()) {
            match &mut member.state {
                MemberState::Joined(_) => return Begin::Joined,
                MemberState::Joining(first) if first.left.is_some() => {
                    // It has left and comes back, once its end has been dealt with.
                    let unfinished = self.tasks.count(0);
                    first.queue.push((packet.clone(), unfinished));
                    return Begin::Waiting;
                }
                MemberState::Joining(first) if first.accepted => return Begin::Joined,
                // A client that changes its mind before it has an answer sends only the new
                // CONNECT, and awaits only the answer to that.
                MemberState::Joining(first) => first.cancel(),
                MemberState::Left => {}
            }
            *member = begun;
            return Begin::Begun;
        }
        if members.list.len() >= self.link.limits.max_namespaces {
            let left = |member: &Member| matches!(member.state, MemberState::Left);
            let Some(left) = members.list.iter().position(left) else {
                return Begin::TooMany;
            };
            members.list.remove(left);
        }
        members.list.push(begun);
        Begin::Begun
    }

    /// Asks the middleware, lets the socket in, starts its connect handlers and then what the
    /// client has sent meanwhile.
    async fn join(self: Arc<Self>, socket: Socket, namespace: Arc<NamespaceCore>) {
        let handlers = Arc::clone(&namespace.handlers());
        // Whatever becomes of the middleware, nothing of a socket that it did not let in remains.
        let mut clean_up = CleanUp(Some(socket.clone()));
        let mut context = connect_context(&socket);
        for middleware in &handlers.middleware {
            let refused = match catch(async { middleware.call(&mut context).await }).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error,
                Err(panic) => {
                    tracing::error!(
                        namespace = %namespace.name(),
                        panic = panic.message(),
                        "a middleware panicked: the client is refused"
                    );
                    ConnectError::new("the server failed to handle this; its log has the reason")
                }
            };
            self.refuse(&socket, &namespace, &refused);
            return;
        }
        if !self.accept(&socket, &namespace) {
            return;
        }
        clean_up.0 = None;
        for listener in &handlers.connect {
            let run = run_connect_handler(listener.clone(), connect_context(&socket));
            if handlers.ordered {
                Ordered::run(&socket.recipient, &self.tasks, run, 0);
            } else {
                self.tasks.start(run, 0);
            }
        }
        self.catch_up(&socket, &namespace).await;
    }

    /// Lets the socket in and tells the client. Returns whether that was so: the client may have
    /// gone meanwhile.
    fn accept(&self, socket: &Socket, namespace: &NamespaceCore) -> bool {
        let mut members = self.members.lock();
        let Some(joining) = members.joining(socket) else {
            return false;
        };
        let recipient = &socket.recipient;
        if !recipient.advance(Phase::Joining, Phase::Connected) {
            return false;
        }
        joining.accepted = true;
        // The client should hear that it has joined before it hears from anybody there.
        let packet = Encoded::text(|out| {
            let id = socket.id().as_str();
            socketio_proto::encode_connect(out, namespace.name(), id, None);
        });
        // A session that is closed is about to be taken out of its namespaces.
        self.link.send_owned(packet).ok();
        if let Err(error) = namespace.space.local.rooms.insert(recipient) {
            // Ids are random: this does not happen.
            tracing::error!(socket = %socket.id(), %error, "a socket is in no room");
        }
        self.joined.store(true, Ordering::Relaxed);
        true
    }

    fn refuse(&self, socket: &Socket, namespace: &NamespaceCore, error: &ConnectError) {
        {
            let mut members = self.members.lock();
            if members.joining(socket).is_none() {
                return;
            }
            socket.recipient.advance(Phase::Joining, Phase::Refused);
            members
                .list
                .retain(|member| member.namespace.name() != namespace.name());
        }
        self.send_connect_error(namespace.name(), error);
    }

    fn send_connect_error(&self, namespace: &str, error: &ConnectError) {
        // What has become a JSON value can be written.
        let data = error.data().and_then(|data| to_raw_value(data).ok());
        let packet = Encoded::text(|out| {
            socketio_proto::encode_connect_error(out, namespace, error.message(), data.as_deref());
        });
        self.link.send_owned(packet).ok();
    }

    /// Handles what has queued behind the CONNECT, in order, until nothing is left or the socket
    /// has left.
    async fn catch_up(self: &Arc<Self>, socket: &Socket, namespace: &Arc<NamespaceCore>) {
        while let Some(step) = self.next_step(socket) {
            match step {
                Step::Handle(queue) => {
                    for (packet, _unfinished) in queue {
                        if socket.connected() {
                            self.handle(socket, namespace, packet);
                        }
                    }
                }
                Step::End(reason, queue) => {
                    self.end(socket, namespace, reason, Run::Here);
                    // Perhaps the client has come back meanwhile.
                    for (packet, _unfinished) in queue {
                        if packet.kind == PacketType::Connect || self.is_joining(namespace) {
                            self.receive(packet);
                        }
                    }
                    return;
                }
            }
            // A client that goes on sending should not keep the worker to itself.
            tokio::task::coop::consume_budget().await;
        }
    }

    fn next_step(&self, socket: &Socket) -> Option<Step> {
        let mut members = self.members.lock();
        let member = members.place(socket)?;
        let MemberState::Joining(joining) = &mut member.state else {
            return None;
        };
        let queue = std::mem::take(&mut joining.queue);
        if let Some(reason) = joining.left {
            member.state = MemberState::Left;
            return Some(Step::End(reason, queue));
        }
        if queue.is_empty() {
            member.state = MemberState::Joined(socket.clone());
            return None;
        }
        Some(Step::Handle(queue))
    }

    fn is_joining(&self, namespace: &NamespaceCore) -> bool {
        let mut members = self.members.lock();
        members
            .find(namespace.name())
            .is_some_and(|member| matches!(member.state, MemberState::Joining(_)))
    }
}

impl Joining {
    /// Gives up a socket that is not let in yet. The end of its task frees what it holds.
    pub(super) fn cancel(&mut self) {
        self.socket
            .recipient
            .advance(Phase::Joining, Phase::Refused);
        self.queue.clear();
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// What a socket that has just joined does next.
enum Step {
    Handle(Vec<(Packet, Unfinished)>),
    End(DisconnectReason, Vec<(Packet, Unfinished)>),
}

/// Frees what a socket holds that was not let in: refused, or cancelled half-way.
struct CleanUp(Option<Socket>);

impl Drop for CleanUp {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            let recipient = &socket.recipient;
            recipient.advance(Phase::Joining, Phase::Refused);
            recipient.acks.close();
            socket.space.local.rooms.remove(recipient);
            recipient.data.clear();
        }
    }
}

enum Begin {
    Begun,
    Joined,
    TooMany,
    /// Nothing is to be done now.
    Waiting,
}

fn connect_context(socket: &Socket) -> ConnectContext {
    ConnectContext::new(socket.clone(), socket.recipient.auth.clone())
}

fn run_connect_handler(
    listener: ConnectListener,
    context: ConnectContext,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let socket = context.socket.clone();
    Box::pin(async move {
        match catch(listener.call(context)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(
                socket = %socket.id(),
                %error,
                "a connect handler did not run: what can fail belongs into a middleware, which \
                 refuses the client"
            ),
            Err(panic) => tracing::error!(
                socket = %socket.id(),
                panic = panic.message(),
                "a connect handler panicked"
            ),
        }
    })
}

fn new_socket_id() -> Option<SocketId> {
    let mut random = [0; SOCKET_ID_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes for a socket id: check the system's random source");
        return None;
    }
    Some(engineio::SessionId::from_random(random).as_str().into())
}
