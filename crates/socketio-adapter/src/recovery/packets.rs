//! Stores the last packets of a namespace, and selects the ones that a client has missed.

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

/// The bytes that a packet takes beside its strings: its entry and the overhead of allocations.
const OVERHEAD: usize = 256;

/// The capacity up to which the queue is not shrunk.
const MIN_CAPACITY: usize = 64;

/// The last packets of a namespace, in the order in which they were sent.
///
/// They are numbered from 1 without gaps. The packets that a client has missed since number `n` are
/// complete as long as `n + 1` and all later ones are stored; `n` itself is not needed.
#[derive(Debug)]
pub(crate) struct KeptPackets {
    options: RecoveryOptions,
    offsets: Offsets,
    kept: VecDeque<KeptPacket>,
    /// The number of the next packet. The number of the first packet in `kept` follows from it.
    next: u64,
    ledger: Ledger,
}

#[derive(Debug)]
struct KeptPacket {
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

    /// Numbers a packet, appends the offset to its arguments and stores it. Returns the packet to
    /// send.
    pub(crate) fn keep(&mut self, mut packet: Packet, options: &BroadcastOptions) -> Packet {
        let now = self.options.now();
        let offset = self.offsets.write(self.next);
        self.next = self.next.saturating_add(1);
        // This copies the text, so the stored packet does not hold the buffer of a received message.
        let appended = packet.payload.with_appended(&offset);
        packet.payload = appended.expect("a string has a JSON form");
        if !packet.payload.attachments().is_empty() {
            // Attachments may be small slices of large buffers.
            packet.payload = packet.payload.detach();
        }
        let bytes = size(&packet, options);
        self.ledger.add(bytes);
        self.kept.push_back(KeptPacket {
            packet: packet.clone(),
            options: options.clone(),
            at: now,
            bytes,
        });
        self.prune(now);
        packet
    }

    /// Returns the offset of the last packet, or number 0 as an offset if there is none yet.
    pub(crate) fn last_offset(&self) -> String {
        self.offsets.write(self.next.saturating_sub(1))
    }

    /// Returns the packets that a session has missed since the packet at `offset`, oldest first.
    ///
    /// Returns `None` if they are incomplete: the offset is unknown, or packets since it have
    /// expired or were removed over a limit.
    ///
    /// A packet is missed if its target includes the rooms of the session.
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

    /// Returns whether the packets that a session has missed since `offset` are complete.
    pub(crate) fn knows(&mut self, offset: &str, session: &StoredSession) -> bool {
        self.seen(offset, session).is_some()
    }

    /// Returns the number of stored packets that a client with this offset has seen.
    fn seen(&mut self, offset: &str, session: &StoredSession) -> Option<usize> {
        self.forget_expired();
        let number = self.offsets.read(offset)?;
        if number == 0 || number >= self.next {
            return None;
        }
        // Packets from before it joined were not for this client, whatever offset it sends.
        let joined_at = session.joined_at.as_deref();
        let joined_at = joined_at.and_then(|offset| self.offsets.read(offset));
        let number = number.max(joined_at.unwrap_or(0));
        let first = self.next.checked_sub(self.kept.len() as u64)?;
        let seen = number.checked_add(1)?.checked_sub(first)?;
        usize::try_from(seen).ok()
    }

    /// Removes all packets. All offsets written so far become unknown.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.options.clone());
    }

    /// Removes expired packets.
    pub(crate) fn forget_expired(&mut self) {
        self.forget_expired_at(self.options.now());
    }

    fn forget_expired_at(&mut self, now: Duration) {
        let age = self.options.packet_age();
        self.forget_while(&|_, first| now.saturating_sub(first.at) > age);
    }

    /// Removes expired packets, and the oldest ones over a limit.
    fn prune(&mut self, now: Duration) {
        self.forget_expired_at(now);
        self.ledger.make_room(now);
        let max = self.options.max_packets;
        self.forget_while(&|kept, _| kept.kept.len() > max || !kept.ledger.fits());
    }

    fn forget_while(&mut self, is_excess: &dyn Fn(&Self, &KeptPacket) -> bool) {
        while let Some(first) = self.kept.front()
            && is_excess(self, first)
        {
            self.ledger.subtract(first.bytes);
            self.kept.pop_front();
        }
        if self.kept.capacity() > MIN_CAPACITY && self.kept.len() < self.kept.capacity() / 8 {
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
