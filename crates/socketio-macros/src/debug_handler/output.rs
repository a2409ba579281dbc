//! Checks the return type of a handler.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens as _, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, ReturnType, Signature, Type};

use super::handler_kind::HandlerKind;

pub(super) fn check(signature: &Signature, kind: HandlerKind) -> syn::Result<TokenStream> {
    let (span, output) = match &signature.output {
        ReturnType::Default if kind == HandlerKind::Middleware => {
            let text = "a middleware returns `Result<(), E>` where `E: IntoConnectError`; `Ok(())` \
                        lets the client join";
            return Err(Error::new(signature.ident.span(), text));
        }
        ReturnType::Default if kind == HandlerKind::Namespace => {
            let text = "a function that decides about namespaces returns `bool`, or \
                        `Result<bool, E>` where `E: Display`";
            return Err(Error::new(signature.ident.span(), text));
        }
        ReturnType::Default if kind == HandlerKind::Wrap => {
            let text = "a wrap returns `Outcome`, or `Result<Outcome, E>` where `E: Into<Rejection>`; \
                        `next.run().await` returns an `Outcome`";
            return Err(Error::new(signature.ident.span(), text));
        }
        ReturnType::Default => return Ok(TokenStream::new()),
        ReturnType::Type(_, output) => (output.span(), output),
    };
    if let Type::Never(_) = &**output {
        let text = "a handler cannot return `!`; write the type that it would return, such as `()`";
        return Err(Error::new(span, text));
    }
    let Some(bound) = kind.output(span) else {
        return match &**output {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Ok(TokenStream::new()),
            _ => Err(Error::new(
                span,
                "a disconnect handler returns `()`, because the client has already disconnected",
            )),
        };
    };
    // The bounds of an `impl Trait` type cannot be checked here.
    if names_impl(output.to_token_stream()) {
        return Ok(TokenStream::new());
    }
    Ok(quote_spanned! {span=>
        #[allow(warnings)]
        fn __socketio_output() {
            fn check<T: #bound>() {}
            check::<#output>();
        }
    })
}

fn names_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => names_impl(group.stream()),
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Literal(_) | TokenTree::Punct(_) => false,
    })
}
