//! Decodes the part of a message before the payload.

use memchr::memchr;

use crate::error::DecodeError;
use crate::json::Cursor;
use crate::limits::DecodeLimits;
use crate::namespace::Namespace;
use crate::packet::PacketType;

/// The largest safe integer of JavaScript, 2⁵³ − 1.
const MAX_ID: u64 = (1 << 53) - 1;

/// The part of a message before the payload: `<type>[<attachments>-][<namespace>,][<id>]`.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) wire: WireType,
    pub(super) namespace: Namespace,
    pub(super) id: Option<u64>,
    pub(super) payload_start: usize,
}

/// The type of a packet and its number of attachments.
#[derive(Clone, Copy, Debug)]
pub(super) struct WireType {
    pub(super) kind: PacketType,
    /// The number of announced attachments, within the limit.
    pub(super) attachments: usize,
}

impl Header {
    #[inline]
    pub(super) fn read(text: &str, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(text);
        let wire = WireType::read(&mut cursor, limits)?;
        let namespace = read_namespace(text, &mut cursor, limits)?;
        let id = read_id(&mut cursor)?;
        Ok(Self {
            wire,
            namespace,
            id,
            payload_start: cursor.offset(),
        })
    }
}

/// The rest of an id with blanks, which Node's parser reads with JavaScript's `Number()`: blanks
/// around the digits have no meaning, and no digits are the number 0.
#[derive(Debug)]
pub(super) struct BlankId {
    pub(super) id: u64,
    /// The length of the rest in bytes.
    pub(super) len: usize,
}

impl BlankId {
    /// Reads the rest of an id. `id` is the value of the digits before it. Returns `None` if no blank
    /// follows them.
    #[cold]
    pub(super) fn read(text: &str, id: Option<u64>) -> Result<Option<Self>, DecodeError> {
        if !text.starts_with(is_blank) {
            return Ok(None);
        }
        let is_payload = |char: char| !is_blank(char) && !char.is_ascii_digit();
        let end = text.find(is_payload).unwrap_or(text.len());
        let rest = text.get(..end).unwrap_or_default();
        let mut digits = Cursor::new(rest.trim_matches(is_blank));
        let id = match (id, read_id(&mut digits)?) {
            (Some(_), Some(_)) => return Err(DecodeError::InvalidId),
            (id, other) => id.or(other).unwrap_or_default(),
        };
        if !digits.rest().is_empty() {
            return Err(DecodeError::InvalidId);
        }
        let len = rest.len();
        Ok(Some(Self { id, len }))
    }
}

/// Returns whether JavaScript's `Number()` ignores a character around a number.
fn is_blank(char: char) -> bool {
    char == '\u{feff}' || char != '\u{85}' && char.is_whitespace()
}

impl WireType {
    pub(super) fn new(
        kind: PacketType,
        attachments: usize,
        limits: &DecodeLimits,
    ) -> Result<Self, DecodeError> {
        let limit = limits.max_attachments;
        if attachments > limit {
            return Err(DecodeError::TooManyAttachments { limit });
        }
        match kind {
            PacketType::Event | PacketType::Ack => {}
            _ if attachments == 0 => {}
            _ => return Err(DecodeError::IllegalAttachments),
        }
        Ok(Self { kind, attachments })
    }

    fn read(cursor: &mut Cursor<'_>, limits: &DecodeLimits) -> Result<Self, DecodeError> {
        let (kind, is_binary) = match cursor.next() {
            Some(b'0') => (PacketType::Connect, false),
            Some(b'1') => (PacketType::Disconnect, false),
            Some(b'2') => (PacketType::Event, false),
            Some(b'3') => (PacketType::Ack, false),
            Some(b'4') => (PacketType::ConnectError, false),
            Some(b'5') => (PacketType::Event, true),
            Some(b'6') => (PacketType::Ack, true),
            _ => return Err(DecodeError::InvalidType),
        };
        if !is_binary {
            let attachments = 0;
            return Ok(Self { kind, attachments });
        }
        let count = read_number(cursor);
        if !cursor.eat(b'-') {
            return Err(DecodeError::IllegalAttachments);
        }
        match count {
            None | Some(0) => Err(DecodeError::IllegalAttachments),
            Some(count) => Self::new(kind, usize::try_from(count).unwrap_or(usize::MAX), limits),
        }
    }
}

pub(super) fn check_namespace(
    namespace: Namespace,
    limits: &DecodeLimits,
) -> Result<Namespace, DecodeError> {
    let limit = limits.max_namespace_len;
    if namespace.len() > limit {
        return Err(DecodeError::NamespaceTooLong { limit });
    }
    Ok(namespace)
}

pub(crate) fn check_id(id: Option<u64>) -> Result<Option<u64>, DecodeError> {
    match id {
        Some(id) if id > MAX_ID => Err(DecodeError::InvalidId),
        id => Ok(id),
    }
}

#[inline]
fn read_namespace(
    text: &str,
    cursor: &mut Cursor<'_>,
    limits: &DecodeLimits,
) -> Result<Namespace, DecodeError> {
    if cursor.peek() == Some(b'/') {
        read_name(text, cursor, limits)
    } else {
        Ok(Namespace::MAIN)
    }
}

fn read_name(
    text: &str,
    cursor: &mut Cursor<'_>,
    limits: &DecodeLimits,
) -> Result<Namespace, DecodeError> {
    let start = cursor.offset();
    let len = memchr(b',', cursor.rest()).unwrap_or(cursor.rest().len());
    let limit = limits.max_namespace_len;
    if len > limit {
        return Err(DecodeError::NamespaceTooLong { limit });
    }
    cursor.skip(len);
    // The name ends before a comma or at the end, both character boundaries.
    let name = text.get(start..cursor.offset()).unwrap_or_default();
    cursor.eat(b',');
    Ok(Namespace::from_wire(name))
}

fn read_id(cursor: &mut Cursor<'_>) -> Result<Option<u64>, DecodeError> {
    check_id(read_number(cursor))
}

/// Reads a run of digits, if there is one. A number over `u64::MAX` saturates.
fn read_number(cursor: &mut Cursor<'_>) -> Option<u64> {
    let mut number = None;
    while let Some(digit @ b'0'..=b'9') = cursor.peek() {
        let digit = u64::from(digit.saturating_sub(b'0'));
        let shifted = number.unwrap_or(0_u64).saturating_mul(10);
        number = Some(shifted.saturating_add(digit));
        cursor.skip(1);
    }
    number
}
