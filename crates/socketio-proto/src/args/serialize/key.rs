//! Serializes the keys of maps.

use std::fmt;

use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::Error as JsonError;

use super::output::JsonOutput;
use super::refuse::refuse;

/// A serializer of a key. As in `serde_json`, numbers and booleans are written in quotes.
pub(super) struct KeySerializer<'a>(pub(super) &'a mut JsonOutput);

fn no_key() -> JsonError {
    JsonError::custom("key must be a string")
}

impl<'a> KeySerializer<'a> {
    fn float(self, is_finite: bool, number: impl Serialize) -> Result<(), JsonError> {
        if !is_finite {
            return Err(JsonError::custom(
                "float key must be finite (got NaN or +/-inf)",
            ));
        }
        self.0.text.push('"');
        self.0.float(number)?;
        self.0.text.push('"');
        Ok(())
    }
}

macro_rules! quoted {
    ($($method:ident($ty:ty))*) => {$(
        fn $method(self, key: $ty) -> Result<(), JsonError> {
            self.0.text.push('"');
            self.0.$method(key)?;
            self.0.text.push('"');
            Ok(())
        }
    )*};
}

impl Serializer for KeySerializer<'_> {
    type Error = JsonError;
    type Ok = ();

    quoted! {
        serialize_bool(bool)
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

    fn serialize_f32(self, key: f32) -> Result<(), JsonError> {
        self.float(key.is_finite(), key)
    }

    fn serialize_f64(self, key: f64) -> Result<(), JsonError> {
        self.float(key.is_finite(), key)
    }

    fn serialize_char(self, key: char) -> Result<(), JsonError> {
        self.0.serialize_char(key)
    }

    #[inline]
    fn serialize_str(self, key: &str) -> Result<(), JsonError> {
        self.0.serialize_str(key)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), JsonError> {
        self.0.serialize_str(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, key: &T) -> Result<(), JsonError> {
        key.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        key: &T,
    ) -> Result<(), JsonError> {
        key.serialize(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, key: &T) -> Result<(), JsonError> {
        self.0.display(key)
    }

    refuse!(no_key: bytes, compounds, nothing, tuple);
}
