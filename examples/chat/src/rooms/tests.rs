//! Tests of the state of the chat.

use std::time::{Duration, Instant};

use super::{
    room::MAX_HISTORY,
    users::{MAX_USERS, RECONNECT_TIMEOUT},
    *,
};

const ADA: &str = "adaadaadaadaadaa";
const BOB: &str = "bobbobbobbobbobb";

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

fn enter(rooms: &mut Rooms, socket: &str, key: &str, name: &str) -> Result<Entry, Problem> {
    let key = Key::parse(key).unwrap();
    rooms.enter(socket, key, &UserName::parse(name).unwrap(), &[])
}

fn post(rooms: &mut Rooms, socket: &str, text: &str, nonce: &str) -> (Message, bool) {
    let text = MessageText::parse(text).unwrap();
    let nonce = Nonce::parse(nonce).unwrap();
    rooms
        .post(socket, &room("general"), text, nonce, 0)
        .unwrap()
}

fn names(view: &View) -> Vec<UserName> {
    view.members
        .iter()
        .map(|member| member.name.clone())
        .collect()
}

#[test]
fn a_socket_has_to_enter_first() {
    let mut rooms = Rooms::default();
    let general = room("general");
    assert_eq!(rooms.open("s1", &general), Err(Problem::NotEntered));
    assert_eq!(rooms.create("s1", &room("x")), Err(Problem::NotEntered));
    assert_eq!(rooms.member("s1", &general), Err(Problem::NotEntered));
    let name = UserName::parse("Ada").unwrap();
    assert_eq!(rooms.rename("s1", name), Err(Problem::NotEntered));
}

#[test]
fn a_name_belongs_to_one_user() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    assert_eq!(enter(&mut rooms, "s2", BOB, "ADA"), Err(Problem::NameTaken));
    enter(&mut rooms, "s2", BOB, "Bob").unwrap();
    let taken = UserName::parse("ada").unwrap();
    assert_eq!(rooms.rename("s2", taken), Err(Problem::NameTaken));
    let own = UserName::parse("BOB").unwrap();
    assert_eq!(rooms.rename("s2", own.clone()).unwrap().name, own);
}

#[test]
fn a_socket_enters_once() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    let again = enter(&mut rooms, "s1", BOB, "Bob");
    assert_eq!(again, Err(Problem::AlreadyEntered));
}

#[test]
fn opening_a_room_joins_it_once() {
    let mut rooms = Rooms::default();
    let ada = enter(&mut rooms, "s1", ADA, "Ada").unwrap().you;
    let (view, joined) = rooms.open("s1", &room("general")).unwrap();
    assert_eq!(joined, Some(ada.clone()));
    assert_eq!((view.summary.count, names(&view)), (1, vec![ada.name]));
    assert_eq!(rooms.open("s1", &room("general")).unwrap().1, None);

    let unknown = rooms.open("s1", &room("nowhere"));
    assert_eq!(unknown, Err(Problem::UnknownRoom("nowhere".to_owned())));
}

#[test]
fn only_members_post_messages() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    let text = MessageText::parse("hello").unwrap();
    let nonce = Nonce::parse("n1").unwrap();
    let outside = rooms.post("s1", &room("general"), text, nonce, 0);
    assert_eq!(outside, Err(Problem::NotInRoom("general".to_owned())));

    rooms.open("s1", &room("general")).unwrap();
    assert_eq!(post(&mut rooms, "s1", "hello", "n1").0.id, 1);
    rooms.leave("s1", &room("general")).unwrap();
    assert!(rooms.member("s1", &room("general")).is_err());
}

#[test]
fn a_message_sent_twice_is_stored_once() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    rooms.open("s1", &room("general")).unwrap();
    let (first, new) = post(&mut rooms, "s1", "hello", "n1");
    assert!(new);
    assert_eq!(post(&mut rooms, "s1", "hello", "n1"), (first, false));
    assert!(post(&mut rooms, "s1", "hello", "n2").1);

    enter(&mut rooms, "s2", BOB, "Bob").unwrap();
    rooms.open("s2", &room("general")).unwrap();
    assert!(
        post(&mut rooms, "s2", "hi", "n1").1,
        "each user has separate nonces"
    );
    let (view, _) = rooms.open("s1", &room("general")).unwrap();
    assert_eq!((view.messages.len(), view.summary.last), (3, 3));
}

#[test]
fn the_history_drops_the_oldest_message() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    rooms.open("s1", &room("general")).unwrap();
    for n in 0..=MAX_HISTORY {
        post(&mut rooms, "s1", "hello", &format!("n{n}"));
    }
    let (view, _) = rooms.open("s1", &room("general")).unwrap();
    let ids: Vec<_> = view.messages.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), MAX_HISTORY);
    assert_eq!((ids[0], ids[MAX_HISTORY - 1]), (2, 101));
}

#[test]
fn a_new_room_replaces_an_empty_one_at_the_limit() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    let permanent = PERMANENT_ROOMS.len();
    for n in permanent..MAX_ROOMS {
        let name = room(&format!("room {n}"));
        assert_eq!(rooms.create("s1", &name), Ok(None));
        rooms.open("s1", &name).unwrap();
    }
    let one_more = rooms.create("s1", &room("one more"));
    assert_eq!(one_more, Err(Problem::TooManyRooms { max: MAX_ROOMS }));

    rooms.leave("s1", &room("room 50")).unwrap();
    let removed = rooms.create("s1", &room("one more")).unwrap();
    assert_eq!(removed, Some(room("room 50")));
    assert_eq!(rooms.list().len(), MAX_ROOMS);
    assert!(
        rooms.summary(&room("general")).is_some(),
        "permanent rooms stay"
    );

    let exists = rooms.create("s1", &room("One More"));
    assert_eq!(exists, Err(Problem::RoomExists("one-more".to_owned())));
}

#[test]
fn a_quick_reload_is_not_a_departure() {
    let mut rooms = Rooms::default();
    let start = Instant::now();
    let before = enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    rooms.open("s1", &room("general")).unwrap();
    rooms.disconnect("s1", start);
    assert_eq!(rooms.sweep(start + Duration::from_secs(1)), []);
    let stolen = enter(&mut rooms, "s2", BOB, "Ada");
    assert_eq!(stolen, Err(Problem::NameTaken), "the name is reserved");

    let after = enter(&mut rooms, "s3", ADA, "Ada").unwrap();
    assert_eq!(after.you, before.you);
    assert_eq!((after.rooms, after.joined), (vec![room("general")], vec![]));
    assert_eq!(rooms.sweep(start + RECONNECT_TIMEOUT), []);
}

#[test]
fn a_user_that_does_not_reconnect_departs_once() {
    let mut rooms = Rooms::default();
    let start = Instant::now();
    let ada = enter(&mut rooms, "s1", ADA, "Ada").unwrap().you;
    rooms.open("s1", &room("general")).unwrap();
    rooms.disconnect("s1", start);
    let departure = Departure {
        user: ada.clone(),
        rooms: vec![room("general")],
    };
    assert_eq!(rooms.sweep(start + RECONNECT_TIMEOUT), [departure]);
    assert_eq!(rooms.sweep(start + 2 * RECONNECT_TIMEOUT), []);
    assert_eq!(rooms.summary(&room("general")).unwrap().count, 0);

    let bob = enter(&mut rooms, "s2", BOB, "Ada").unwrap();
    assert_ne!(bob.you.id, ada.id, "the name is available again");
    let back = rooms.enter(
        "s3",
        Key::parse(ADA).unwrap(),
        &UserName::parse("Ada L").unwrap(),
        &[room("general"), room("nowhere")],
    );
    let back = back.unwrap();
    assert_eq!(back.you.id, ada.id, "the key identifies the user");
    assert_eq!(back.joined, [room("general")]);
    assert!(!back.renamed, "the old name was not visible");
}

#[test]
fn the_latest_window_replaces_others() {
    let mut rooms = Rooms::default();
    let start = Instant::now();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    let second = enter(&mut rooms, "s2", ADA, "Countess").unwrap();
    assert_eq!(second.replaced.as_deref(), Some("s1"));
    assert!(second.renamed);
    assert_eq!(rooms.open("s1", &room("general")), Err(Problem::NotEntered));

    rooms.disconnect("s1", start);
    assert_eq!(rooms.sweep(start + RECONNECT_TIMEOUT), []);
    rooms.open("s2", &room("general")).unwrap();
}

#[test]
fn a_new_user_replaces_the_one_longest_away_at_the_limit() {
    let mut rooms = Rooms::default();
    let start = Instant::now();
    for n in 0..MAX_USERS {
        let (socket, key) = (format!("s{n}"), format!("{n:016}"));
        enter(&mut rooms, &socket, &key, &format!("u{n}")).unwrap();
    }
    let one_more = enter(&mut rooms, "x", ADA, "Ada");
    assert_eq!(one_more, Err(Problem::Full { max: MAX_USERS }));

    rooms.disconnect("s7", start);
    rooms.disconnect("s8", start + Duration::from_secs(1));
    rooms.sweep(start + Duration::from_secs(1) + RECONNECT_TIMEOUT);
    enter(&mut rooms, "x", ADA, "Ada").unwrap();
    let eighth = enter(&mut rooms, "y", &format!("{:016}", 8), "u8").unwrap();
    assert!(eighth.replaced.is_none());
    let seventh = enter(&mut rooms, "z", &format!("{:016}", 7), "u7");
    assert_eq!(seventh, Err(Problem::Full { max: MAX_USERS }));
}

#[test]
fn values_are_serialized_as_the_page_expects() {
    let mut rooms = Rooms::default();
    enter(&mut rooms, "s1", ADA, "Ada").unwrap();
    rooms.open("s1", &room("general")).unwrap();
    post(&mut rooms, "s1", "hello", "n1");
    let (view, _) = rooms.open("s1", &room("general")).unwrap();
    assert_eq!(
        serde_json::to_value(view).unwrap(),
        serde_json::json!({
            "name": "general", "count": 1, "last": 1,
            "members": [{ "id": 1, "name": "Ada" }],
            "messages": [{
                "room": "general", "id": 1, "from": { "id": 1, "name": "Ada" },
                "text": "hello", "at": 0, "nonce": "n1",
            }],
        })
    );
    assert_eq!(
        serde_json::to_value(Problem::NameTaken).unwrap(),
        serde_json::json!({ "error": "This name is taken. Choose another." })
    );
}
