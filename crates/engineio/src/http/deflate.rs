//! Compression with zlib, into memory that grows with what comes of it.

use zlib_rs::{Deflate, DeflateError, DeflateFlush, Status};

/// How much is compressed at a time, in bytes.
pub(crate) const STEP: usize = 4 * 1024;

/// Compresses all of `input` and appends what comes of it.
///
/// How much of it comes now depends on `flush`; with [`DeflateFlush::Finish`] it is all.
pub(crate) fn compress(
    context: &mut Deflate,
    mut input: &[u8],
    flush: DeflateFlush,
    out: &mut Vec<u8>,
) -> Result<(), DeflateError> {
    let mut buffer = [0; STEP];
    loop {
        let (read, written) = (context.total_in(), context.total_out());
        let status = context.compress(input, &mut buffer, flush)?;
        let read = difference(context.total_in(), read);
        let written = difference(context.total_out(), written);
        input = input.get(read..).unwrap_or_default();
        out.extend_from_slice(buffer.get(..written).unwrap_or_default());
        if (input.is_empty() && written < STEP) || status == Status::StreamEnd {
            return Ok(());
        }
    }
}

/// How much a counter has moved on.
fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}
