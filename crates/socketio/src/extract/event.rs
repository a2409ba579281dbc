//! The extractor of a whole event, which event middleware can change.

use std::convert::Infallible;

use serde::Serialize;
use smol_str::SmolStr;
use socketio_proto::Args;

use super::FromEvent;
use crate::context::EventContext;
use crate::error::emit_error::EmitError;

/// An event with its name and arguments, which an event middleware can change and return.
///
/// A change has no effect until the middleware returns the event.
///
/// # Examples
///
/// ```
/// use socketio::extract::Event;
/// use socketio::{EmitError, SocketIoLayer};
///
/// /// Translates the event `msg` of old clients, which has no room.
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
    /// Creates an event. As arguments, a tuple is several, `()` none, and any other value one.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved or the arguments cannot be serialised.
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

    /// Sets the name, which selects the handlers of the event. The arguments are unchanged.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is reserved. The event is unchanged then.
    pub fn set_name(&mut self, name: &str) -> Result<(), EmitError> {
        *self = Self::new(name, &self.args)?;
        Ok(())
    }

    /// Sets the arguments: a tuple is several, `()` none, and any other value one.
    ///
    /// # Errors
    ///
    /// Returns an error if the arguments cannot be serialised. The event is unchanged then.
    pub fn set_args<T>(&mut self, args: &T) -> Result<(), EmitError>
    where
        T: Serialize + ?Sized,
    {
        self.args = Args::from_serialize(Some(&self.name), args)?;
        Ok(())
    }

    /// Converts the event into its arguments, which include the name.
    pub(crate) fn into_args(self) -> Args {
        self.args
    }
}

/// For tests of extractors.
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
impl EventContext {
    /// Creates the context of an event, for a test that calls an extractor.
    ///
    /// `ack` is the id under which the client waits for an acknowledgement. Without it, the extractor
    /// [`Ack`](super::Ack) rejects the event.
    ///
    /// # Examples
    ///
    /// ```
    /// use axum::Router;
    /// use socketio::extract::{Data, Event, FromEvent};
    /// use socketio::{EventContext, SocketIoLayer};
    /// use socketio_test::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let sockets = SocketIoLayer::new();
    /// let io = sockets.io();
    /// let server = TestServer::new(Router::new().layer(sockets));
    /// let client = server.connect("/").await.unwrap();
    /// let socket = io.of("/").socket(client.id()).unwrap();
    ///
    /// let event = Event::new("move", &(3, 4)).unwrap();
    /// let mut context = EventContext::for_event(socket, event, None);
    /// let Data((x, y)): Data<(i32, i32)> = Data::from_event(&mut context, &()).await.unwrap();
    /// assert_eq!((x, y), (3, 4));
    /// # }
    /// ```
    #[must_use]
    pub fn for_event(socket: crate::socket::Socket, event: Event, ack: Option<u64>) -> Self {
        Self::new(socket, event.into_args(), ack)
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
    fn set_name_preserves_the_arguments() {
        let mut event = Event::new("a", &(1, Bytes::from_static(b"x"), "b")).unwrap();
        event.set_name("quote\"").unwrap();
        assert_eq!(event.name(), "quote\"");
        assert_eq!(event.args().event_name().as_deref(), Some("quote\""));
        let args: (u8, Bytes, String) = event.args().deserialize().unwrap();
        assert_eq!(args, (1, Bytes::from_static(b"x"), "b".to_owned()));
    }

    #[test]
    fn set_name_adds_no_arguments() {
        let mut event = Event::new("a", &()).unwrap();
        event.set_name("b").unwrap();
        assert_eq!(event.args().as_json(), r#"["b"]"#);
        assert!(event.args().is_empty());
    }

    #[test]
    fn set_args_preserves_the_name() {
        let mut event = Event::new("a", &Bytes::from_static(b"x")).unwrap();
        event.set_args(&(1, "two")).unwrap();
        assert_eq!(event.args().as_json(), r#"["a",1,"two"]"#);
        assert!(event.args().attachments().is_empty());
    }

    #[test]
    fn a_failed_change_leaves_the_event_unchanged() {
        let mut event = Event::new("a", &1).unwrap();
        assert!(matches!(
            event.set_name("disconnect"),
            Err(EmitError::ReservedEvent(_))
        ));
        let not_json = std::collections::HashMap::from([(vec![1], 1)]);
        assert!(matches!(
            event.set_args(&not_json),
            Err(EmitError::Encode(_))
        ));
        assert_eq!(event, Event::new("a", &1).unwrap());
        assert!(Event::new("connect", &()).is_err());
    }
}
