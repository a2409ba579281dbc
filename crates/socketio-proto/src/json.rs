//! JSON texts: validation in one pass, navigation in valid texts, and writing.
//!
//! `scan` validates a payload. `skip`, `unescape` and `placeholder` read valid texts, and `write` writes
//! strings and integers.

mod cursor;
mod event_name;
mod nesting;
mod placeholder;
mod plain;
mod scan;
mod skip;
mod unescape;
mod write;

pub(crate) use self::cursor::Cursor;
pub(crate) use self::event_name::EventName;
pub(crate) use self::placeholder::Placeholder;
pub(crate) use self::scan::{ArgOffsets, ScanError, ScanLimits, scan_args, scan_event, scan_value};
pub(crate) use self::skip::skip_value;
pub(crate) use self::unescape::{has_lone_surrogate, repair, unescape};
pub(crate) use self::write::{push_escaped, push_integer, push_string};
