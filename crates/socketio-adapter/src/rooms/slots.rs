//! The members of one room, in the order in which they joined.

use std::sync::Arc;

use smallvec::SmallVec;

/// How many slots a block has, and at most how many members one hold of a lock copies.
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
///
/// What is full is shared with visitors a block at a time, so that a visitor of many members has the
/// lock for moments only: who waits for a lock may lose its core for milliseconds.
#[derive(Debug)]
pub(super) struct Slots<M> {
    /// Those before `last`; small rooms have none.
    full: Option<Box<Full<M>>>,
    /// The latest, fewer than a block. Most rooms stay with one member: those of a user, of a game.
    /// They need no memory beside the room itself.
    last: SmallVec<[Slot<M>; 1]>,
    dead: usize,
    next: u64,
}

#[derive(Debug)]
struct Full<M>(Vec<Block<M>>);

/// Slots that a visitor may look at without a lock. Whoever changes them meanwhile changes a copy.
type Block<M> = Arc<[Slot<M>]>;

#[derive(Debug)]
struct Slot<M> {
    stamp: u64,
    member: Option<Arc<M>>,
}

impl<M> Clone for Slot<M> {
    fn clone(&self) -> Self {
        Self {
            stamp: self.stamp,
            member: self.member.clone(),
        }
    }
}

impl<M> Slots<M> {
    pub(super) fn new() -> Self {
        Self {
            full: None,
            last: SmallVec::new(),
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
        self.count() - self.dead
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, member: Arc<M>) -> Stamp {
        let stamp = self.next;
        self.next += 1;
        self.append(Slot {
            stamp,
            member: Some(member),
        });
        Stamp(stamp)
    }

    /// Takes out the member that joined with this stamp.
    pub(super) fn remove(&mut self, stamp: Stamp) -> Option<Arc<M>> {
        let block = place_of(self.blocks(), stamp.0);
        let slots = match self.full.as_mut().and_then(|full| full.0.get_mut(block)) {
            Some(block) => Arc::make_mut(block),
            None => &mut self.last[..],
        };
        let index = slots
            .binary_search_by_key(&stamp.0, |slot| slot.stamp)
            .ok()?;
        let member = slots.get_mut(index)?.member.take()?;
        self.dead += 1;
        self.sweep();
        Some(member)
    }

    /// Gives the next members to `chunk`, and tells whether there may be more.
    ///
    /// Members that joined after the first call for this cursor are not seen.
    pub(super) fn next_chunk(&self, cursor: &mut Cursor, chunk: &mut Chunk<M>) -> bool {
        let end = *cursor.end.get_or_insert(self.next);
        if let Some(block) = self.blocks().get(place_of(self.blocks(), cursor.next)) {
            chunk.block = Some((Arc::clone(block), cursor.next, end));
            cursor.next = block.last().map_or(end, |slot| slot.stamp + 1);
            return cursor.next < end;
        }
        let meant = |slot: &&Slot<M>| slot.stamp >= cursor.next && slot.stamp < end;
        let copied = self.last.iter().filter(meant);
        chunk.copied.reserve(self.last.len());
        chunk
            .copied
            .extend(copied.filter_map(|slot| slot.member.clone()));
        cursor.next = end;
        false
    }

    fn append(&mut self, slot: Slot<M>) {
        self.last.push(slot);
        if self.last.len() == CHUNK {
            let full = self.full.get_or_insert_with(|| Box::new(Full(Vec::new())));
            full.0.push(self.last.drain(..).collect());
        }
    }

    fn blocks(&self) -> &[Block<M>] {
        self.full.as_ref().map_or(&[], |full| &full.0)
    }

    /// The dead ones counted as well.
    fn count(&self) -> usize {
        self.blocks().len() * CHUNK + self.last.len()
    }

    fn sweep(&mut self) {
        while self.last.last().is_some_and(|slot| slot.member.is_none()) {
            self.last.pop();
            self.dead -= 1;
        }
        if self.dead > DEAD_TOLERATED && self.dead > self.count() / 2 {
            self.close_gaps();
        }
    }

    fn close_gaps(&mut self) {
        let full = self.full.take().map_or(Vec::new(), |full| full.0);
        let last = std::mem::take(&mut self.last);
        self.dead = 0;
        for mut block in full {
            // Moved as a rule. To count references that lie anywhere in memory takes much longer.
            if let Some(slots) = Arc::get_mut(&mut block) {
                for slot in slots {
                    if let Some(member) = slot.member.take() {
                        let stamp = slot.stamp;
                        self.append(Slot {
                            stamp,
                            member: Some(member),
                        });
                    }
                }
            } else {
                for slot in block.iter().filter(|slot| slot.member.is_some()) {
                    self.append(slot.clone());
                }
            }
        }
        for slot in last.into_iter().filter(|slot| slot.member.is_some()) {
            self.append(slot);
        }
    }
}

/// The first block whose last stamp is not before this one.
fn place_of<M>(blocks: &[Block<M>], stamp: u64) -> usize {
    blocks.partition_point(|block| block.last().is_some_and(|slot| slot.stamp < stamp))
}

/// Where a visitor of [`Slots`] stands.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    next: u64,
    /// The first stamp that is not visited, fixed by the first chunk.
    end: Option<u64>,
}

/// Members that are visited without a lock.
#[derive(Debug)]
pub(super) struct Chunk<M> {
    /// A block, and which of its stamps are meant: from the first on, before the second.
    block: Option<(Block<M>, u64, u64)>,
    copied: Vec<Arc<M>>,
}

impl<M> Chunk<M> {
    pub(super) fn new() -> Self {
        Self {
            block: None,
            copied: Vec::new(),
        }
    }

    /// Calls `visitor` with each member, and is empty then.
    pub(super) fn empty(&mut self, mut visitor: impl FnMut(&Arc<M>)) {
        if let Some((block, first, end)) = self.block.take() {
            let meant = block
                .iter()
                .filter(|slot| slot.stamp >= first && slot.stamp < end);
            meant
                .filter_map(|slot| slot.member.as_ref())
                .for_each(&mut visitor);
        }
        for member in self.copied.drain(..) {
            visitor(&member);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(slots: &Slots<u32>, mut between: impl FnMut()) -> Vec<u32> {
        let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Chunk::new());
        loop {
            let more = slots.next_chunk(&mut cursor, &mut chunk);
            let before = seen.len();
            chunk.empty(|member| seen.push(**member));
            assert!(seen.len() - before <= CHUNK);
            if !more {
                return seen;
            }
            between();
        }
    }

    fn emptied(mut chunk: Chunk<u32>) -> Vec<u32> {
        let mut seen = Vec::new();
        chunk.empty(|member| seen.push(**member));
        assert!(chunk.block.is_none() && chunk.copied.is_empty());
        seen
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
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());

        assert!(slots.next_chunk(&mut cursor, &mut chunk));
        let returning = slots.remove(stamps[3]).unwrap();
        slots.push(returning);
        assert!(!slots.next_chunk(&mut cursor, &mut chunk));

        assert_eq!(emptied(chunk), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_overlooked_when_gaps_are_closed_between_two_chunks() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..200).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());

        assert!(slots.next_chunk(&mut cursor, &mut chunk));
        for stamp in &stamps[..150] {
            slots.remove(*stamp);
        }
        assert!(slots.count() < 200, "the gaps were not closed");
        let mut seen = emptied(chunk);
        assert_eq!(seen, (0..64).collect::<Vec<_>>());
        let mut chunk = Chunk::new();
        while slots.next_chunk(&mut cursor, &mut chunk) {
            chunk.empty(|member| seen.push(**member));
        }
        chunk.empty(|member| seen.push(**member));
        assert_eq!(seen, (0..64).chain(150..200).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_is_seen_twice_when_gaps_are_closed_between_two_chunks() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..400).map(|n| slots.push(Arc::new(n))).collect();
        let mut once = false;
        let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Chunk::new());
        while slots.next_chunk(&mut cursor, &mut chunk) {
            chunk.empty(|member| seen.push(**member));
            if !std::mem::replace(&mut once, true) {
                // Those who have been seen and those who have not share a block afterwards.
                for stamp in stamps.iter().filter(|stamp| stamp.0 % 4 != 0) {
                    slots.remove(*stamp);
                }
                assert!(slots.count() < 300, "the gaps were not closed");
            }
        }
        chunk.empty(|member| seen.push(**member));
        let rest = (64..400).filter(|member| member % 4 == 0);
        assert_eq!(seen, (0..64).chain(rest).collect::<Vec<_>>());
    }

    #[test]
    fn the_slots_are_in_proportion_to_the_members() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..10_000).map(|n| slots.push(Arc::new(n))).collect();
        for stamp in &stamps[1..9_999] {
            assert!(slots.remove(*stamp).is_some());
            assert!(slots.dead <= DEAD_TOLERATED.max(slots.count() / 2 + 1));
        }
        assert_eq!(slots.len(), 2);
        assert!(slots.full.is_none() && slots.last.capacity() <= CHUNK);
        assert_eq!(visit(&slots, || {}), [0, 9_999]);
    }

    #[test]
    fn who_leaves_while_a_block_is_visited_is_seen_once_and_then_no_more() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..64).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());
        slots.next_chunk(&mut cursor, &mut chunk);
        let gone = slots.remove(stamps[5]).unwrap();
        // The visitor's and ours: the room has none.
        assert_eq!(Arc::strong_count(&gone), 2);
        assert_eq!(emptied(chunk).len(), 64);
        assert_eq!(Arc::strong_count(&gone), 1);
        assert_eq!(visit(&slots, || {}).len(), 63);
    }

    #[test]
    fn who_joins_while_others_are_visited_is_not_seen() {
        for count in [1, 63, 64, 65, 127, 130] {
            let mut slots = Slots::new();
            for member in 0..count {
                slots.push(Arc::new(member));
            }
            let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Chunk::new());
            loop {
                let more = slots.next_chunk(&mut cursor, &mut chunk);
                // So many that those of before get into a block.
                for _ in 0..70 {
                    slots.push(Arc::new(1_000));
                }
                chunk.empty(|member| seen.push(**member));
                if !more {
                    break;
                }
            }
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
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
