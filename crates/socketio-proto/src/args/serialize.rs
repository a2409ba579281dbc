//! From types to arguments.

mod key;
mod output;
mod refuse;
mod relay;
mod top_level;
mod value;
mod writer;

use serde::Serialize;

use self::output::Output;
use self::top_level::TopLevel;
pub(crate) use self::writer::ArgsWriter;
use crate::attachments::Attachments;
use crate::error::EncodeError;

/// Writes one value as JSON and attachments.
pub(crate) fn write_value<T>(value: &T) -> Result<(String, Attachments), EncodeError>
where
    T: Serialize + ?Sized,
{
    let mut output = Output::default();
    value.serialize(&mut output).map_err(EncodeError::new)?;
    Ok((output.text, output.attachments))
}

impl ArgsWriter {
    /// Writes the arguments that a value stands for.
    pub(crate) fn write<T>(&mut self, args: &T) -> Result<(), EncodeError>
    where
        T: Serialize + ?Sized,
    {
        args.serialize(TopLevel(self)).map_err(EncodeError::new)
    }
}
