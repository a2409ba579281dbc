//! Deserializes one argument without attachments.

use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::Error as JsonError;

/// A deserializer of an argument without attachments.
///
/// It reads a string that is known to have no escapes itself, so that the string is not scanned again.
/// `serde_json` reads everything else.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument<'de> {
    /// Valid JSON that begins with the argument.
    text: &'de str,
    /// Whether `text` is exactly a string without escapes.
    is_plain: bool,
}

impl<'de> Argument<'de> {
    /// Creates a deserializer of the argument at the start of a text.
    pub(super) fn new(text: &'de str) -> Self {
        Self {
            text,
            is_plain: false,
        }
    }

    /// Creates a deserializer of a string without escapes that is the whole text.
    pub(super) fn plain(text: &'de str) -> Self {
        Self {
            text,
            is_plain: true,
        }
    }

    /// Returns the characters between the quotes if the argument is known to have no escapes.
    fn content(self) -> Option<&'de str> {
        let end = self.text.len().checked_sub('"'.len_utf8())?;
        let content = self.text.get('"'.len_utf8()..end)?;
        self.is_plain.then_some(content)
    }
}

/// Adds the position that `serde_json` reports, the closing quote of the string. An error with a
/// position keeps it.
#[cold]
fn with_position(error: JsonError, column: usize) -> JsonError {
    if error.line() > 0 {
        return error;
    }
    JsonError::custom(format_args!("{error} at line 1 column {column}"))
}

macro_rules! strings {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            match self.content() {
                Some(content) => visitor
                    .visit_borrowed_str(content)
                    .map_err(|error: JsonError| with_position(error, self.text.len())),
                None => serde_json::Deserializer::from_str(self.text).$method(visitor),
            }
        }
    )*};
}

macro_rules! delegate_to_serde_json {
    ($($method:ident($($arg:ident: $ty:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(
            self,
            $($arg: $ty,)*
            visitor: V,
        ) -> Result<V::Value, JsonError> {
            serde_json::Deserializer::from_str(self.text).$method($($arg,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Argument<'de> {
    type Error = JsonError;

    strings! {
        deserialize_any
        deserialize_char
        deserialize_str
        deserialize_string
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        // Valid JSON that begins with `n` is `null`.
        if self.text.starts_with('n') {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        // `RawValue` requests its text with such a name.
        if name.starts_with("$serde_json::private::") {
            return serde_json::Deserializer::from_str(self.text)
                .deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    delegate_to_serde_json! {
        deserialize_bool()
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
        deserialize_f32()
        deserialize_f64()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
        deserialize_ignored_any()
    }
}
