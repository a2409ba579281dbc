use std::sync::OnceLock;

use smol_str::SmolStr;
use socketio_adapter::RecoveryId;
use tokio::sync::SetOnce;
use tokio::time::Instant;

/// What a socket has that may come back.
pub(crate) struct Recoverable {
    pub(crate) id: RecoveryId,
    /// Whether it has come back itself.
    pub(crate) recovered: bool,
    /// The last offset of the time before its client joined first, if the adapter knows it.
    joined_at: OnceLock<SmolStr>,
    /// What has become of it, once it has left.
    state_after_leave: SetOnce<RecoveryState>,
}

/// What has become of a socket that has left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RecoveryState {
    /// Its client may come back until then.
    Kept(Instant),
    /// It is over.
    Over,
}

impl Recoverable {
    pub(crate) fn new(id: RecoveryId, recovered: bool) -> Self {
        Self {
            id,
            recovered,
            joined_at: OnceLock::new(),
            state_after_leave: SetOnce::new(),
        }
    }

    /// Says which offset was the last one when the client joined.
    pub(crate) fn set_joined_at(&self, offset: Option<&str>) {
        if let Some(offset) = offset {
            self.joined_at.set(offset.into()).ok();
        }
    }

    pub(crate) fn joined_at(&self) -> Option<String> {
        self.joined_at.get().map(SmolStr::to_string)
    }

    /// Says what has become of the socket. Only the first word counts.
    pub(crate) fn settle(&self, state_after_leave: RecoveryState) {
        self.state_after_leave.set(state_after_leave).ok();
    }

    /// Waits until the socket has left, and its client may come back or never will.
    pub(crate) async fn settled(&self) {
        self.state_after_leave.wait().await;
    }

    /// What has become of the socket, if that is known.
    pub(crate) fn state_after_leave(&self) -> Option<RecoveryState> {
        self.state_after_leave.get().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_socket_pays_is_small() {
        assert!(size_of::<Recoverable>() <= 128);
    }
}
