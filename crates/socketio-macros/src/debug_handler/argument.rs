//! One argument of a handler.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
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
const OF_A_PHASE: [&str; 8] = [
    "Ack",
    "Auth",
    "Data",
    "DisconnectReason",
    "Event",
    "EventName",
    "Rejection",
    "ServerAck",
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
    let state = located_at(attributes.state.to_token_stream(), span);
    let phase = attributes.phase.extractor(span);
    let check = format_ident!("__socketio_argument_{index}", span = span);
    // All of it is written where the argument is, for errors are shown where the tokens are.
    let (bound, markers) = if OF_AXUM.contains(&name.as_str()) {
        let bound = quote_spanned! {span=> ::socketio::__private::FromRequestParts<#state> };
        (bound, None)
    } else if OF_A_PHASE.contains(&name.as_str()) {
        (quote_spanned! {span=> #phase<#state> }, None)
    } else {
        // By which trait the argument is extracted is to be inferred.
        let bound = quote_spanned! {span=> #phase<#state, M> };
        (
            bound,
            Some((quote_spanned! {span=> , M }, quote_spanned! {span=> , _ })),
        )
    };
    let (declared, inferred) = markers.unzip();
    Ok(quote_spanned! {span=>
        #[allow(warnings)]
        fn #check() {
            fn check<T #declared>() where T: #bound + ::core::marker::Send {}
            check::<#argument #inferred>();
        }
    })
}

/// The tokens with another place to show errors at; what names mean in them stays.
fn located_at(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            if let TokenTree::Group(group) = &token {
                let content = located_at(group.stream(), span);
                token = TokenTree::Group(Group::new(group.delimiter(), content));
            }
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}

fn last_segment(argument: &Type) -> Option<String> {
    match argument {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}
