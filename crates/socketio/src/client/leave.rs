use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;
use socketio_proto::Namespace as Name;

use super::recover::{SettleGuard, store_session};
use super::{Client, Joining, Member, MemberState, Run};
use crate::context::DisconnectContext;
use crate::handler::{DisconnectListener, catch};
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::OccupancyGuard;
use crate::socket::Socket;
use crate::socket_state::{Phase, SocketState};
use crate::wire::disconnect_reason::DisconnectReason;

/// How long handlers may keep a socket in its rooms that is about to leave them.
const DISCONNECTING_LIMIT: Duration = Duration::from_secs(10);

/// What remains to be done when a socket has been taken from its place.
enum Taken {
    /// It was never let in. What it held is dropped without a lock.
    Cancelled(Name, Box<Joining>),
    /// It is over.
    Left(Socket, OccupancyGuard),
    /// It is over, and the task that joins it does the rest.
    Leaving(Socket),
}

impl Client {
    /// Takes one socket out of its namespace, and no other that has got its id meanwhile.
    pub(super) fn leave(
        self: &Arc<Self>,
        socket_state: &SocketState,
        reason: DisconnectReason,
        run: Run,
    ) {
        let is_it = |member: &&mut Member| {
            let socket = member.socket();
            socket.is_some_and(|socket| std::ptr::eq(&**socket.state(), socket_state))
        };
        let is_told = reason == DisconnectReason::ServerNamespaceDisconnect;
        // EncodedPacket without the lock, for a parser may be the application's.
        let name = {
            let mut members = self.members.lock();
            let member = members.list.iter_mut().find(is_it).filter(|_| is_told);
            member.map(|member| member.name.clone())
        };
        let packet = name.map(|name| self.codec().disconnect(&name));
        let (taken, told) = {
            let mut members = self.members.lock();
            let member = members.list.iter_mut().find(is_it);
            let taken = member.and_then(|member| member.take(reason));
            // Before the client can join again, and hear of that.
            let packet = packet.filter(|_| taken.is_some());
            (taken, packet.map(|packet| self.enqueue(packet)))
        };
        drop(told);
        self.finish(taken.into_iter().collect(), reason, run);
    }

    /// Takes the client out of all its namespaces, for good.
    pub(crate) fn leave_all(self: &Arc<Self>, reason: DisconnectReason, run: Run) {
        let all: SmallVec<[Taken; 1]> = {
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
                    Taken::Cancelled(name, _) => name,
                    Taken::Left(socket, _) | Taken::Leaving(socket) => {
                        socket.namespace_shared().name()
                    }
                };
                self.send(self.codec().disconnect(namespace));
            }
        }
        self.finish(all, reason, run);
    }

    /// Does the rest for sockets that have been taken from their places. All sessions are kept before
    /// any handler runs.
    fn finish(self: &Arc<Self>, all: SmallVec<[Taken; 1]>, reason: DisconnectReason, run: Run) {
        let keep = |taken: &Taken| match taken {
            Taken::Cancelled(..) => None,
            Taken::Left(socket, _) | Taken::Leaving(socket) => store_session(socket, reason),
        };
        let kept: SmallVec<[Option<SettleGuard>; 1]> = all.iter().map(keep).collect();
        for (taken, kept) in all.into_iter().zip(kept) {
            match taken {
                Taken::Cancelled(_, joining) => drop(joining),
                Taken::Left(socket, stay) => self.end(&socket, stay, reason, run),
                Taken::Leaving(socket) => socket.state().acks.close(),
            }
            // Only now may the client be back: its connect handlers run after these.
            drop(kept);
        }
    }

    /// Runs the disconnect handlers and frees what the socket holds.
    pub(super) fn end(
        self: &Arc<Self>,
        socket: &Socket,
        stay: OccupancyGuard,
        reason: DisconnectReason,
        run: Run,
    ) {
        socket.state().acks.close();
        let handlers = Arc::clone(&stay.handlers());
        if handlers.disconnecting.is_empty()
            && handlers.disconnect.is_empty()
            && socket.state().listeners.is_unused()
        {
            forget(socket);
            return;
        }
        let handlers = run_handlers(socket.clone(), stay, handlers, reason);
        match run {
            Run::Here => drop(self.tasks.start(handlers, 0)),
            Run::InTask => drop(self.tasks.spawn(handlers, 0)),
        }
    }
}

impl Member {
    /// Takes the socket from its place, if there is one that has not left.
    fn take(&mut self, reason: DisconnectReason) -> Option<Taken> {
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
            return Some(Taken::Leaving(socket.clone()));
        }
        match std::mem::replace(&mut self.state, MemberState::Left) {
            MemberState::Left => None,
            MemberState::Joining(mut joining) => {
                joining.cancel();
                Some(Taken::Cancelled(self.name.clone(), joining))
            }
            MemberState::Joined(socket, stay) => {
                socket
                    .state()
                    .advance(Phase::Connected, Phase::Disconnected);
                Some(Taken::Left(socket, stay))
            }
        }
    }
}

fn run_handlers(
    socket: Socket,
    stay: OccupancyGuard,
    handlers: Arc<Handlers>,
    reason: DisconnectReason,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
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
            tracing::error!(
                socket = %socket.id(),
                ?limit,
                "the disconnecting handlers were cut off: what takes long belongs into on_disconnect"
            );
        }
        leave_rooms(&socket);
        for listener in &handlers.disconnect {
            run(listener, &socket, reason).await;
        }
        for listener in socket.own_disconnect() {
            run(&listener, &socket, reason).await;
        }
        forget(&socket);
        // The namespace may go with it.
        drop(stay);
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

fn leave_rooms(socket: &Socket) {
    let (socket_state, shared) = (socket.state(), socket.namespace_shared());
    shared.local.rooms.remove(socket_state);
    socket_state.rooms_at_leave.close();
}

/// Frees what the socket holds, for handles to it may be kept for long.
fn forget(socket: &Socket) {
    leave_rooms(socket);
    socket.state().data.close();
    socket.state().listeners.close();
}
