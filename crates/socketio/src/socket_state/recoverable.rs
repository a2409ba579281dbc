//! The recovery data of one socket.

use std::sync::OnceLock;

use smol_str::SmolStr;
use socketio_adapter::RecoveryId;
use tokio::sync::SetOnce;
use tokio::time::Instant;

/// The recovery data of one socket.
pub(crate) struct Recoverable {
    pub(crate) id: RecoveryId,
    /// Whether the socket itself was recovered.
    pub(crate) recovered: bool,
    /// The last packet offset before the client first joined, if the adapter knows it.
    offset_at_join: OnceLock<SmolStr>,
    /// Set once the socket has left.
    state_after_leave: SetOnce<RecoveryState>,
}

/// Whether a socket that has left can be recovered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RecoveryState {
    /// The client can recover it until this time.
    Kept(Instant),
    /// The client cannot recover it.
    Ended,
}

impl Recoverable {
    pub(crate) fn new(id: RecoveryId, recovered: bool) -> Self {
        Self {
            id,
            recovered,
            offset_at_join: OnceLock::new(),
            state_after_leave: SetOnce::new(),
        }
    }

    /// Sets the last packet offset before the client first joined.
    pub(crate) fn set_offset_at_join(&self, offset: Option<&str>) {
        if let Some(offset) = offset {
            self.offset_at_join.set(offset.into()).ok();
        }
    }

    pub(crate) fn offset_at_join(&self) -> Option<String> {
        self.offset_at_join.get().map(SmolStr::to_string)
    }

    /// Sets the state after the socket has left. Only the first call has an effect.
    pub(crate) fn settle(&self, state_after_leave: RecoveryState) {
        self.state_after_leave.set(state_after_leave).ok();
    }

    /// Waits until the socket has left and its recovery state is known.
    pub(crate) async fn settled(&self) {
        self.state_after_leave.wait().await;
    }

    /// Returns the recovery state after the socket has left, if it is known.
    pub(crate) fn state_after_leave(&self) -> Option<RecoveryState> {
        self.state_after_leave.get().copied()
    }
}
