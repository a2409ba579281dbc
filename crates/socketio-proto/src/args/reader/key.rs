//! Deserializes the keys of objects.

use serde::de::{Deserializer, Error, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error as JsonError;

use crate::json;

/// A deserializer of a key. As in `serde_json`, numbers and booleans are read from inside the quotes.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyReader<'de> {
    /// The key with its quotes.
    token: &'de str,
    /// Whether unpaired surrogates are replaced. Otherwise there are none.
    repairs: bool,
}

impl<'de> KeyReader<'de> {
    pub(super) fn new(token: &'de str, repairs: bool) -> Self {
        Self { token, repairs }
    }

    fn repaired(self) -> Option<String> {
        if self.repairs {
            json::repair(self.token)
        } else {
            None
        }
    }

    fn unquoted(self) -> &'de str {
        let rest = self.token.strip_prefix('"').unwrap_or(self.token);
        rest.strip_suffix('"').unwrap_or(rest)
    }
}

macro_rules! read_unquoted {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            let text = self.unquoted();
            // Reject white space, and anything other than a number or a boolean.
            if !text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-') {
                return Err(JsonError::invalid_type(Unexpected::Str(text), &visitor));
            }
            let mut inner = serde_json::Deserializer::from_str(text);
            let value = inner.$method(visitor)?;
            inner.end()?;
            Ok(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for KeyReader<'de> {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.repaired() {
            Some(text) => visitor.visit_string(text),
            None => serde_json::Deserializer::from_str(self.token).deserialize_str(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.repaired() {
            Some(text) => visitor.visit_byte_buf(text.into_bytes()),
            None => serde_json::Deserializer::from_str(self.token).deserialize_bytes(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.repaired() {
            Some(text) => text
                .into_deserializer()
                .deserialize_enum(name, variants, visitor),
            None => serde_json::Deserializer::from_str(self.token)
                .deserialize_enum(name, variants, visitor),
        }
    }

    read_unquoted! {
        deserialize_bool
        deserialize_i8
        deserialize_i16
        deserialize_i32
        deserialize_i64
        deserialize_i128
        deserialize_u8
        deserialize_u16
        deserialize_u32
        deserialize_u64
        deserialize_u128
        deserialize_f32
        deserialize_f64
    }

    forward_to_deserialize_any! {
        char str string unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
