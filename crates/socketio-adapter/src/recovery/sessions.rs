//! The sessions of clients that may come back.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use super::ledger::Ledger;
use super::options::RecoveryOptions;
use super::{RecoveryId, Session};
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
    by_id: HashMap<RecoveryId, u64>,
    by_age: BTreeMap<u64, Kept>,
    next: u64,
    ledger: Ledger,
}

#[derive(Debug)]
struct Kept {
    session: Session,
    since: Duration,
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

    /// Keeps a session from now on, in the place of one that has the same id, unless it is too large.
    pub(crate) fn keep(&mut self, session: Session) -> Result<(), TooLarge> {
        let since = self.options.now();
        self.remove(&session.recovery_id);
        let (age, bytes) = (self.next, size(&session));
        let limit = self.options.max_session_bytes / SHARE;
        if bytes > limit {
            return Err(TooLarge { bytes, limit });
        }
        self.next = self.next.saturating_add(1);
        self.ledger.add(bytes);
        self.by_id.insert(session.recovery_id.clone(), age);
        let kept = Kept {
            session,
            since,
            bytes,
        };
        self.by_age.insert(age, kept);
        self.prune(since);
        Ok(())
    }

    /// Takes a session out: nobody else can have it afterwards.
    pub(crate) fn take(&mut self, id: &RecoveryId) -> Option<Session> {
        self.prune(self.options.now());
        self.remove(id).map(|kept| kept.session)
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

    /// Forgets what is too old or too much.
    fn prune(&mut self, now: Duration) {
        while let Some(oldest) = self.by_age.first_entry() {
            let expired =
                now.saturating_sub(oldest.get().since) > self.options.max_disconnection_duration;
            let fits = self.by_id.len() <= self.options.max_sessions && self.ledger.fits();
            if fits && !expired {
                break;
            }
            let kept = oldest.remove();
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
pub(crate) struct TooLarge {
    bytes: usize,
    limit: usize,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the session of one socket takes {} bytes, and {} may be kept: let it be in fewer rooms, \
             attach less data, or raise `max_session_bytes`",
            self.bytes, self.limit
        )
    }
}

fn size(session: &Session) -> usize {
    let rooms = session.rooms.iter();
    let rooms = rooms.map(|room| room.as_str().len().saturating_add(size_of::<Room>()));
    rooms
        .chain([json_len(&session.data), OVERHEAD])
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
