//! How an operation is carried out, beside whom it is meant for.

use std::time::Duration;

use crate::target::Target;

/// Whom an operation on several sockets is meant for, and how it is carried out.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct BroadcastOptions {
    /// Which sockets are meant.
    pub target: Target,
    /// How the operation is carried out.
    pub flags: Flags,
}

impl BroadcastOptions {
    /// Creates options for the sockets of `target` with the default flags.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            flags: Flags::default(),
        }
    }

    /// Sets the flags.
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

/// The modifiers of an operation, as Node's `BroadcastOperator` has them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Flags {
    /// Whether the packet may be compressed. Default: true.
    pub compress: bool,
    /// Whether only the sockets of this server are meant. Default: false.
    pub local: bool,
    /// How long acknowledgements, or the answers of other servers, are awaited. Default: as the
    /// operation has it.
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
