//! JSON as text: checked once, found its way around in afterwards.

mod cursor;
mod nesting;
mod placeholder;
mod scan;
mod skip;
mod unescape;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::placeholder::Placeholder;
pub(crate) use self::scan::{EventName, ScanError, ScanLimits, scan_event, scan_value};
pub(crate) use self::skip::skip_value;
pub(crate) use self::unescape::unescape;
