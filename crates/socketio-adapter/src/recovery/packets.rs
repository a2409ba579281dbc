//! The packets that a client may have missed.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use socketio_proto::Packet;

use super::StoredSession;
use super::ledger::Ledger;
use super::offsets::Offsets;
use super::options::RecoveryOptions;
use super::resume::MissedPacket;
use crate::options::BroadcastOptions;
use crate::room::Room;

/// What a packet takes beside its texts: its entry here, and the memory around each allocation.
const OVERHEAD: usize = 256;

/// A queue of at most this many places is not worth to be shrunk.
const KEPT_CAPACITY: usize = 64;

/// The last packets of a namespace, in the order in which they were sent.
///
/// They are numbered without gaps, from 1. The client that has seen number `n` can be told what it has
/// missed as long as `n + 1` and everything after it are here; `n` itself is not needed.
#[derive(Debug)]
pub(crate) struct KeptPackets {
    options: RecoveryOptions,
    offsets: Offsets,
    kept: VecDeque<Kept>,
    /// The number of the next packet; that of the first in `kept` follows from it.
    next: u64,
    ledger: Ledger,
}

#[derive(Debug)]
struct Kept {
    packet: Packet,
    options: BroadcastOptions,
    at: Duration,
    bytes: usize,
}

impl KeptPackets {
    pub(crate) fn new(options: RecoveryOptions) -> Self {
        Self {
            ledger: Ledger::new(options.max_packet_bytes, &options.total),
            options,
            offsets: Offsets::new(),
            kept: VecDeque::new(),
            next: 1,
        }
    }

    /// Numbers a packet, appends the offset to its arguments, and keeps it. Returns it as it is to
    /// be sent.
    pub(crate) fn keep(&mut self, mut packet: Packet, options: &BroadcastOptions) -> Packet {
        let now = self.options.now();
        let offset = self.offsets.write(self.next);
        self.next = self.next.saturating_add(1);
        // The text of this is its own.
        let appended = packet.payload.with_appended(&offset);
        packet.payload = appended.expect("a text has a JSON form");
        if !packet.payload.attachments().is_empty() {
            // They may be small parts of large buffers.
            packet.payload = packet.payload.detach();
        }
        let bytes = size(&packet, options);
        self.ledger.add(bytes);
        self.kept.push_back(Kept {
            packet: packet.clone(),
            options: options.clone(),
            at: now,
            bytes,
        });
        self.prune(now);
        packet
    }

    /// Returns the offset of the last packet, or where there is none yet what comes before the first.
    pub(crate) fn last_offset(&self) -> String {
        self.offsets.write(self.next.saturating_sub(1))
    }

    /// Returns what the socket of a session has missed since the packet at `offset`, oldest first.
    /// None if that cannot be told: the offset is not one of ours, or too much time, or too many
    /// packets, have passed.
    pub(crate) fn missed(
        &mut self,
        offset: &str,
        session: &StoredSession,
    ) -> Option<Vec<MissedPacket>> {
        let seen = self.seen(offset, session)?;
        let rooms: HashSet<&Room> = session.rooms.iter().collect();
        let missed = self
            .kept
            .iter()
            .skip(seen)
            .filter(|kept| kept.options.target.includes_by(|room| rooms.contains(room)))
            .map(|kept| MissedPacket::new(kept.packet.clone(), kept.options.flags));
        Some(missed.collect())
    }

    /// Tells whether it can be told what a session has missed since the packet at `offset`.
    pub(crate) fn knows(&mut self, offset: &str, session: &StoredSession) -> bool {
        self.seen(offset, session).is_some()
    }

    /// Returns how many of the packets that are here a client with this offset has seen.
    fn seen(&mut self, offset: &str, session: &StoredSession) -> Option<usize> {
        self.forget_expired();
        let number = self.offsets.read(offset)?;
        if number == 0 || number >= self.next {
            return None;
        }
        // What was sent before it joined was not for it, whatever it says that it knows.
        let joined_at = session.joined_at.as_deref();
        let joined_at = joined_at.and_then(|offset| self.offsets.read(offset));
        let number = number.max(joined_at.unwrap_or(0));
        let first = self.next.checked_sub(self.kept.len() as u64)?;
        let seen = number.checked_add(1)?.checked_sub(first)?;
        usize::try_from(seen).ok()
    }

    /// Forgets all packets. No offset that was given out is known any more.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.options.clone());
    }

    /// Forgets what is too old.
    pub(crate) fn forget_expired(&mut self) {
        self.forget_expired_at(self.options.now());
    }

    fn forget_expired_at(&mut self, now: Duration) {
        let age = self.options.packet_age();
        self.forget_while(|_, first| now.saturating_sub(first.at) > age);
    }

    /// Forgets what is too old or too much.
    fn prune(&mut self, now: Duration) {
        self.forget_expired_at(now);
        self.ledger.make_room(now);
        let max = self.options.max_packets;
        self.forget_while(|kept, _| kept.kept.len() > max || !kept.ledger.fits());
    }

    fn forget_while(&mut self, is_over: impl Fn(&Self, &Kept) -> bool) {
        while let Some(first) = self.kept.front()
            && is_over(self, first)
        {
            self.ledger.subtract(first.bytes);
            self.kept.pop_front();
        }
        if self.kept.capacity() > KEPT_CAPACITY && self.kept.len() < self.kept.capacity() / 8 {
            self.kept.shrink_to(self.kept.len().saturating_mul(2));
        }
    }
}

fn size(packet: &Packet, options: &BroadcastOptions) -> usize {
    let attachments = packet.payload.attachments().iter().map(|bytes| bytes.len());
    let target = &options.target;
    let rooms = target.rooms().iter().chain(target.excluded());
    let rooms = rooms.map(|room| room.as_str().len().saturating_add(size_of::<Room>()));
    attachments
        .chain(rooms)
        .chain([packet.payload.as_json().len(), OVERHEAD])
        .fold(0, usize::saturating_add)
}
