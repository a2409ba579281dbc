//! What a handler is registered as.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Ident};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Connect,
    Disconnect,
    Event,
    Middleware,
}

impl Phase {
    pub(super) fn named(name: &Ident) -> syn::Result<Self> {
        match name.to_string().as_str() {
            "connect" => Ok(Self::Connect),
            "disconnect" => Ok(Self::Disconnect),
            "event" => Ok(Self::Event),
            "middleware" => Ok(Self::Middleware),
            _ => Err(Error::new(
                name.span(),
                "expected `event`, `connect`, `middleware` or `disconnect`, and `state = T`",
            )),
        }
    }

    /// The trait of the arguments.
    pub(super) fn extractor(self) -> TokenStream {
        match self {
            Self::Connect | Self::Middleware => quote! { ::socketio::extract::FromConnect },
            Self::Disconnect => quote! { ::socketio::extract::FromDisconnect },
            Self::Event => quote! { ::socketio::extract::FromEvent },
        }
    }

    /// The trait of the return type; a disconnect handler has nobody to tell anything.
    pub(super) fn output(self) -> Option<TokenStream> {
        match self {
            Self::Connect => Some(quote! { ::socketio::handler::ConnectOutput }),
            Self::Disconnect => None,
            Self::Event => Some(quote! { ::socketio::handler::IntoReply }),
            Self::Middleware => Some(quote! { ::socketio::handler::MiddlewareOutput }),
        }
    }
}
