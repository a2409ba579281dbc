//! Names that nobody can guess.

use smol_str::SmolStr;

/// The bytes that the ids of sockets are made of, the public and the secret ones.
const ID_BYTES: usize = 15;

/// A name that nobody can guess.
pub(super) fn new_id() -> Option<SmolStr> {
    let mut random = [0; ID_BYTES];
    if let Err(error) = getrandom::fill(&mut random) {
        tracing::error!(%error, "no random bytes for a socket id: check the system's random source");
        return None;
    }
    Some(engineio::SessionId::from_random(random).as_str().into())
}
