//! The index of the sockets of a namespace and their rooms.
//!
//! `index.rs` stores the rooms by name, `directory.rs` the members by id, `slots.rs` the members of one
//! room, and `member.rs` the rooms of one member. `visit.rs` selects the members of a target. All of
//! them may be used by any number of threads.

mod directory;
mod entry;
mod error;
mod index;
mod member;
mod shards;
mod slots;
mod visit;

use std::fmt;
use std::sync::{Arc, OnceLock};

use self::directory::Directory;
use self::index::Index;
use self::member::{Joined, MemberState, Present};
use self::shards::NameHasher;
use self::visit::Visit;
use crate::into_rooms::IntoRooms;
use crate::room::Room;
use crate::room_list::RoomList;
use crate::socket_id::SocketId;
use crate::target::Target;

pub use self::error::{InsertError, TooManyRooms};
pub use self::index::RoomObserver;
pub use self::member::{Member, Memberships};

/// An index of the sockets of one namespace on this server, and of their rooms.
///
/// Each member starts in its own room, which is named after its id. That room takes no memory: a name
/// is looked up among the ids as well as among the rooms. All other rooms exist while they have
/// members.
///
/// Any number of threads may use the index at once. A removed member stays removed: a concurrent or
/// later join does nothing, and the index keeps no reference to the member.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use socketio_adapter::{Member, Memberships, Rooms, SocketId, Target};
///
/// struct Socket {
///     id: SocketId,
///     memberships: Memberships<Self>,
/// }
///
/// impl Member for Socket {
///     fn id(&self) -> &SocketId {
///         &self.id
///     }
///
///     fn memberships(&self) -> &Memberships<Self> {
///         &self.memberships
///     }
/// }
///
/// let rooms = Rooms::new();
/// let socket = Arc::new(Socket {
///     id: "_1kqyu2LT4IHGYyqAAAB".into(),
///     memberships: Memberships::new(),
/// });
/// rooms.insert(&socket)?;
/// rooms.join(&socket, "news")?;
///
/// let mut reached = Vec::new();
/// rooms.for_each(&Target::all().to("news"), |socket| reached.push(socket.id.clone()));
/// assert_eq!(reached, ["_1kqyu2LT4IHGYyqAAAB"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
//
// Lock order: the record of a member, then one shard of the directory, or one shard of the index, or
// one room. No further lock is taken while a shard of the directory or a room is locked. An observer
// is called with the record of a member locked, and possibly one shard of the index.
pub struct Rooms<M: Member> {
    directory: Directory<M>,
    hasher: NameHasher,
    index: Index<M>,
    max_rooms: Option<usize>,
    observer: OnceLock<Arc<dyn RoomObserver>>,
}

impl<M: Member> Rooms<M> {
    /// Creates an empty index without a limit of rooms per member.
    #[must_use]
    pub fn new() -> Self {
        Self {
            directory: Directory::new(),
            hasher: NameHasher::default(),
            index: Index::new(),
            max_rooms: None,
            observer: OnceLock::new(),
        }
    }

    /// Sets the maximum number of rooms per member, not counting its own room. Default: no
    /// limit.
    ///
    /// Set it where clients choose the rooms they join: each room and each membership takes memory.
    #[must_use]
    pub fn with_max_rooms(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_rooms = limit.into();
        self
    }

    /// Sets the observer of later changes. Returns false and keeps the previous observer if there is
    /// one.
    pub fn observe(&self, observer: Arc<dyn RoomObserver>) -> bool {
        self.observer.set(observer).is_ok()
    }

    /// Adds a member to the namespace, to its own room, and to the rooms that it joined
    /// before it was inserted.
    ///
    /// Does nothing if the member is already in the namespace.
    ///
    /// # Errors
    ///
    /// [`InsertError::Removed`] if the member has been removed before, and [`InsertError::IdTaken`]
    /// if another member has its id.
    pub fn insert(&self, member: &Arc<M>) -> Result<(), InsertError> {
        let mut state = member.memberships().lock();
        let waiting = match &mut *state {
            MemberState::Waiting(rooms) => rooms,
            MemberState::Present(_) => return Ok(()),
            MemberState::Removed => return Err(InsertError::Removed),
        };
        let stamp = self
            .directory
            .insert(&self.hasher, member)
            .ok_or(InsertError::IdTaken)?;
        let rooms = std::mem::take(waiting);
        let mut present = Present {
            stamp,
            own_room: false,
            rooms: Vec::with_capacity(rooms.len()),
        };
        self.join_own_room(&mut present, member);
        for room in &rooms {
            self.join_one(&mut present, member, room);
        }
        *state = MemberState::Present(present);
        Ok(())
    }

    /// Removes a member from all rooms and from the namespace for good. Returns whether it was in the
    /// namespace.
    ///
    /// A running visit may still reach it.
    pub fn remove(&self, member: &M) -> bool {
        let mut state = member.memberships().lock();
        let MemberState::Present(mut present) =
            std::mem::replace(&mut *state, MemberState::Removed)
        else {
            return false;
        };
        self.directory.remove(&self.hasher, member, present.stamp);
        for joined in std::mem::take(&mut present.rooms) {
            self.leave_one(member, &joined);
        }
        self.leave_own_room(&mut present, member);
        true
    }

    /// Adds a member to rooms. Does nothing for rooms that it is in already, or if it was removed.
    ///
    /// A member that is not in the namespace yet joins the rooms when it is inserted.
    ///
    /// # Errors
    ///
    /// [`TooManyRooms`] if the member would be in more rooms than the limit. It joins none of the
    /// rooms then.
    pub fn join(&self, member: &Arc<M>, rooms: impl IntoRooms) -> Result<(), TooManyRooms> {
        let rooms = rooms.into_rooms();
        let mut state = member.memberships().lock();
        if let Some(limit) = self.max_rooms {
            check_limit(&state, member.id(), &rooms, limit)?;
        }
        match &mut *state {
            MemberState::Waiting(waiting) => {
                for room in rooms {
                    // `insert` joins the member's own room in any case.
                    if room != *member.id().as_str() && !waiting.contains(&room) {
                        waiting.push(room);
                    }
                }
            }
            MemberState::Present(present) => {
                for room in &rooms {
                    self.join_one(present, member, room);
                }
            }
            MemberState::Removed => {}
        }
        Ok(())
    }

    /// Removes a member from a room, which may be its own room. Returns whether it was in
    /// the room.
    pub fn leave(&self, member: &M, room: &str) -> bool {
        let mut state = member.memberships().lock();
        match &mut *state {
            MemberState::Waiting(waiting) => {
                let place = waiting.iter().position(|waiting| waiting == room);
                place.map(|place| waiting.remove(place)).is_some()
            }
            MemberState::Present(present) if member.id() == room => {
                self.leave_own_room(present, member)
            }
            MemberState::Present(present) => {
                let place = present
                    .rooms
                    .iter()
                    .position(|joined| joined.entry.name() == room);
                let Some(place) = place else {
                    return false;
                };
                let joined = present.rooms.remove(place);
                self.leave_one(member, &joined);
                true
            }
            MemberState::Removed => false,
        }
    }

    /// Returns the rooms of a member: its own room, then the others in the order of joining.
    #[must_use]
    pub fn rooms_of(&self, member: &M) -> Vec<Room> {
        match &*member.memberships().lock() {
            MemberState::Waiting(rooms) => rooms.clone(),
            MemberState::Present(present) => {
                let own = present.own_room.then(|| Room::from(member.id()));
                let others = present
                    .rooms
                    .iter()
                    .map(|joined| joined.entry.name().clone());
                own.into_iter().chain(others).collect()
            }
            MemberState::Removed => Vec::new(),
        }
    }

    /// Returns whether a member is in a room.
    #[must_use]
    pub fn is_member(&self, member: &M, room: &str) -> bool {
        if member.id() == room {
            member.memberships().in_own_room()
        } else {
            member.memberships().lock().has_joined(room)
        }
    }

    /// Returns the member that has this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<Arc<M>> {
        self.directory.find(self.hasher.key(id))
    }

    /// Returns the number of members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.directory.len()
    }

    /// Returns whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of rooms, not counting the members' own rooms.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.index.len()
    }

    /// Calls `visitor` once with each member that the target selects.
    ///
    /// No lock is held during a call, so `visitor` may use the index, and members can join and leave
    /// during the visit. A member that the target selects all the time is visited exactly once. A
    /// member that joins or leaves meanwhile is visited at most once. Only the members of the
    /// target's rooms are looked at. Excluded rooms that are created after the start of the visit
    /// have no effect.
    pub fn for_each(&self, target: &Target, mut visitor: impl FnMut(&Arc<M>)) {
        Visit {
            directory: &self.directory,
            hasher: &self.hasher,
            index: &self.index,
        }
        .run(target, &mut |selected| selected.for_each(&mut visitor));
    }

    fn join_one(&self, present: &mut Present<M>, member: &Arc<M>, room: &Room) {
        if member.id() == room.as_str() {
            self.join_own_room(present, member);
            return;
        }
        let key = self.hasher.key(room.as_str());
        let joined = self
            .index
            .join(key, room, member, self.observer(), |entry| {
                present
                    .rooms
                    .iter()
                    .any(|joined| Arc::ptr_eq(&joined.entry, entry))
            });
        if let Some((entry, stamp)) = joined {
            present.rooms.push(Joined { entry, stamp });
            if let Some(observer) = self.observer() {
                observer.join_room(room, member.id());
            }
        }
    }

    fn leave_one(&self, member: &M, joined: &Joined<M>) {
        if let Some(observer) = self.observer() {
            observer.leave_room(joined.entry.name(), member.id());
        }
        self.index
            .leave(&joined.entry, joined.stamp, self.observer());
    }

    fn join_own_room(&self, present: &mut Present<M>, member: &M) {
        if std::mem::replace(&mut present.own_room, true) {
            return;
        }
        if let Some(observer) = self.observer() {
            let room = Room::from(member.id());
            observer.create_room(&room);
            observer.join_room(&room, member.id());
        }
    }

    fn leave_own_room(&self, present: &mut Present<M>, member: &M) -> bool {
        if !std::mem::replace(&mut present.own_room, false) {
            return false;
        }
        if let Some(observer) = self.observer() {
            let room = Room::from(member.id());
            observer.leave_room(&room, member.id());
            observer.delete_room(&room);
        }
        true
    }

    fn observer(&self) -> Option<&dyn RoomObserver> {
        self.observer.get().map(|observer| &**observer)
    }
}

impl<M: Member> Default for Rooms<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Member> fmt::Debug for Rooms<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms")
            .field("members", &self.len())
            .field("rooms", &self.room_count())
            .finish_non_exhaustive()
    }
}

// Members and rooms refer to each other: without this, the remaining members would leak.
impl<M: Member> Drop for Rooms<M> {
    fn drop(&mut self) {
        // The owner of the observer may be dropped already.
        self.observer.take();
        self.for_each(&Target::all(), |member| {
            self.remove(member);
        });
    }
}

fn check_limit<M>(
    state: &MemberState<M>,
    own: &SocketId,
    rooms: &RoomList,
    limit: usize,
) -> Result<(), TooManyRooms> {
    if matches!(state, MemberState::Removed) {
        return Ok(());
    }
    let free = limit.saturating_sub(state.count());
    let mut new: Vec<&Room> = Vec::new();
    for room in rooms {
        if own == room.as_str() || state.has_joined(room.as_str()) || new.contains(&room) {
            continue;
        }
        if new.len() == free {
            return Err(TooManyRooms::new(limit));
        }
        new.push(room);
    }
    Ok(())
}
