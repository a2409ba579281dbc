//! The operations: their start, the check of their answers and their latency.

use std::collections::VecDeque;

use crate::clock::now;
use crate::histogram::Histogram;
use crate::ledger::{Ledger, Part, RoomTurn};
use crate::message::{self, Messages, acknowledged};
use crate::options::Options;
use crate::scenario::Scenario;

/// The consequence of an answer for other connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Followup {
    /// The next broadcast starts.
    Broadcast,
    Nothing,
    /// The next connection performs one operation.
    Touch,
}

/// The consequence of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// The next operation of the same connection starts: the closed loop.
    Loop,
    /// None; operations, if any, follow a schedule.
    Rest,
    /// The next connection performs one operation.
    Touch,
}

/// An emitted broadcast.
struct FanOut {
    started: u64,
    left: usize,
}

/// The operations of all connections.
pub(crate) struct Traffic {
    pub(crate) scenario: Scenario,
    slots: usize,
    messages: Messages,
    fan_outs: VecDeque<FanOut>,
    /// The number of fan-outs that were removed from the front of the queue.
    removed_fan_outs: u64,
    pub(crate) mode: Mode,
    pub(crate) measuring: bool,
    pub(crate) sent: u64,
    pub(crate) done: u64,
    pub(crate) mismatches: u64,
    pub(crate) latency: Histogram,
    pub(crate) fan_out_latency: Histogram,
    /// Whether the answer to a question is pending.
    pub(crate) asked: bool,
    /// The arguments of the answer to the question.
    pub(crate) answer: Option<Vec<u8>>,
}

impl Traffic {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            scenario: options.scenario,
            slots: options.inflight,
            messages: Messages::new(options),
            fan_outs: VecDeque::new(),
            removed_fan_outs: 0,
            mode: Mode::Rest,
            measuring: false,
            sent: 0,
            done: 0,
            mismatches: 0,
            latency: Histogram::new(),
            fan_out_latency: Histogram::new(),
            asked: false,
            answer: None,
        }
    }

    /// Starts an operation whose latency counts from `start`, and appends its frames to `out`. Returns
    /// `false` if all slots are taken.
    #[inline]
    pub(crate) fn begin(&mut self, ledger: &mut Ledger, start: u64, out: &mut Vec<u8>) -> bool {
        match self.scenario {
            Scenario::Ack | Scenario::Joins | Scenario::Rooms => {
                ledger.slots.resize(self.slots, 0);
                let Some(slot) = ledger.slots.iter().position(|start| *start == 0) else {
                    if self.scenario == Scenario::Joins {
                        // It waits for the previous operation, and its latency counts from its due time.
                        ledger.queue.push_back(start);
                        return true;
                    }
                    return false;
                };
                self.begin_in_slot(ledger, slot, start, out);
            }
            _ => {
                ledger.queue.push_back(start);
                self.sent += 1;
                if let Some(frames) = self.messages.frames.first() {
                    out.extend_from_slice(frames);
                }
            }
        }
        true
    }

    #[inline]
    fn begin_in_slot(&mut self, ledger: &mut Ledger, slot: usize, start: u64, out: &mut Vec<u8>) {
        if let Some(begun) = ledger.slots.get_mut(slot) {
            *begun = start;
        }
        self.sent += 1;
        if self.scenario.has_turns() {
            if let Some(turn) = ledger.rooms.get_mut(slot) {
                out.extend_from_slice(turn.next());
            }
        } else if let Some(frames) = self.messages.frames.get(slot) {
            out.extend_from_slice(frames);
        }
    }

    /// Starts a fan-out to `receivers` sockets and appends its frame to `out`.
    pub(crate) fn begin_broadcast(&mut self, receivers: usize, start: u64, out: &mut Vec<u8>) {
        self.fan_outs.push_back(FanOut {
            started: start,
            left: receivers,
        });
        self.sent += receivers as u64;
        if let Some(frame) = self.messages.frames.first() {
            out.extend_from_slice(frame);
        }
    }

    /// Handles a Socket.IO packet that was received at `at`.
    #[inline]
    pub(crate) fn packet(
        &mut self,
        ledger: &mut Ledger,
        packet: &[u8],
        at: u64,
        out: &mut Vec<u8>,
    ) -> Followup {
        if self.asked && packet.starts_with(message::ANSWER) {
            self.asked = false;
            self.answer = packet.get(message::ANSWER.len()..).map(<[u8]>::to_vec);
            return Followup::Nothing;
        }
        match self.scenario {
            Scenario::Inner => {
                self.mismatch(packet);
                Followup::Nothing
            }
            Scenario::Connect | Scenario::Echo | Scenario::Polling => {
                if !self.messages.is_expected(packet) {
                    self.mismatch(packet);
                }
                self.answered_in_order(ledger, at, out)
            }
            Scenario::Bin => {
                if packet.starts_with(&self.messages.expected_text) {
                    ledger.awaits_binary = true;
                } else {
                    self.mismatch(packet);
                }
                Followup::Nothing
            }
            Scenario::Joins if !packet.starts_with(b"43") => self.broadcast(ledger, packet, at),
            Scenario::Ack | Scenario::Joins | Scenario::Rooms => {
                let answer = acknowledged(packet);
                let right = |arguments: &[u8]| {
                    self.scenario.has_turns() || arguments == self.messages.expected_text
                };
                match answer {
                    Some((slot, arguments)) if right(arguments) => {
                        self.answered_in_slot(ledger, slot, at, out)
                    }
                    _ => {
                        self.mismatch(packet);
                        Followup::Nothing
                    }
                }
            }
            Scenario::Broadcast => self.broadcast(ledger, packet, at),
        }
    }

    /// Handles the packet of a broadcast.
    #[inline]
    fn broadcast(&mut self, ledger: &mut Ledger, packet: &[u8], at: u64) -> Followup {
        if self.messages.is_expected(packet) {
            match ledger.part {
                Part::Member => return self.delivered(ledger, at),
                Part::Guest => return Followup::Nothing,
                Part::Other => {}
            }
        }
        self.mismatch(packet);
        Followup::Nothing
    }

    /// Handles a binary attachment that was received at `at`.
    #[inline]
    pub(crate) fn attachment(
        &mut self,
        ledger: &mut Ledger,
        bytes: &[u8],
        at: u64,
        out: &mut Vec<u8>,
    ) -> Followup {
        if !std::mem::take(&mut ledger.awaits_binary) {
            self.mismatches += 1;
            return Followup::Nothing;
        }
        if bytes != self.messages.expected_binary {
            self.mismatches += 1;
        }
        self.answered_in_order(ledger, at, out)
    }

    /// Counts an unexpected message and prints the first one.
    pub(crate) fn mismatch(&mut self, message: &[u8]) {
        if self.mismatches == 0 {
            let start = message.get(..160).unwrap_or(message);
            eprintln!(
                "loadgen: unexpected message: {}",
                String::from_utf8_lossy(start)
            );
        }
        self.mismatches += 1;
    }

    #[inline]
    fn answered_in_order(&mut self, ledger: &mut Ledger, at: u64, out: &mut Vec<u8>) -> Followup {
        let Some(start) = ledger.queue.pop_front() else {
            self.mismatches += 1;
            return Followup::Nothing;
        };
        self.finished(start, at);
        match self.mode {
            Mode::Loop => {
                self.begin(ledger, at, out);
                Followup::Nothing
            }
            Mode::Rest => Followup::Nothing,
            Mode::Touch => Followup::Touch,
        }
    }

    #[inline]
    fn answered_in_slot(
        &mut self,
        ledger: &mut Ledger,
        slot: usize,
        at: u64,
        out: &mut Vec<u8>,
    ) -> Followup {
        let start = ledger.slots.get_mut(slot).map_or(0, std::mem::take);
        if start == 0 {
            self.mismatches += 1;
            return Followup::Nothing;
        }
        if self.scenario == Scenario::Joins
            && ledger.rooms.get(slot).is_some_and(RoomTurn::has_left)
        {
            // Only joins are measured.
            self.done += 1;
        } else {
            self.finished(start, at);
        }
        match self.mode {
            Mode::Loop => {
                self.begin_in_slot(ledger, slot, at, out);
                Followup::Nothing
            }
            Mode::Rest => {
                if let Some(start) = ledger.queue.pop_front() {
                    self.begin_in_slot(ledger, slot, start, out);
                }
                Followup::Nothing
            }
            Mode::Touch => Followup::Touch,
        }
    }

    #[inline]
    fn delivered(&mut self, ledger: &mut Ledger, at: u64) -> Followup {
        let index = ledger.delivered.checked_sub(self.removed_fan_outs);
        ledger.delivered += 1;
        let fan_out = index.and_then(|index| self.fan_outs.get_mut(index as usize));
        let Some(fan_out) = fan_out.filter(|fan_out| fan_out.left > 0) else {
            self.mismatches += 1;
            return Followup::Nothing;
        };
        fan_out.left -= 1;
        let (start, last) = (fan_out.started, fan_out.left == 0);
        if self.scenario == Scenario::Joins {
            self.done += 1;
        } else {
            self.finished(start, at);
        }
        if !last {
            return Followup::Nothing;
        }
        // Deliveries of one read share its time, which may be before the start of this fan-out. The last
        // delivery ends the fan-out, so it needs the exact time.
        if self.measuring {
            self.fan_out_latency.record(now().saturating_sub(start));
        }
        while self
            .fan_outs
            .front()
            .is_some_and(|fan_out| fan_out.left == 0)
        {
            self.fan_outs.pop_front();
            self.removed_fan_outs += 1;
        }
        if self.mode == Mode::Loop {
            Followup::Broadcast
        } else {
            Followup::Nothing
        }
    }

    #[inline]
    fn finished(&mut self, start: u64, at: u64) {
        self.done += 1;
        if self.measuring {
            self.latency.record(at.saturating_sub(start));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn traffic(line: &str) -> (Traffic, Ledger, Vec<u8>) {
        let arguments = format!("--payload 2 {line}");
        let options = Options::parse(arguments.split_whitespace().map(str::to_owned));
        (
            Traffic::new(&options.unwrap().unwrap()),
            Ledger::default(),
            Vec::new(),
        )
    }

    #[test]
    fn an_echo_starts_the_next_in_the_closed_loop() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario echo");
        traffic.mode = Mode::Loop;
        traffic.measuring = true;
        assert!(traffic.begin(&mut ledger, 1000, &mut out));
        let first = std::mem::take(&mut out);
        traffic.packet(&mut ledger, b"42[\"echo\",\"ab\"]", 3000, &mut out);
        assert_eq!(out, first);
        assert_eq!((traffic.sent, traffic.done, traffic.mismatches), (2, 1, 0));
        assert_eq!(traffic.latency.max(), 2.0);
    }

    #[test]
    fn a_wrong_or_unasked_answer_is_a_mismatch() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario echo");
        traffic.begin(&mut ledger, 1, &mut out);
        traffic.packet(&mut ledger, b"42[\"echo\",\"xx\"]", 2, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (1, 1));
        traffic.packet(&mut ledger, b"42[\"echo\",\"ab\"]", 3, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (1, 2));
    }

    #[test]
    fn acknowledgements_are_expected_once_in_any_order() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario ack --inflight 2");
        assert!(traffic.begin(&mut ledger, 1, &mut out));
        assert!(traffic.begin(&mut ledger, 1, &mut out));
        assert!(!traffic.begin(&mut ledger, 1, &mut out));
        traffic.packet(&mut ledger, b"43101[\"ab\"]", 2, &mut out);
        traffic.packet(&mut ledger, b"43100[\"ab\"]", 2, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (2, 0));
        for wrong in [
            &b"43100[\"ab\"]"[..],
            b"43102[\"ab\"]",
            b"43100[\"x\"]",
            b"44100[\"ab\"]",
        ] {
            let before = traffic.mismatches;
            traffic.packet(&mut ledger, wrong, 2, &mut out);
            assert_eq!(traffic.mismatches, before + 1);
        }
    }

    #[test]
    fn a_binary_event_is_complete_with_its_attachment() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario bin");
        traffic.begin(&mut ledger, 1, &mut out);
        let header = b"451-[\"bin\",{\"num\":0,\"_placeholder\":true}]";
        traffic.packet(&mut ledger, header, 2, &mut out);
        assert_eq!(traffic.done, 0);
        traffic.attachment(&mut ledger, &[0, 31], 2, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (1, 0));
        traffic.attachment(&mut ledger, &[0, 31], 2, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (1, 1));
    }

    #[test]
    fn the_next_broadcast_follows_the_last_delivery() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario broadcast");
        let mut other = Ledger::default();
        traffic.mode = Mode::Loop;
        traffic.begin_broadcast(2, 1, &mut out);
        let packet = b"42[\"broadcast\",\"ab\"]";
        assert_eq!(
            traffic.packet(&mut ledger, packet, 2, &mut out),
            Followup::Nothing
        );
        // A second copy belongs to a fan-out that has not started.
        assert_eq!(
            traffic.packet(&mut ledger, packet, 2, &mut out),
            Followup::Nothing
        );
        assert_eq!(traffic.mismatches, 1);
        assert_eq!(
            traffic.packet(&mut other, packet, 2, &mut out),
            Followup::Broadcast
        );
        assert_eq!((traffic.sent, traffic.done), (2, 2));
    }

    #[test]
    fn a_broadcast_to_a_socket_that_has_left_is_a_mismatch() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario broadcast --others 1");
        ledger.part = Part::Other;
        traffic.begin_broadcast(1, 1, &mut out);
        traffic.packet(&mut ledger, b"42[\"broadcast\",\"ab\"]", 2, &mut out);
        assert_eq!((traffic.done, traffic.mismatches), (0, 1));
    }

    #[test]
    fn joining_and_leaving_alternate() {
        let (mut traffic, mut ledger, mut out) = traffic("--scenario rooms");
        ledger.rooms.push(RoomTurn {
            join: b"j".to_vec(),
            leave: b"l".to_vec(),
            joined: false,
        });
        traffic.mode = Mode::Loop;
        traffic.begin(&mut ledger, 1, &mut out);
        traffic.packet(&mut ledger, b"43100[null]", 2, &mut out);
        traffic.packet(&mut ledger, b"43100[]", 2, &mut out);
        assert_eq!(out, b"jlj");
    }

    #[test]
    fn guests_measure_joins_and_ignore_broadcasts() {
        let (mut traffic, mut guest, mut out) = traffic("--scenario joins");
        guest.part = Part::Guest;
        guest.rooms.push(RoomTurn {
            join: b"j".to_vec(),
            leave: b"l".to_vec(),
            joined: false,
        });
        traffic.measuring = true;
        let mut member = Ledger::default();
        traffic.begin_broadcast(1, 1, &mut out);
        let packet = b"42[\"broadcast\",\"ab\"]";
        traffic.begin(&mut guest, 1000, &mut out);
        traffic.packet(&mut guest, packet, 2000, &mut out);
        traffic.packet(&mut guest, b"43100[null]", 3000, &mut out);
        assert_eq!((traffic.done, traffic.latency.count()), (1, 1));
        assert_eq!(traffic.latency.max(), 2.0);
        traffic.begin(&mut guest, 4000, &mut out);
        traffic.packet(&mut guest, b"43100[null]", 9000, &mut out);
        traffic.packet(&mut member, packet, 9000, &mut out);
        assert_eq!((traffic.done, traffic.latency.count()), (3, 1));
        assert_eq!((traffic.sent, traffic.mismatches), (3, 0));
        // A due operation follows the pending one.
        traffic.begin(&mut guest, 10_000, &mut out);
        traffic.begin(&mut guest, 11_000, &mut out);
        assert_eq!(traffic.sent, 4);
        traffic.packet(&mut guest, b"43100[null]", 12_000, &mut out);
        assert_eq!((traffic.sent, traffic.done), (5, 4));
        assert!(out.ends_with(b"jljl"));
        traffic.asked = true;
        for mismatches in [0, 1] {
            // An answer without a question is a mismatch too.
            traffic.packet(&mut member, b"439[{}]", 9000, &mut out);
            assert_eq!(traffic.answer.as_deref(), Some(&b"[{}]"[..]));
            assert_eq!(traffic.mismatches, mismatches);
        }
    }
}
