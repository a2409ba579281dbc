//! Values of any type.

use std::fmt;

use bytes::Bytes;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Number;

/// An argument of any type: JSON, with binary at any depth.
///
/// For arguments with a known structure, use a specific type: it is checked, and cheaper.
/// [`serde_json::Value`] cannot hold binary and keeps the placeholder of an attachment.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use socketio_proto::{Args, Value};
///
/// let args = Args::from_serialize(Some("photo"), &(vec![Bytes::from("meow")],))?;
/// let value: Value = args.deserialize()?;
/// assert_eq!(value, Value::Array(vec![Value::Binary(Bytes::from("meow"))]));
/// assert_eq!(Args::from_serialize(Some("photo"), &value)?, args);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A binary attachment, in JavaScript a `Buffer` or an `ArrayBuffer`.
    Binary(Bytes),
    /// A list.
    Array(Vec<Value>),
    /// An object: its members in the order in which they were sent. A name may occur twice if it
    /// was sent twice.
    Object(Vec<(String, Value)>),
}

impl Value {
    /// Returns the member of an object with this name. If there are several, the last one counts, as in
    /// JavaScript.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => {
                let member = members.iter().rev().find(|(key, _)| key == name);
                member.map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// Returns the value as a string slice if it is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the bytes if the value is binary.
    #[must_use]
    pub fn as_binary(&self) -> Option<&Bytes> {
        match self {
            Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::String(value) => serializer.serialize_str(value),
            Self::Binary(value) => serializer.serialize_bytes(value),
            Self::Array(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Self::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `accepts_bytes` recognizes a visitor that accepts bytes by this text.
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary(Bytes::copy_from_slice(value)))
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Binary(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Args;

    #[test]
    fn values_with_binary_are_read_as_written() {
        let value = Value::Object(vec![
            ("b".into(), Value::Binary(Bytes::from("1"))),
            (
                "a".into(),
                Value::Array(vec![Value::Null, Value::Binary(Bytes::from("2"))]),
            ),
            ("n".into(), Value::Number(1.into())),
        ]);
        let args = Args::from_serialize(Some("e"), &(&value, true)).unwrap();
        assert_eq!(args.attachments().len(), 2);
        let (back, flag): (Value, bool) = args.deserialize().unwrap();
        assert_eq!((&back, flag), (&value, true));
        assert_eq!(back.get("b").and_then(Value::as_binary).unwrap(), "1");
    }

    #[test]
    fn without_attachments_a_placeholder_is_an_object() {
        let args = Args::from_serialize(None, &serde_json::json!({"_placeholder": true, "num": 0}));
        let value: Value = args.unwrap().deserialize().unwrap();
        assert_eq!(value.get("_placeholder"), Some(&Value::Bool(true)));
    }
}
