//! The start and the end of the load and of its operations.

use super::connection::Phase;
use super::{Clients, Wait};
use crate::clock::now;
use crate::ledger::Ledger;
use crate::message;
use crate::scenario::Scenario;
use crate::schedule::Schedule;
use crate::traffic::Mode;

/// The time limit of pending answers after the end of the load.
const DRAIN_SECONDS: f64 = 2.0;
/// The time limit of a round of single operations.
const TOUCH_SECONDS: f64 = 60.0;
/// The number of connections with a concurrent single operation.
const TOUCH_AT_A_TIME: usize = 64;

impl Clients {
    /// Starts the load: the first operations of a closed loop, or the schedule.
    pub(crate) fn start(&mut self) {
        self.turn = 0;
        if let Some(rate) = self.options.rate {
            self.traffic.mode = Mode::Rest;
            self.operations = Schedule::new(rate);
            if self.options.scenario == Scenario::Joins {
                self.broadcasts = Schedule::new(self.options.broadcasts);
            }
            return;
        }
        self.traffic.mode = Mode::Loop;
        let slots = self.options.inflight;
        if self.options.scenario == Scenario::Broadcast {
            for _ in 0..slots {
                self.broadcast(now());
            }
            return;
        }
        let active = match self.options.scenario {
            Scenario::Rooms => self.options.active.min(self.connections.len()),
            _ => self.connections.len(),
        };
        for index in 0..active {
            for _ in 0..slots {
                self.operate(index, now());
            }
        }
    }

    /// Runs the load for a duration.
    pub(crate) fn run_for(&mut self, seconds: f64) {
        if self.operations.is_none() {
            self.until(seconds, self.patience(), |_| false);
            return;
        }
        let wait = match (self.options.doze, self.options.spin) {
            (true, _) => Wait::Doze,
            (false, true) => Wait::Spin,
            (false, false) => Wait::Yield,
        };
        self.until(seconds, wait, |clients| {
            // The latency counts from the due time. Otherwise a stalled server would appear fast.
            let at = now();
            while let Some(due) = clients.broadcasts.as_mut().and_then(|due| due.next(at)) {
                clients.broadcast(due);
            }
            while let Some(due) = clients.operations.as_mut().and_then(|due| due.next(at)) {
                let index = clients.next_connection();
                if !clients.operate(index, due) {
                    clients.errors += 1;
                }
            }
            false
        });
    }

    /// Returns the next connection of a schedule.
    fn next_connection(&mut self) -> usize {
        let turn = self.turn;
        if self.options.scenario == Scenario::Joins {
            self.turn = (turn + 1) % self.outsiders.len().max(1);
            self.outsiders.get(turn).copied().unwrap_or(usize::MAX)
        } else {
            self.turn = (turn + 1) % self.connections.len().max(1);
            turn
        }
    }

    /// Ends the load and waits for the pending answers. Returns the number of missing answers.
    pub(crate) fn drain(&mut self) -> u64 {
        self.traffic.mode = Mode::Rest;
        let over = |clients: &mut Self| clients.traffic.sent <= clients.traffic.done;
        self.until(DRAIN_SECONDS, Wait::Sleep, over);
        self.traffic.sent.saturating_sub(self.traffic.done)
    }

    /// Performs one operation on every connection. Returns the number of answers.
    pub(crate) fn touch_all(&mut self) -> u64 {
        self.touch_selected(|_| true)
    }

    /// Performs one operation on every connection that `wanted` selects. Returns the number of answers.
    pub(super) fn touch_selected(&mut self, wanted: fn(&Ledger) -> bool) -> u64 {
        self.traffic.mode = Mode::Touch;
        self.touched = wanted;
        self.turn = 0;
        let before = self.traffic.done;
        for _ in 0..TOUCH_AT_A_TIME {
            self.touch();
        }
        let chosen = self
            .connections
            .iter()
            .filter(|connection| connection.phase == Phase::Ready && wanted(&connection.ledger));
        let chosen = chosen.count();
        let wanted = before + chosen as u64;
        self.until(TOUCH_SECONDS, self.patience(), |clients| {
            clients.traffic.done >= wanted
        });
        self.traffic.mode = Mode::Rest;
        let answered = self.traffic.done - before;
        if self.traffic.done < wanted {
            eprintln!("loadgen: {answered} of {chosen} connections answered");
        }
        answered
    }

    /// Starts an operation on a ready connection. Returns `false` if it has too many pending ones.
    fn operate(&mut self, index: usize, start: u64) -> bool {
        let Some(connection) = self.connections.get_mut(index) else {
            return true;
        };
        if connection.phase != Phase::Ready {
            return true;
        }
        self.outgoing.clear();
        if !self
            .traffic
            .begin(&mut connection.ledger, start, &mut self.outgoing)
        {
            return false;
        }
        self.send_outgoing(index);
        true
    }

    pub(super) fn touch(&mut self) {
        while let Some(connection) = self.connections.get(self.turn) {
            let index = self.turn;
            self.turn += 1;
            if connection.phase == Phase::Ready && (self.touched)(&connection.ledger) {
                self.operate(index, now());
                return;
            }
        }
    }

    /// Broadcasts an event whose latency counts from `start`.
    pub(super) fn broadcast(&mut self, start: u64) {
        self.outgoing.clear();
        self.traffic
            .begin_broadcast(self.receivers(), start, &mut self.outgoing);
        self.send_outgoing(0);
    }

    /// Sends a question that is not part of the load, and returns the answer; `None` without one. The
    /// arguments are JSON, each after a comma.
    pub(crate) fn ask(&mut self, event: &str, arguments: &str) -> Option<Vec<u8>> {
        self.traffic.answer = None;
        self.traffic.asked = true;
        self.write(0, &message::question(event, arguments));
        self.until(DRAIN_SECONDS, self.patience(), |clients| {
            clients.traffic.answer.is_some()
        });
        self.traffic.answer.take()
    }
}
