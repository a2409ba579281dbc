//! The session of one client as a state machine; [`Session`] documents its states.
//!
//! | file | contents |
//! |---|---|
//! | `machine.rs` | [`Session`], its state and its end |
//! | `inbound.rs`, `polling.rs`, `upgrade.rs` | the `handle_*` methods: packets and timeouts, polls, probes |
//! | `application.rs` | sending and closing |
//! | `poll.rs`, `probe.rs` | the state of a poll and of a probe |
//! | `output.rs` | the `poll_*` methods and [`Event`] |
//! | `heartbeat.rs` | pings, pongs and their deadlines |
//! | `outbound.rs`, `queue.rs`, `text_queue.rs` | the outbound queue: its limit, its entries, its short texts |
//! | `batch.rs`, `transmit.rs` | packets for the driver |

mod application;
mod batch;
mod config;
mod error;
mod heartbeat;
mod inbound;
mod machine;
mod outbound;
mod output;
mod poll;
mod polling;
mod probe;
mod queue;
mod text_queue;
mod transmit;
mod upgrade;

pub use self::{
    batch::Batch,
    config::SessionConfig,
    error::{PollError, SendError, UpgradeError},
    machine::Session,
    output::Event,
    queue::MESSAGE_OVERHEAD,
    transmit::{SendOptions, Transmit, TransmitRef},
    upgrade::ProbeResult,
};
