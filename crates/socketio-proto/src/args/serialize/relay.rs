//! Arguments that were received, sent on as they are.

use bytes::Bytes;
use serde::ser::{Error as _, Serialize, SerializeTuple, Serializer};
use serde_json::Error as JsonError;

use super::refuse::refuse;
use super::writer::ArgsWriter;
use crate::Args;

/// By this name the top level knows encoded arguments among all other types.
pub(super) const TOKEN: &str = "$socketio_proto::Args";

/// Stands for the arguments themselves as the whole of what is sent, so that events can be relayed
/// without knowing their types.
///
/// Inside another type it is an error; [`Value`](crate::Value) can be there.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TOKEN, &Parts(self))
    }
}

/// The JSON of the arguments without brackets, and the attachments.
struct Parts<'a>(&'a Args);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The serializers below are the only ones for bytes that are no format of their own.
        if serializer.is_human_readable() {
            return Err(S::Error::custom(
                "`Args` can only be sent as the whole of the arguments: use `Value` inside others",
            ));
        }
        let attachments = self.0.attachments();
        let mut parts = serializer.serialize_tuple(1 + attachments.len())?;
        let json: Vec<&str> = self.0.iter().collect();
        parts.serialize_element(&json.join(","))?;
        for attachment in attachments {
            parts.serialize_element(&Attachment(attachment))?;
        }
        parts.end()
    }
}

struct Attachment<'a>(&'a [u8]);

impl Serialize for Attachment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Takes the parts in.
pub(super) struct Relay<'a>(pub(super) &'a mut ArgsWriter);

fn no_part() -> JsonError {
    JsonError::custom("encoded arguments are sent as a whole")
}

impl<'a> Serializer for Relay<'a> {
    type Error = JsonError;
    type Ok = ();
    type SerializeTuple = Self;

    fn serialize_tuple(self, _: usize) -> Result<Self, JsonError> {
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    refuse!(no_part: bytes, compounds, nothing, scalars, string);
}

impl SerializeTuple for Relay<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_element<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), JsonError> {
        part.serialize(Part(self.0))
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}

/// Takes one part in.
struct Part<'a>(&'a mut ArgsWriter);

impl Serializer for Part<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_str(self, json: &str) -> Result<(), JsonError> {
        if !json.is_empty() {
            self.0.separate();
            self.0.output.text.push_str(json);
        }
        Ok(())
    }

    fn serialize_bytes(self, attachment: &[u8]) -> Result<(), JsonError> {
        let attachment = Bytes::copy_from_slice(attachment);
        self.0.output.attachments.push(attachment);
        Ok(())
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    refuse!(no_part: compounds, nothing, scalars, tuple);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn received_arguments_can_be_sent_on() {
        let sent = ("a", Bytes::from("b"), [Bytes::from("c")], 1.5);
        let received = Args::from_serialize(Some("one"), &sent).unwrap();
        let relayed = Args::from_serialize(Some("other"), &received).unwrap();
        assert_eq!(relayed, Args::from_serialize(Some("other"), &sent).unwrap());
    }

    #[test]
    fn no_arguments_can_be_sent_on() {
        let received = Args::from_serialize(Some("one"), &()).unwrap();
        let relayed = Args::from_serialize(Some("other"), &received).unwrap();
        assert_eq!(relayed.as_json(), r#"["other"]"#);
    }

    #[test]
    fn inside_another_type_they_are_refused() {
        let received = Args::from_serialize(None, &(1, Bytes::from("b"))).unwrap();
        assert!(Args::from_serialize(None, &(1, &received)).is_err());
        assert!(Args::from_serialize(None, &vec![&received]).is_err());
        assert!(received.with_appended(&received).is_err());
    }
}
