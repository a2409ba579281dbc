//! JSON as text: checked once, found its way around in afterwards.

mod cursor;
#[cfg(feature = "msgpack")]
mod escape;
mod nesting;
mod placeholder;
mod plain;
mod scan;
mod skip;
mod unescape;

pub(crate) use self::cursor::Cursor;
#[cfg(feature = "msgpack")]
pub(crate) use self::escape::push_string;
pub(crate) use self::placeholder::Placeholder;
pub(crate) use self::scan::{EventName, ScanError, ScanLimits, scan_event, scan_value};
pub(crate) use self::skip::skip_value;
pub(crate) use self::unescape::unescape;
