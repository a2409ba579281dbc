//! Deserializes JSON with attachments.

mod key;

use std::fmt;

use bytes::Bytes;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};
use serde_json::Error as JsonError;

use self::key::KeyReader;
use crate::json::{self, Cursor, Placeholder};

/// The maximum nesting of arrays and objects, because each level takes a few stack frames. It equals
/// the limit of `serde_json`, so that attachments make no difference.
const MAX_DEPTH: u8 = 128;

/// A deserializer of valid JSON that passes attachments to types that request bytes.
///
/// `serde_json` reads the values that cannot contain an attachment, such as strings and numbers.
pub(crate) struct Reader<'de> {
    text: &'de str,
    options: ReaderOptions<'de>,
    remaining_depth: u8,
}

/// The options of a [`Reader`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReaderOptions<'de> {
    /// The attachments of the placeholders.
    pub(crate) attachments: &'de [Bytes],
    /// Whether unpaired surrogates are replaced. Otherwise there are none.
    pub(crate) repairs: bool,
}

impl<'de> Reader<'de> {
    /// Creates a reader of the value at the start of a text. More text may follow the value.
    pub(crate) fn new(text: &'de str, options: ReaderOptions<'de>) -> Self {
        Self {
            text,
            options,
            remaining_depth: MAX_DEPTH,
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let mut cursor = Cursor::new(self.text);
        cursor.eat_whitespace();
        self.advance(&cursor);
        cursor.peek()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let mut cursor = Cursor::new(self.text);
        cursor.eat_whitespace();
        let found = cursor.eat(byte);
        self.advance(&cursor);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(JsonError::custom(format_args!(
                "expected `{}`",
                char::from(byte)
            )))
        }
    }

    /// Skips the next value and returns its text.
    fn value(&mut self) -> &'de str {
        let text = self.text;
        let mut cursor = Cursor::new(text);
        json::skip_value(&mut cursor);
        self.advance(&cursor);
        text.get(..cursor.offset()).unwrap_or_default()
    }

    /// Skips the next key and returns it.
    fn key(&mut self) -> KeyReader<'de> {
        KeyReader::new(self.value(), self.options.repairs)
    }

    /// Skips the next value if it is the placeholder of an attachment, and returns the attachment.
    fn attachment(&mut self) -> Option<&'de [u8]> {
        let mut cursor = Cursor::new(self.text);
        cursor.eat_whitespace();
        let placeholder = Placeholder::read(&mut cursor)?;
        let attachment = self.options.attachments.get(placeholder.index)?;
        self.advance(&cursor);
        Some(attachment)
    }

    /// Skips the next value if it is a string with an unpaired surrogate, and returns the string with
    /// a replacement character.
    fn repaired(&mut self) -> Option<String> {
        if !self.options.repairs || self.peek() != Some(b'"') {
            return None;
        }
        let mut rest = Self { ..*self };
        let repaired = json::repair(rest.value())?;
        *self = rest;
        Some(repaired)
    }

    fn advance(&mut self, cursor: &Cursor<'_>) {
        self.text = self.text.get(cursor.offset()..).unwrap_or_default();
    }

    /// Reads the opening bracket of an array or object.
    fn open(&mut self, bracket: u8) -> Result<(), JsonError> {
        self.expect(bracket)?;
        self.remaining_depth = self.remaining_depth.saturating_sub(1);
        if self.remaining_depth == 0 {
            return Err(JsonError::custom("nested too deep"));
        }
        Ok(())
    }

    /// Reads the closing bracket of an array or object.
    fn close(&mut self, bracket: u8) -> Result<(), JsonError> {
        self.remaining_depth = self.remaining_depth.saturating_add(1);
        if self.eat(bracket) {
            Ok(())
        } else {
            Err(JsonError::custom("more elements than expected"))
        }
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        self.open(b'[')?;
        let list = visitor.visit_seq(ReaderElements::new(self))?;
        self.close(b']')?;
        Ok(list)
    }

    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, JsonError> {
        self.open(b'{')?;
        let object = visitor.visit_map(ReaderElements::new(self))?;
        self.close(b'}')?;
        Ok(object)
    }
}

/// Reads strings, which cannot contain an attachment, by `serde_json` if possible.
macro_rules! strings {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
            match self.repaired() {
                Some(text) => visitor.visit_string(text),
                None => serde_json::Deserializer::from_str(self.value()).$method(visitor),
            }
        }
    )*};
}

/// Delegates values that cannot contain an attachment to `serde_json`.
macro_rules! delegate_to_serde_json {
    ($($method:ident($($arg:ident: $ty:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($arg: $ty,)*
            visitor: V,
        ) -> Result<V::Value, JsonError> {
            serde_json::Deserializer::from_str(self.value()).$method($($arg,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = JsonError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'[') => self.list(visitor),
            Some(b'{') => {
                if accepts_bytes(&visitor)
                    && let Some(attachment) = self.attachment()
                {
                    return visitor.visit_borrowed_bytes(attachment);
                }
                self.object(visitor)
            }
            _ => match self.repaired() {
                Some(text) => visitor.visit_string(text),
                None => serde_json::Deserializer::from_str(self.value()).deserialize_any(visitor),
            },
        }
    }

    strings! {
        deserialize_char
        deserialize_str
        deserialize_string
        deserialize_identifier
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if let Some(attachment) = self.attachment() {
            return visitor.visit_borrowed_bytes(attachment);
        }
        match self.repaired() {
            Some(text) => visitor.visit_byte_buf(text.into_bytes()),
            None => serde_json::Deserializer::from_str(self.value()).deserialize_bytes(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.peek() == Some(b'n') {
            self.value();
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        // `RawValue` requests its text with such a name.
        if name.starts_with("$serde_json::private::") {
            return serde_json::Deserializer::from_str(self.value())
                .deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'[') => self.list(visitor),
            _ => serde_json::Deserializer::from_str(self.value()).deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(visitor),
            _ => serde_json::Deserializer::from_str(self.value()).deserialize_map(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'[') => self.list(visitor),
            Some(b'{') => self.object(visitor),
            _ => serde_json::Deserializer::from_str(self.value())
                .deserialize_struct(name, fields, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        match self.peek() {
            Some(b'{') => {
                self.open(b'{')?;
                let value = visitor.visit_enum(&mut *self)?;
                self.close(b'}')?;
                Ok(value)
            }
            _ => match self.repaired() {
                Some(text) => text
                    .into_deserializer()
                    .deserialize_enum(name, variants, visitor),
                None => serde_json::Deserializer::from_str(self.value())
                    .deserialize_enum(name, variants, visitor),
            },
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.value();
        visitor.visit_unit()
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
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
    }
}

/// Returns whether a visitor accepts bytes from `deserialize_any`.
///
/// serde buffers the content of untagged and internally tagged enums and of flattened fields with such
/// a visitor. Its `expecting` text is the only difference from the visitors of types that accept any
/// JSON but no bytes, such as [`serde_json::Value`].
fn accepts_bytes(visitor: &dyn Expected) -> bool {
    use fmt::Write;

    struct Rest(&'static str);

    impl Write for Rest {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest("any value");
    write!(rest, "{visitor}").is_ok() && rest.0.is_empty()
}

/// The elements of an array or the members of an object.
struct ReaderElements<'a, 'de> {
    reader: &'a mut Reader<'de>,
    is_first: bool,
}

impl<'a, 'de> ReaderElements<'a, 'de> {
    fn new(reader: &'a mut Reader<'de>) -> Self {
        Self {
            reader,
            is_first: true,
        }
    }

    /// Advances to the next element. Returns whether there is one.
    fn step(&mut self) -> Result<bool, JsonError> {
        if let None | Some(b']' | b'}') = self.reader.peek() {
            return Ok(false);
        }
        if !self.is_first {
            self.reader.expect(b',')?;
        }
        self.is_first = false;
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for ReaderElements<'_, 'de> {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, JsonError> {
        if self.step()? {
            seed.deserialize(&mut *self.reader).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl<'de> MapAccess<'de> for ReaderElements<'_, 'de> {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, JsonError> {
        if !self.step()? {
            return Ok(None);
        }
        let key = seed.deserialize(self.reader.key())?;
        self.reader.expect(b':')?;
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), JsonError> {
        let variant = seed.deserialize(self.key())?;
        self.expect(b':')?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = JsonError;

    // Inlined so that it is compiled only where an enum is read.
    #[inline]
    fn unit_variant(self) -> Result<(), JsonError> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, JsonError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.deserialize_struct("", fields, visitor)
    }
}
