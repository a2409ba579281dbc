//! Applications whose handlers write to a journal.

use std::future::{Ready, ready};
use std::net::SocketAddr;

use axum::extract::{FromRef, State};
use e2e::app::serve;
use e2e::probes::Journal;
use e2e::sync::Gate;
use socketio::{Namespace, SocketIo, SocketIoBuilder, SocketIoLayer};

/// The state of the application.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    pub(crate) journal: Journal,
    pub(crate) gate: Gate,
    pub(crate) io: Option<SocketIo>,
}

/// Serves an application and lets `register` set up its main namespace.
pub(crate) async fn server(
    register: impl FnOnce(Namespace<App>) -> Namespace<App>,
) -> (SocketAddr, App) {
    server_of(SocketIoLayer::builder(), register).await
}

/// As [`server`], with these options.
pub(crate) async fn server_of(
    builder: SocketIoBuilder,
    register: impl FnOnce(Namespace<App>) -> Namespace<App>,
) -> (SocketAddr, App) {
    let app = App {
        journal: Journal::new(),
        gate: Gate::closed(),
        io: None,
    };
    let layer = builder.with_state(app.clone()).build();
    let io = layer.io();
    register(io.of("/"));
    let app = App {
        io: Some(io.with_state(())),
        ..app
    };
    (serve(layer).await, app)
}

/// Returns a handler or event middleware that writes a word.
pub(crate) fn write(
    word: &'static str,
) -> impl Fn(State<Journal>) -> Ready<()> + Clone + Send + Sync + 'static {
    move |State(journal)| {
        journal.write(word);
        ready(())
    }
}

/// As [`write`], without state.
pub(crate) fn write_to(
    journal: &Journal,
    word: &'static str,
) -> impl Fn() -> Ready<()> + Clone + Send + Sync + 'static {
    let journal = journal.clone();
    move || {
        journal.write(word);
        ready(())
    }
}
