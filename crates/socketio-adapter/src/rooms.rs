//! Which socket of a namespace is in which room.

mod directory;
mod entry;
mod error;
mod index;
mod member;
mod observer;
mod shards;
mod slots;
mod visit;

use std::fmt;
use std::sync::{Arc, OnceLock};

use self::directory::Directory;
use self::index::Index;
use self::member::{Here, Joined, State};
use self::shards::Hashing;
use self::visit::Visit;
use crate::into_rooms::IntoRooms;
use crate::room::Room;
use crate::room_list::RoomList;
use crate::socket_id::SocketId;
use crate::target::Target;

pub use self::error::{InsertError, TooManyRooms};
pub use self::member::{Member, Memberships};
pub use self::observer::RoomObserver;

/// The sockets of one namespace on this server, and the rooms they are in.
///
/// Each member is in the room of its own id from the start. That room takes no memory: a name is
/// looked up among the ids as well as among the rooms. All other rooms exist while they have
/// members.
///
/// Any number of threads may use the index at once. Who is removed stays out: whatever runs at the
/// same time, nothing of the member remains, and joining afterwards does nothing.
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
// Locks are taken in this order: the record of a member, then one part of the directory, or one part
// of the index, or one room. Nothing is locked while a part of the directory, or a room, is. An
// observer is called with the record of a member and perhaps one part of the index locked.
pub struct Rooms<M: Member> {
    directory: Directory<M>,
    hashing: Hashing,
    index: Index<M>,
    max_rooms: Option<usize>,
    observer: OnceLock<Arc<dyn RoomObserver>>,
}

impl<M: Member> Rooms<M> {
    /// Returns an index without members, in which a member may join any number of rooms.
    #[must_use]
    pub fn new() -> Self {
        Self {
            directory: Directory::new(),
            hashing: Hashing::default(),
            index: Index::new(),
            max_rooms: None,
            observer: OnceLock::new(),
        }
    }

    /// Sets how many rooms a member may join, the room of its own id not counted. Default: no limit.
    ///
    /// Set it where clients choose what they join: each room that exists, and each membership, takes
    /// memory.
    #[must_use]
    pub fn with_max_rooms(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_rooms = limit.into();
        self
    }

    /// Sets who is told of changes from now on. Returns false if somebody has been set before, who
    /// then stays.
    pub fn observe(&self, observer: Arc<dyn RoomObserver>) -> bool {
        self.observer.set(observer).is_ok()
    }

    /// Takes a member into the namespace, the room of its own id, and the rooms that it has joined
    /// while it waited.
    ///
    /// Does nothing if the member is here already.
    ///
    /// # Errors
    ///
    /// [`InsertError::Removed`] if the member has been removed before, and [`InsertError::IdTaken`]
    /// if another has its id.
    pub fn insert(&self, member: &Arc<M>) -> Result<(), InsertError> {
        let mut state = member.memberships().lock();
        let waiting = match &mut *state {
            State::Waiting(rooms) => rooms,
            State::Here(_) => return Ok(()),
            State::Gone => return Err(InsertError::Removed),
        };
        let stamp = self
            .directory
            .insert(&self.hashing, member)
            .ok_or(InsertError::IdTaken)?;
        let rooms = std::mem::take(waiting);
        let mut here = Here {
            stamp,
            own_room: false,
            rooms: Vec::with_capacity(rooms.len()),
        };
        self.join_own_room(&mut here, member);
        for room in &rooms {
            self.join_one(&mut here, member, room);
        }
        *state = State::Here(here);
        Ok(())
    }

    /// Takes a member out of all rooms and of the namespace, for good. Returns whether it was here.
    ///
    /// A visit that is under way may still come to it.
    pub fn remove(&self, member: &M) -> bool {
        let mut state = member.memberships().lock();
        let State::Here(mut here) = std::mem::replace(&mut *state, State::Gone) else {
            return false;
        };
        self.directory.remove(&self.hashing, member, here.stamp);
        for joined in std::mem::take(&mut here.rooms) {
            self.leave_one(member, &joined);
        }
        self.leave_own_room(&mut here, member);
        true
    }

    /// Lets a member join rooms. Does nothing for rooms in which it is, and after it was removed.
    ///
    /// A member that is not in the namespace yet joins once it is inserted.
    ///
    /// # Errors
    ///
    /// [`TooManyRooms`] if the member would be in more rooms than the limit allows. It has then
    /// joined none of these.
    pub fn join(&self, member: &Arc<M>, rooms: impl IntoRooms) -> Result<(), TooManyRooms> {
        let rooms = rooms.into_rooms();
        let mut state = member.memberships().lock();
        if let Some(limit) = self.max_rooms {
            check_limit(&state, member.id(), &rooms, limit)?;
        }
        match &mut *state {
            State::Waiting(waiting) => {
                for room in rooms {
                    // The room of its own id is joined in any case.
                    if room != *member.id().as_str() && !waiting.contains(&room) {
                        waiting.push(room);
                    }
                }
            }
            State::Here(here) => {
                for room in &rooms {
                    self.join_one(here, member, room);
                }
            }
            State::Gone => {}
        }
        Ok(())
    }

    /// Lets a member leave a room, be it that of its own id. Returns whether it was in it.
    pub fn leave(&self, member: &M, room: &str) -> bool {
        let mut state = member.memberships().lock();
        match &mut *state {
            State::Waiting(waiting) => {
                let place = waiting.iter().position(|waiting| waiting == room);
                place.map(|place| waiting.remove(place)).is_some()
            }
            State::Here(here) if member.id() == room => self.leave_own_room(here, member),
            State::Here(here) => {
                let place = here
                    .rooms
                    .iter()
                    .position(|joined| joined.entry.name() == room);
                let Some(place) = place else {
                    return false;
                };
                let joined = here.rooms.remove(place);
                self.leave_one(member, &joined);
                true
            }
            State::Gone => false,
        }
    }

    /// Returns the rooms of a member: first that of its own id, then the others in the order in
    /// which it joined them.
    #[must_use]
    pub fn rooms_of(&self, member: &M) -> Vec<Room> {
        match &*member.memberships().lock() {
            State::Waiting(rooms) => rooms.clone(),
            State::Here(here) => {
                let own = here.own_room.then(|| Room::from(member.id()));
                let others = here.rooms.iter().map(|joined| joined.entry.name().clone());
                own.into_iter().chain(others).collect()
            }
            State::Gone => Vec::new(),
        }
    }

    /// Tells whether a member is in a room.
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
        self.directory.find(self.hashing.key(id))
    }

    /// Returns how many members are in the namespace.
    #[must_use]
    pub fn len(&self) -> usize {
        self.directory.len()
    }

    /// Tells whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many rooms there are, the rooms of the members' own ids not counted.
    #[must_use]
    pub fn room_count(&self) -> usize {
        self.index.len()
    }

    /// Calls `visitor` once with each member that the target means.
    ///
    /// Nothing is locked during a call, so `visitor` may use the index as it likes, and others can
    /// join and leave while the visit is under way. Who is meant all the time is visited exactly
    /// once; who joins or leaves meanwhile is visited once or not at all. Only members of the rooms
    /// that are named are looked at. The members left out are those of the excluded rooms that exist
    /// when the visit starts.
    pub fn for_each(&self, target: &Target, visitor: impl FnMut(&Arc<M>)) {
        Visit {
            directory: &self.directory,
            hashing: &self.hashing,
            index: &self.index,
        }
        .run(target, visitor);
    }

    fn join_one(&self, here: &mut Here<M>, member: &Arc<M>, room: &Room) {
        if member.id() == room.as_str() {
            self.join_own_room(here, member);
            return;
        }
        let key = self.hashing.key(room.as_str());
        let joined = self
            .index
            .join(key, room, member, self.observer(), |entry| {
                here.rooms
                    .iter()
                    .any(|joined| Arc::ptr_eq(&joined.entry, entry))
            });
        if let Some((entry, stamp)) = joined {
            here.rooms.push(Joined { entry, stamp });
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

    fn join_own_room(&self, here: &mut Here<M>, member: &M) {
        if std::mem::replace(&mut here.own_room, true) {
            return;
        }
        if let Some(observer) = self.observer() {
            let room = Room::from(member.id());
            observer.create_room(&room);
            observer.join_room(&room, member.id());
        }
    }

    fn leave_own_room(&self, here: &mut Here<M>, member: &M) -> bool {
        if !std::mem::replace(&mut here.own_room, false) {
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

// Members know their rooms and rooms their members: who is still here would stay in memory for ever.
impl<M: Member> Drop for Rooms<M> {
    fn drop(&mut self) {
        // Whoever was told of changes may be half gone by now.
        self.observer.take();
        self.for_each(&Target::all(), |member| {
            self.remove(member);
        });
    }
}

fn check_limit<M>(
    state: &State<M>,
    own: &SocketId,
    rooms: &RoomList,
    limit: usize,
) -> Result<(), TooManyRooms> {
    if matches!(state, State::Gone) {
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
