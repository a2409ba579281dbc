//! Stores the sessions of lost connections.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::ledger::Ledger;
use super::options::RecoveryOptions;
use super::{RecoveryId, StoredSession};
use crate::room::Room;

/// The bytes that a session takes beside its strings: its entries, its ids and the overhead of
/// allocations.
const OVERHEAD: usize = 256;

/// The divisor of the limit of all sessions that gives the limit of one session.
const MAX_SESSION_DIVISOR: usize = 64;

/// The sessions of lost connections of a namespace, by id and in the order of the loss.
#[derive(Debug)]
pub(crate) struct KeptSessions {
    options: RecoveryOptions,
    by_id: HashMap<RecoveryId, LossKey>,
    by_loss: BTreeMap<LossKey, KeptSession>,
    next: u64,
    ledger: Ledger,
}

/// The time of the loss, and a unique number.
type LossKey = (Duration, u64);

#[derive(Debug)]
struct KeptSession {
    session: StoredSession,
    bytes: usize,
}

impl KeptSessions {
    pub(crate) fn new(options: RecoveryOptions) -> Self {
        Self {
            ledger: Ledger::new(options.max_session_bytes, &options.total),
            options,
            by_id: HashMap::new(),
            by_loss: BTreeMap::new(),
            next: 0,
        }
    }

    /// Stores a session and replaces one with the same id, unless the session is too large.
    pub(crate) fn keep(&mut self, session: StoredSession) -> Result<(), SessionTooLarge> {
        let now = self.options.now();
        self.remove(&session.recovery_id);
        let lost = (now.saturating_sub(session.age), self.next);
        let bytes = size(&session);
        let limit = self.options.max_session_bytes / MAX_SESSION_DIVISOR;
        if bytes > limit {
            return Err(SessionTooLarge { bytes, limit });
        }
        self.next = self.next.saturating_add(1);
        self.ledger.add(bytes);
        self.by_id.insert(session.recovery_id.clone(), lost);
        self.by_loss.insert(lost, KeptSession { session, bytes });
        self.prune(now);
        Ok(())
    }

    /// Removes a session and returns it with its age.
    pub(crate) fn take(&mut self, id: &RecoveryId) -> Option<StoredSession> {
        self.forget_expired();
        let (since, _) = *self.by_id.get(id)?;
        let mut session = self.remove(id)?.session;
        session.age = self.options.now().saturating_sub(since);
        Some(session)
    }

    /// Returns the number of sessions, which include expired ones that are not removed yet.
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Removes all sessions.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.options.clone());
    }

    fn remove(&mut self, id: &RecoveryId) -> Option<KeptSession> {
        let lost = self.by_id.remove(id)?;
        let kept = self.by_loss.remove(&lost)?;
        self.ledger.subtract(kept.bytes);
        Some(kept)
    }

    /// Removes expired sessions.
    pub(crate) fn forget_expired(&mut self) {
        let now = self.options.now();
        let limit = self.options.max_disconnection_duration;
        self.forget_while(&|_, (since, _)| now.saturating_sub(since) > limit);
    }

    /// Removes expired sessions, and the oldest ones over a limit.
    fn prune(&mut self, now: Duration) {
        self.forget_expired();
        self.ledger.make_room(now);
        let max = self.options.max_sessions;
        self.forget_while(&|kept, _| kept.by_id.len() > max || !kept.ledger.fits());
    }

    fn forget_while(&mut self, is_excess: &dyn Fn(&Self, LossKey) -> bool) {
        while let Some((&lost, _)) = self.by_loss.first_key_value()
            && is_excess(self, lost)
            && let Some(kept) = self.by_loss.remove(&lost)
        {
            self.ledger.subtract(kept.bytes);
            self.by_id.remove(&kept.session.recovery_id);
        }
        if self.by_id.is_empty() && self.by_id.capacity() > 0 {
            self.by_id = HashMap::new();
        }
    }
}

/// The error that one session exceeds its share of the limit.
#[derive(Debug)]
pub(crate) struct SessionTooLarge {
    bytes: usize,
    limit: usize,
}

impl fmt::Display for SessionTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the session of one socket takes {} bytes, over the limit of {}: use fewer rooms, attach \
             less data, or raise `max_session_bytes`",
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

/// Returns the length of a value as JSON. Its size in memory is a few times as large.
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
    // Neither the value nor the counter can fail. A value that did would count as too long.
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}
