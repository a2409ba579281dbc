use socketio_adapter::RecoveryId;
use tokio::sync::SetOnce;
use tokio::time::Instant;

/// What a socket has that may come back.
pub(crate) struct Recoverable {
    pub(crate) id: RecoveryId,
    /// Whether it has come back itself.
    pub(crate) recovered: bool,
    /// What has become of it, once it has left.
    fate: SetOnce<Fate>,
}

/// What has become of a socket that has left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
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
            fate: SetOnce::new(),
        }
    }

    /// Says what has become of the socket. Only the first word counts.
    pub(crate) fn settle(&self, fate: Fate) {
        self.fate.set(fate).ok();
    }

    /// Waits until the socket has left and its session is kept, or never will be.
    pub(crate) async fn settled(&self) {
        self.fate.wait().await;
    }

    /// Until when the client may come back, if it is away.
    pub(crate) fn kept_until(&self) -> Option<Instant> {
        match self.fate.get() {
            Some(Fate::Kept(until)) => Some(*until),
            Some(Fate::Over) | None => None,
        }
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
