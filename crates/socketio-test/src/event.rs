//! The events that a client has received.

use std::fmt;

use serde::de::DeserializeOwned;
use socketio_proto::Args;

/// The longest text of an event's arguments in a failure message, in bytes.
const MAX_ARGS_TEXT: usize = 200;

/// An event that a client has received.
///
/// [`Display`](fmt::Display) writes it like a call: `message("lobby","hi")`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceivedEvent {
    name: String,
    args: Args,
    /// The id under which the server expects an acknowledgement.
    pub(crate) ack: Option<u64>,
}

impl ReceivedEvent {
    pub(crate) fn new(args: Args, ack: Option<u64>) -> Self {
        let name = args.event_name().unwrap_or_default().into_owned();
        Self { name, args, ack }
    }

    /// Returns the name of the event.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the arguments, still encoded.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Returns whether the server waits for an acknowledgement of the event.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Deserialises the arguments: a tuple is several arguments, `()` none, any other type the first.
    ///
    /// # Panics
    ///
    /// Panics if the arguments do not have the type `T`.
    #[must_use]
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        match self.deserialize() {
            Ok(data) => data,
            Err(text) => panic!("{text}"),
        }
    }

    /// Deserialises the arguments, or returns the text of the failure.
    pub(crate) fn deserialize<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.args.deserialize().map_err(|error| {
            format!(
                "the arguments of {self} are not a `{}`: {error}. Read them as the type that the \
                 server sends",
                std::any::type_name::<T>()
            )
        })
    }
}

impl fmt::Display for ReceivedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name, ArgsText(&self.args))
    }
}

/// Arguments as failure messages write them: separated by commas, with the number of attachments.
pub(crate) struct ArgsText<'a>(pub(crate) &'a Args);

impl fmt::Display for ArgsText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.iter().collect::<Vec<_>>().join(",");
        if text.len() > MAX_ARGS_TEXT {
            let end = text.floor_char_boundary(MAX_ARGS_TEXT);
            text.truncate(end);
            text.push('…');
        }
        f.write_str(&text)?;
        match self.0.attachments().len() {
            0 => Ok(()),
            1 => f.write_str(" with 1 attachment"),
            several => write!(f, " with {several} attachments"),
        }
    }
}

/// Events as failure messages list them.
pub(crate) struct EventList<'a, E>(pub(crate) &'a E);

impl<'a, E> fmt::Display for EventList<'a, E>
where
    &'a E: IntoIterator<Item = &'a ReceivedEvent>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (index, event) in self.0.into_iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            event.fmt(f)?;
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde::Serialize;

    use super::*;

    fn event(name: &str, args: &impl Serialize) -> ReceivedEvent {
        ReceivedEvent::new(Args::from_serialize(Some(name), args).unwrap(), None)
    }

    #[test]
    fn an_event_is_displayed_as_a_call() {
        assert_eq!(event("hello", &("a", 1)).to_string(), r#"hello("a",1)"#);
        assert_eq!(event("bye", &()).to_string(), "bye()");
        let picture = event("picture", &Bytes::from_static(b"x"));
        let text = picture.to_string();
        assert!(text.ends_with(" with 1 attachment)"), "{text}");
    }

    #[test]
    fn long_arguments_are_cut() {
        let text = event("long", &"é".repeat(MAX_ARGS_TEXT)).to_string();
        assert!(text.len() < MAX_ARGS_TEXT + 20, "{text}");
        assert!(text.ends_with("…)"), "{text}");
    }

    #[test]
    #[should_panic(expected = "the arguments of hello(\"a\") are not a `u64`")]
    fn arguments_of_another_type_panic() {
        let _: u64 = event("hello", &"a").data();
    }
}
