use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{Client, Member, MemberState};
use crate::context::DisconnectContext;
use crate::disconnect_reason::DisconnectReason;
use crate::encoded::Encoded;
use crate::handler::{DisconnectListener, catch};
use crate::handlers::Handlers;
use crate::namespace_core::NamespaceCore;
use crate::recipient::Phase;
use crate::socket::Socket;

impl Client {
    /// Takes the client out of one namespace.
    pub(super) fn leave(self: &Arc<Self>, namespace: &str, reason: DisconnectReason) {
        let member = {
            let mut members = self.members.lock();
            let Some(member) = members.find(namespace) else {
                return;
            };
            Member {
                namespace: Arc::clone(&member.namespace),
                state: std::mem::replace(&mut member.state, MemberState::Left),
            }
        };
        self.end(member, reason);
    }

    /// Takes the client out of all its namespaces, for good.
    pub(crate) fn leave_all(self: &Arc<Self>, reason: DisconnectReason) {
        let list = {
            let mut members = self.members.lock();
            members.closed = true;
            std::mem::take(&mut members.list)
        };
        for member in list {
            self.end(member, reason);
        }
    }

    fn end(self: &Arc<Self>, member: Member, reason: DisconnectReason) {
        let Member { namespace, state } = member;
        let socket = match state {
            MemberState::Joined(socket) => socket,
            MemberState::Joining(joining) => {
                if joining
                    .socket
                    .recipient
                    .advance(Phase::Joining, Phase::Disconnected)
                {
                    // Middleware was still at work; the end of its task cleans up.
                    if let Some(task) = joining.task {
                        task.abort();
                    }
                    if reason == DisconnectReason::ServerNamespaceDisconnect {
                        self.send_disconnect(&namespace);
                    }
                    return;
                }
                joining.socket
            }
            MemberState::Left => return,
        };
        if !socket
            .recipient
            .advance(Phase::Connected, Phase::Disconnected)
        {
            return;
        }
        if reason == DisconnectReason::ServerNamespaceDisconnect {
            self.send_disconnect(&namespace);
        }
        socket.recipient.acks.close();
        let handlers = Arc::clone(&namespace.handlers());
        if handlers.disconnecting.is_empty() && handlers.disconnect.is_empty() {
            forget(&socket);
        } else {
            self.tasks.start(run_handlers(socket, handlers, reason));
        }
    }

    fn send_disconnect(&self, namespace: &NamespaceCore) {
        let packet = Encoded::text(|out| {
            socketio_proto::encode_disconnect(out, namespace.name());
        });
        self.link.send_owned(packet).ok();
    }
}

fn run_handlers(
    socket: Socket,
    handlers: Arc<Handlers>,
    reason: DisconnectReason,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        for listener in &handlers.disconnecting {
            run(listener, &socket, reason).await;
        }
        socket.space.local.rooms.remove(&socket.recipient);
        for listener in &handlers.disconnect {
            run(listener, &socket, reason).await;
        }
        forget(&socket);
    })
}

async fn run(listener: &DisconnectListener, socket: &Socket, reason: DisconnectReason) {
    let context = DisconnectContext::new(socket.clone(), reason);
    match catch(listener.call(context)).await {
        Ok(Ok(())) => {}
        Ok(Err(rejection)) => tracing::error!(
            socket = %socket.id(),
            %rejection,
            "a disconnect handler did not run: ask only for what the connection has"
        ),
        Err(panic) => tracing::error!(
            socket = %socket.id(),
            panic = panic.message(),
            "a disconnect handler panicked"
        ),
    }
}

/// Frees what the socket holds, for handles to it may be kept for long.
fn forget(socket: &Socket) {
    socket.space.local.rooms.remove(&socket.recipient);
    socket.recipient.data.clear();
}
