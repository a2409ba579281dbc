//! Serializes received arguments unchanged.

use std::fmt::Display;

use bytes::Bytes;
use serde::ser::{Error as _, Serialize, SerializeTuple, Serializer};
use serde_json::Error as JsonError;

use super::output::ArgsWriter;
use super::refuse::refuse;
use crate::Args;
use crate::args::ReadMode;

/// The name by which the top level recognizes encoded arguments.
pub(super) const TOKEN: &str = "$socketio_proto::Args";

/// Serializes the encoded arguments as all arguments of an event or acknowledgement, so that events can
/// be relayed without knowing their types.
///
/// Inside another type this is an error. Use [`Value`](crate::Value) there.
impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TOKEN, &EncodedParts(self))
    }
}

/// The JSON of the arguments without brackets, followed by the attachments.
struct EncodedParts<'a>(&'a Args);

impl Serialize for EncodedParts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Only the serializers below are not human-readable and accept the parts.
        if serializer.is_human_readable() {
            return Err(S::Error::custom(
                "`Args` can only be sent as the whole of the arguments: use `Value` inside others",
            ));
        }
        let attachments = self.0.attachments();
        let mut parts = serializer.serialize_tuple(1 + attachments.len())?;
        let json: Vec<&str> = self.0.iter().collect();
        let json = json.join(",");
        match self.0.read_mode {
            ReadMode::Repair => parts.serialize_element(&WithLoneSurrogate(&json))?,
            ReadMode::Reader | ReadMode::SerdeJson => parts.serialize_element(&json)?,
        }
        for attachment in attachments {
            parts.serialize_element(&Attachment(attachment))?;
        }
        parts.end()
    }
}

/// JSON with an unpaired surrogate. Other JSON need not be searched for one.
struct WithLoneSurrogate<'a>(&'a str);

impl Serialize for WithLoneSurrogate<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

struct Attachment<'a>(&'a [u8]);

impl Serialize for Attachment<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// A serializer that receives the parts of encoded arguments.
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
        part.serialize(RelayPart(self.0))
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}

/// A serializer that receives one part.
struct RelayPart<'a>(&'a mut ArgsWriter);

impl Serializer for RelayPart<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_str(self, json: &str) -> Result<(), JsonError> {
        if !json.is_empty() {
            self.0.separate();
            self.0.output.text.push_str(json);
        }
        Ok(())
    }

    /// Receives JSON with an unpaired surrogate.
    fn collect_str<T: Display + ?Sized>(self, json: &T) -> Result<(), JsonError> {
        self.0.output.has_lone_surrogate = true;
        self.serialize_str(&json.to_string())
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
    fn received_arguments_are_relayed_unchanged() {
        let sent = ("a", Bytes::from("b"), [Bytes::from("c")], 1.5);
        let received = Args::from_serialize(Some("one"), &sent).unwrap();
        let relayed = Args::from_serialize(Some("other"), &received).unwrap();
        assert_eq!(relayed, Args::from_serialize(Some("other"), &sent).unwrap());
    }

    #[test]
    fn an_empty_argument_list_can_be_relayed() {
        let received = Args::from_serialize(Some("one"), &()).unwrap();
        let relayed = Args::from_serialize(Some("other"), &received).unwrap();
        assert_eq!(relayed.as_json(), r#"["other"]"#);
    }

    #[test]
    fn encoded_arguments_inside_another_type_are_an_error() {
        let received = Args::from_serialize(None, &(1, Bytes::from("b"))).unwrap();
        assert!(Args::from_serialize(None, &(1, &received)).is_err());
        assert!(Args::from_serialize(None, &vec![&received]).is_err());
        assert!(received.with_appended(&received).is_err());
    }
}
