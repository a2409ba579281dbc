//! The receiver of an answer in a test that calls a handler.

use std::panic::Location;

use serde::Serialize;
use serde::de::DeserializeOwned;
use socketio_proto::Args;
use tokio::sync::oneshot;

use crate::error::rejection::Rejection;

/// The sender of one answer to an [`AckReceiver`].
#[derive(Debug)]
pub(super) struct AnswerSender(oneshot::Sender<Args>);

impl AnswerSender {
    /// Sends the answer. As to a client, the answer to a value that does not serialise is a rejection.
    pub(super) fn send<T>(self, args: &T)
    where
        T: Serialize + ?Sized,
    {
        let answer = Args::from_serialize(None, args)
            .or_else(|error| Args::from_serialize(None, &Rejection::reply(error)));
        if let Ok(answer) = answer {
            // The test may not wait for the answer.
            self.0.send(answer).ok();
        }
    }
}

pub(super) fn channel() -> (AnswerSender, AckReceiver) {
    let (sender, receiver) = oneshot::channel();
    (AnswerSender(sender), AckReceiver(receiver))
}

/// The receiver of the answer of an [`Ack`](super::Ack), created by
/// [`Ack::channel`](super::Ack::channel).
#[derive(Debug)]
#[must_use = "a test asserts on the answer"]
pub struct AckReceiver(oneshot::Receiver<Args>);

impl AckReceiver {
    /// Waits for the answer. Returns `None` if the `Ack` is dropped without one.
    pub async fn recv(self) -> Option<Args> {
        self.0.await.ok()
    }

    /// Waits for the answer and deserialises it: a tuple is several arguments, `()` none, any other
    /// type the first.
    ///
    /// # Panics
    ///
    /// Panics if the `Ack` is dropped without an answer, or the answer does not have the type `T`. The
    /// message contains the place of the call.
    #[track_caller]
    pub fn data<T>(self) -> impl Future<Output = T> + Send
    where
        T: DeserializeOwned,
    {
        let place = Location::caller();
        async move {
            let Some(answer) = self.recv().await else {
                panic!("{place}: the `Ack` was dropped without an answer; call `Ack::send`");
            };
            match answer.deserialize() {
                Ok(data) => data,
                Err(error) => panic!(
                    "{place}: the answer {} is not a `{}`: {error}; read the type that the handler \
                     sends",
                    answer.as_json(),
                    std::any::type_name::<T>()
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Ack, EventName, NamespaceName};

    #[tokio::test]
    async fn an_answer_is_received() {
        let (ack, receiver) = Ack::channel();
        ack.send(&("a", 1));
        let (text, number): (String, u8) = receiver.data().await;
        assert_eq!((text.as_str(), number), ("a", 1));
    }

    #[tokio::test]
    async fn a_dropped_ack_has_no_answer() {
        let (ack, receiver) = Ack::channel();
        drop(ack);
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    #[should_panic(expected = "ack_receiver.rs")]
    async fn an_answer_of_another_type_panics_with_the_place() {
        let (ack, receiver) = Ack::channel();
        ack.send("a");
        let _: u8 = receiver.data().await;
    }

    #[tokio::test]
    async fn a_value_that_does_not_serialise_is_a_rejection() {
        let (ack, receiver) = Ack::channel();
        ack.send(&BTreeMap::from([((), 1)]));
        let answer = receiver.recv().await.expect("an answer");
        assert!(
            answer.as_json().contains("Internal Server Error"),
            "{answer:?}"
        );
    }

    #[test]
    fn names_are_created_for_tests() {
        assert_eq!(EventName::new("hello"), "hello");
        assert_eq!(NamespaceName::new("/chat").as_str(), "/chat");
    }

    #[test]
    #[should_panic(expected = "begin it with `/`")]
    fn a_namespace_begins_with_a_slash() {
        let _ = NamespaceName::new("chat");
    }
}
