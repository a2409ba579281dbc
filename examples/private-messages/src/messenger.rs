//! Who there is, and what they have written. It stands for a database.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use socketio::ConnectError;

/// The most people that are known.
const MAX_PEOPLE: usize = 1000;

/// The longest name, in bytes.
const MAX_NAME: usize = 40;

/// The longest message, in bytes.
const MAX_CONTENT: usize = 2000;

/// The most messages that are kept: beyond them the oldest is forgotten.
const MAX_MESSAGES: usize = 10_000;

/// All that is known of people and messages.
#[derive(Clone, Default)]
pub(crate) struct Messenger(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    people: BTreeMap<String, Entry>,
    /// The id of the person, by the secret of the session.
    sessions: HashMap<String, String>,
    messages: VecDeque<Message>,
}

struct Entry {
    person: Person,
    windows: usize,
}

/// Somebody who has chosen a name.
#[derive(Clone, Serialize)]
pub(crate) struct Person {
    #[serde(rename = "userID")]
    pub(crate) user_id: String,
    username: String,
}

/// Somebody, as another person sees it.
#[derive(Serialize)]
pub(crate) struct Contact {
    #[serde(flatten)]
    person: Person,
    connected: bool,
    /// What the two have written to each other, the oldest first.
    messages: Vec<Message>,
}

/// Something that somebody has written to somebody.
#[derive(Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) from: String,
    pub(crate) to: String,
    content: String,
}

/// Why a message was not kept.
#[derive(Serialize)]
pub(crate) struct Problem {
    error: &'static str,
}

impl Messenger {
    /// Who belongs to a session.
    pub(crate) fn person_of(&self, session_id: &str) -> Option<Person> {
        let known = self.0.lock();
        let user_id = known.sessions.get(session_id)?;
        Some(known.people.get(user_id)?.person.clone())
    }

    /// Somebody new, and the secret of the session.
    pub(crate) fn begin_session(&self, name: &str) -> Result<(String, Person), ConnectError> {
        let name = name.trim();
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(ConnectError::new("Choose a name of 1 to 40 bytes."));
        }
        let mut known = self.0.lock();
        if known.people.len() >= MAX_PEOPLE {
            return Err(ConnectError::new("The server is full. Come back later."));
        }
        let (Some(session_id), Some(user_id)) = (random(), random()) else {
            return Err(ConnectError::new("The server fails. Come back later."));
        };
        let person = Person {
            user_id: user_id.clone(),
            username: name.to_owned(),
        };
        let entry = Entry {
            person: person.clone(),
            windows: 0,
        };
        known.people.insert(user_id.clone(), entry);
        known.sessions.insert(session_id.clone(), user_id);
        Ok((session_id, person))
    }

    /// Counts a window that was opened, and says whether it is the first of this person.
    pub(crate) fn arrive(&self, person: &Person) -> bool {
        let mut known = self.0.lock();
        let Some(entry) = known.people.get_mut(&person.user_id) else {
            return false;
        };
        entry.windows += 1;
        entry.windows == 1
    }

    /// Counts a window that was closed, and says whether it was the last of this person.
    pub(crate) fn depart(&self, person: &Person) -> bool {
        let mut known = self.0.lock();
        let Some(entry) = known.people.get_mut(&person.user_id) else {
            return false;
        };
        entry.windows = entry.windows.saturating_sub(1);
        entry.windows == 0
    }

    /// All others, with what they and this person have written to each other.
    pub(crate) fn contacts_of(&self, person: &Person) -> Vec<Contact> {
        let known = self.0.lock();
        let me = &person.user_id;
        let mut messages: HashMap<&str, Vec<Message>> = HashMap::new();
        for message in &known.messages {
            let other = match message {
                Message { from, to, .. } if from == me => to,
                Message { from, to, .. } if to == me => from,
                _ => continue,
            };
            messages.entry(other).or_default().push(message.clone());
        }
        let others = known.people.iter().filter(|(id, _)| *id != me);
        others
            .map(|(id, entry)| Contact {
                person: entry.person.clone(),
                connected: entry.windows > 0,
                messages: messages.remove(id.as_str()).unwrap_or_default(),
            })
            .collect()
    }

    /// Keeps a message, for the other may not be here.
    pub(crate) fn keep(
        &self,
        from: &Person,
        to: &str,
        content: String,
    ) -> Result<Message, Problem> {
        if content.is_empty() || content.len() > MAX_CONTENT {
            let error = "Write 1 to 2000 bytes.";
            return Err(Problem { error });
        }
        let mut known = self.0.lock();
        if !known.people.contains_key(to) {
            let error = "Nobody has this id. Choose one of `users`.";
            return Err(Problem { error });
        }
        let message = Message {
            from: from.user_id.clone(),
            to: to.to_owned(),
            content,
        };
        if known.messages.len() >= MAX_MESSAGES {
            known.messages.pop_front();
        }
        known.messages.push_back(message.clone());
        Ok(message)
    }
}

/// 16 random bytes, in hexadecimal digits.
fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}
