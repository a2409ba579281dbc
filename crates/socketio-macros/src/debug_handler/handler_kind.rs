//! The kinds of handlers and their traits.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Error, Ident};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HandlerKind {
    Connect,
    Disconnect,
    Event,
    EventMiddleware,
    Middleware,
    Namespace,
    ServerEvent,
    Wrap,
}

impl HandlerKind {
    pub(super) fn named(name: &Ident) -> syn::Result<Self> {
        match name.to_string().as_str() {
            "connect" => Ok(Self::Connect),
            "disconnect" => Ok(Self::Disconnect),
            "event" => Ok(Self::Event),
            "event_middleware" => Ok(Self::EventMiddleware),
            "middleware" => Ok(Self::Middleware),
            "namespace" => Ok(Self::Namespace),
            "server_event" => Ok(Self::ServerEvent),
            "wrap" => Ok(Self::Wrap),
            _ => Err(Error::new(
                name.span(),
                "expected `event`, `event_middleware`, `wrap`, `connect`, `middleware`, \
                 `disconnect`, `namespace` or `server_event`, and `state = T`",
            )),
        }
    }

    /// Returns the trait of the arguments, with the given span.
    pub(super) fn extractor(self, span: Span) -> TokenStream {
        match self {
            Self::Connect | Self::Middleware => {
                quote_spanned! {span=> ::socketio::extract::FromConnect }
            }
            Self::Disconnect => quote_spanned! {span=> ::socketio::extract::FromDisconnect },
            Self::Event | Self::EventMiddleware | Self::Wrap => {
                quote_spanned! {span=> ::socketio::extract::FromEvent }
            }
            Self::Namespace => quote_spanned! {span=> ::socketio::extract::FromNamespace },
            Self::ServerEvent => quote_spanned! {span=> ::socketio::extract::FromServerEvent },
        }
    }

    /// Returns the trait of the return type, with the given span. A disconnect handler has none.
    pub(super) fn output(self, span: Span) -> Option<TokenStream> {
        match self {
            Self::Connect => Some(quote_spanned! {span=> ::socketio::handler::ConnectOutput }),
            Self::Disconnect => None,
            Self::Event | Self::ServerEvent => {
                Some(quote_spanned! {span=> ::socketio::handler::IntoReply })
            }
            Self::EventMiddleware => {
                Some(quote_spanned! {span=> ::socketio::handler::EventMiddlewareOutput })
            }
            Self::Middleware => {
                Some(quote_spanned! {span=> ::socketio::handler::MiddlewareOutput })
            }
            Self::Namespace => Some(quote_spanned! {span=> ::socketio::handler::PredicateOutput }),
            Self::Wrap => Some(quote_spanned! {span=> ::socketio::handler::EventWrapOutput }),
        }
    }
}
