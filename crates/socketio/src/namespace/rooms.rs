//! The rooms of a namespace, and their events.

use std::collections::HashMap;
use std::sync::Arc;

use socketio_adapter::{Room, RoomEvent, Target};

use super::{Namespace, Selection};
use crate::membership::namespace_shared::NamespaceShared;
use crate::registry::handlers::NamespaceRoomObserver;
use crate::socket::Socket;

impl<S> Namespace<S> {
    /// Returns the rooms on this server and the numbers of their sockets (Node's `adapter.rooms`).
    ///
    /// The rooms of the sockets' ids are among them, as in Node. A socket that is leaving is in its
    /// rooms until its `on_disconnecting` handlers have finished.
    ///
    /// It takes time in proportion to the number of rooms and sockets. To look up one room, use
    /// [`room_size`](Self::room_size) or [`room_sockets`](Self::room_sockets). Rooms on other servers
    /// are not included, see [`fetch_sockets`](Self::fetch_sockets).
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::SocketIo;
    ///
    /// fn games(io: &SocketIo) -> usize {
    ///     let rooms = io.of("/").rooms();
    ///     rooms.keys().filter(|room| room.as_str().starts_with("game:")).count()
    /// }
    /// ```
    #[doc(alias = "adapter.rooms")]
    pub fn rooms(&self) -> HashMap<Room, usize> {
        let mut all = HashMap::new();
        for shared in &self.spaces() {
            let sizes = shared.local.rooms.room_sizes();
            if all.is_empty() {
                all = sizes;
                continue;
            }
            for (room, size) in sizes {
                *all.entry(room).or_insert(0) += size;
            }
        }
        all
    }

    /// Returns the number of rooms on this server, without those of the sockets' ids.
    pub fn rooms_count(&self) -> usize {
        let spaces = self.spaces().into_iter();
        spaces.map(|shared| shared.local.rooms.room_count()).sum()
    }

    /// Returns the number of sockets in a room on this server (Node's `adapter.rooms.get(room).size`).
    /// Zero if the room does not exist.
    ///
    /// A socket that is leaving counts until its `on_disconnecting` handlers have finished.
    pub fn room_size(&self, room: &str) -> usize {
        let sizes = self.spaces().into_iter();
        sizes.map(|shared| shared.local.rooms.room_size(room)).sum()
    }

    /// Returns the sockets in a room that are connected to this server, in no particular order (Node's
    /// `adapter.sockets(rooms)`).
    ///
    /// To send to all of them, [`to`](Self::to) is cheaper. The rooms of one socket are
    /// [`Socket::rooms`] (Node's `adapter.sids`).
    #[doc(alias = "adapter.sockets")]
    pub fn room_sockets(&self, room: &str) -> Vec<Socket> {
        self.select(&Target::all().to(room), Vec::new())
    }

    /// Adds an observer of the rooms on this server (Node's events `create-room`, `delete-room`,
    /// `join-room` and `leave-room` of the adapter).
    ///
    /// It is called with the namespace and a [`RoomEvent`] after each change, including the rooms of
    /// the sockets' ids. A room is created before the first socket joins it, and deleted after the last
    /// one has left it.
    ///
    /// The calls are in the order of the changes, one at a time. No lock is held, so the observer may
    /// send, and join rooms; its changes are reported after it has returned. A change is reported
    /// before the operation returns, unless another thread is reporting: that thread or a later one then
    /// reports it. One operation reports at most 256 events, and a task reports the rest. The queue has
    /// no limit, so an observer must not wait, and should pass slow work to a task.
    ///
    /// An observer that is added later sees the later changes. Without an observer, rooms have no
    /// additional cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio::{RoomEvent, SocketIo};
    ///
    /// fn count(io: &SocketIo) {
    ///     io.of("/").on_room_event(|namespace, event| match event {
    ///         RoomEvent::Created { room, .. } => println!("{room} is open"),
    ///         RoomEvent::Joined { room, socket, .. } => {
    ///             namespace.to(room).emit("joined", socket.as_str());
    ///         }
    ///         _ => {}
    ///     });
    /// }
    /// ```
    #[doc(alias = "create-room")]
    #[doc(alias = "delete-room")]
    #[doc(alias = "join-room")]
    #[doc(alias = "leave-room")]
    pub fn on_room_event<F>(self, observer: F) -> Self
    where
        F: Fn(&Namespace, &RoomEvent) + Send + Sync + 'static,
    {
        let observer = NamespaceRoomObserver(Arc::new(
            move |shared: &Arc<NamespaceShared>, event: &RoomEvent| {
                let selection = Selection::One(Arc::clone(shared));
                observer(&Namespace::new(selection, ()), event);
            },
        ));
        self.register(&|handlers| handlers.room_observers.push(observer.clone()))
    }
}
