//! The outermost type of what is emitted.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};
use serde_json::Error as JsonError;

use super::placeholders::Placeholders;
use super::relay::{Relay, TOKEN};

/// `serde_json`'s serializer, writing one argument.
type ArgSerializer<'a> = serde_json::Serializer<&'a mut Vec<u8>, Placeholders<'a>>;

/// Takes a tuple for several arguments, `()` for none, and any other type for one.
pub(super) struct TopLevel<'slot, 'a> {
    pub(super) text: &'a mut Vec<u8>,
    pub(super) attachments: &'a mut Vec<Bytes>,
    pub(super) is_first: &'a mut bool,
    /// Where a serializer stays that is needed for longer than a call.
    pub(super) slot: &'slot mut Option<ArgSerializer<'a>>,
}

impl<'slot, 'a> TopLevel<'slot, 'a> {
    /// The serializer of the one argument that the value is.
    fn one(self) -> &'slot mut ArgSerializer<'a> {
        separate(self.text, self.is_first);
        self.slot.insert(ArgSerializer::with_formatter(
            self.text,
            Placeholders {
                attachments: self.attachments,
            },
        ))
    }
}

fn separate(text: &mut Vec<u8>, is_first: &mut bool) {
    if !*is_first {
        text.push(b',');
    }
    *is_first = false;
}

macro_rules! one_argument {
    ($($method:ident($($arg:ident: $ty:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $($arg: $ty),*) -> Result<$ok, JsonError> {
            self.one().$method($($arg),*)
        }
    )*};
}

impl<'slot, 'a> Serializer for TopLevel<'slot, 'a> {
    type Error = JsonError;
    type Ok = ();
    type SerializeMap = <&'slot mut ArgSerializer<'a> as Serializer>::SerializeMap;
    type SerializeSeq = <&'slot mut ArgSerializer<'a> as Serializer>::SerializeSeq;
    type SerializeStruct = <&'slot mut ArgSerializer<'a> as Serializer>::SerializeStruct;
    type SerializeStructVariant =
        <&'slot mut ArgSerializer<'a> as Serializer>::SerializeStructVariant;
    type SerializeTuple = SeveralArguments<'a>;
    type SerializeTupleStruct = <&'slot mut ArgSerializer<'a> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant =
        <&'slot mut ArgSerializer<'a> as Serializer>::SerializeTupleVariant;

    fn serialize_tuple(self, _len: usize) -> Result<SeveralArguments<'a>, JsonError> {
        Ok(SeveralArguments {
            text: self.text,
            attachments: self.attachments,
            is_first: self.is_first,
        })
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        self.one().serialize_some(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        // Attachments are numbered from the first on, so nothing may be there before.
        if name == TOKEN && self.attachments.is_empty() {
            return value.serialize(Relay {
                text: self.text,
                attachments: self.attachments,
                is_first: self.is_first,
            });
        }
        self.one().serialize_newtype_struct(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.one()
            .serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        self.one().collect_str(value)
    }

    one_argument! {
        serialize_bool(value: bool) -> ();
        serialize_i8(value: i8) -> ();
        serialize_i16(value: i16) -> ();
        serialize_i32(value: i32) -> ();
        serialize_i64(value: i64) -> ();
        serialize_i128(value: i128) -> ();
        serialize_u8(value: u8) -> ();
        serialize_u16(value: u16) -> ();
        serialize_u32(value: u32) -> ();
        serialize_u64(value: u64) -> ();
        serialize_u128(value: u128) -> ();
        serialize_f32(value: f32) -> ();
        serialize_f64(value: f64) -> ();
        serialize_char(value: char) -> ();
        serialize_str(value: &str) -> ();
        serialize_bytes(value: &[u8]) -> ();
        serialize_none() -> ();
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

/// A tuple, each element of which is an argument.
pub(super) struct SeveralArguments<'a> {
    text: &'a mut Vec<u8>,
    attachments: &'a mut Vec<Bytes>,
    is_first: &'a mut bool,
}

impl SerializeTuple for SeveralArguments<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        separate(self.text, self.is_first);
        value.serialize(&mut ArgSerializer::with_formatter(
            &mut *self.text,
            Placeholders {
                attachments: &mut *self.attachments,
            },
        ))
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}
