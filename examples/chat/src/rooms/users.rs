//! The users with their names and sockets.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    problem::Problem,
    text::{Key, UserName},
};

/// The most users that the server stores, including users that have left: about a megabyte.
pub(crate) const MAX_USERS: usize = 1000;

/// The time within which a user can reconnect before other users are notified. It covers a reload of the page and
/// a short loss of the network.
pub(crate) const RECONNECT_TIMEOUT: Duration = Duration::from_secs(6);

/// The public id of a user.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct UserId(u64);

/// A user as other users see it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Member {
    pub(crate) id: UserId,
    pub(crate) name: UserName,
}

/// The result of [`Users::enter`].
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Identified {
    pub(crate) you: Member,
    /// The previous socket of the user.
    pub(crate) replaced: Option<String>,
    /// Whether the name of a visible user has changed.
    pub(crate) renamed: bool,
}

#[derive(Debug)]
struct User {
    key: Key,
    name: UserName,
    presence: Presence,
}

#[derive(Debug)]
enum Presence {
    Online {
        socket: String,
    },
    /// Disconnected, with time left to reconnect.
    Reconnecting {
        since: Instant,
    },
    /// Disconnected for longer.
    Away {
        since: Instant,
    },
}

/// The users that the server stores.
#[derive(Debug, Default)]
pub(super) struct Users {
    last_id: u64,
    by_id: HashMap<UserId, User>,
    by_key: HashMap<Key, UserId>,
    by_socket: HashMap<String, UserId>,
}

impl Users {
    /// Identifies a user by its key, or creates one.
    pub(super) fn enter(
        &mut self,
        socket: &str,
        key: Key,
        name: &UserName,
    ) -> Result<Identified, Problem> {
        if self.by_socket.contains_key(socket) {
            return Err(Problem::AlreadyEntered);
        }
        let known = self.by_key.get(&key).copied();
        self.require_free(name, known)?;
        let id = match known {
            Some(id) => id,
            None => self.new_id()?,
        };

        let mut entry = Identified {
            you: Member {
                id,
                name: name.clone(),
            },
            replaced: None,
            renamed: false,
        };
        let user = User {
            key: key.clone(),
            name: name.clone(),
            presence: Presence::Online {
                socket: socket.to_owned(),
            },
        };
        self.by_key.insert(key, id);
        self.by_socket.insert(socket.to_owned(), id);
        if let Some(previous) = self.by_id.insert(id, user) {
            entry.renamed =
                !matches!(previous.presence, Presence::Away { .. }) && previous.name != *name;
            if let Presence::Online { socket } = previous.presence {
                self.by_socket.remove(&socket);
                entry.replaced = Some(socket);
            }
        }
        Ok(entry)
    }

    /// Changes the name of a user.
    pub(super) fn rename(&mut self, id: UserId, name: UserName) -> Result<(), Problem> {
        self.require_free(&name, Some(id))?;
        if let Some(user) = self.by_id.get_mut(&id) {
            user.name = name;
        }
        Ok(())
    }

    /// Handles the disconnect of a socket. Its user can reconnect within [`RECONNECT_TIMEOUT`].
    pub(super) fn disconnect(&mut self, socket: &str, now: Instant) {
        let id = self.by_socket.remove(socket);
        if let Some(user) = id.and_then(|id| self.by_id.get_mut(&id)) {
            user.presence = Presence::Reconnecting { since: now };
        }
    }

    /// Returns the users that have not reconnected in time, each of them once.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Member> {
        let mut departed = Vec::new();
        for (&id, user) in &mut self.by_id {
            match user.presence {
                Presence::Reconnecting { since }
                    if now.saturating_duration_since(since) >= RECONNECT_TIMEOUT =>
                {
                    user.presence = Presence::Away { since };
                    departed.push(Member {
                        id,
                        name: user.name.clone(),
                    });
                }
                _ => {}
            }
        }
        departed
    }

    /// Returns the user of a socket.
    pub(super) fn user_of(&self, socket: &str) -> Result<UserId, Problem> {
        let id = self.by_socket.get(socket);
        id.copied().ok_or(Problem::NotEntered)
    }

    /// Returns a user as other users see it.
    pub(super) fn member(&self, id: UserId) -> Option<Member> {
        let user = self.by_id.get(&id)?;
        Some(Member {
            id,
            name: user.name.clone(),
        })
    }

    /// Refuses a name that another user has. Users that are away do not keep theirs.
    fn require_free(&self, name: &UserName, owner: Option<UserId>) -> Result<(), Problem> {
        let taken = self.by_id.iter().any(|(id, user)| {
            Some(*id) != owner
                && !matches!(user.presence, Presence::Away { .. })
                && user.name.resembles(name)
        });
        if taken {
            Err(Problem::NameTaken)
        } else {
            Ok(())
        }
    }

    /// Returns an id for a new user. At the limit, the user that is away for the longest time is removed.
    fn new_id(&mut self) -> Result<UserId, Problem> {
        if self.by_id.len() >= MAX_USERS {
            let (_, oldest) = self
                .by_id
                .iter()
                .filter_map(|(id, user)| match user.presence {
                    Presence::Away { since } => Some((since, *id)),
                    _ => None,
                })
                .min()
                .ok_or(Problem::Full { max: MAX_USERS })?;
            if let Some(user) = self.by_id.remove(&oldest) {
                self.by_key.remove(&user.key);
            }
        }
        self.last_id += 1;
        Ok(UserId(self.last_id))
    }
}
