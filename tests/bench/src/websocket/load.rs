//! The load: when operations begin, and when it is over.

use super::connection::Phase;
use super::{Clients, Wait};
use crate::clock::now;
use crate::ledger::Ledger;
use crate::message;
use crate::scenario::Scenario;
use crate::schedule::Schedule;
use crate::traffic::Mode;

/// How long answers that are under way may take when load has ended.
const DRAIN_SECONDS: f64 = 2.0;
/// How long one operation on every connection may take.
const TOUCH_SECONDS: f64 = 60.0;
/// How many connections are touched at a time.
const TOUCH_AT_A_TIME: usize = 64;

impl Clients {
    /// Begins the load: of a closed loop the first operations, of a schedule nothing yet.
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

    /// Runs the load for some time.
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
            // Late operations count from when they were due, else a stalled server would look fast.
            let at = now();
            while let Some(due) = clients.broadcasts.as_mut().and_then(|due| due.next(at)) {
                clients.broadcast(due);
            }
            while let Some(due) = clients.operations.as_mut().and_then(|due| due.next(at)) {
                let index = clients.whose_turn();
                if !clients.operate(index, due) {
                    clients.errors += 1;
                }
            }
            false
        });
    }

    /// The connection whose turn it is in a schedule.
    fn whose_turn(&mut self) -> usize {
        let turn = self.turn;
        if self.options.scenario == Scenario::Joins {
            self.turn = (turn + 1) % self.outsiders.len().max(1);
            self.outsiders.get(turn).copied().unwrap_or(usize::MAX)
        } else {
            self.turn = (turn + 1) % self.connections.len().max(1);
            turn
        }
    }

    /// Ends the load, waits for the answers under way; returns how many never came.
    pub(crate) fn drain(&mut self) -> u64 {
        self.traffic.mode = Mode::Rest;
        let over = |clients: &mut Self| clients.traffic.sent <= clients.traffic.done;
        self.until(DRAIN_SECONDS, Wait::Sleep, over);
        self.traffic.sent.saturating_sub(self.traffic.done)
    }

    /// One operation on every connection; returns how many were answered.
    pub(crate) fn touch_all(&mut self) -> u64 {
        self.touch_those(|_| true)
    }

    /// One operation on every connection that `wanted` chooses; returns how many were answered.
    pub(super) fn touch_those(&mut self, wanted: fn(&Ledger) -> bool) -> u64 {
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

    /// One operation on a connection that is ready; `false` if it has too many under way.
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

    /// Broadcasts; its latency counts from `start`.
    pub(super) fn broadcast(&mut self, start: u64) {
        self.outgoing.clear();
        self.traffic
            .begin_broadcast(self.receivers(), start, &mut self.outgoing);
        self.send_outgoing(0);
    }

    /// Asks the server something that is no load; `None` if it does not answer. The arguments are JSON, each with a comma
    /// before it.
    pub(crate) fn ask(&mut self, event: &str, arguments: &str) -> Option<Vec<u8>> {
        self.traffic.told = None;
        self.traffic.asked = true;
        self.write(0, &message::question(event, arguments));
        self.until(DRAIN_SECONDS, self.patience(), |clients| {
            clients.traffic.told.is_some()
        });
        self.traffic.told.take()
    }
}
