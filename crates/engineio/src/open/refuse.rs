//! Refusals: error responses, and their report to the application.

use http::request::Parts;

use super::route;
use crate::engine::Engine;
use crate::engine::application::Application;
use crate::http::connection_failure::{ConnectionFailure, Refusal};
use crate::http::response::{self, EngineResponse};

/// Reports a refusal and returns the error response.
pub(super) fn refuse<A: Application>(
    engine: &Engine<A>,
    parts: &Parts,
    refusal: &Refusal,
) -> EngineResponse {
    let error = &refusal.error;
    report_refusal(engine, parts, refusal);
    if route::is_websocket_upgrade(parts) {
        response::upgrade_error(error)
    } else {
        response::error(error)
    }
}

/// Logs a refusal and reports it to the application.
pub(super) fn report_refusal<A: Application>(engine: &Engine<A>, parts: &Parts, refusal: &Refusal) {
    tracing::debug!(
        code = refusal.error.code(),
        reason = refusal.error.message(),
        context = %refusal.context,
        "request refused"
    );
    engine.application.connection_error(&ConnectionFailure {
        request: parts,
        refusal,
    });
}
