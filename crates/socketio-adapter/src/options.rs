//! The target and the flags of an operation on several sockets.

use std::time::Duration;

use crate::target::Target;

/// The target of an operation on several sockets, and its flags.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct BroadcastOptions {
    /// The targeted sockets.
    pub target: Target,
    /// The modifiers of the operation.
    pub flags: Flags,
}

impl BroadcastOptions {
    /// Creates options for the sockets of `target`, with the default flags.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            flags: Flags::default(),
        }
    }

    /// Sets [`flags`](Self#structfield.flags).
    #[must_use]
    pub fn with_flags(mut self, flags: Flags) -> Self {
        self.flags = flags;
        self
    }
}

impl From<Target> for BroadcastOptions {
    fn from(target: Target) -> Self {
        Self::new(target)
    }
}

/// The modifiers of an operation, as in Node's `BroadcastOperator`.
///
/// Start from the default and set fields:
///
/// ```
/// use std::time::Duration;
///
/// use socketio_adapter::Flags;
///
/// let mut flags = Flags::default();
/// flags.timeout = Some(Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Flags {
    /// Whether the packet may be compressed. Default: true.
    pub compress: bool,
    /// Whether only the sockets of this server are targeted. Default: false.
    pub local: bool,
    /// The timeout of acknowledgements, or of the answers of other servers. Default: that of the
    /// operation.
    pub timeout: Option<Duration>,
    /// Whether the packet is dropped for a client whose transport is not writable. Default: false.
    pub volatile: bool,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            compress: true,
            local: false,
            timeout: None,
            volatile: false,
        }
    }
}
