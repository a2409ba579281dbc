use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::value::to_raw_value;
use socketio_adapter::SocketId;
use socketio_proto::Packet;

use super::{Client, Joining, Member, MemberState};
use crate::connect_error::ConnectError;
use crate::context::ConnectContext;
use crate::encoded::Encoded;
use crate::handler::{ConnectListener, catch};
use crate::namespace_core::NamespaceCore;
use crate::ordered::Ordered;
use crate::recipient::{Phase, Recipient};
use crate::socket::Socket;

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
        match self.begin_join(&namespace, &socket) {
            Begin::Closed => {}
            Begin::Joined => self.break_off("the client joined a namespace twice"),
            Begin::TooMany => {
                let error = ConnectError::new("too many namespaces on one connection");
                self.send_connect_error(&packet.namespace, &error);
            }
            Begin::Begun => {
                let join = Box::pin(Arc::clone(self).join(socket.clone(), namespace));
                let Some(task) = self.tasks.start(join) else {
                    return;
                };
                if let Some(joining) = self.members.lock().joining(&socket) {
                    joining.task = Some(task);
                }
            }
        }
    }

    /// Makes a place for the socket, behind which packets can queue.
    fn begin_join(&self, namespace: &Arc<NamespaceCore>, socket: &Socket) -> Begin {
        let mut members = self.members.lock();
        if members.closed {
            return Begin::Closed;
        }
        let state = MemberState::Joining(Box::new(Joining {
            socket: socket.clone(),
            queue: Vec::new(),
            task: None,
        }));
        if let Some(member) = members.find(namespace.name()) {
            if !matches!(member.state, MemberState::Left) {
                return Begin::Joined;
            }
            *member = Member {
                namespace: Arc::clone(namespace),
                state,
            };
            return Begin::Begun;
        }
        if members.list.len() >= self.link.limits.max_namespaces {
            let left = |member: &Member| matches!(member.state, MemberState::Left);
            let Some(left) = members.list.iter().position(left) else {
                return Begin::TooMany;
            };
            members.list.remove(left);
        }
        members.list.push(Member {
            namespace: Arc::clone(namespace),
            state,
        });
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
            let refused = match catch(middleware.call(&mut context)).await {
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
                Ordered::run(&socket.recipient, &self.tasks, run);
            } else {
                self.tasks.start(run);
            }
        }
        self.catch_up(&socket, &namespace);
    }

    /// Lets the socket in and tells the client, unless it has gone meanwhile.
    fn accept(&self, socket: &Socket, namespace: &NamespaceCore) -> bool {
        let mut members = self.members.lock();
        if members.joining(socket).is_none()
            || !socket.recipient.advance(Phase::Joining, Phase::Connected)
        {
            return false;
        }
        if let Err(error) = namespace.space.local.rooms.insert(&socket.recipient) {
            tracing::error!(socket = %socket.id(), %error, "a socket could not join");
        }
        let name = namespace.name();
        let packet = Encoded::text(|out| {
            socketio_proto::encode_connect(out, name, socket.id().as_str(), None);
        });
        // A session that is closed is about to be taken out of its namespaces.
        self.link.send_owned(packet).ok();
        self.joined.store(true, Ordering::Relaxed);
        true
    }

    fn refuse(&self, socket: &Socket, namespace: &NamespaceCore, error: &ConnectError) {
        {
            let mut members = self.members.lock();
            if members.joining(socket).is_none() {
                return;
            }
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

    /// Handles what has queued behind the CONNECT, in order, until nothing is left.
    fn catch_up(self: &Arc<Self>, socket: &Socket, namespace: &Arc<NamespaceCore>) {
        loop {
            let queue = {
                let mut members = self.members.lock();
                let Some(member) = members.find(namespace.name()) else {
                    return;
                };
                let MemberState::Joining(joining) = &mut member.state else {
                    return;
                };
                if joining.socket != *socket {
                    return;
                }
                if joining.queue.is_empty() {
                    member.state = MemberState::Joined(socket.clone());
                    return;
                }
                std::mem::take(&mut joining.queue)
            };
            for (packet, _waiting) in queue {
                if socket.connected() {
                    self.handle(socket, namespace, packet);
                }
            }
        }
    }
}

/// Frees what a socket holds that was not let in: refused, or cancelled half-way.
struct CleanUp(Option<Socket>);

impl Drop for CleanUp {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            let recipient = &socket.recipient;
            recipient.advance(Phase::Joining, Phase::Disconnected);
            recipient.acks.close();
            socket.space.local.rooms.remove(recipient);
            recipient.data.clear();
        }
    }
}

enum Begin {
    Begun,
    Closed,
    Joined,
    TooMany,
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
