//! The macros of the `socketio` crate, which re-exports them.

mod debug_handler;

use proc_macro::TokenStream;

/// Improves the compiler errors of invalid handlers.
///
/// If a function is not a handler, the compiler reports only that at its registration. This attribute
/// checks each argument, the return type and the future of the function separately, so that the errors
/// point to the cause. It does not change the function.
///
/// | argument of the attribute | meaning | default |
/// |---|---|---|
/// | `event`, `event_middleware`, `connect`, `middleware`, `disconnect`, `namespace`, `server_event`, `wrap` | the kind of handler | `event` |
/// | `state = T` | the state of the namespace, for `State<..>` and other extractors of state | `()` |
///
/// Functions with type parameters can be handlers, but this attribute cannot check them.
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
/// An argument that is not an extractor is reported:
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
