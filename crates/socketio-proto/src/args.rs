//! The encoded arguments of events and acknowledgements.
//!
//! `serialize` writes types as arguments, `deserialize` and `reader` read arguments into types.

mod argument;
mod deserialize;
mod iter;
mod missing;
mod reader;
mod serialize;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use self::deserialize::{ArgsDeserializer, ArgsSource};
use self::iter::ArgSuffixes;
pub use self::iter::ArgsIter;
use self::missing::Missing;
use self::reader::{Reader, ReaderOptions};
pub(crate) use self::serialize::{ArgsWriter, write_value};
use crate::attachments::Attachments;
use crate::error::{ArgsError, EncodeError};
use crate::json::{ArgOffsets, EventName};

/// The initial capacity for arguments, enough for most.
const CAPACITY: usize = 128;

/// The additional capacity for an appended argument, enough for most.
const APPENDED_CAPACITY: usize = 32;

/// Encoded arguments, and their attachments.
///
/// The arguments of an event or acknowledgement are a JSON array. The first element of an event is its
/// name, which is not an argument. The payload of a CONNECT or CONNECT_ERROR packet counts as one
/// argument.
///
/// A clone is cheap, because the text and the attachments are shared.
///
/// # Arguments as types
///
/// A tuple corresponds to several arguments, `()` to none, and any other type to the first argument,
/// for serialization and deserialization. serde does not distinguish an array (`[T; N]`) from a tuple,
/// so an array corresponds to several arguments too.
///
/// - Additional arguments are ignored.
/// - A missing argument is `None` for an [`Option`], `()` for `()`, and an error otherwise.
/// - [`Bytes`] and other types that serde serializes as bytes are sent as attachments, at any depth:
///   in fields, lists, maps, options and enums of any representation.
/// - [`serde_json::Value`], and other types that accept any JSON, keep the placeholder of an
///   attachment.
/// - An unpaired surrogate, which JavaScript sends for half of an emoji, becomes the replacement
///   character U+FFFD in texts, and keeps its escape in [`as_json`](Self::as_json) and
///   [`RawValue`](serde_json::value::RawValue).
/// - An untagged enum cannot distinguish [`String`] from [`Bytes`], because serde reads either from
///   the other. Tag such an enum.
///
/// # Examples
///
/// ```
/// use socketio_proto::Args;
///
/// let args = Args::from_serialize(Some("move"), &("e2", "e4", 12))?;
/// assert_eq!(args.as_json(), r#"["move","e2","e4",12]"#);
/// assert_eq!(args.len(), 3);
/// assert_eq!(args.get(1), Some(r#""e4""#));
///
/// let (from, to): (String, String) = args.deserialize()?;
/// assert_eq!((from.as_str(), to.as_str()), ("e2", "e4"));
/// assert_eq!(args.deserialize::<&str>()?, "e2");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Args {
    /// The whole message that contains the arguments. Keeping it is cheaper than slicing it.
    text: ByteString,
    /// Behind a pointer, because most arguments have no attachment and arguments are moved often.
    attachments: Option<Arc<Attachments>>,
    /// The offset of the payload in `text`.
    start: u32,
    /// The end of the event name in `text`; 0 if there is none.
    name_end: u32,
    /// The end of the first argument in `text` if it is known to be a string without escapes that
    /// follows a comma or bracket directly; 0 otherwise.
    plain_end: u32,
    /// Whether the event name is known to be such a string.
    name_is_plain: bool,
    read_mode: ReadMode,
}

/// How arguments are deserialized.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
enum ReadMode {
    /// By `serde_json`.
    #[default]
    SerdeJson,
    /// By [`Reader`], because there are attachments.
    Reader,
    /// By [`Reader`], which replaces unpaired surrogates.
    Repair,
}

impl Args {
    /// Encodes the arguments of an event, or of an acknowledgement if `event` is `None`.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized as JSON.
    pub fn from_serialize<T>(event: Option<&str>, args: &T) -> Result<Self, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let mut writer = ArgsWriter::new(String::with_capacity(CAPACITY));
        let name_end = writer.begin(event);
        writer.write(args)?;
        let has_lone_surrogate = writer.has_lone_surrogate();
        let (text, attachments) = writer.finish();
        let name = event.map(|_| EventName {
            end: name_end,
            is_plain: false,
        });
        let offsets = ArgOffsets {
            has_lone_surrogate,
            ..name.into()
        };
        let mut args = Self::new(text.into(), 0, offsets);
        args.attach(attachments);
        Ok(args)
    }

    /// Returns the arguments with one more at the end, for example the offset of a recoverable packet.
    /// A tuple appends several arguments, and `()` none.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized as JSON.
    pub fn with_appended<T>(&self, arg: &T) -> Result<Self, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let json = self.as_json().trim_ascii_end();
        let mut open = String::with_capacity(json.len().saturating_add(APPENDED_CAPACITY));
        match json.strip_suffix(']') {
            Some(array) => open.push_str(array),
            // The payload of a CONNECT packet, or an empty one.
            None => {
                open.push('[');
                open.push_str(json);
            }
        }
        let is_first = self.name().is_none() && self.is_empty();
        let attachments = self.attachments.as_deref().cloned().unwrap_or_default();
        let mut writer = ArgsWriter::resume(open, attachments, is_first);
        writer.write(arg)?;
        let has_lone_surrogate = writer.has_lone_surrogate() || self.read_mode == ReadMode::Repair;
        let (text, attachments) = writer.finish();
        let offsets = ArgOffsets {
            has_lone_surrogate,
            ..self.name().into()
        };
        let mut args = Self::new(text.into(), 0, offsets);
        args.attach(attachments);
        Ok(args)
    }

    /// Returns the number of arguments, without the name of an event.
    ///
    /// This scans the text each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns whether there are no arguments.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the JSON text of an argument, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        self.iter().nth(index)
    }

    /// Returns an iterator over the JSON texts of the arguments.
    #[must_use]
    pub fn iter(&self) -> ArgsIter<'_> {
        ArgsIter {
            suffixes: self.suffixes(),
        }
    }

    /// Returns the attachments in the order of their numbers.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments
            .as_deref()
            .map_or(&[], |attachments| attachments)
    }

    /// Returns the JSON text of the whole payload.
    ///
    /// This is an array for an event, which begins with the name, or an acknowledgement. It is an
    /// object or a string for CONNECT and CONNECT_ERROR, and empty if there is no payload.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.text.get(self.start as usize..).unwrap_or_default()
    }

    /// Returns the name of the event; `None` for the arguments of an acknowledgement.
    ///
    /// The name is borrowed unless it is written with escapes. If it is a number, which Node's server
    /// allows, this is its decimal text. Unpaired surrogates become replacement characters.
    #[must_use]
    #[inline]
    pub fn event_name(&self) -> Option<Cow<'_, str>> {
        match self.plain_name() {
            Some(name) => Some(Cow::Borrowed(name)),
            None => self
                .name()
                .map(|name| EventName::read(name.token(self.as_json()))),
        }
    }

    /// Returns a deep copy of the arguments.
    ///
    /// A clone keeps the whole buffer that the message was read into. Detach arguments that are stored
    /// for long.
    #[must_use]
    pub fn detach(&self) -> Self {
        let shift = |offset: u32| offset.saturating_sub(self.start);
        let copy = |attachments: &Arc<Attachments>| {
            let attachments = attachments.iter();
            Arc::new(
                attachments
                    .map(|bytes| Bytes::copy_from_slice(bytes))
                    .collect(),
            )
        };
        Self {
            text: self.as_json().into(),
            attachments: self.attachments.as_ref().map(copy),
            start: 0,
            name_end: shift(self.name_end),
            plain_end: shift(self.plain_end),
            name_is_plain: self.name_is_plain,
            read_mode: self.read_mode,
        }
    }

    /// Deserializes the arguments as described [above](Self#arguments-as-types).
    ///
    /// Types may borrow: `&str` from the text, `&[u8]` from an attachment.
    ///
    /// # Errors
    ///
    /// If an argument is missing or does not match the type.
    #[inline]
    pub fn deserialize<'de, T>(&'de self) -> Result<T, ArgsError>
    where
        T: Deserialize<'de>,
    {
        T::deserialize(ArgsDeserializer(self)).map_err(ArgsError::requested_as::<T>)
    }

    /// Deserializes the whole payload as one value: for an event, the array that begins with the name.
    ///
    /// This is for parsers and relays. A missing payload is `None` for an [`Option`], and an error for
    /// most other types.
    ///
    /// # Errors
    ///
    /// If there is no payload, or it does not match the type.
    ///
    /// # Examples
    ///
    /// ```
    /// use socketio_proto::{Args, Value};
    ///
    /// let args = Args::from_serialize(Some("move"), &("e2", "e4"))?;
    /// assert_eq!(args.deserialize_payload::<[&str; 3]>()?, ["move", "e2", "e4"]);
    /// assert_eq!(Args::default().deserialize_payload::<Option<Value>>()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn deserialize_payload<'de, T>(&'de self) -> Result<T, ArgsError>
    where
        T: Deserialize<'de>,
    {
        let json = self.as_json();
        if json.is_empty() {
            let missing = Missing { index: 0, count: 1 };
            return T::deserialize(missing).map_err(ArgsError::requested_as::<T>);
        }
        match self.reader_options() {
            None => T::deserialize(&mut serde_json::Deserializer::from_str(json)),
            Some(options) => T::deserialize(&mut Reader::new(json, options)),
        }
        .map_err(|error| ArgsError::custom(error).requested_as::<T>())
    }

    /// Creates arguments from a valid payload that begins at `start` of a text. The offsets are relative
    /// to `start`.
    pub(crate) fn new(text: ByteString, start: usize, offsets: ArgOffsets) -> Self {
        // Messages are far smaller than 4 GiB. The arguments of a larger one are read as empty.
        let saturate = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let in_text = |offset: usize| saturate(start.saturating_add(offset));
        let ArgOffsets {
            name,
            plain_end,
            has_lone_surrogate,
        } = offsets;
        Self {
            text,
            attachments: None,
            start: saturate(start),
            name_end: name.map_or(0, |name| in_text(name.end)),
            plain_end: plain_end
                .and_then(|end| u32::try_from(start.saturating_add(end)).ok())
                .unwrap_or_default(),
            name_is_plain: name.is_some_and(|name| name.is_plain),
            read_mode: if has_lone_surrogate {
                ReadMode::Repair
            } else {
                ReadMode::SerdeJson
            },
        }
    }

    /// Sets the attachments. The placeholders must refer to them.
    pub(crate) fn attach(&mut self, attachments: Attachments) {
        if !attachments.is_empty() {
            self.read_mode = self.read_mode.max(ReadMode::Reader);
            self.attachments = Some(Arc::new(attachments));
        }
    }

    fn name(&self) -> Option<EventName> {
        (self.name_end > 0).then(|| EventName {
            end: self.name_end.saturating_sub(self.start) as usize,
            is_plain: self.name_is_plain,
        })
    }

    /// Returns the name of the event if it is known to be a string without escapes.
    #[inline]
    fn plain_name(&self) -> Option<&str> {
        if !self.name_is_plain {
            return None;
        }
        // Between the bracket with the opening quote, and the closing quote.
        let start = self.start.checked_add(2)?;
        let end = self.name_end.checked_sub(1)?;
        self.text.get(start as usize..end as usize)
    }

    /// Returns the text after the name and its comma, or after the opening bracket.
    fn after_name(&self) -> &str {
        if self.name_end == 0 {
            let json = self.as_json();
            return json.strip_prefix('[').unwrap_or(json);
        }
        let behind = self.text.get(self.name_end as usize..).unwrap_or_default();
        let behind = behind.trim_ascii_start();
        behind.strip_prefix(',').unwrap_or(behind)
    }
}

impl<'de> ArgsSource<'de> for &'de Args {
    #[inline]
    fn reader_options(self) -> Option<ReaderOptions<'de>> {
        match self.read_mode {
            ReadMode::SerdeJson => None,
            mode => Some(ReaderOptions {
                attachments: self.attachments(),
                repairs: mode == ReadMode::Repair,
            }),
        }
    }

    #[inline]
    fn suffixes(self) -> ArgSuffixes<'de> {
        ArgSuffixes::new(self.after_name())
    }

    #[inline]
    fn first_if_plain(self) -> Option<&'de str> {
        if self.plain_end == 0 {
            return None;
        }
        // After a comma or a bracket.
        let start = self.start.max(self.name_end).checked_add(1)?;
        self.text.get(start as usize..self.plain_end as usize)
    }
}

impl<'a> IntoIterator for &'a Args {
    type IntoIter = ArgsIter<'a>;
    type Item = &'a str;

    fn into_iter(self) -> ArgsIter<'a> {
        self.iter()
    }
}

impl PartialEq for Args {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
            && self.name().is_some() == other.name().is_some()
            && self.attachments() == other.attachments()
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Args")
            .field("json", &self.as_json())
            .field("attachments", &self.attachments())
            .finish()
    }
}
