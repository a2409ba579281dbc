//! The errors that users read when a handler is none: cases in `fail`, their messages beside them.
