//! The compiler errors of invalid handlers: cases in `fail`, with the expected messages beside them.
