//! JSON as text: checked once, found its way around in afterwards.

mod cursor;
mod escape;
mod event_name;
mod integer;
mod nesting;
mod placeholder;
mod plain;
mod scan;
mod skip;
mod unescape;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::escape::{push_escaped, push_string};
pub(crate) use self::event_name::EventName;
pub(crate) use self::integer::push_integer;
pub(crate) use self::placeholder::Placeholder;
pub(crate) use self::scan::{ArgOffsets, ScanError, ScanLimits, scan_args, scan_event, scan_value};
pub(crate) use self::skip::skip_value;
pub(crate) use self::unescape::unescape;
