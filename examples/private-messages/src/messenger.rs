//! Users, sessions and messages. This stands for a database.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use socketio::ConnectError;

/// The most users.
const MAX_USERS: usize = 1000;

/// The longest name, in bytes.
const MAX_NAME: usize = 40;

/// The longest message, in bytes.
const MAX_CONTENT: usize = 2000;

/// The most stored messages. A new message replaces the oldest.
const MAX_MESSAGES: usize = 10_000;

/// All users, sessions and messages.
#[derive(Clone, Default)]
pub(crate) struct Messenger(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    users: BTreeMap<String, UserEntry>,
    /// The ids of users by their session ids.
    sessions: HashMap<String, String>,
    messages: VecDeque<Message>,
}

struct UserEntry {
    user: User,
    windows: usize,
}

/// A user with a chosen name.
#[derive(Clone, Serialize)]
pub(crate) struct User {
    #[serde(rename = "userID")]
    pub(crate) user_id: String,
    username: String,
}

/// A user as another user sees it.
#[derive(Serialize)]
pub(crate) struct Contact {
    #[serde(flatten)]
    user: User,
    connected: bool,
    /// The messages between the two users, oldest first.
    messages: Vec<Message>,
}

/// A message from one user to another.
#[derive(Clone, Serialize)]
pub(crate) struct Message {
    pub(crate) from: String,
    pub(crate) to: String,
    content: String,
}

/// The reason why a message was not stored.
#[derive(Serialize)]
pub(crate) struct Problem {
    error: &'static str,
}

impl Messenger {
    /// Returns the user of a session.
    pub(crate) fn user_of(&self, session_id: &str) -> Option<User> {
        let inner = self.0.lock();
        let user_id = inner.sessions.get(session_id)?;
        Some(inner.users.get(user_id)?.user.clone())
    }

    /// Creates a user and returns the id of its session, which is secret.
    pub(crate) fn start_session(&self, name: &str) -> Result<(String, User), ConnectError> {
        let name = name.trim();
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(ConnectError::new("Choose a name of 1 to 40 bytes."));
        }
        let mut inner = self.0.lock();
        if inner.users.len() >= MAX_USERS {
            return Err(ConnectError::new("The server is full. Try again later."));
        }
        let (Some(session_id), Some(user_id)) = (random(), random()) else {
            return Err(ConnectError::new("The server failed. Try again later."));
        };
        let user = User {
            user_id: user_id.clone(),
            username: name.to_owned(),
        };
        let entry = UserEntry {
            user: user.clone(),
            windows: 0,
        };
        inner.users.insert(user_id.clone(), entry);
        inner.sessions.insert(session_id.clone(), user_id);
        Ok((session_id, user))
    }

    /// Counts an opened window and returns whether it is the first of the user.
    pub(crate) fn open_window(&self, user: &User) -> bool {
        let mut inner = self.0.lock();
        let Some(entry) = inner.users.get_mut(&user.user_id) else {
            return false;
        };
        entry.windows += 1;
        entry.windows == 1
    }

    /// Counts a closed window and returns whether it was the last of the user.
    pub(crate) fn close_window(&self, user: &User) -> bool {
        let mut inner = self.0.lock();
        let Some(entry) = inner.users.get_mut(&user.user_id) else {
            return false;
        };
        entry.windows = entry.windows.saturating_sub(1);
        entry.windows == 0
    }

    /// Returns all other users with the messages between them and this user.
    pub(crate) fn contacts_of(&self, user: &User) -> Vec<Contact> {
        let inner = self.0.lock();
        let me = &user.user_id;
        let mut messages: HashMap<&str, Vec<Message>> = HashMap::new();
        for message in &inner.messages {
            let other = match message {
                Message { from, to, .. } if from == me => to,
                Message { from, to, .. } if to == me => from,
                _ => continue,
            };
            messages.entry(other).or_default().push(message.clone());
        }
        let others = inner.users.iter().filter(|(id, _)| *id != me);
        others
            .map(|(id, entry)| Contact {
                user: entry.user.clone(),
                connected: entry.windows > 0,
                messages: messages.remove(id.as_str()).unwrap_or_default(),
            })
            .collect()
    }

    /// Stores a message, because the recipient may be offline.
    pub(crate) fn store(&self, from: &User, to: &str, content: String) -> Result<Message, Problem> {
        if content.is_empty() || content.len() > MAX_CONTENT {
            let error = "Write 1 to 2000 bytes.";
            return Err(Problem { error });
        }
        let mut inner = self.0.lock();
        if !inner.users.contains_key(to) {
            let error = "Unknown user id. Choose one of `users`.";
            return Err(Problem { error });
        }
        let message = Message {
            from: from.user_id.clone(),
            to: to.to_owned(),
            content,
        };
        if inner.messages.len() >= MAX_MESSAGES {
            inner.messages.pop_front();
        }
        inner.messages.push_back(message.clone());
        Ok(message)
    }
}

/// Returns 16 random bytes as hexadecimal digits.
fn random() -> Option<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}
