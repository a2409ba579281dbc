//! Arguments of events and acknowledgements.

mod argument;
mod deserialize;
mod missing;
mod places;
mod reader;
mod serialize;

use std::borrow::Cow;
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use self::deserialize::{ArgsDeserializer, Parts};
use self::missing::Missing;
use self::places::ArgPlaces;
use self::reader::Reader;
pub(crate) use self::serialize::{ArgsWriter, write_value};
use crate::attachments::Attachments;
use crate::error::{ArgsError, EncodeError};
use crate::json::{self, ArgOffsets, Cursor, EventName};

/// Bytes of most arguments, without growing.
const CAPACITY: usize = 128;

/// Bytes of most arguments that are appended to others, without growing.
const APPENDED_CAPACITY: usize = 32;

/// Encoded arguments, and the attachments that their placeholders stand for.
///
/// Of an event or acknowledgement this is an array; the name of an event is its first element, but
/// not an argument. The payload of a CONNECT or CONNECT_ERROR packet counts as one argument, no
/// payload as none.
///
/// A clone is cheap: the text and the attachments are shared.
///
/// # Arguments as types
///
/// A tuple stands for several arguments, `()` for none, any other type for the first one. This
/// holds both ways; serde cannot tell an array (`[T; N]`) from a tuple, so it counts as one.
///
/// - Arguments that are not asked for are ignored.
/// - Arguments that are asked for but were not sent are `None` for an [`Option`], `()` for `()`,
///   and an error otherwise.
/// - [`Bytes`], and whatever else serde calls bytes, travel as attachments, at any depth: in
///   fields, lists, maps, options, enums of any representation. [`serde_json::Value`] keeps the
///   placeholder of an attachment as it is written; so does any other type that takes whatever
///   comes. An untagged enum cannot tell [`String`] from [`Bytes`], since serde lets either be read
///   from the other: tag such an enum.
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
    /// The whole message that the arguments came in: to keep it costs nothing, to cut it would.
    text: ByteString,
    /// Behind a pointer, for most have none, and arguments are moved often.
    attachments: Option<Arc<Attachments>>,
    /// Where the payload begins in `text`.
    start: u32,
    /// Where the event's name ends in `text`; 0 if there is none.
    name_end: u32,
    /// Where the first argument ends in `text`, if it is known to be a string without escapes, right
    /// behind a comma or bracket; 0 if not.
    plain_end: u32,
    /// Whether the event's name is known to be such a string.
    name_is_plain: bool,
}

impl Args {
    /// Encodes arguments, those of an event if a name is given, of an acknowledgement otherwise.
    ///
    /// # Errors
    ///
    /// If the value has no JSON form.
    pub fn from_serialize<T>(event: Option<&str>, args: &T) -> Result<Self, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let mut writer = ArgsWriter::new(String::with_capacity(CAPACITY));
        let name_end = writer.begin(event);
        writer.write(args)?;
        let (text, attachments) = writer.finish();
        let name = event.map(|_| EventName {
            end: name_end,
            is_plain: false,
        });
        let mut args = Self::new(text.into(), 0, name.into());
        args.attach(attachments);
        Ok(args)
    }

    /// The same arguments and one more at their end, for instance the offset from which a client
    /// can recover. A type that stands for several arguments or none adds as many.
    ///
    /// # Errors
    ///
    /// If the value has no JSON form.
    pub fn with_appended<T>(&self, arg: &T) -> Result<Self, EncodeError>
    where
        T: Serialize + ?Sized,
    {
        let json = self.as_json().trim_ascii_end();
        let mut open = String::with_capacity(json.len().saturating_add(APPENDED_CAPACITY));
        match json.strip_suffix(']') {
            Some(array) => open.push_str(array),
            // The payload of a CONNECT, or none.
            None => {
                open.push('[');
                open.push_str(json);
            }
        }
        let is_first = self.name().is_none() && self.is_empty();
        let attachments = self.attachments.as_deref().cloned().unwrap_or_default();
        let mut writer = ArgsWriter::resume(open, attachments, is_first);
        writer.write(arg)?;
        let (text, attachments) = writer.finish();
        let mut args = Self::new(text.into(), 0, self.name().into());
        args.attach(attachments);
        Ok(args)
    }

    /// Number of arguments; the name of an event is not counted.
    ///
    /// Goes through the text each time.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no argument.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The JSON text of one argument, counted from 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        self.iter().nth(index)
    }

    /// The JSON texts of the arguments.
    #[must_use]
    pub fn iter(&self) -> ArgsIter<'_> {
        ArgsIter {
            places: self.places(),
        }
    }

    /// The attachments, in the order of their numbers.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        self.attachments
            .as_deref()
            .map_or(&[], |attachments| attachments)
    }

    /// The JSON text of all of it: an array that begins with the name if this is of an event; an
    /// object or a string for CONNECT and CONNECT_ERROR; nothing if there is no payload.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.text.get(self.start as usize..).unwrap_or_default()
    }

    /// The name of the event, if these are the arguments of one.
    ///
    /// Borrowed unless the name is written with escapes. A name that is a number, which Node's
    /// server allows, is its text. Halves of surrogate pairs become replacement characters.
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

    /// The same arguments in memory of their own.
    ///
    /// A clone, however small, keeps the whole buffer that a message was read into. Detach what is
    /// kept for long.
    #[must_use]
    pub fn detach(&self) -> Self {
        let shift = |place: u32| place.saturating_sub(self.start);
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
        }
    }

    /// Reads the arguments into a type, as told [above](Self#arguments-as-types).
    ///
    /// Types may borrow: `&str` from the text, `&[u8]` from an attachment.
    ///
    /// # Errors
    ///
    /// If an argument is missing or does not fit.
    #[inline]
    pub fn deserialize<'de, T>(&'de self) -> Result<T, ArgsError>
    where
        T: Deserialize<'de>,
    {
        T::deserialize(ArgsDeserializer(self))
    }

    /// Reads all of the payload as one value: of an event the array that begins with the name.
    ///
    /// For parsers and relays. No payload is `None` for an [`Option`], and an error for most other
    /// types.
    ///
    /// # Errors
    ///
    /// If there is no payload, or it does not fit.
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
            return T::deserialize(Missing { index: 0, count: 1 });
        }
        if self.attachments.is_none() {
            T::deserialize(&mut serde_json::Deserializer::from_str(json))
        } else {
            T::deserialize(&mut Reader::new(json, self.attachments()))
        }
        .map_err(ArgsError::custom)
    }

    /// Arguments whose payload, known to be valid, begins at `start` of a text. What is told of an
    /// array is counted from there.
    pub(crate) fn new(text: ByteString, start: usize, offsets: ArgOffsets) -> Self {
        // A text of 4 GiB cannot be told by these numbers. Messages are far smaller; if one is not,
        // its arguments read as none.
        let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let inside = |offset: usize| place(start.saturating_add(offset));
        let ArgOffsets { name, plain_end } = offsets;
        Self {
            text,
            attachments: None,
            start: place(start),
            name_end: name.map_or(0, |name| inside(name.end)),
            plain_end: plain_end
                .and_then(|end| u32::try_from(start.saturating_add(end)).ok())
                .unwrap_or_default(),
            name_is_plain: name.is_some_and(|name| name.is_plain),
        }
    }

    /// Sets the attachments, which placeholders are known to fit.
    pub(crate) fn attach(&mut self, attachments: Attachments) {
        self.attachments = (!attachments.is_empty()).then(|| Arc::new(attachments));
    }

    fn name(&self) -> Option<EventName> {
        (self.name_end > 0).then(|| EventName {
            end: self.name_end.saturating_sub(self.start) as usize,
            is_plain: self.name_is_plain,
        })
    }

    /// The name of the event, if it is known to be a string without escapes.
    #[inline]
    fn plain_name(&self) -> Option<&str> {
        if !self.name_is_plain {
            return None;
        }
        // Between the bracket with a quote and the other quote.
        let start = self.start.checked_add(2)?;
        let end = self.name_end.checked_sub(1)?;
        self.text.get(start as usize..end as usize)
    }

    /// What follows the name and its comma, or the bracket that opens the array.
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

impl<'de> Parts<'de> for &'de Args {
    #[inline]
    fn attachments(self) -> &'de [Bytes] {
        Args::attachments(self)
    }

    #[inline]
    fn places(self) -> ArgPlaces<'de> {
        ArgPlaces::new(self.after_name())
    }

    #[inline]
    fn first_if_plain(self) -> Option<&'de str> {
        if self.plain_end == 0 {
            return None;
        }
        // Behind a comma or a bracket.
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

/// The JSON texts of [`Args`], one argument at a time.
#[derive(Clone, Debug)]
pub struct ArgsIter<'a> {
    places: ArgPlaces<'a>,
}

impl<'a> Iterator for ArgsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let from = self.places.next()?;
        let mut cursor = Cursor::new(from);
        json::skip_value(&mut cursor);
        from.get(..cursor.offset())
    }
}

impl FusedIterator for ArgsIter<'_> {}
