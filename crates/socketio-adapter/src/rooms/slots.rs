//! The members of one room, in the order of joining.

use std::sync::Arc;

use smallvec::SmallVec;

/// The number of slots per block, and the maximum number of members that are copied under one lock.
pub(super) const CHUNK: usize = 64;

/// The number of dead slots up to which gaps are not closed.
const MAX_DEAD: usize = 16;

/// The position of a member in the order of joining. A member that leaves and joins again gets a new,
/// later stamp.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp(u64);

/// Members ordered by their stamps.
///
/// The slot of a member that leaves becomes dead. Dead slots are removed when they are the majority. A
/// visitor stores the stamp at which it stopped, not an index, so a change between two chunks cannot
/// make it visit a member twice or skip one.
///
/// Full blocks are shared with visitors, so that a visitor of many members holds the lock only briefly.
/// A thread that waits for a lock may lose its core for milliseconds.
#[derive(Debug)]
pub(super) struct Slots<M> {
    /// The full blocks before `last`. Small rooms have none.
    full: Option<Box<FullBlocks<M>>>,
    /// The latest slots, fewer than a block. Many rooms have one member, such as the rooms of a
    /// user: these need no further allocation.
    last: SmallVec<[Slot<M>; 1]>,
    dead: usize,
    next: u64,
}

#[derive(Debug)]
struct FullBlocks<M>(Vec<Block<M>>);

/// Slots that a visitor reads without a lock. A concurrent change is applied to a copy.
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

    /// Creates the slots of a new room. Returns them with the stamp of the first member.
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

    /// Removes the member with this stamp and returns it.
    pub(super) fn remove(&mut self, stamp: Stamp) -> Option<Arc<M>> {
        let block = block_of(self.blocks(), stamp.0);
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

    /// Fills `chunk` with the next members. Returns whether there may be more.
    ///
    /// Members that join after the first call with this cursor are not visited.
    pub(super) fn next_chunk(&self, cursor: &mut Cursor, chunk: &mut Chunk<M>) -> bool {
        let end = *cursor.end.get_or_insert(self.next);
        if let Some(block) = self.blocks().get(block_of(self.blocks(), cursor.next)) {
            chunk.block = Some((Arc::clone(block), cursor.next, end));
            cursor.next = block.last().map_or(end, |slot| slot.stamp + 1);
            return cursor.next < end;
        }
        let is_next = |slot: &&Slot<M>| slot.stamp >= cursor.next && slot.stamp < end;
        let copied = self.last.iter().filter(is_next);
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
            let full = self
                .full
                .get_or_insert_with(|| Box::new(FullBlocks(Vec::new())));
            full.0.push(self.last.drain(..).collect());
        }
    }

    fn blocks(&self) -> &[Block<M>] {
        self.full.as_ref().map_or(&[], |full| &full.0)
    }

    /// Returns the number of slots, dead ones included.
    fn count(&self) -> usize {
        self.blocks().len() * CHUNK + self.last.len()
    }

    fn sweep(&mut self) {
        while self.last.last().is_some_and(|slot| slot.member.is_none()) {
            self.last.pop();
            self.dead -= 1;
        }
        if self.dead > MAX_DEAD && self.dead > self.count() / 2 {
            self.close_gaps();
        }
    }

    fn close_gaps(&mut self) {
        let full = self.full.take().map_or(Vec::new(), |full| full.0);
        let last = std::mem::take(&mut self.last);
        self.dead = 0;
        for mut block in full {
            // Usually the members can be moved. Cloning them touches reference counts all over the
            // memory, which takes much longer.
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

/// Returns the index of the first block whose last stamp is not before this one.
fn block_of<M>(blocks: &[Block<M>], stamp: u64) -> usize {
    blocks.partition_point(|block| block.last().is_some_and(|slot| slot.stamp < stamp))
}

/// The position of a visitor of [`Slots`].
#[derive(Debug, Default)]
pub(super) struct Cursor {
    next: u64,
    /// The first stamp that is not visited. The first chunk sets it.
    end: Option<u64>,
}

/// The members that a visitor visits without a lock.
#[derive(Debug)]
pub(super) struct Chunk<M> {
    /// A block, and the range of its stamps to visit (start inclusive, end exclusive).
    block: Option<(Block<M>, u64, u64)>,
    copied: Vec<Arc<M>>,
    /// The member whose id is the name of the room. It has no slot there.
    own: Option<Arc<M>>,
}

impl<M> Chunk<M> {
    pub(super) fn new() -> Self {
        Self {
            block: None,
            copied: Vec::new(),
            own: None,
        }
    }

    /// Adds the member whose id is the name of the room.
    pub(super) fn set_own(&mut self, member: Arc<M>) {
        self.own = Some(member);
    }

    /// Calls `visitor` with each member, and empties the chunk.
    pub(super) fn drain(&mut self, mut visitor: impl FnMut(&Arc<M>)) {
        if let Some(member) = self.own.take() {
            visitor(&member);
        }
        if let Some((block, first, end)) = self.block.take() {
            for slot in &*block {
                if (first..end).contains(&slot.stamp)
                    && let Some(member) = &slot.member
                {
                    visitor(member);
                }
            }
        }
        for member in &self.copied {
            visitor(member);
        }
        self.copied.clear();
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
            chunk.drain(|member| seen.push(**member));
            assert!(seen.len() - before <= CHUNK);
            if !more {
                return seen;
            }
            between();
        }
    }

    fn drained(mut chunk: Chunk<u32>) -> Vec<u32> {
        let mut seen = Vec::new();
        chunk.drain(|member| seen.push(**member));
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
    fn a_member_that_leaves_and_rejoins_between_two_chunks_is_seen_once() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..100).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());

        assert!(slots.next_chunk(&mut cursor, &mut chunk));
        let returning = slots.remove(stamps[3]).unwrap();
        slots.push(returning);
        assert!(!slots.next_chunk(&mut cursor, &mut chunk));

        assert_eq!(drained(chunk), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn no_member_is_skipped_when_gaps_are_closed_between_two_chunks() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..200).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());

        assert!(slots.next_chunk(&mut cursor, &mut chunk));
        for stamp in &stamps[..150] {
            slots.remove(*stamp);
        }
        assert!(slots.count() < 200, "the gaps were not closed");
        let mut seen = drained(chunk);
        assert_eq!(seen, (0..64).collect::<Vec<_>>());
        let mut chunk = Chunk::new();
        while slots.next_chunk(&mut cursor, &mut chunk) {
            chunk.drain(|member| seen.push(**member));
        }
        chunk.drain(|member| seen.push(**member));
        assert_eq!(seen, (0..64).chain(150..200).collect::<Vec<_>>());
    }

    #[test]
    fn no_member_is_seen_twice_when_gaps_are_closed_between_two_chunks() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..400).map(|n| slots.push(Arc::new(n))).collect();
        let mut once = false;
        let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Chunk::new());
        while slots.next_chunk(&mut cursor, &mut chunk) {
            chunk.drain(|member| seen.push(**member));
            if !std::mem::replace(&mut once, true) {
                // Afterwards, visited and unvisited members share a block.
                for stamp in stamps.iter().filter(|stamp| stamp.0 % 4 != 0) {
                    slots.remove(*stamp);
                }
                assert!(slots.count() < 300, "the gaps were not closed");
            }
        }
        chunk.drain(|member| seen.push(**member));
        let rest = (64..400).filter(|member| member % 4 == 0);
        assert_eq!(seen, (0..64).chain(rest).collect::<Vec<_>>());
    }

    #[test]
    fn the_number_of_slots_stays_proportional_to_the_members() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..10_000).map(|n| slots.push(Arc::new(n))).collect();
        for stamp in &stamps[1..9_999] {
            assert!(slots.remove(*stamp).is_some());
            assert!(slots.dead <= MAX_DEAD.max(slots.count() / 2 + 1));
        }
        assert_eq!(slots.len(), 2);
        assert!(slots.full.is_none() && slots.last.capacity() <= CHUNK);
        assert_eq!(visit(&slots, || {}), [0, 9_999]);
    }

    #[test]
    fn a_member_that_leaves_while_its_block_is_visited_is_seen_once() {
        let mut slots = Slots::new();
        let stamps: Vec<_> = (0..64).map(|n| slots.push(Arc::new(n))).collect();
        let (mut cursor, mut chunk) = (Cursor::default(), Chunk::new());
        slots.next_chunk(&mut cursor, &mut chunk);
        let gone = slots.remove(stamps[5]).unwrap();
        // The references of the visitor and of this test. The room has none.
        assert_eq!(Arc::strong_count(&gone), 2);
        assert_eq!(drained(chunk).len(), 64);
        assert_eq!(Arc::strong_count(&gone), 1);
        assert_eq!(visit(&slots, || {}).len(), 63);
    }

    #[test]
    fn a_member_that_joins_during_a_visit_is_not_seen() {
        for count in [1, 63, 64, 65, 127, 130] {
            let mut slots = Slots::new();
            for member in 0..count {
                slots.push(Arc::new(member));
            }
            let (mut cursor, mut seen, mut chunk) = (Cursor::default(), Vec::new(), Chunk::new());
            loop {
                let more = slots.next_chunk(&mut cursor, &mut chunk);
                // Enough to move the earlier members into a full block.
                for _ in 0..70 {
                    slots.push(Arc::new(1_000));
                }
                chunk.drain(|member| seen.push(**member));
                if !more {
                    break;
                }
            }
            assert_eq!(seen, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_stamp_removes_one_member() {
        let (mut slots, stamp) = Slots::with_first(Arc::new(1));
        assert!(slots.remove(stamp).is_some());
        assert!(slots.remove(stamp).is_none());
        assert!(slots.is_empty());
        assert_ne!(slots.push(Arc::new(1)), stamp);
    }
}
