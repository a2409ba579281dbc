//! The events of the chat, from clients and to clients.
//!
//! Every event except `typing` is acknowledged with a value or with `{"error": "…"}`.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use socketio::{Reply, Socket, SocketIo, extract::Data};

use crate::{
    Chat,
    problem::Problem,
    rooms::{Departure, MAX_ROOMS, Member, Message, Summary, View},
    text::{Key, MAX_MESSAGE, MAX_NAME, MAX_ROOM_NAME, MessageText, Nonce, RoomName, UserName},
};

/// Registers the handlers in the main namespace.
pub(crate) fn register(io: &SocketIo<Chat>) {
    io.of("/")
        .on("enter", enter)
        .on("rename", rename)
        .on("create", create)
        .on("open", open)
        .on("leave", leave)
        .on("message", message)
        .on("typing", typing)
        .on_disconnect(disconnected);
}

#[derive(Deserialize)]
struct Enter {
    key: String,
    name: String,
    /// The rooms of the user before the page lost its connection.
    #[serde(default)]
    rooms: Vec<String>,
}

#[derive(Serialize)]
struct Entered {
    you: Member,
    rooms: Vec<Summary>,
    /// The rooms that the user is in.
    joined: Vec<RoomName>,
    limits: Limits,
}

#[derive(Serialize)]
struct Limits {
    name: usize,
    room: usize,
    message: usize,
}

/// Identifies the user. A socket has to do this before anything else.
async fn enter(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<Enter>,
) -> Result<Reply<Entered>, Reply<Problem>> {
    let key = Key::parse(&request.key).map_err(Reply)?;
    let name = UserName::parse(&request.name).map_err(Reply)?;
    let previous: Vec<_> = request
        .rooms
        .iter()
        .take(MAX_ROOMS)
        .filter_map(|room| RoomName::parse(room).ok())
        .collect();

    let entry = chat
        .rooms
        .lock()
        .enter(socket.id().as_str(), key, &name, &previous);
    let entry = entry.map_err(Reply)?;

    for room in &entry.rooms {
        socket.join(room.channel());
    }
    if let Some(other) = &entry.replaced {
        socket.to(other.as_str()).emit("replaced", &());
    }
    if entry.renamed {
        socket.broadcast().emit("renamed", &entry.you);
    }
    for room in &entry.joined {
        announce(&socket, &chat, "joined", room, &entry.you);
    }
    Ok(Reply(Entered {
        you: entry.you,
        rooms: chat.rooms.lock().list(),
        joined: entry.rooms,
        limits: Limits {
            name: MAX_NAME,
            room: MAX_ROOM_NAME,
            message: MAX_MESSAGE,
        },
    }))
}

#[derive(Deserialize)]
struct Rename {
    name: String,
}

/// Changes the name of the user.
async fn rename(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<Rename>,
) -> Result<Reply<Member>, Reply<Problem>> {
    let name = UserName::parse(&request.name).map_err(Reply)?;
    let you = chat.rooms.lock().rename(socket.id().as_str(), name);
    let you = you.map_err(Reply)?;
    socket.broadcast().emit("renamed", &you);
    Ok(Reply(you))
}

#[derive(Deserialize)]
struct InRoom {
    room: String,
}

/// Creates a room and opens it.
async fn create(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<InRoom>,
) -> Result<Reply<View>, Reply<Problem>> {
    let room = RoomName::parse(&request.room).map_err(Reply)?;
    let removed = chat
        .rooms
        .lock()
        .create(socket.id().as_str(), &room)
        .map_err(Reply)?;
    if let Some(removed) = removed {
        socket.broadcast().emit("removed", &removed);
        socket.emit("removed", &removed);
    }
    join(&socket, &chat, &room).map(Reply).map_err(Reply)
}

/// Opens a room, which joins it.
async fn open(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<InRoom>,
) -> Result<Reply<View>, Reply<Problem>> {
    let room = RoomName::parse(&request.room).map_err(Reply)?;
    join(&socket, &chat, &room).map(Reply).map_err(Reply)
}

fn join(socket: &Socket, chat: &Chat, room: &RoomName) -> Result<View, Problem> {
    let (view, joined) = {
        let mut rooms = chat.rooms.lock();
        let opened = rooms.open(socket.id().as_str(), room)?;
        // Join under the lock, so that no message is lost between the history and the first event.
        socket.join(room.channel());
        opened
    };
    if let Some(user) = joined {
        announce(socket, chat, "joined", room, &user);
    }
    Ok(view)
}

/// Leaves a room.
async fn leave(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<InRoom>,
) -> Result<Reply<Option<Summary>>, Reply<Problem>> {
    let room = RoomName::parse(&request.room).map_err(Reply)?;
    let user = chat.rooms.lock().leave(socket.id().as_str(), &room);
    let user = user.map_err(Reply)?;
    socket.leave(room.channel());
    announce(&socket, &chat, "left", &room, &user);
    Ok(Reply(chat.rooms.lock().summary(&room)))
}

#[derive(Deserialize)]
struct Post {
    room: String,
    text: String,
    /// Identifies the message when the client sends it again.
    nonce: String,
}

/// Posts a message. The acknowledgement is the message that other clients receive.
async fn message(
    socket: Socket,
    State(chat): State<Chat>,
    Data(request): Data<Post>,
) -> Result<Reply<Message>, Reply<Problem>> {
    let room = RoomName::parse(&request.room).map_err(Reply)?;
    let text = MessageText::parse(&request.text).map_err(Reply)?;
    let nonce = Nonce::parse(&request.nonce).map_err(Reply)?;
    let posted = chat
        .rooms
        .lock()
        .post(socket.id().as_str(), &room, text, nonce, unix_millis());
    let (message, new) = posted.map_err(Reply)?;
    if new {
        socket.to(room.channel()).emit("message", &message);
    }
    Ok(Reply(message))
}

#[derive(Deserialize)]
struct Typing {
    room: String,
    active: bool,
}

#[derive(Serialize)]
struct IsTyping<'a> {
    room: &'a RoomName,
    user: &'a Member,
    active: bool,
}

/// Notifies the room that the user starts or stops typing. The event is volatile.
async fn typing(socket: Socket, State(chat): State<Chat>, Data(request): Data<Typing>) {
    let Ok(room) = RoomName::parse(&request.room) else {
        return;
    };
    let member = chat.rooms.lock().member(socket.id().as_str(), &room);
    if let Ok(user) = &member {
        let event = IsTyping {
            room: &room,
            user,
            active: request.active,
        };
        socket.to(room.channel()).volatile().emit("typing", &event);
    }
}

/// Marks the user as disconnected. The sweep removes it if it does not reconnect.
async fn disconnected(socket: Socket, State(chat): State<Chat>) {
    chat.rooms
        .lock()
        .disconnect(socket.id().as_str(), Instant::now());
}

#[derive(Serialize)]
struct Presence<'a> {
    room: &'a RoomName,
    user: &'a Member,
    at: u64,
}

/// Notifies a room that a user has joined or left, and all clients of the new number of members.
fn announce(socket: &Socket, chat: &Chat, event: &str, room: &RoomName, user: &Member) {
    let presence = Presence {
        room,
        user,
        at: unix_millis(),
    };
    socket.to(room.channel()).emit(event, &presence);
    let summary = chat.rooms.lock().summary(room);
    if let Some(summary) = summary {
        socket.broadcast().emit("room", &summary);
    }
}

/// Notifies the rooms of a user that it has left.
pub(crate) fn departed(io: &SocketIo<Chat>, chat: &Chat, departure: &Departure) {
    for room in &departure.rooms {
        let presence = Presence {
            room,
            user: &departure.user,
            at: unix_millis(),
        };
        io.to(room.channel()).emit("left", &presence);
        let summary = chat.rooms.lock().summary(room);
        if let Some(summary) = summary {
            io.emit("room", &summary);
        }
    }
}

fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
