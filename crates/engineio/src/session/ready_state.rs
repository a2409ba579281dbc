use std::fmt;

/// How far a session has come: Node's `readyState`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ReadyState {
    /// It takes and sends messages.
    Open,
    /// It sends what is queued, and nothing more.
    Closing,
    /// It is over.
    Closed,
}

impl ReadyState {
    /// The state as Node spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }
}

impl fmt::Display for ReadyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
