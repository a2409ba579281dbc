//! Serializes one value as JSON.
//!
//! The output equals that of `serde_json` without white space, except for bytes, which become
//! attachments. The serializer of `serde_json` has no hook for bytes. It also examines strings byte by
//! byte and writes to bytes, which must then be validated as UTF-8. This costs six times as many
//! instructions for a string of 1 KiB.

use std::fmt;

use serde::ser::{
    Error as _, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Error as JsonError;

use super::key::KeySerializer;
use super::output::JsonOutput;
use super::refuse::refuse;

/// The struct names by which `serde_json` marks a string that is already JSON: of
/// [`RawValue`](serde_json::value::RawValue), and of numbers with its feature `arbitrary_precision`.
const VERBATIM: [&str; 2] = [
    "$serde_json::private::RawValue",
    "$serde_json::private::Number",
];

macro_rules! integers {
    ($($method:ident($ty:ty))*) => {$(
        #[inline]
        fn $method(self, number: $ty) -> Result<(), JsonError> {
            self.integer(number);
            Ok(())
        }
    )*};
}

impl<'a> Serializer for &'a mut JsonOutput {
    type Error = JsonError;
    type Ok = ();
    type SerializeMap = Elements<'a>;
    type SerializeSeq = Elements<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;

    integers! {
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.text.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), JsonError> {
        self.float(number)
    }

    fn serialize_f64(self, number: f64) -> Result<(), JsonError> {
        self.float(number)
    }

    fn serialize_char(self, char: char) -> Result<(), JsonError> {
        self.string(char.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), JsonError> {
        self.string(text);
        Ok(())
    }

    #[inline]
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), JsonError> {
        self.attach(bytes);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), JsonError> {
        self.text.push_str("null");
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), JsonError> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.begin_variant(variant);
        value.serialize(&mut *self)?;
        self.text.push('}');
        Ok(())
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, JsonError> {
        Ok(Elements::begin(self, '['))
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, JsonError> {
        Ok(Elements::begin(self, '['))
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, JsonError> {
        Ok(Elements::begin(self, '['))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, JsonError> {
        self.begin_variant(variant);
        Ok(Elements::begin(self, '['))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, JsonError> {
        Ok(Elements::begin(self, '{'))
    }

    #[inline]
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, JsonError> {
        Ok(if VERBATIM.contains(&name) {
            Fields::Verbatim(self)
        } else {
            Fields::Object(Elements::begin(self, '{'))
        })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Elements<'a>, JsonError> {
        self.begin_variant(variant);
        Ok(Elements::begin(self, '{'))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        self.display(value)
    }
}

impl JsonOutput {
    /// Opens the object whose only member is the content of an enum variant.
    fn begin_variant(&mut self, variant: &str) {
        self.text.push('{');
        self.string(variant);
        self.text.push(':');
    }
}

/// The elements of an array, or the members of an object.
pub(super) struct Elements<'a> {
    output: &'a mut JsonOutput,
    is_first: bool,
}

impl<'a> Elements<'a> {
    #[inline]
    fn begin(output: &'a mut JsonOutput, bracket: char) -> Self {
        output.text.push(bracket);
        Self {
            output,
            is_first: true,
        }
    }

    /// Writes the comma before the next element.
    #[inline]
    fn step(&mut self) {
        if !self.is_first {
            self.output.text.push(',');
        }
        self.is_first = false;
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.step();
        value.serialize(&mut *self.output)
    }

    #[inline]
    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), JsonError> {
        self.step();
        self.output.string(name);
        self.output.text.push(':');
        value.serialize(&mut *self.output)
    }

    #[inline]
    fn end(self, brackets: &str) -> Result<(), JsonError> {
        self.output.text.push_str(brackets);
        Ok(())
    }
}

macro_rules! elements {
    ($($kind:ident::$method:ident, $brackets:literal;)*) => {$(
        impl $kind for Elements<'_> {
            type Error = JsonError;
            type Ok = ();

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<(), JsonError> {
                self.end($brackets)
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element, "]";
    SerializeTuple::serialize_element, "]";
    SerializeTupleStruct::serialize_field, "]";
    SerializeTupleVariant::serialize_field, "]}";
}

impl SerializeMap for Elements<'_> {
    type Error = JsonError;
    type Ok = ();

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), JsonError> {
        self.step();
        key.serialize(KeySerializer(self.output))
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.output.text.push(':');
        value.serialize(&mut *self.output)
    }

    #[inline]
    fn end(self) -> Result<(), JsonError> {
        self.end("}")
    }
}

impl SerializeStructVariant for Elements<'_> {
    type Error = JsonError;
    type Ok = ();

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.field(name, value)
    }

    #[inline]
    fn end(self) -> Result<(), JsonError> {
        self.end("}}")
    }
}

/// The fields of a struct.
pub(super) enum Fields<'a> {
    Object(Elements<'a>),
    /// One field that contains the value as JSON.
    Verbatim(&'a mut JsonOutput),
}

impl SerializeStruct for Fields<'_> {
    type Error = JsonError;
    type Ok = ();

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        match self {
            Self::Object(elements) => elements.field(name, value),
            Self::Verbatim(output) => value.serialize(Verbatim(output)),
        }
    }

    #[inline]
    fn end(self) -> Result<(), JsonError> {
        match self {
            Self::Object(elements) => elements.end("}"),
            Self::Verbatim(_) => Ok(()),
        }
    }
}

/// A serializer that receives a string that is already JSON.
struct Verbatim<'a>(&'a mut JsonOutput);

fn no_text() -> JsonError {
    JsonError::custom("expected JSON as a string")
}

impl Serializer for Verbatim<'_> {
    type Error = JsonError;
    type Ok = ();

    fn serialize_str(self, json: &str) -> Result<(), JsonError> {
        self.0.verbatim(json);
        Ok(())
    }

    refuse!(no_text: bytes, compounds, nothing, scalars, tuple);
}
