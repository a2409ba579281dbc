//! Who is here, under which name and through which socket.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::{
    problem::Problem,
    text::{Key, UserName},
};

/// How many people the server remembers, those who left included: about a megabyte.
pub(crate) const MAX_USERS: usize = 1000;

/// How long somebody may be without a connection before the others are told. It covers a reload of
/// the page and a short loss of the network.
pub(crate) const TIME_TO_COME_BACK: Duration = Duration::from_secs(6);

/// The public number of a person.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct UserId(u64);

/// A person as others see them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Member {
    pub(crate) id: UserId,
    pub(crate) name: UserName,
}

/// What happened when somebody came.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Arrival {
    pub(crate) you: Member,
    /// The socket through which the same person was here until now.
    pub(crate) replaced: Option<String>,
    /// Whether others know the person under another name.
    pub(crate) renamed: bool,
}

#[derive(Debug)]
struct Person {
    key: Key,
    name: UserName,
    presence: Presence,
}

#[derive(Debug)]
enum Presence {
    Away { since: Instant },
    Missing { since: Instant },
    Online { socket: String },
}

/// Everybody the server knows.
#[derive(Debug, Default)]
pub(super) struct People {
    last_id: u64,
    by_id: HashMap<UserId, Person>,
    by_key: HashMap<Key, UserId>,
    by_socket: HashMap<String, UserId>,
}

impl People {
    /// Lets somebody in: a new person, or one whose key is known.
    pub(super) fn arrive(
        &mut self,
        socket: &str,
        key: Key,
        name: &UserName,
    ) -> Result<Arrival, Problem> {
        if self.by_socket.contains_key(socket) {
            return Err(Problem::AlreadyEntered);
        }
        let known = self.by_key.get(&key).copied();
        self.require_free(name, known)?;
        let id = match known {
            Some(id) => id,
            None => self.new_id()?,
        };

        let mut arrival = Arrival {
            you: Member {
                id,
                name: name.clone(),
            },
            replaced: None,
            renamed: false,
        };
        let person = Person {
            key: key.clone(),
            name: name.clone(),
            presence: Presence::Online {
                socket: socket.to_owned(),
            },
        };
        self.by_key.insert(key, id);
        self.by_socket.insert(socket.to_owned(), id);
        if let Some(before) = self.by_id.insert(id, person) {
            arrival.renamed =
                !matches!(before.presence, Presence::Away { .. }) && before.name != *name;
            if let Presence::Online { socket } = before.presence {
                self.by_socket.remove(&socket);
                arrival.replaced = Some(socket);
            }
        }
        Ok(arrival)
    }

    /// Gives somebody another name.
    pub(super) fn rename(&mut self, id: UserId, name: UserName) -> Result<(), Problem> {
        self.require_free(&name, Some(id))?;
        if let Some(person) = self.by_id.get_mut(&id) {
            person.name = name;
        }
        Ok(())
    }

    /// Notes that a socket is gone. The person has [`TIME_TO_COME_BACK`].
    pub(super) fn disconnect(&mut self, socket: &str, now: Instant) {
        let id = self.by_socket.remove(socket);
        if let Some(person) = id.and_then(|id| self.by_id.get_mut(&id)) {
            person.presence = Presence::Missing { since: now };
        }
    }

    /// The people whose time to come back is over; each is told once.
    pub(super) fn sweep(&mut self, now: Instant) -> Vec<Member> {
        let mut gone = Vec::new();
        for (&id, person) in &mut self.by_id {
            match person.presence {
                Presence::Missing { since }
                    if now.saturating_duration_since(since) >= TIME_TO_COME_BACK =>
                {
                    person.presence = Presence::Away { since };
                    gone.push(Member {
                        id,
                        name: person.name.clone(),
                    });
                }
                _ => {}
            }
        }
        gone
    }

    /// Who is behind a socket.
    pub(super) fn behind(&self, socket: &str) -> Result<UserId, Problem> {
        let id = self.by_socket.get(socket);
        id.copied().ok_or(Problem::NotEntered)
    }

    /// A person as others see them.
    pub(super) fn member(&self, id: UserId) -> Option<Member> {
        let person = self.by_id.get(&id)?;
        Some(Member {
            id,
            name: person.name.clone(),
        })
    }

    /// Refuses a name that somebody else uses. Those who are away have lost theirs.
    fn require_free(&self, name: &UserName, owner: Option<UserId>) -> Result<(), Problem> {
        let taken = self.by_id.iter().any(|(id, person)| {
            Some(*id) != owner
                && !matches!(person.presence, Presence::Away { .. })
                && person.name.resembles(name)
        });
        if taken {
            Err(Problem::NameTaken)
        } else {
            Ok(())
        }
    }

    /// A number for a new person. When the house is full, whoever is away longest is forgotten.
    fn new_id(&mut self) -> Result<UserId, Problem> {
        if self.by_id.len() >= MAX_USERS {
            let (_, oldest) = self
                .by_id
                .iter()
                .filter_map(|(id, person)| match person.presence {
                    Presence::Away { since } => Some((since, *id)),
                    _ => None,
                })
                .min()
                .ok_or(Problem::Full { max: MAX_USERS })?;
            if let Some(person) = self.by_id.remove(&oldest) {
                self.by_key.remove(&person.key);
            }
        }
        self.last_id += 1;
        Ok(UserId(self.last_id))
    }
}
