//! The acknowledgements of one broadcast: collects them from all servers as a stream.
//!
//! ```text
//! AckCollector <- AckSink::count     once per server: the number of its sockets that got the packet
//!              <- AckSink::asked     a socket of a known id is asked; its PendingAck was created
//!              <- AckSink::answer    a socket has answered; its PendingAck is used up
//!              <- AckSink::no_answer a socket has left; its PendingAck was dropped
//!      |
//!      v
//!   Answers                          a stream; dropping it drops the AckGuards, which remove the
//!                                    remaining PendingAcks
//! ```
//!
//! The collection is complete when all servers have reported and all their sockets have answered or
//! left. This module has no clock: the caller passes a timeout as a future ([`Answers::until`]).

mod answers;
mod collected;
mod collector;
mod missing;
mod pending;
mod socket_answer;
mod tally;

pub use self::answers::{AckGuard, Answers, AnswersUntil};
pub use self::collector::AckCollector;
pub use self::missing::MissingAnswers;
pub use self::pending::{AckSink, PendingAck};
pub use self::socket_answer::{NoAnswer, SocketAnswer};
