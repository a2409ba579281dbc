//! One client's connection as a state machine.
//!
//! ```text
//!                   Session::new
//!                        │
//!   ┌────────────────────▼────────────────────┐
//!   │                  open                   │
//!   │                                         │
//!   │   polling ──handle_probe──► probing     │   probe rejected, expired or gone:
//!   │      ▲                         │  │     │   back to polling
//!   │      └─────────────────────────┘  │     │
//!   │                                "5"│     │
//!   │   websocket or                    │     │
//!   │   webtransport ◄──────────────────┘     │   Event::Upgraded
//!   └──────┬───────────────────────────┬──────┘
//!          │ close                     │ abort, ping timeout, "1" on polling, bad packet,
//!          ▼                           │ transport gone or failed, polls that overlap,
//!   ┌─────────────┐                    │ outbound queue over its limit
//!   │   closing   │  drains the queue, │
//!   │             │  takes no packets, │
//!   │             │  may still upgrade │
//!   └──────┬──────┘                    │
//!          │ Packet::Close transmitted,│
//!          │ close timeout, abort,     │
//!          │ transport gone            │
//!          ▼                           ▼
//!   ┌─────────────────────────────────────────┐
//!   │ closed: a poll that is pending still    │
//!   │ gets its answer, nothing else happens   │   Event::Closed
//!   └─────────────────────────────────────────┘
//! ```
//!
//! # Driving a session
//!
//! After every call of a `handle_*` method, of [`send`](Session::send), [`close`](Session::close)
//! or [`abort`](Session::abort):
//!
//! 1. call [`poll_transmit`](Session::poll_transmit) until it yields `None`: for polling when a poll is
//!    pending, and answer the poll if anything came; for another transport when it can take more, for
//!    which [`take_batch`](Session::take_batch) is quicker;
//! 2. call [`poll_event`](Session::poll_event) until it yields `None`;
//! 3. sleep until [`poll_timeout`](Session::poll_timeout), then call
//!    [`handle_timeout`](Session::handle_timeout).

mod application;
mod batch;
mod config;
mod error;
mod heartbeat;
mod inbound;
mod machine;
mod outbound;
mod output;
mod polling;
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
