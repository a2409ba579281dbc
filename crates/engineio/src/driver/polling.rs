//! HTTP long-polling: the server sends in answer to a pending GET, the client by POST.

mod get;
mod outcome;
mod post;

pub(crate) use self::get::{Answer, payload, poll};
pub(crate) use self::outcome::Outcome;
pub(crate) use self::post::post;
