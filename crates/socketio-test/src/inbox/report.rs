//! The lists of events at the end of failure messages.

use std::fmt;

use super::state::State;
use crate::event::EventList;

/// The received and the unread events: `received: […]; still unread: […]`.
pub(super) struct Report<'a>(pub(super) &'a State);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State {
            recent,
            count,
            unread,
            ..
        } = self.0;
        f.write_str("received")?;
        if *count > recent.len() {
            write!(f, " (the last {} of {count})", recent.len())?;
        }
        write!(
            f,
            ": {}; still unread: {}",
            EventList(recent),
            EventList(unread)
        )
    }
}
