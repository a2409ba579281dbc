//! Serializes types as arguments.
//!
//! `top_level` splits a value into arguments, `value` writes one argument as JSON, and `output` holds the
//! text and the attachments.

mod key;
mod output;
mod refuse;
mod relay;
mod top_level;
mod value;

use serde::Serialize;

pub(crate) use self::output::ArgsWriter;
use self::output::JsonOutput;
use self::top_level::TopLevel;
use crate::attachments::Attachments;
use crate::error::EncodeError;

/// Serializes a value as JSON and attachments.
pub(crate) fn write_value<T>(value: &T) -> Result<(String, Attachments), EncodeError>
where
    T: Serialize + ?Sized,
{
    let mut output = JsonOutput::default();
    value.serialize(&mut output).map_err(EncodeError::new)?;
    Ok((output.text, output.attachments))
}

impl ArgsWriter {
    /// Writes a value as arguments.
    pub(crate) fn write<T>(&mut self, args: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        args.serialize(TopLevel::new(self, args))
            .map_err(EncodeError::new)
    }
}
