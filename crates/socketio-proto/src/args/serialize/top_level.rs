//! Splits the outermost type into arguments.

use serde::Serialize;
use serde::ser::{SerializeTuple, Serializer};
use serde_json::Error as JsonError;

use super::output::{ArgsWriter, JsonOutput};
use super::relay::{Relay, TOKEN};
use super::value::{Elements, Fields};

/// A serializer that writes a tuple as several arguments, `()` as none, and any other type as one.
pub(super) struct TopLevel<'a> {
    writer: &'a mut ArgsWriter,
    /// Whether the value has no size, as `()`. Other values that serde writes as a unit, such as
    /// `serde_json::Value::Null`, are an argument.
    is_empty: bool,
}

impl<'a> TopLevel<'a> {
    /// Creates a serializer of `value`.
    pub(super) fn new<T: ?Sized>(writer: &'a mut ArgsWriter, value: &T) -> Self {
        Self {
            writer,
            is_empty: size_of_val(value) == 0,
        }
    }

    /// Returns the output for a value that is one argument.
    #[inline]
    fn one(self) -> &'a mut JsonOutput {
        self.writer.separate();
        &mut self.writer.output
    }
}

macro_rules! one_argument {
    ($($method:ident($($arg:ident: $ty:ty),*) -> $ok:ty;)*) => {$(
        #[inline]
        fn $method(self, $($arg: $ty),*) -> Result<$ok, JsonError> {
            self.one().$method($($arg),*)
        }
    )*};
}

impl<'a> Serializer for TopLevel<'a> {
    type Error = JsonError;
    type Ok = ();
    type SerializeMap = Elements<'a>;
    type SerializeSeq = Elements<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Elements<'a>;
    type SerializeTuple = SeveralArguments<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;

    fn serialize_tuple(self, _len: usize) -> Result<SeveralArguments<'a>, JsonError> {
        Ok(SeveralArguments(self.writer))
    }

    fn serialize_unit(self) -> Result<(), JsonError> {
        if self.is_empty {
            return Ok(());
        }
        self.one().serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        self.one().serialize_some(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        // The placeholders are numbered from 0, so there must be no attachments before.
        if name == TOKEN && self.writer.output.attachments.is_empty() {
            return value.serialize(Relay(self.writer));
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

/// The elements of a tuple, each of which is an argument.
pub(super) struct SeveralArguments<'a>(&'a mut ArgsWriter);

impl SerializeTuple for SeveralArguments<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.0.separate();
        value.serialize(&mut self.0.output)
    }

    fn end(self) -> Result<(), JsonError> {
        Ok(())
    }
}
