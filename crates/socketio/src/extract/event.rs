//! A whole event, by value.

use std::convert::Infallible;

use serde::Serialize;
use smol_str::SmolStr;
use socketio_proto::Args;

use super::FromEvent;
use crate::context::EventContext;
use crate::error::emit_error::EmitError;

/// A whole event, its name and its arguments, for middleware that changes it.
///
/// Changing it has no effect until an event middleware returns it.
///
/// # Examples
///
/// ```
/// use socketio::extract::Event;
/// use socketio::{EmitError, SocketIoLayer};
///
/// /// Clients of the first version say `msg`, and leave the room out.
/// async fn translate(mut event: Event) -> Result<Event, EmitError> {
///     if event.name() == "msg" {
///         event.set_name("message")?;
///         event.set_args(&("lobby", event.args().clone().deserialize::<String>().ok()))?;
///     }
///     Ok(event)
/// }
///
/// SocketIoLayer::new().io().of("/").event_middleware(translate);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    name: SmolStr,
    args: Args,
}

impl Event {
    /// An event with this name and these arguments: a tuple is several, `()` none, anything else
    /// one.
    ///
    /// # Errors
    ///
    /// If the name is reserved or the arguments cannot be serialised.
    pub fn new<T>(name: &str, args: &T) -> Result<Self, EmitError>
    where
        T: Serialize + ?Sized,
    {
        EmitError::check_name(name)?;
        Ok(Self {
            name: name.into(),
            args: Args::from_serialize(Some(name), args)?,
        })
    }

    /// The name of the event.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments, still encoded.
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Gives the event another name, and thereby to other handlers. The arguments stay.
    ///
    /// # Errors
    ///
    /// If the name is reserved. The event is then as it was.
    pub fn set_name(&mut self, name: &str) -> Result<(), EmitError> {
        *self = Self::new(name, &self.args)?;
        Ok(())
    }

    /// Gives the event other arguments: a tuple is several, `()` none, anything else one.
    ///
    /// # Errors
    ///
    /// If they cannot be serialised. The event is then as it was.
    pub fn set_args<T>(&mut self, args: &T) -> Result<(), EmitError>
    where
        T: Serialize + ?Sized,
    {
        self.args = Args::from_serialize(Some(&self.name), args)?;
        Ok(())
    }

    /// The arguments with the name, by value.
    pub(crate) fn into_args(self) -> Args {
        self.args
    }
}

impl<S> FromEvent<S> for Event
where
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_event(cx: &mut EventContext, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self {
            name: SmolStr::new(cx.event_name()),
            args: cx.args.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_name_is_changed_and_the_arguments_stay() {
        let mut event = Event::new("a", &(1, Bytes::from_static(b"x"), "b")).unwrap();
        event.set_name("quote\"").unwrap();
        assert_eq!(event.name(), "quote\"");
        assert_eq!(event.args().event_name().as_deref(), Some("quote\""));
        let args: (u8, Bytes, String) = event.args().deserialize().unwrap();
        assert_eq!(args, (1, Bytes::from_static(b"x"), "b".to_owned()));
    }

    #[test]
    fn an_event_without_arguments_stays_without() {
        let mut event = Event::new("a", &()).unwrap();
        event.set_name("b").unwrap();
        assert_eq!(event.args().as_json(), r#"["b"]"#);
        assert!(event.args().is_empty());
    }

    #[test]
    fn arguments_are_changed_and_the_name_stays() {
        let mut event = Event::new("a", &Bytes::from_static(b"x")).unwrap();
        event.set_args(&(1, "two")).unwrap();
        assert_eq!(event.args().as_json(), r#"["a",1,"two"]"#);
        assert!(event.args().attachments().is_empty());
    }

    #[test]
    fn what_is_refused_leaves_the_event_as_it_was() {
        let mut event = Event::new("a", &1).unwrap();
        assert!(matches!(
            event.set_name("disconnect"),
            Err(EmitError::ReservedEvent(_))
        ));
        let unwritable = std::collections::HashMap::from([(vec![1], 1)]);
        assert!(matches!(
            event.set_args(&unwritable),
            Err(EmitError::Encode(_))
        ));
        assert_eq!(event, Event::new("a", &1).unwrap());
        assert!(Event::new("connect", &()).is_err());
    }
}
