//! Deserializes arguments.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};

use super::argument::Argument;
use super::iter::ArgSuffixes;
use super::missing::Missing;
use super::reader::{Reader, ReaderOptions};
use crate::error::ArgsError;

/// A deserializer that passes several arguments to a tuple, none to `()`, and the first one to any
/// other type.
pub(super) struct ArgsDeserializer<A>(pub(super) A);

/// The source of the arguments. A deserializer calls only the methods that it needs.
pub(super) trait ArgsSource<'de>: Copy {
    /// Returns the options of the [`Reader`], or `None` if `serde_json` can read the arguments.
    fn reader_options(self) -> Option<ReaderOptions<'de>>;

    fn suffixes(self) -> ArgSuffixes<'de>;

    /// Returns the text of the first argument if it is known to be a string without escapes.
    fn first_if_plain(self) -> Option<&'de str>;
}

/// Forwards the request of a single value to the first argument.
macro_rules! take_first {
    ($($method:ident($($arg:ident: $ty:ty),*))*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(
            self,
            $($arg: $ty,)*
            visitor: V,
        ) -> Result<V::Value, ArgsError> {
            let Self(args) = self;
            if let Some(token) = args.first_if_plain() {
                Argument::plain(token).$method($($arg,)* visitor)
            } else if let Some(text) = args.suffixes().next() {
                match args.reader_options() {
                    None => Argument::new(text).$method($($arg,)* visitor),
                    Some(options) => Reader::new(text, options).$method($($arg,)* visitor),
                }
            } else {
                return Missing { index: 0, count: 1 }.$method($($arg,)* visitor);
            }
            .map_err(|error| ArgsError::unfit::<V::Value>(0, &error))
        }
    )*};
}

impl<'de, A: ArgsSource<'de>> Deserializer<'de> for ArgsDeserializer<A> {
    type Error = ArgsError;

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ArgsError> {
        let Self(args) = self;
        visitor.visit_seq(EachArgument {
            reader_options: args.reader_options(),
            suffixes: args.suffixes(),
            plain: args.first_if_plain(),
            index: 0,
            count: len,
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ArgsError> {
        visitor.visit_unit()
    }

    take_first! {
        deserialize_any()
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
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_option()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_seq()
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
    }
}

/// The arguments as the elements of a tuple. Arguments that were not sent are [`Missing`].
struct EachArgument<'de> {
    reader_options: Option<ReaderOptions<'de>>,
    suffixes: ArgSuffixes<'de>,
    /// The text of the next argument if it is known to be a string without escapes.
    plain: Option<&'de str>,
    index: usize,
    count: usize,
}

impl<'de> SeqAccess<'de> for EachArgument<'de> {
    type Error = ArgsError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ArgsError> {
        let Self { index, count, .. } = *self;
        if index >= count {
            return Ok(None);
        }
        self.index = index.saturating_add(1);
        let Some(text) = self.suffixes.next() else {
            return seed.deserialize(Missing { index, count }).map(Some);
        };
        if let Some(token) = self.plain.take() {
            seed.deserialize(Argument::plain(token))
        } else if let Some(options) = self.reader_options {
            seed.deserialize(&mut Reader::new(text, options))
        } else {
            seed.deserialize(Argument::new(text))
        }
        .map(Some)
        .map_err(|error| ArgsError::unfit::<T::Value>(index, &error))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count.saturating_sub(self.index))
    }
}
