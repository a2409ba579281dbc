//! One argument, into a type.

use serde::de::{Deserializer, Error as _, Visitor};
use serde_json::Error as JsonError;

/// Reads an argument that has no attachments.
///
/// All but strings is left to `serde_json`, and so are strings with escapes: what the check of the
/// packet knows of the others need not be found out again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Argument<'de> {
    /// A text that is known to be JSON, of which the argument is the start.
    text: &'de str,
    /// Whether it is known to be a string without escapes and nothing more.
    is_plain: bool,
}

impl<'de> Argument<'de> {
    /// The argument at the start of a text.
    pub(super) fn new(text: &'de str) -> Self {
        Self {
            text,
            is_plain: false,
        }
    }

    /// The argument that is all of a text, a string without escapes.
    pub(super) fn plain(text: &'de str) -> Self {
        Self {
            text,
            is_plain: true,
        }
    }

    /// What is between the quotes, if nothing there needs reading.
    fn content(self) -> Option<&'de str> {
        let end = self.text.len().checked_sub('"'.len_utf8())?;
        let content = self.text.get('"'.len_utf8()..end)?;
        self.is_plain.then_some(content)
    }
}

/// An error with the place that `serde_json` names: the quote at the end of the string. One that names
/// a place of its own keeps it.
#[cold]
fn with_place(error: JsonError, column: usize) -> JsonError {
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
                    .map_err(|error: JsonError| with_place(error, self.text.len())),
                None => serde_json::Deserializer::from_str(self.text).$method(visitor),
            }
        }
    )*};
}

macro_rules! leave_to_serde_json {
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
        // JSON that begins so is `null`.
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
        // `RawValue` asks for its text by such a name.
        if name.starts_with("$serde_json::private::") {
            return serde_json::Deserializer::from_str(self.text)
                .deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    leave_to_serde_json! {
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
