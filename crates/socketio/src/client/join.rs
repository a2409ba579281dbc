//! Joining a namespace: lookup, middleware, acceptance, connect handlers and queued packets.
//!
//! A client is refused here if a middleware returns an error.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use engineio::log::Escaped;
use futures_util::FutureExt as _;
use futures_util::future::{AbortHandle, AbortRegistration, Abortable};
use socketio_proto::{Args, Namespace as Name, Packet, PacketType};
use tracing::{Span, field};

use self::handlers::{ask_middleware, connect_handler, connect_span, error_type, notify_connected};
use super::answers::{RefusedBy, new_id};
use super::recover::{Claim, RecoveryOutcome, RecoveryRequest};
use super::{Accepted, ClientInner, Joining, Member, MemberState, RouteCache, RunMode};
use crate::context::NamespaceContext;
use crate::error::connect_error::ConnectError;
use crate::handler::catch;
use crate::registry::handlers::Handlers;
use crate::registry::namespace_inner::OccupancyGuard;
use crate::registry::namespaces::NamespaceUnavailable;
use crate::socket::Socket;
use crate::socket_state::observers::{NamespaceEvent, RecoveryResult};
use crate::socket_state::ordered::Ordered;
use crate::socket_state::recoverable::Recoverable;
use crate::socket_state::tasks::TaskGuard;
use crate::socket_state::{Phase, SocketState};
use crate::wire::disconnect_reason::DisconnectReason;
use crate::wire::encoded_packet::EncodedPacket;

mod handlers;

impl ClientInner {
    /// Handles a CONNECT packet.
    pub(super) fn connect(self: &Arc<Self>, packet: &Packet) {
        match self.begin_join(packet) {
            Begin::Queued => {}
            Begin::Joined => self.close_for_violation("the client joined a namespace twice"),
            Begin::TooMany => {
                let error = if self.namespaces.can_join(&packet.namespace) {
                    ConnectError::new("too many namespaces on one connection")
                } else {
                    self.namespaces.refuse_invalid().into()
                };
                self.send_refusal(&packet.namespace, &error, RefusedBy::Server);
            }
            Begin::TooMuchAuth => {
                let error = ConnectError::new("too many bytes of auth data on one connection");
                self.send_refusal(&packet.namespace, &error, RefusedBy::Server);
            }
            Begin::Begun(attempt) => {
                // Aborted and dropped without the lock.
                if let Some(MemberState::Joining(joining)) = attempt.replaced {
                    joining.task.abort();
                }
                // The payload is stored with the socket and must not keep the receive buffer alive.
                let auth = packet.payload.detach();
                let name = packet.namespace.clone();
                let join = Arc::clone(self).join_or_refuse(attempt.number, name, auth);
                let join = Abortable::new(join, attempt.abort).map(drop);
                self.tasks.start(Box::pin(join), 0);
            }
        }
    }

    /// Adds a member for an attempt to join. Later packets are queued in it.
    fn begin_join(&self, packet: &Packet) -> Begin {
        let mut members = self.members.lock();
        if members.closed {
            return Begin::Queued;
        }
        let auth_bytes = stored_bytes(&packet.payload);
        if auth_bytes > 0 {
            let others = members.list.iter();
            let others = others.filter(|member| member.name != packet.namespace);
            let stored = others.map(Member::auth_bytes);
            let total = stored.fold(auth_bytes, usize::saturating_add);
            if total > self.shared.limits.max_auth_bytes {
                return Begin::TooMuchAuth;
            }
        }
        let number = members.attempts.wrapping_add(1);
        let (task, abort) = AbortHandle::new_pair();
        let state = MemberState::Joining(Box::new(Joining {
            attempt: number,
            auth_bytes,
            socket: None,
            queue: Vec::new(),
            task,
            accepted: false,
            left: None,
        }));
        if let Some(member) = members.find(&packet.namespace) {
            match &mut member.state {
                MemberState::Joined(..) => return Begin::Joined,
                MemberState::Joining(first) if first.is_leaving() => {
                    // The client rejoins before its previous leave is complete.
                    let unfinished = self.tasks.count(0);
                    first.queue.push((packet.clone(), unfinished));
                    return Begin::Queued;
                }
                MemberState::Joining(first) if first.accepted => return Begin::Joined,
                // A client that sends another CONNECT before the answer expects one answer, to the
                // last CONNECT.
                MemberState::Joining(first) => first.cancel(),
                MemberState::Left => {}
            }
            let replaced = Some(std::mem::replace(&mut member.state, state));
            members.attempts = number;
            return Begin::Begun(Attempt {
                number,
                abort,
                replaced,
            });
        }
        if members.list.len() >= self.shared.limits.max_namespaces {
            let left = |member: &Member| matches!(member.state, MemberState::Left);
            let Some(left) = members.list.iter().position(left) else {
                return Begin::TooMany;
            };
            members.list.remove(left);
        }
        members.attempts = number;
        members.list.push(Member {
            name: packet.namespace.clone(),
            state,
        });
        Begin::Begun(Attempt {
            number,
            abort,
            replaced: None,
        })
    }

    /// Joins a namespace. If an adapter or observer panics, the client is refused and the member
    /// removed.
    async fn join_or_refuse(self: Arc<Self>, attempt: u64, name: Name, auth: Args) {
        let join = Arc::clone(&self).join(attempt, name.clone(), auth);
        let Err(panic) = catch(join).await else {
            return;
        };
        engineio::log_limited!(
            error,
            self.shared.log_client(),
            "a client was refused because an operation panicked: check the adapter and the room \
             observers",
            namespace = ?Escaped(&name),
            panic = ?Escaped(panic.message()),
        );
        match self.accepted_socket(attempt) {
            None => self.refuse(attempt, &name, &ConnectError::internal(), RefusedBy::Server),
            Some((socket, occupancy)) => {
                self.close_for_violation("its namespace could not be joined");
                self.drain_queue(attempt, &socket, &occupancy).await;
            }
        }
    }

    /// Returns the socket of an attempt if it was accepted.
    fn accepted_socket(&self, attempt: u64) -> Option<(Socket, OccupancyGuard)> {
        let mut members = self.members.lock();
        let joining = members.joining(attempt)?;
        let (socket, occupancy) = joining.socket.as_ref().filter(|_| joining.accepted)?;
        (!socket.state().is(Phase::Refused)).then(|| (socket.clone(), occupancy.clone()))
    }

    /// Finds the namespace, runs the middleware, accepts the socket, starts its connect handlers
    /// and then handles the queued packets.
    async fn join(self: Arc<Self>, attempt: u64, name: Name, mut auth: Args) {
        let span = connect_span(self.session());
        // Clients of Socket.IO 2.x do not support recovery.
        let request = if self.namespaces.has_recovery() && !self.is_eio3() {
            RecoveryRequest::take_from(&mut auth)
        } else {
            None
        };
        let ask = || {
            let handshake = self.shared.handshake();
            let server = self.namespaces.server();
            let client = self.shared.log_client();
            NamespaceContext::new(name.clone(), auth.clone(), handshake, server, client)
        };
        let occupancy = match self.namespaces.enter(&name, ask).await {
            Ok(occupancy) => occupancy,
            Err(unavailable) => {
                span.record("error.type", "namespace unavailable");
                return self.refuse(attempt, &name, &unavailable.into(), RefusedBy::Server);
            }
        };
        span.record("socketio.namespace", occupancy.shared.label());
        let mut recovery_result = None;
        if let Some(request) = request {
            recovery_result = Some(RecoveryResult::UnknownSession);
            if let Some(claim) = request.claim(&occupancy.shared).await {
                let outcome = self.rejoin(attempt, &occupancy, auth.clone(), claim, &span);
                if outcome.await != RecoveryOutcome::Unavailable {
                    return;
                }
                recovery_result = Some(RecoveryResult::EventsUnavailable);
            }
        }
        let Some(id) = self.socket_id(&name) else {
            let error = ConnectError::new("the server cannot take more clients");
            return self.refuse_in(attempt, &occupancy, &error, RefusedBy::Server, &span);
        };
        let recovery = occupancy
            .shared
            .recovery
            .as_ref()
            .filter(|_| !self.is_eio3());
        let recoverable = recovery.and_then(|_| new_id());
        let recoverable = recoverable.map(|id| Box::new(Recoverable::new(id.into(), false)));
        let socket_state = SocketState::new(id, Arc::clone(&self.shared), auth, recoverable);
        let socket = Socket::new(Arc::new(socket_state), Arc::clone(&occupancy.shared));
        // Frees a socket that is not accepted, whatever happens to the middleware.
        let mut guard = RefusedSocketGuard(Some(socket.clone()));
        if !self.attach(attempt, &socket, &occupancy) {
            return;
        }
        let handlers = Arc::clone(&occupancy.handlers());
        if let Err(refused) = ask_middleware(&socket, &handlers, &span).await {
            return self.refuse_in(attempt, &occupancy, &refused, RefusedBy::Middleware, &span);
        }
        if let Some(recoverable) = &socket.state().recoverable {
            // Read before the socket joins a room: later packets have later offsets.
            let last_offset = occupancy.shared.adapter.last_offset();
            recoverable.set_offset_at_join(last_offset.as_deref());
        }
        let accepted = self.accept(attempt, &socket, Vec::new());
        if let Some(accepted) = accepted {
            drop(accepted);
            guard.0 = None;
            notify_connected(&socket, recovery_result);
            let start = self.start(attempt, &socket, &occupancy, &handlers, span);
            start.await;
        }
    }

    /// Restores the socket of a recovered client. The middleware runs before anything is sent.
    async fn rejoin(
        self: &Arc<Self>,
        attempt: u64,
        occupancy: &OccupancyGuard,
        auth: Args,
        claim: Claim,
        span: &Span,
    ) -> RecoveryOutcome {
        let (Some(session), Some(recovery)) = (claim.session(), &occupancy.shared.recovery) else {
            return RecoveryOutcome::Unavailable;
        };
        let recoverable = Recoverable::new(session.recovery_id.clone(), true);
        recoverable.set_offset_at_join(session.joined_at.as_deref());
        let socket_state = Arc::new(SocketState::new(
            session.id.clone(),
            Arc::clone(&self.shared),
            auth,
            Some(Box::new(recoverable)),
        ));
        let socket = Socket::new(socket_state, Arc::clone(&occupancy.shared));
        let mut guard = RefusedSocketGuard(Some(socket.clone()));
        let rooms = &occupancy.shared.local.rooms;
        if let Err(error) = rooms.join(socket.state(), &session.rooms) {
            engineio::log_limited!(
                warn,
                socket.log_client(),
                "a recovered socket could not rejoin all of its rooms",
                socket = %socket.logged_id(),
                error = %Escaped(&error),
            );
        }
        let handlers = Arc::clone(&occupancy.handlers());
        handlers
            .shared_data
            .restore(session.data.clone(), socket.data());
        if !self.attach(attempt, &socket, occupancy) {
            return RecoveryOutcome::Left;
        }
        if !recovery.settings.skip_middlewares
            && let Err(refused) = ask_middleware(&socket, &handlers, span).await
        {
            self.refuse_in(attempt, occupancy, &refused, RefusedBy::Middleware, span);
            return RecoveryOutcome::Left;
        }
        let outcome = claim.resume(self, attempt, &socket).await;
        if outcome == RecoveryOutcome::Joined {
            guard.0 = None;
            span.record("socketio.recovered", true);
            notify_connected(&socket, Some(RecoveryResult::Recovered));
            let start = self.start(attempt, &socket, occupancy, &handlers, span.clone());
            start.await;
        }
        outcome
    }

    /// Starts the connect handlers of a socket, and then handles the queued packets.
    async fn start(
        self: &Arc<Self>,
        attempt: u64,
        socket: &Socket,
        occupancy: &OccupancyGuard,
        handlers: &Handlers,
        span: Span,
    ) {
        span.record("socketio.socket.id", field::display(socket.logged_id()));
        // The socket was inserted with a lock held.
        socket.namespace_shared().local.rooms.report();
        for listener in &handlers.connect {
            let run = connect_handler(listener.clone(), socket, &span);
            if handlers.ordered {
                Ordered::run(socket.state(), &self.tasks, run, 0);
            } else {
                self.tasks.start(run, 0);
            }
        }
        // The events that follow are not part of it.
        drop(span);
        self.drain_queue(attempt, socket, occupancy).await;
    }

    /// Stores the socket of an attempt. Returns `false` if the attempt was cancelled.
    fn attach(&self, attempt: u64, socket: &Socket, occupancy: &OccupancyGuard) -> bool {
        let mut members = self.members.lock();
        let Some(joining) = members.joining(attempt) else {
            return false;
        };
        let attached = (socket.clone(), occupancy.clone());
        let replaced = joining.socket.replace(attached);
        drop(members);
        // An earlier socket of this attempt that could not be recovered.
        drop(replaced);
        true
    }

    /// Accepts the socket and sends the missed packets and the CONNECT packet.
    ///
    /// Returns `None` if the client has left.
    pub(super) fn accept(
        &self,
        attempt: u64,
        socket: &Socket,
        missed: Vec<EncodedPacket>,
    ) -> Option<Accepted> {
        let (socket_state, shared) = (socket.state(), socket.namespace_shared());
        let connect = self.encoded(self.connected_packet(socket));
        let packets: Vec<EncodedPacket> = missed.into_iter().chain(connect).collect();
        let mut announcements = Vec::new();
        let mut members = self.members.lock();
        let joining = members.joining(attempt)?;
        if !socket_state.is(Phase::Joining) {
            return None;
        }
        joining.accepted = true;
        // The client receives its CONNECT packet before packets of the namespace.
        for packet in &packets {
            announcements.push(self.shared.enqueue(packet));
        }
        let inserted = shared.insert(socket_state);
        // From here on, packets sent to the socket may take the way through its rooms.
        socket_state.advance(Phase::Joining, Phase::Connected);
        self.joined.store(true, Ordering::Relaxed);
        drop(members);
        let replaced = inserted.unwrap_or_else(|error| {
            // Unreachable in practice because ids are random.
            engineio::log_limited!(
                error,
                self.shared.log_client(),
                "a socket was not added to its namespace",
                socket = %socket.logged_id(),
                error = %Escaped(&error),
            );
            None
        });
        Some(Accepted {
            _announcements: announcements,
            _replaced: replaced,
        })
    }

    /// Refuses a client in a namespace that exists, and notifies its observers.
    fn refuse_in(
        &self,
        attempt: u64,
        occupancy: &OccupancyGuard,
        error: &ConnectError,
        refuser: RefusedBy,
        span: &Span,
    ) {
        span.record("error.type", error_type(error));
        self.refuse(attempt, occupancy.name(), error, refuser);
        let observers = &occupancy.shared.local.observers;
        observers.notify(&NamespaceEvent::Refused { error });
    }

    /// Sends a CONNECT_ERROR packet, unless the attempt was cancelled.
    fn refuse(&self, attempt: u64, namespace: &Name, error: &ConnectError, refuser: RefusedBy) {
        let packet = self.encoded(self.refused_packet(namespace, error, refuser));
        // Dropped after the lock is released.
        let (_refused, _announcement);
        let mut members = self.members.lock();
        let matches = |member: &Member| match &member.state {
            MemberState::Joining(joining) => joining.attempt == attempt,
            MemberState::Joined(..) | MemberState::Left => false,
        };
        if let Some(place) = members.list.iter().position(matches) {
            let refused = members.list.remove(place);
            if let Some(socket) = refused.socket() {
                socket.state().advance(Phase::Joining, Phase::Refused);
            }
            // Queued under the lock: before a later attempt of the client can be answered.
            _announcement = packet.as_ref().map(|packet| self.shared.enqueue(packet));
            _refused = refused;
        }
    }

    fn send_refusal(&self, namespace: &Name, error: &ConnectError, refuser: RefusedBy) {
        self.send(self.refused_packet(namespace, error, refuser));
    }

    /// Handles the packets that were queued behind the CONNECT packet, until the queue is empty or
    /// the socket has left.
    async fn drain_queue(
        self: &Arc<Self>,
        attempt: u64,
        socket: &Socket,
        occupancy: &OccupancyGuard,
    ) {
        while let Some(step) = self.next_step(attempt) {
            match step {
                Step::Handle(queue) => {
                    let mut queue = queue.into_iter();
                    while socket.connected()
                        && let Some((packet, _unfinished)) = queue.next()
                    {
                        self.handle(socket.clone(), &occupancy.handlers(), packet);
                    }
                    // Packets behind a DISCONNECT wait until the leave is complete.
                    if let Some(joining) = self.members.lock().joining(attempt) {
                        joining.queue.splice(0..0, queue);
                    }
                }
                Step::End(reason, joining) => {
                    self.end(socket, occupancy.clone(), reason, RunMode::Inline);
                    // If the client has rejoined, packets in front of its CONNECT are dropped and
                    // those behind it are kept.
                    let queue = joining.queue.into_iter();
                    let is_before =
                        |(packet, _): &(Packet, TaskGuard)| packet.kind != PacketType::Connect;
                    for (packet, _unfinished) in queue.skip_while(is_before) {
                        self.receive(packet, &mut RouteCache::default());
                    }
                    return;
                }
            }
            // A client that keeps sending must not occupy the worker thread.
            tokio::task::coop::consume_budget().await;
        }
    }

    fn next_step(&self, attempt: u64) -> Option<Step> {
        let mut members = self.members.lock();
        let member = members.attempt(attempt)?;
        let MemberState::Joining(joining) = &mut member.state else {
            return None;
        };
        if joining.left.is_none() && !joining.queue.is_empty() {
            return Some(Step::Handle(std::mem::take(&mut joining.queue)));
        }
        let MemberState::Joining(mut joining) =
            std::mem::replace(&mut member.state, MemberState::Left)
        else {
            return None;
        };
        match joining.left {
            Some(reason) => Some(Step::End(reason, joining)),
            None => {
                let (socket, occupancy) = joining.socket.take()?;
                member.state = MemberState::Joined(socket, occupancy);
                None
            }
        }
    }
}

impl Joining {
    /// Returns whether the socket has left, or will leave when the queue is handled.
    fn is_leaving(&self) -> bool {
        let leaves = |(packet, _): &(Packet, TaskGuard)| packet.kind == PacketType::Disconnect;
        self.left.is_some() || (self.accepted && self.queue.iter().any(leaves))
    }

    /// Cancels a join that is not accepted yet. The caller aborts its task after the lock, and the
    /// end of the task frees the socket.
    pub(super) fn cancel(&self) {
        if let Some((socket, _)) = &self.socket {
            socket.state().advance(Phase::Joining, Phase::Refused);
        }
    }
}

impl From<NamespaceUnavailable> for ConnectError {
    fn from(none: NamespaceUnavailable) -> Self {
        match none {
            NamespaceUnavailable::Invalid => Self::new("Invalid namespace"),
            NamespaceUnavailable::TooMany => Self::new("too many namespaces"),
            NamespaceUnavailable::Failed => Self::internal(),
        }
    }
}

impl Member {
    /// Returns the size of the CONNECT payload that is stored with the socket.
    fn auth_bytes(&self) -> usize {
        match &self.state {
            MemberState::Joining(joining) => joining.auth_bytes,
            MemberState::Joined(socket, _) => stored_bytes(&socket.state().auth),
            MemberState::Left => 0,
        }
    }
}

/// Returns the size of arguments with their attachments.
fn stored_bytes(args: &Args) -> usize {
    if args.is_empty() {
        return 0;
    }
    let attachments = args.attachments().iter().map(|bytes| bytes.len());
    attachments.fold(args.as_json().len(), usize::saturating_add)
}

/// The next step of a socket that has just joined.
enum Step {
    Handle(Vec<(Packet, TaskGuard)>),
    End(DisconnectReason, Box<Joining>),
}

/// Frees a socket that was not accepted, because it was refused or cancelled.
struct RefusedSocketGuard(Option<Socket>);

impl Drop for RefusedSocketGuard {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            let socket_state = &socket.state();
            socket_state.advance(Phase::Joining, Phase::Refused);
            // If the client has left, the reason is already set.
            let refused = DisconnectReason::ServerNamespaceDisconnect;
            socket_state.acks.close(refused);
            socket.namespace_shared().local.rooms.remove(socket_state);
            socket_state.data.close();
            socket_state.listeners.close();
        }
    }
}

enum Begin {
    Begun(Attempt),
    Joined,
    TooMany,
    TooMuchAuth,
    /// Nothing has to be done now.
    Queued,
}

/// An attempt to join that has just begun.
struct Attempt {
    number: u64,
    abort: AbortRegistration,
    /// The previous state of the member.
    replaced: Option<MemberState>,
}
