//! Leaving namespaces, and the disconnect handlers.

use std::sync::Arc;
use std::time::Duration;

use engineio::log::Escaped;
use futures_core::future::BoxFuture;
use socketio_proto::Namespace as Name;
use tracing::Instrument as _;

use super::recover::{SettleGuard, store_session};
use super::{ClientInner, Joining, Member, MemberState, RunMode};
use crate::context::DisconnectContext;
use crate::handler::{DisconnectListener, catch};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::OccupancyGuard;
use crate::socket::Socket;
use crate::socket_state::observers::NamespaceEvent;
use crate::socket_state::{Phase, SocketState};
use crate::wire::disconnect_reason::DisconnectReason;

/// The time limit of `on_disconnecting` handlers.
const DISCONNECTING_LIMIT: Duration = Duration::from_secs(10);

/// The remaining work for a socket that was removed from the member list.
enum Removed {
    /// The socket was not accepted. Its join is dropped without a lock.
    Cancelled(Name, Box<Joining>),
    /// The socket has left.
    Left(Socket, OccupancyGuard),
    /// The socket has left, and the task of its join completes the leave.
    Leaving(Socket),
}

impl ClientInner {
    /// Removes one socket from its namespace, but not a later socket with the same id.
    pub(super) fn leave(
        self: &Arc<Self>,
        socket_state: &SocketState,
        reason: DisconnectReason,
        run: RunMode,
    ) {
        let matches = |member: &&mut Member| {
            let socket = member.socket();
            socket.is_some_and(|socket| std::ptr::eq(&**socket.state(), socket_state))
        };
        let notifies = reason == DisconnectReason::ServerNamespaceDisconnect;
        // Encoded without the lock, because the parser may belong to the application.
        let name = {
            let mut members = self.members.lock();
            let member = members.list.iter_mut().find(matches).filter(|_| notifies);
            member.map(|member| member.name.clone())
        };
        let packet = name.and_then(|name| self.encoded(self.codec().disconnect(&name)));
        let (taken, announcements) = {
            let mut members = self.members.lock();
            let member = members.list.iter_mut().find(matches);
            let taken = member.and_then(|member| member.take(reason));
            // Queued under the lock: before the client can rejoin and be notified of it.
            let packet = packet.as_ref().filter(|_| taken.is_some());
            (taken, packet.map(|packet| self.shared.enqueue(packet)))
        };
        drop(announcements);
        self.finish(taken.into_iter().collect(), reason, run);
    }

    /// Removes the client from all its namespaces and prevents it from joining again.
    pub(crate) fn leave_all(self: &Arc<Self>, reason: DisconnectReason, run: RunMode) {
        let all: Vec<Removed> = {
            let mut members = self.members.lock();
            members.closed = true;
            let all = members
                .list
                .iter_mut()
                .filter_map(|member| member.take(reason))
                .collect();
            members
                .list
                .retain(|member| !matches!(member.state, MemberState::Left));
            all
        };
        if reason == DisconnectReason::ServerNamespaceDisconnect {
            for taken in &all {
                let namespace = match taken {
                    Removed::Cancelled(name, _) => name,
                    Removed::Left(socket, _) | Removed::Leaving(socket) => {
                        socket.namespace_shared().name()
                    }
                };
                self.send(self.codec().disconnect(namespace));
            }
        }
        self.finish(all, reason, run);
    }

    /// Completes the leave of removed sockets. All sessions are stored before any handler runs.
    fn finish(self: &Arc<Self>, all: Vec<Removed>, reason: DisconnectReason, run: RunMode) {
        let keep = |taken: &Removed| match taken {
            Removed::Cancelled(..) => None,
            Removed::Left(socket, _) | Removed::Leaving(socket) => store_session(socket, reason),
        };
        let kept: Vec<Option<SettleGuard>> = all.iter().map(keep).collect();
        for (taken, kept) in all.into_iter().zip(kept) {
            match taken {
                Removed::Cancelled(_, joining) => {
                    if let Some((socket, _)) = &joining.socket {
                        socket.state().acks.close(reason);
                    }
                    // A server that closes lets middleware finish. Its client is refused.
                    if reason != DisconnectReason::ServerShuttingDown {
                        joining.task.abort();
                    }
                }
                Removed::Left(socket, occupancy) => self.end(&socket, occupancy, reason, run),
                Removed::Leaving(socket) => socket.state().acks.close(reason),
            }
            // From here on, the client can recover. Its connect handlers run after these disconnect
            // handlers.
            drop(kept);
        }
    }

    /// Runs the disconnect handlers and frees the socket.
    pub(super) fn end(
        self: &Arc<Self>,
        socket: &Socket,
        occupancy: OccupancyGuard,
        reason: DisconnectReason,
        run: RunMode,
    ) {
        socket.state().acks.close(reason);
        let observers = &occupancy.shared.local.observers;
        observers.notify(&NamespaceEvent::Disconnected {
            socket: &socket.state().id,
            reason,
        });
        let handlers = Arc::clone(&occupancy.handlers());
        if handlers.disconnecting.is_empty()
            && handlers.disconnect.is_empty()
            && socket.state().listeners.is_unused()
        {
            release(socket);
            return;
        }
        let span = tracing::debug_span!(
            "socketio.disconnect",
            otel.kind = "internal",
            messaging.system = "socketio",
            socketio.namespace = occupancy.shared.label(),
            socketio.socket.id = %socket.logged_id(),
            socketio.reason = reason.as_str(),
        );
        let mut handlers = run_handlers(socket.clone(), occupancy, handlers, reason);
        if !span.is_disabled() {
            handlers = Box::pin(handlers.instrument(span));
        }
        match run {
            RunMode::Inline => self.tasks.start(handlers, 0),
            RunMode::Spawned => self.tasks.spawn(handlers, 0),
        }
    }
}

impl Member {
    /// Removes the socket from the member, if it has one that has not left.
    fn take(&mut self, reason: DisconnectReason) -> Option<Removed> {
        if let MemberState::Joining(joining) = &mut self.state
            && joining.accepted
        {
            if joining.left.is_some() {
                return None;
            }
            joining.left = Some(reason);
            let (socket, _) = joining.socket.as_ref()?;
            socket
                .state()
                .advance(Phase::Connected, Phase::Disconnected);
            return Some(Removed::Leaving(socket.clone()));
        }
        match std::mem::replace(&mut self.state, MemberState::Left) {
            MemberState::Left => None,
            MemberState::Joining(joining) => {
                joining.cancel();
                Some(Removed::Cancelled(self.name.clone(), joining))
            }
            MemberState::Joined(socket, occupancy) => {
                socket
                    .state()
                    .advance(Phase::Connected, Phase::Disconnected);
                Some(Removed::Left(socket, occupancy))
            }
        }
    }
}

fn run_handlers(
    socket: Socket,
    occupancy: OccupancyGuard,
    handlers: Arc<Handlers>,
    reason: DisconnectReason,
) -> BoxFuture<'static, ()> {
    let release = ReleaseGuard(socket.clone());
    Box::pin(async move {
        // Also released if the server closes and cancels the handlers.
        let release = release;
        let disconnecting = async {
            for listener in &handlers.disconnecting {
                run(listener, &socket, reason).await;
            }
            for listener in socket.own_disconnecting() {
                run(&listener, &socket, reason).await;
            }
        };
        let limit = DISCONNECTING_LIMIT;
        if tokio::time::timeout(limit, disconnecting).await.is_err() {
            engineio::log_limited!(
                error,
                socket.log_client(),
                "the on_disconnecting handlers timed out: move slow operations to on_disconnect",
                socket = %socket.logged_id(),
                ?limit,
            );
        }
        leave_rooms(&socket);
        for listener in &handlers.disconnect {
            run(listener, &socket, reason).await;
        }
        for listener in socket.own_disconnect() {
            run(&listener, &socket, reason).await;
        }
        drop(release);
        // May remove the namespace.
        drop(occupancy);
    })
}

/// Frees the resources of a socket when its disconnect handlers have ended.
struct ReleaseGuard(Socket);

impl Drop for ReleaseGuard {
    fn drop(&mut self) {
        release(&self.0);
    }
}

async fn run(listener: &DisconnectListener, socket: &Socket, reason: DisconnectReason) {
    let context = DisconnectContext::new(socket.clone(), reason);
    match catch(listener.call(context)).await {
        Ok(Ok(())) => {}
        Ok(Err(rejection)) => engineio::log_limited!(
            error,
            socket.log_client(),
            "a disconnect handler did not run: use only extractors that the connection supports",
            socket = %socket.logged_id(),
            rejection = %rejection.redacted(),
        ),
        Err(panic) => engineio::log_limited!(
            error,
            socket.log_client(),
            "a disconnect handler panicked",
            socket = %socket.logged_id(),
            panic = ?Escaped(panic.message()),
        ),
    }
}

fn leave_rooms(socket: &Socket) {
    let (socket_state, shared) = (socket.state(), socket.namespace_shared());
    shared.local.rooms.remove(socket_state);
    socket_state.rooms_at_leave.close();
}

/// Frees the resources of the socket, because handles to it may live long.
fn release(socket: &Socket) {
    leave_rooms(socket);
    socket.state().data.close();
    socket.state().listeners.close();
}
