//! The index of the sockets of a namespace and their rooms.
//!
//! `index.rs` stores the rooms by name, `directory.rs` the members by id, `slots.rs` the members of one
//! room, and `member.rs` the rooms of one member. `visit.rs` selects the members of a target. All of
//! them may be used by any number of threads.

mod directory;
mod entry;
mod error;
mod events;
mod index;
mod member;
mod shards;
mod slots;
mod visit;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use self::directory::Directory;
use self::events::{ReportSpawner, RoomEvents};
use self::index::{Index, IndexObserver};
use self::member::{Joined, MemberState, Present};
use self::shards::{HashedName, NameHasher};
use self::visit::Visit;
use crate::into_rooms::IntoRooms;
use crate::room::Room;
use crate::room_list::RoomList;
use crate::socket_id::SocketId;
use crate::target::Target;

pub use self::error::{InsertError, TooManyRooms};
pub use self::events::{PendingReport, RoomEvent, RoomObserver};
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
// Lock order: the record of a member, then one shard of the index, then one shard of the directory, or
// one room, or the queue of events. No further lock is taken while one of the last three is locked. An
// observer is called without a lock.
pub struct Rooms<M: Member> {
    directory: Directory<M>,
    hasher: NameHasher,
    index: Index<M>,
    max_rooms: Option<usize>,
    /// Set by the first observer. Without observers, this is the only cost of a change.
    events: OnceLock<Arc<RoomEvents>>,
    report_spawner: Option<ReportSpawner>,
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
            events: OnceLock::new(),
            report_spawner: None,
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

    /// Sets the function that continues a report of events in another task or thread.
    ///
    /// An operation reports at most 256 events to the observers. If the queue is not empty then,
    /// because other threads or observers cause more changes, `spawn` receives the remaining report.
    /// Default: the operation reports until the queue is empty or another thread continues.
    #[must_use]
    pub fn with_report_spawner(
        mut self,
        spawn: impl Fn(PendingReport) + Send + Sync + 'static,
    ) -> Self {
        self.report_spawner = Some(Arc::new(spawn));
        self
    }

    /// Adds an observer of later changes.
    pub fn observe(&self, observer: impl RoomObserver) {
        self.observe_arc(Arc::new(observer));
    }

    /// Adds an observer of later changes, as [`observe`](Self::observe) does.
    pub fn observe_arc(&self, observer: Arc<dyn RoomObserver>) {
        self.events
            .get_or_init(|| RoomEvents::new(self.report_spawner.clone()))
            .add_observer(observer);
    }

    /// Reports the changes of [`insert_unreported`](Self::insert_unreported) and
    /// [`remove_unreported`](Self::remove_unreported) to the observers.
    pub fn report(&self) {
        if let Some(events) = self.events.get() {
            events.report();
        }
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
        let inserted = self.insert_unreported(member);
        self.report();
        inserted
    }

    /// Adds a member as [`insert`](Self::insert) does, for a caller that holds a lock. Call
    /// [`report`](Self::report) when the lock is released.
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_unreported(&self, member: &Arc<M>) -> Result<(), InsertError> {
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
            rooms: Vec::with_capacity(rooms.len()),
        };
        self.join_own_room(member);
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
        let removed = self.remove_unreported(member);
        self.report();
        removed
    }

    /// Removes a member as [`remove`](Self::remove) does, for a caller that holds a lock. Call
    /// [`report`](Self::report) when the lock is released.
    pub fn remove_unreported(&self, member: &M) -> bool {
        let mut state = member.memberships().lock();
        let MemberState::Present(mut present) =
            std::mem::replace(&mut *state, MemberState::Removed)
        else {
            return false;
        };
        self.leave_own_room(member);
        for joined in std::mem::take(&mut present.rooms) {
            self.leave_one(member, &joined);
        }
        // Last, because the directory knows which members are in their own rooms.
        self.directory.remove(&self.hasher, member, present.stamp);
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
        let joined = self.join_unreported(member, rooms.into_rooms());
        self.report();
        joined
    }

    fn join_unreported(&self, member: &Arc<M>, rooms: RoomList) -> Result<(), TooManyRooms> {
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
        let left = self.leave_unreported(member, room);
        self.report();
        left
    }

    fn leave_unreported(&self, member: &M, room: &str) -> bool {
        let mut state = member.memberships().lock();
        match &mut *state {
            MemberState::Waiting(waiting) => {
                let place = waiting.iter().position(|waiting| waiting == room);
                place.map(|place| waiting.remove(place)).is_some()
            }
            MemberState::Present(_) if member.id() == room => self.leave_own_room(member),
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
                let own = member.memberships().in_own_room();
                let own = own.then(|| Room::from(member.id()));
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

    /// Returns the rooms and the numbers of their members, including the members' own rooms.
    ///
    /// It takes time in proportion to the number of members and rooms. The result is no snapshot if
    /// members join and leave meanwhile.
    #[must_use]
    pub fn room_sizes(&self) -> HashMap<Room, usize> {
        let mut sizes = HashMap::new();
        self.for_each(&Target::all(), |member| {
            if member.memberships().in_own_room() {
                sizes.insert(Room::from(member.id()), 1);
            }
        });
        self.index.for_each(|entry| {
            let len = entry.slots().lock().len();
            // A room whose last member has just left may still be listed.
            if len > 0 {
                *sizes.entry(entry.name().clone()).or_insert(0) += len;
            }
        });
        sizes
    }

    /// Returns the number of members of a room, which may be a member's own room. Zero if there is no
    /// such room.
    #[must_use]
    pub fn room_size(&self, room: &str) -> usize {
        let key = self.hasher.key(room);
        let own = usize::from(self.directory.is_in_own_room(key));
        let entry = self.index.find(key);
        own + entry.map_or(0, |entry| entry.slots().lock().len())
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
            self.join_own_room(member);
            return;
        }
        let key = self.hasher.key(room.as_str());
        let watch = self.watch();
        let observer = watch.as_ref().map(|watch| watch as &dyn IndexObserver);
        let joined = self.index.join(key, room, member, observer, |entry| {
            present
                .rooms
                .iter()
                .any(|joined| Arc::ptr_eq(&joined.entry, entry))
        });
        if let Some((entry, stamp)) = joined {
            present.rooms.push(Joined { entry, stamp });
            if let Some(watch) = watch {
                watch.joined(room.clone(), member);
            }
        }
    }

    fn leave_one(&self, member: &M, joined: &Joined<M>) {
        let watch = self.watch();
        if let Some(watch) = &watch {
            watch.left(joined.entry.name().clone(), member);
        }
        let observer = watch.as_ref().map(|watch| watch as &dyn IndexObserver);
        self.index.leave(&joined.entry, joined.stamp, observer);
    }

    /// Adds a member to its own room. The caller has locked its record.
    fn join_own_room(&self, member: &M) {
        let memberships = member.memberships();
        if memberships.in_own_room() {
            return;
        }
        let Some(watch) = self.watch() else {
            memberships.set_in_own_room(true);
            return;
        };
        let room = Room::from(member.id());
        let key = self.hasher.key(room.as_str());
        self.index.locked(key, |is_listed| {
            memberships.set_in_own_room(true);
            if !is_listed {
                let room = room.clone();
                watch.events.push(RoomEvent::Created { room });
            }
        });
        watch.joined(room, member);
    }

    /// Removes a member from its own room. The caller has locked its record.
    fn leave_own_room(&self, member: &M) -> bool {
        let memberships = member.memberships();
        if !memberships.in_own_room() {
            return false;
        }
        let Some(watch) = self.watch() else {
            memberships.set_in_own_room(false);
            return true;
        };
        let room = Room::from(member.id());
        let key = self.hasher.key(room.as_str());
        watch.left(room.clone(), member);
        self.index.locked(key, |is_listed| {
            memberships.set_in_own_room(false);
            if !is_listed {
                let room = room.clone();
                watch.events.push(RoomEvent::Deleted { room });
            }
        });
        true
    }

    fn watch(&self) -> Option<Watch<'_, M>> {
        let events = self.events.get()?;
        let directory = &self.directory;
        Some(Watch { events, directory })
    }
}

/// Queues the events of an index that has observers.
///
/// A room of the index and the own room of a member may have the same name. For observers they are one
/// room: it exists while one of the two does.
struct Watch<'a, M> {
    events: &'a RoomEvents,
    directory: &'a Directory<M>,
}

impl<M: Member> Watch<'_, M> {
    fn joined(&self, room: Room, member: &M) {
        let socket = member.id().clone();
        self.events.push(RoomEvent::Joined { room, socket });
    }

    fn left(&self, room: Room, member: &M) {
        let socket = member.id().clone();
        self.events.push(RoomEvent::Left { room, socket });
    }
}

impl<M: Member> IndexObserver for Watch<'_, M> {
    fn created(&self, key: HashedName<'_>, room: &Room) {
        if !self.directory.is_in_own_room(key) {
            let room = room.clone();
            self.events.push(RoomEvent::Created { room });
        }
    }

    fn deleted(&self, key: HashedName<'_>, room: &Room) {
        if !self.directory.is_in_own_room(key) {
            let room = room.clone();
            self.events.push(RoomEvent::Deleted { room });
        }
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
        // The owner of an observer may be dropped already.
        self.events.take();
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
