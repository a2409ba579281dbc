//! The acknowledgements of one broadcast.
//!
//! ```text
//! AckCollector <- AckSink::count     each server: so many of my sockets were sent the packet
//!              <- AckSink::answer    one of these has answered, and PendingAck is used up
//!              <- AckSink::left      one of these has gone, and PendingAck was dropped
//!      |
//!      v
//!   Answers                          a stream; dropping it drops the AckGuards, and they the rest
//! ```
//!
//! The collection is over when all servers have reported and all their sockets have answered or
//! gone. It has no clock: who wants a timeout brings a future ([`Answers::until`]).

mod answers;
mod collected;
mod collector;
mod guard;
mod missing;
mod pending;
mod sink;
mod tally;

pub use self::answers::{Answers, AnswersUntil};
pub use self::collector::AckCollector;
pub use self::guard::AckGuard;
pub use self::missing::MissingAnswers;
pub use self::pending::PendingAck;
pub use self::sink::AckSink;
