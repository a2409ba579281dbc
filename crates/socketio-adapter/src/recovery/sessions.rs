//! The sessions of clients that may come back.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::ledger::Ledger;
use super::options::RecoveryOptions;
use super::{RecoveryId, StoredSession};
use crate::room::Room;

/// What a session takes beside its texts: its entries here, its ids, and the memory around each
/// allocation.
const OVERHEAD: usize = 256;

/// Which part of all one session may take.
const SHARE: usize = 64;

/// The sessions of a namespace whose connections were lost, by id and in the order of their loss.
#[derive(Debug)]
pub(crate) struct KeptSessions {
    options: RecoveryOptions,
    by_id: HashMap<RecoveryId, Age>,
    by_age: BTreeMap<Age, Kept>,
    next: u64,
    ledger: Ledger,
}

/// Since when a session is kept, and a number that no other has.
type Age = (Duration, u64);

#[derive(Debug)]
struct Kept {
    session: StoredSession,
    bytes: usize,
}

impl KeptSessions {
    pub(crate) fn new(options: RecoveryOptions) -> Self {
        Self {
            ledger: Ledger::new(options.max_session_bytes, &options.total),
            options,
            by_id: HashMap::new(),
            by_age: BTreeMap::new(),
            next: 0,
        }
    }

    /// Keeps a session, in the place of one that has the same id, unless it is too large.
    pub(crate) fn keep(&mut self, session: StoredSession) -> Result<(), SessionTooLarge> {
        let now = self.options.now();
        self.remove(&session.recovery_id);
        let age = (now.saturating_sub(session.age), self.next);
        let bytes = size(&session);
        let limit = self.options.max_session_bytes / SHARE;
        if bytes > limit {
            return Err(SessionTooLarge { bytes, limit });
        }
        self.next = self.next.saturating_add(1);
        self.ledger.add(bytes);
        self.by_id.insert(session.recovery_id.clone(), age);
        self.by_age.insert(age, Kept { session, bytes });
        self.prune(now);
        Ok(())
    }

    /// Takes a session out: nobody else can have it afterwards.
    pub(crate) fn take(&mut self, id: &RecoveryId) -> Option<StoredSession> {
        self.forget_expired();
        let (since, _) = *self.by_id.get(id)?;
        let mut session = self.remove(id)?.session;
        session.age = self.options.now().saturating_sub(since);
        Some(session)
    }

    /// Forgets all sessions.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.options.clone());
    }

    fn remove(&mut self, id: &RecoveryId) -> Option<Kept> {
        let age = self.by_id.remove(id)?;
        let kept = self.by_age.remove(&age)?;
        self.ledger.subtract(kept.bytes);
        Some(kept)
    }

    /// Forgets what is too old.
    pub(crate) fn forget_expired(&mut self) {
        let now = self.options.now();
        let limit = self.options.max_disconnection_duration;
        self.forget_while(|_, (since, _)| now.saturating_sub(since) > limit);
    }

    /// Forgets what is too old or too much.
    fn prune(&mut self, now: Duration) {
        self.forget_expired();
        self.ledger.make_room(now);
        let max = self.options.max_sessions;
        self.forget_while(|kept, _| kept.by_id.len() > max || !kept.ledger.fits());
    }

    fn forget_while(&mut self, is_over: impl Fn(&Self, Age) -> bool) {
        while let Some((&age, _)) = self.by_age.first_key_value()
            && is_over(self, age)
            && let Some(kept) = self.by_age.remove(&age)
        {
            self.ledger.subtract(kept.bytes);
            self.by_id.remove(&kept.session.recovery_id);
        }
        if self.by_id.is_empty() && self.by_id.capacity() > 0 {
            self.by_id = HashMap::new();
        }
    }
}

/// One session would take too large a part of what may be kept.
#[derive(Debug)]
pub(crate) struct SessionTooLarge {
    bytes: usize,
    limit: usize,
}

impl fmt::Display for SessionTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the session of one socket takes {} bytes, and {} may be kept: let it be in fewer rooms, \
             attach less data, or raise `max_session_bytes`",
            self.bytes, self.limit
        )
    }
}

fn size(session: &StoredSession) -> usize {
    let rooms = session.rooms.iter();
    let rooms = rooms.map(|room| room.as_str().len().saturating_add(size_of::<Room>()));
    let joined_at = session.joined_at.as_ref().map_or(0, String::len);
    rooms
        .chain([json_len(&session.data), joined_at, OVERHEAD])
        .fold(0, usize::saturating_add)
}

/// The length of a value as JSON. In memory it takes a few times as much.
fn json_len(value: &serde_json::Value) -> usize {
    struct Count(usize);

    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // Neither the value nor the counter can fail; a value that did would count as too long.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
