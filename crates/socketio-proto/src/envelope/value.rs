//! A value of a message between servers.

use std::borrow::Cow;
use std::error::Error;
use std::str;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::DeserializeOwned;
use serde_json::Number;

use super::buffers;
use super::json_parts::{self, JsonElements};
use super::msgpack_parts::{self, MsgpackElements};
use crate::args::Args;
use crate::decode::{check_name, convert_error};
use crate::error::DecodeError;
use crate::json::{self, ScanLimits};
use crate::limits::DecodeLimits;
use crate::msgpack::{self, Input, Root, Token};

/// The maximum nesting of JSON around arguments.
const OUTER_DEPTH: usize = 8;

/// The largest number whose neighbours JavaScript can distinguish.
const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// A value of a message between servers that is still encoded, as JSON or MessagePack.
///
/// A value borrows from its message, and reading its parts does not allocate. See the
/// [module](super) for an example.
///
/// Each read checks what it reads. No method panics or recurses for malformed input, or allocates by a
/// length that the message announces. A value and its arguments share the buffer of the message.
#[derive(Clone, Copy, Debug)]
pub struct EnvelopeValue<'m> {
    encoded: Encoded<'m>,
    message: &'m Bytes,
}

#[derive(Clone, Copy, Debug)]
enum Encoded<'m> {
    /// Valid JSON without white space around it.
    Json { text: &'m str, has_buffers: bool },
    /// One value. Bytes after it are an error when it is read.
    Msgpack(&'m [u8]),
}

impl<'m> EnvelopeValue<'m> {
    /// Reads a message: JSON if it begins with `{`, and otherwise MessagePack. Node's servers
    /// distinguish the two in the same way.
    ///
    /// # Errors
    ///
    /// If the message is malformed JSON, or JSON that is nested deeper than
    /// [`max_depth`](DecodeLimits#structfield.max_depth) and 8 levels around the arguments. Malformed
    /// MessagePack is detected when it is read.
    pub fn parse(message: &'m Bytes, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        if message.first() != Some(&b'{') {
            return Ok(Self::msgpack(message));
        }
        let text = str::from_utf8(message).map_err(|_| DecodeError::InvalidPayload)?;
        let scan = ScanLimits {
            depth: limits.max_depth.saturating_add(OUTER_DEPTH),
            attachments: 0,
        };
        convert_error(json::scan_value(text, scan), limits)?;
        Ok(Self {
            encoded: Encoded::Json {
                text: text.trim_ascii_end(),
                has_buffers: false,
            },
            message,
        })
    }

    /// Creates the value of a message in MessagePack.
    #[must_use]
    pub fn msgpack(message: &'m Bytes) -> Self {
        Self {
            encoded: Encoded::Msgpack(message),
            message,
        }
    }

    /// Reads objects of the form `{"type":"Buffer","data":[1,2]}` in JSON arguments as attachments.
    ///
    /// `JSON.stringify` of Node writes a `Buffer` in this form.
    #[must_use]
    pub fn with_buffers(mut self) -> Self {
        if let Encoded::Json { has_buffers, .. } = &mut self.encoded {
            *has_buffers = true;
        }
        self
    }

    /// Returns the members of a map with these keys. If a key occurs repeatedly, its last value counts,
    /// as in Node. Other members are ignored.
    ///
    /// # Errors
    ///
    /// If the value is not a map, or is malformed.
    pub fn members<const N: usize>(
        self,
        keys: [&str; N],
    ) -> Result<[Option<Self>; N], DecodeError> {
        match self.encoded {
            Encoded::Json { text, .. } => {
                let found = json_parts::members(text, keys)?;
                Ok(found.map(|text| Some(self.with_text(text?))))
            }
            Encoded::Msgpack(bytes) => {
                let found = msgpack_parts::members(bytes, keys)?;
                Ok(found.map(|bytes| Some(self.with_bytes(bytes?))))
            }
        }
    }

    /// Returns the elements of a list.
    ///
    /// # Errors
    ///
    /// If the value is not a list. The iterator yields an error if the list is malformed.
    pub fn elements(self) -> Result<EnvelopeElements<'m>, DecodeError> {
        let rest = match self.encoded {
            Encoded::Json { text, .. } => Rest::Json(JsonElements::new(text)?),
            Encoded::Msgpack(bytes) => Rest::Msgpack(MsgpackElements::new(bytes)?),
        };
        Ok(EnvelopeElements { list: self, rest })
    }

    /// Returns whether the value is `null` (`nil`) or `undefined`.
    #[must_use]
    pub fn is_nil(self) -> bool {
        match self.encoded {
            Encoded::Json { text, .. } => text == "null",
            Encoded::Msgpack(_) => matches!(self.token(), Some(Token::Nil | Token::Undefined)),
        }
    }

    /// Returns the value if it is a string.
    #[must_use]
    pub fn as_text(self) -> Option<Cow<'m, str>> {
        match self.encoded {
            Encoded::Json { text, .. } => {
                let raw = text.strip_prefix('"')?.strip_suffix('"')?;
                Some(if raw.as_bytes().contains(&b'\\') {
                    Cow::Owned(json::unescape(raw))
                } else {
                    Cow::Borrowed(raw)
                })
            }
            Encoded::Msgpack(_) => match self.token()? {
                Token::Str(text) => Some(Cow::Borrowed(text)),
                _ => None,
            },
        }
    }

    /// Returns the value if it is a boolean.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.encoded {
            Encoded::Json { text: "true", .. } => Some(true),
            Encoded::Json { text: "false", .. } => Some(false),
            Encoded::Json { .. } => None,
            Encoded::Msgpack(_) => match self.token()? {
                Token::Bool(value) => Some(value),
                _ => None,
            },
        }
    }

    /// Returns the value if it is a finite number.
    #[must_use]
    pub fn as_number(self) -> Option<Number> {
        match self.encoded {
            Encoded::Json { text, .. } => serde_json::from_str(text).ok(),
            Encoded::Msgpack(_) => match self.token()? {
                Token::Unsigned(number) => Some(number.into()),
                Token::Signed(number) => Some(number.into()),
                Token::Float(number) => Number::from_f64(number),
                _ => None,
            },
        }
    }

    /// Returns the value if it is a whole number that is not negative, in any notation.
    #[must_use]
    pub fn as_unsigned(self) -> Option<u64> {
        let number = self.as_number()?;
        number.as_u64().or_else(|| {
            let number = number.as_f64()?;
            let is_exact = number.fract() == 0.0 && (0.0..=MAX_SAFE_INTEGER).contains(&number);
            is_exact.then_some(number as u64)
        })
    }

    /// Returns the value as the list of an event: its name and arguments.
    ///
    /// # Errors
    ///
    /// If the value is not a list that begins with a name, the name is one for which `is_reserved`
    /// returns true, or the limits are exceeded.
    pub fn event(
        self,
        limits: &DecodeLimits,
        is_reserved: impl Fn(&str) -> bool,
    ) -> Result<Args, DecodeError> {
        match self.encoded {
            Encoded::Json { text, has_buffers } => {
                let (text, attachments) = self.json_args(text, has_buffers, limits)?;
                let scan = ScanLimits {
                    depth: limits.max_depth,
                    attachments: attachments.len(),
                };
                let offsets = convert_error(json::scan_event(&text, scan), limits)?;
                let name = offsets.name.ok_or(DecodeError::InvalidPayload)?;
                check_name(&text, name, limits, is_reserved)?;
                let mut args = Args::new(text, 0, offsets);
                args.attach(attachments.into());
                Ok(args)
            }
            Encoded::Msgpack(bytes) => {
                let mut input = Input::new(bytes);
                let data = msgpack::value(&mut input, self.message, limits)?;
                let Root::Array(Some(name)) = data.root else {
                    return Err(DecodeError::InvalidPayload);
                };
                check_end(&input)?;
                check_name(&data.json, name, limits, is_reserved)?;
                let mut args = Args::new(data.json.into(), 0, Some(name).into());
                args.attach(data.attachments.into());
                Ok(args)
            }
        }
    }

    /// Returns the value as the only argument, for example of an acknowledgement.
    ///
    /// # Errors
    ///
    /// If the value is malformed, or the limits are exceeded.
    pub fn argument(self, limits: &DecodeLimits) -> Result<Args, DecodeError> {
        match self.encoded {
            Encoded::Json { text, has_buffers } => {
                let list = format!("[{text}]");
                let (text, attachments) = match extract(&list, has_buffers, limits)? {
                    Some((text, attachments)) => (text, attachments),
                    None => (list, Vec::new()),
                };
                let scan = ScanLimits {
                    depth: limits.max_depth,
                    attachments: attachments.len(),
                };
                let offsets = convert_error(json::scan_args(&text, scan), limits)?;
                let mut args = Args::new(text.into(), 0, offsets);
                args.attach(attachments.into());
                Ok(args)
            }
            Encoded::Msgpack(bytes) => {
                let mut input = Input::new(bytes);
                let data = msgpack::argument(&mut input, self.message, limits)?;
                check_end(&input)?;
                let mut args = Args::new(data.json.into(), 0, None.into());
                args.attach(data.attachments.into());
                Ok(args)
            }
        }
    }

    /// Deserializes the value. Binary is read as `JSON.stringify` of Node writes a `Buffer`.
    ///
    /// # Errors
    ///
    /// If the value is malformed, the limits are exceeded, or it does not match the type.
    pub fn deserialize<T>(self, limits: &DecodeLimits) -> Result<T, Box<dyn Error + Send + Sync>>
    where
        T: DeserializeOwned,
    {
        let args = self.argument(limits)?;
        if args.attachments().is_empty() {
            return Ok(args.deserialize::<(T,)>()?.0);
        }
        let mut json = String::new();
        buffers::push_inline(&mut json, args.as_json(), args.attachments());
        let [value] = serde_json::from_str::<[T; 1]>(&json)?;
        Ok(value)
    }

    /// Returns the JSON text of arguments and their attachments.
    fn json_args(
        self,
        text: &str,
        has_buffers: bool,
        limits: &DecodeLimits,
    ) -> Result<(ByteString, Vec<Bytes>), DecodeError> {
        if let Some((text, attachments)) = extract(text, has_buffers, limits)? {
            return Ok((text.into(), attachments));
        }
        let bytes = self.message.slice_ref(text.as_bytes());
        let text = ByteString::try_from(bytes).map_err(|_| DecodeError::InvalidPayload)?;
        Ok((text, Vec::new()))
    }

    /// Reads the token at the start of a value in MessagePack.
    fn token(self) -> Option<Token<'m>> {
        let Encoded::Msgpack(bytes) = self.encoded else {
            return None;
        };
        Token::read(&mut Input::new(bytes)).ok()
    }

    fn with_text(self, text: &'m str) -> Self {
        let Encoded::Json { has_buffers, .. } = self.encoded else {
            return self;
        };
        Self {
            encoded: Encoded::Json { text, has_buffers },
            ..self
        }
    }

    fn with_bytes(self, bytes: &'m [u8]) -> Self {
        Self {
            encoded: Encoded::Msgpack(bytes),
            ..self
        }
    }
}

/// Converts the buffers in JSON if they are read as attachments.
fn extract(
    text: &str,
    has_buffers: bool,
    limits: &DecodeLimits,
) -> Result<Option<(String, Vec<Bytes>)>, DecodeError> {
    if has_buffers {
        buffers::extract(text, limits)
    } else {
        Ok(None)
    }
}

fn check_end(input: &Input<'_>) -> Result<(), DecodeError> {
    if input.is_empty() {
        Ok(())
    } else {
        Err(DecodeError::InvalidMsgpack)
    }
}

/// An iterator over the elements of a list. After an error it ends.
#[derive(Clone, Debug)]
pub struct EnvelopeElements<'m> {
    list: EnvelopeValue<'m>,
    rest: Rest<'m>,
}

#[derive(Clone, Debug)]
enum Rest<'m> {
    Json(JsonElements<'m>),
    Msgpack(MsgpackElements<'m>),
}

impl<'m> Iterator for EnvelopeElements<'m> {
    type Item = Result<EnvelopeValue<'m>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.rest {
            Rest::Json(rest) => rest.next().map(|text| Ok(self.list.with_text(text))),
            Rest::Msgpack(rest) => {
                let bytes = rest.next()?;
                Some(bytes.map(|bytes| self.list.with_bytes(bytes)))
            }
        }
    }
}
