//! The members of one room, in the order in which they joined.

use std::sync::Arc;

use smallvec::SmallVec;

/// How many slots one hold of a lock looks at: a join never waits for more than these. Large enough
/// that taking the lock is a small part of the work, small enough to be over in a microsecond.
pub(super) const CHUNK: usize = 64;

/// How many slots may be dead before it is worth to close the gaps.
const DEAD_TOLERATED: usize = 16;

/// The place of one member. A member that leaves and joins again has another, later one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp(u64);

/// Members ordered by their stamps.
///
/// A leaving member turns its slot dead, and dead slots are swept out when they are the greater part.
/// A visitor remembers the stamp at which it stopped, and not an index, so nothing that happens
/// between two chunks can make it see a member twice or overlook one.
#[derive(Debug)]
pub(super) struct Slots<M> {
    /// Most rooms stay with one member: those of a user, of a game. They need no memory beside the
    /// room itself.
    slots: SmallVec<[Slot<M>; 1]>,
    dead: usize,
    next: u64,
}

#[derive(Debug)]
struct Slot<M> {
    stamp: u64,
    member: Option<Arc<M>>,
}

impl<M> Slots<M> {
    pub(super) fn new() -> Self {
        Self {
            slots: SmallVec::new(),
            dead: 0,
            next: 0,
        }
    }

    /// Returns the slots of a new room, and the stamp of its first member.
    pub(super) fn with_first(member: Arc<M>) -> (Self, Stamp) {
        let mut slots = Self::new();
        let stamp = slots.push(member);
        (slots, stamp)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.dead
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, member: Arc<M>) -> Stamp {
        let stamp = self.next;
        self.next += 1;
        self.slots.push(Slot {
            stamp,
            member: Some(member),
        });
        Stamp(stamp)
    }

    /// Takes out the member that joined with this stamp.
    pub(super) fn remove(&mut self, stamp: Stamp) -> Option<Arc<M>> {
        let index = self
            .slots
            .binary_search_by_key(&stamp.0, |slot| slot.stamp)
            .ok()?;
        let member = self.slots.get_mut(index)?.member.take()?;
        self.dead += 1;
        self.sweep();
        Some(member)
    }

    /// Copies the next members into `chunk`, and tells whether there may be more.
    ///
    /// Members that joined after the first call for this cursor are not seen.
    pub(super) fn copy_chunk(&self, cursor: &mut Cursor, chunk: &mut Vec<Arc<M>>) -> bool {
        let end = *cursor.end.get_or_insert(self.next);
        let start = self.slots.partition_point(|slot| slot.stamp < cursor.next);
        let rest = self.slots.get(start..).unwrap_or_default();
        chunk.reserve(rest.len().min(CHUNK));
        let mut looked = rest.iter().take_while(|slot| slot.stamp < end);
        for slot in looked.by_ref().take(CHUNK) {
            cursor.next = slot.stamp + 1;
            chunk.extend(slot.member.clone());
        }
        looked.next().is_some()
    }

    fn sweep(&mut self) {
        while self.slots.last().is_some_and(|slot| slot.member.is_none()) {
            self.slots.pop();
            self.dead -= 1;
        }
        if self.dead > DEAD_TOLERATED && self.dead > self.slots.len() / 2 {
            self.slots.retain(|slot| slot.member.is_some());
            self.dead = 0;
        }
        let spare = self.slots.len().saturating_mul(2);
        if self.slots.capacity() > CHUNK && self.slots.capacity() / 2 > spare {
            // Growing to less is shrinking.
            self.slots.grow(spare.max(self.slots.len()));
        }
    }
}

/// Where a visitor of [`Slots`] stands.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    next: u64,
    /// The first stamp that is not visited, fixed by the first chunk.
    end: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(slots: &Slots<u32>, mut between: impl FnMut()) -> Vec<u32> {
        let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Vec::new());
        loop {
            let more = slots.copy_chunk(&mut cursor, &mut chunk);
            assert!(chunk.len() <= CHUNK);
            seen.extend(chunk.drain(..).map(|member| *member));
            if !more {
                return seen;
            }
            between();
        }
    }

    #[test]
    fn chunks_add_up_to_all_members_in_order() {
        for count in [0, 1, 63, 64, 65, 128, 1000] {
            let mut slots = Slots::new();
            for member in 0..count {
                slots.push(Arc::new(member));
            }
            let mut pauses = 0;
            let seen = visit(&slots, || pauses += 1);
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
            assert_eq!(pauses, (count as usize).saturating_sub(1) / CHUNK);
        }
    }

    #[test]
    fn a_member_that_leaves_and_returns_between_two_chunks_is_seen_once() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..100).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Vec::new());

        assert!(slots.copy_chunk(&mut cursor, &mut chunk));
        let returning = slots.remove(stamps[3]).unwrap();
        slots.push(returning);
        assert!(!slots.copy_chunk(&mut cursor, &mut chunk));

        let seen: Vec<_> = chunk.iter().map(|member| **member).collect();
        assert_eq!(seen, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_overlooked_when_gaps_are_closed_between_two_chunks() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..200).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Vec::new());

        assert!(slots.copy_chunk(&mut cursor, &mut chunk));
        for stamp in &stamps[..150] {
            slots.remove(*stamp);
        }
        assert!(slots.slots.len() < 200, "the gaps were not closed");
        while slots.copy_chunk(&mut cursor, &mut chunk) {}

        let seen: Vec<_> = chunk.iter().map(|member| **member).collect();
        assert_eq!(seen, (0..64).chain(150..200).collect::<Vec<_>>());
    }

    #[test]
    fn the_slots_are_in_proportion_to_the_members() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..10_000).map(|n| slots.push(Arc::new(n))).collect();
        for stamp in &stamps[1..9_999] {
            assert!(slots.remove(*stamp).is_some());
            assert!(slots.dead <= DEAD_TOLERATED.max(slots.slots.len() / 2 + 1));
        }
        assert_eq!(slots.len(), 2);
        assert!(slots.slots.capacity() <= CHUNK);
        assert_eq!(visit(&slots, || {}), [0, 9_999]);
    }

    #[test]
    fn a_stamp_is_good_for_one_removal() {
        let (mut slots, stamp) = Slots::with_first(Arc::new(1));
        assert!(slots.remove(stamp).is_some());
        assert!(slots.remove(stamp).is_none());
        assert!(slots.is_empty());
        assert_ne!(slots.push(Arc::new(1)), stamp);
    }
}
