//! Arguments that were received, sent on as they are.

use bytes::Bytes;
use serde::ser::{Error as _, Impossible, SerializeTuple, Serializer};
use serde::{Serialize, ser};
use serde_json::Error as JsonError;

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
pub(super) struct Relay<'a> {
    pub(super) text: &'a mut Vec<u8>,
    pub(super) attachments: &'a mut Vec<Bytes>,
    pub(super) is_first: &'a mut bool,
}

impl SerializeTuple for Relay<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_element<T: Serialize + ?Sized>(&mut self, part: &T) -> Result<(), JsonError> {
        part.serialize(Part(self))
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}

/// Takes one part in.
struct Part<'r, 'a>(&'r mut Relay<'a>);

fn foreign<T>() -> Result<T, JsonError> {
    Err(JsonError::custom("encoded arguments are sent as a whole"))
}

macro_rules! foreign {
    ($($method:ident($($arg:ident: $ty:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $($arg: $ty),*) -> Result<$ok, JsonError> {
            $(let _ = $arg;)*
            foreign()
        }
    )*};
}

macro_rules! part_serializer {
    ($(#[$doc:meta])* $type:ty { $($own:item)* }) => {
        $(#[$doc])*
        impl<'r, 'a> Serializer for $type {
            type Error = JsonError;
            type Ok = ();
            type SerializeMap = Impossible<(), JsonError>;
            type SerializeSeq = Impossible<(), JsonError>;
            type SerializeStruct = Impossible<(), JsonError>;
            type SerializeStructVariant = Impossible<(), JsonError>;
            type SerializeTupleStruct = Impossible<(), JsonError>;
            type SerializeTupleVariant = Impossible<(), JsonError>;

            $($own)*

            fn is_human_readable(&self) -> bool {
                false
            }

            fn serialize_some<T: ser::Serialize + ?Sized>(self, _: &T) -> Result<(), JsonError> {
                foreign()
            }

            fn serialize_newtype_struct<T: ser::Serialize + ?Sized>(
                self,
                _: &'static str,
                _: &T,
            ) -> Result<(), JsonError> {
                foreign()
            }

            fn serialize_newtype_variant<T: ser::Serialize + ?Sized>(
                self,
                _: &'static str,
                _: u32,
                _: &'static str,
                _: &T,
            ) -> Result<(), JsonError> {
                foreign()
            }

            foreign! {
                serialize_bool(value: bool) -> ();
                serialize_i8(value: i8) -> ();
                serialize_i16(value: i16) -> ();
                serialize_i32(value: i32) -> ();
                serialize_i64(value: i64) -> ();
                serialize_u8(value: u8) -> ();
                serialize_u16(value: u16) -> ();
                serialize_u32(value: u32) -> ();
                serialize_u64(value: u64) -> ();
                serialize_f32(value: f32) -> ();
                serialize_f64(value: f64) -> ();
                serialize_char(value: char) -> ();
                serialize_none() -> ();
                serialize_unit() -> ();
                serialize_unit_struct(name: &'static str) -> ();
                serialize_unit_variant(name: &'static str, index: u32, variant: &'static str) -> ();
                serialize_seq(len: Option<usize>) -> Self::SerializeSeq;
                serialize_tuple_struct(name: &'static str, len: usize) -> Self::SerializeTupleStruct;
                serialize_tuple_variant(
                    name: &'static str,
                    index: u32,
                    variant: &'static str,
                    len: usize
                ) -> Self::SerializeTupleVariant;
                serialize_map(len: Option<usize>) -> Self::SerializeMap;
                serialize_struct(name: &'static str, len: usize) -> Self::SerializeStruct;
                serialize_struct_variant(
                    name: &'static str,
                    index: u32,
                    variant: &'static str,
                    len: usize
                ) -> Self::SerializeStructVariant;
            }
        }
    };
}

part_serializer! {
    /// What the parts as a whole are given to.
    Relay<'a> {
        type SerializeTuple = Self;

        fn serialize_tuple(self, _: usize) -> Result<Self, JsonError> {
            Ok(self)
        }

        foreign! {
            serialize_str(value: &str) -> ();
            serialize_bytes(value: &[u8]) -> ();
        }
    }
}

part_serializer! {
    Part<'r, 'a> {
        type SerializeTuple = Impossible<(), JsonError>;

        foreign! { serialize_tuple(len: usize) -> Self::SerializeTuple; }

        fn serialize_str(self, json: &str) -> Result<(), JsonError> {
            let Relay { text, is_first, .. } = self.0;
            if !json.is_empty() {
                if !std::mem::replace(*is_first, false) {
                    text.push(b',');
                }
                text.extend_from_slice(json.as_bytes());
            }
            Ok(())
        }

        fn serialize_bytes(self, attachment: &[u8]) -> Result<(), JsonError> {
            self.0.attachments.push(Bytes::copy_from_slice(attachment));
            Ok(())
        }
    }
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
