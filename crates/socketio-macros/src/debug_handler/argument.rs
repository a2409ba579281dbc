//! One argument of a handler.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Type};

use super::attributes::Attributes;

/// Extractors of axum and its friends. A bound on their own trait makes the compiler say what it
/// is that they miss, where ours could only say that they are no extractor.
const OF_AXUM: [&str; 14] = [
    "ConnectInfo",
    "CookieJar",
    "Extension",
    "HeaderMap",
    "Host",
    "Method",
    "OriginalUri",
    "PrivateCookieJar",
    "Query",
    "RawQuery",
    "SignedCookieJar",
    "State",
    "TypedHeader",
    "Uri",
];

/// Our extractors that implement the trait of a phase, for the same reason.
const OF_A_PHASE: [&str; 6] = [
    "Ack",
    "Auth",
    "Data",
    "DisconnectReason",
    "EventName",
    "Rejection",
];

/// Extractors that compile and never work: the request that opens a connection is not routed.
const OF_ROUTES: [&str; 4] = ["MatchedPath", "NestedPath", "Path", "RawPathParams"];

pub(super) fn check(
    index: usize,
    argument: &Type,
    attributes: &Attributes,
) -> syn::Result<TokenStream> {
    if let Type::Reference(_) = argument {
        let text = "an argument cannot be a reference; a handler owns what it takes";
        return Err(Error::new(argument.span(), text));
    }
    if let Type::ImplTrait(_) = argument {
        let text = "an argument cannot be `impl Trait`; name its type";
        return Err(Error::new(argument.span(), text));
    }
    let name = last_segment(argument).unwrap_or_default();
    if OF_ROUTES.contains(&name.as_str()) {
        let text = format!(
            "`{name}` reads the route of a request, and connections have none; use `Query` or \
             `Auth` instead"
        );
        return Err(Error::new(argument.span(), text));
    }

    let span = argument.span();
    let state = &attributes.state;
    let phase = attributes.phase.extractor();
    let check = format_ident!("__socketio_argument_{index}", span = span);
    let bound = if OF_AXUM.contains(&name.as_str()) {
        Some(quote! { ::socketio::__private::FromRequestParts<#state> })
    } else if OF_A_PHASE.contains(&name.as_str()) {
        Some(quote! { #phase<#state> })
    } else {
        None
    };
    Ok(match bound {
        // A bound without parameters is checked where it is written.
        Some(bound) => quote_spanned! {span=>
            #[allow(warnings)]
            fn #check() where #argument: #bound + ::core::marker::Send {}
        },
        // Which trait an argument is extracted by is inferred where the function is called.
        None => {
            let call = format_ident!("__socketio_call_{index}", span = span);
            quote_spanned! {span=>
                #[allow(warnings)]
                fn #check<M>() where #argument: #phase<#state, M> + ::core::marker::Send {}
                #[allow(warnings)]
                fn #call() { #check(); }
            }
        }
    })
}

fn last_segment(argument: &Type) -> Option<String> {
    match argument {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}
