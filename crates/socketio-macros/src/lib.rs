//! Macros of the `socketio` crate, which re-exports and documents them.

mod debug_handler;

use proc_macro::TokenStream;

/// Says what is wrong with a handler.
///
/// Where a function cannot be a handler, the compiler knows no more than that it is none. On the
/// function itself, this attribute checks each argument, the return type and the future on its
/// own, and the errors point at what is wrong. A correct handler is left as it is.
///
/// | argument of the attribute | meaning | default |
/// |---|---|---|
/// | `event`, `event_middleware`, `connect`, `middleware`, `disconnect`, `namespace`, `server_event` | what the handler is registered as | `event` |
/// | `state = T` | the state of the namespace, for `State<..>` and the like | `()` |
///
/// It is for functions without type parameters; others are handlers too, but cannot be checked.
///
/// # Examples
///
/// ```
/// use axum::extract::State;
/// use socketio::extract::Data;
/// use socketio::{Reply, Socket};
///
/// #[derive(Clone)]
/// struct AppState;
///
/// #[socketio::debug_handler(event, state = AppState)]
/// async fn message(socket: Socket, State(_): State<AppState>, Data(text): Data<String>) -> Reply<usize> {
///     Reply(text.len())
/// }
/// ```
///
/// An argument that is no extractor is named:
///
/// ```compile_fail
/// # use socketio::Socket;
/// #[socketio::debug_handler(event)]
/// async fn message(socket: Socket, text: bool) {}
/// // error: `bool` cannot be an argument of an event handler with state `()`
/// ```
#[proc_macro_attribute]
pub fn debug_handler(attributes: TokenStream, function: TokenStream) -> TokenStream {
    debug_handler::expand(attributes.into(), &function.into()).into()
}
