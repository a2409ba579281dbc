//! Weak references to values whose types are defined in modules above.

use std::any::Any;
use std::sync::{Arc, Weak};

/// A weak reference to a value whose type the holder cannot name.
///
/// Handlers take sockets, and sockets refer to their namespace and server, which hold the handlers.
/// The reference back is erased so that modules depend in one direction only. It is weak because the
/// target owns the holder.
#[derive(Clone)]
pub(crate) struct Backlink(Weak<dyn Any + Send + Sync>);

impl Backlink {
    pub(crate) fn new<T: Send + Sync + 'static>(target: Weak<T>) -> Self {
        Self(target)
    }

    /// Returns the target unless it was dropped. `T` is the type that the link was created with.
    pub(crate) fn upgrade<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let target = self.0.upgrade()?.downcast();
        debug_assert!(target.is_ok(), "the link was created with another type");
        target.ok()
    }
}

/// A link to the server of a connection, stored in the extensions of a request.
#[derive(Clone)]
pub(crate) struct ServerLink(pub(crate) Backlink);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_does_not_keep_its_target_alive() {
        let target = Arc::new(7_u32);
        let link = Backlink::new(Arc::downgrade(&target));
        assert_eq!(link.upgrade::<u32>().as_deref(), Some(&7));
        drop(target);
        assert!(link.upgrade::<u32>().is_none());
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "the link was created with another type")]
    fn a_link_reports_the_wrong_type() {
        let target = Arc::new(7_u32);
        let link = Backlink::new(Arc::downgrade(&target));
        let _ = link.upgrade::<u64>();
    }
}
