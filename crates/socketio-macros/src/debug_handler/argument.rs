//! Checks an argument of a handler.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, GenericArgument, PathArguments, Type};

use super::attributes::Attributes;

/// Extractors of axum and related crates. A bound on axum's trait makes the compiler report the missing
/// bound. The traits of socketio would only report that the type is not an extractor.
const AXUM_EXTRACTORS: [&str; 14] = [
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

/// Extractors of socketio that implement the trait of a handler kind directly, for the same reason.
const KIND_EXTRACTORS: [&str; 8] = [
    "Ack",
    "Auth",
    "Data",
    "DisconnectReason",
    "Event",
    "EventName",
    "Rejection",
    "ServerAck",
];

/// Extractors that compile but always fail, because the request that opens a connection is not routed.
const ROUTE_EXTRACTORS: [&str; 4] = ["MatchedPath", "NestedPath", "Path", "RawPathParams"];

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
    if ROUTE_EXTRACTORS.contains(&name.as_str()) {
        let text = format!(
            "`{name}` reads the route of a request, and connections have none; use `Query` or \
             `Auth` instead"
        );
        return Err(Error::new(argument.span(), text));
    }

    if let Some(extractor) = borrowing_extractor(argument) {
        let text = format!(
            "`{extractor}` cannot borrow from the packet, because the handler owns its arguments; use \
             owned types such as `String` instead of `&str`"
        );
        return Err(Error::new(argument.span(), text));
    }

    let span = argument.span();
    let state = located_at(attributes.state.to_token_stream(), span);
    let kind_trait = attributes.kind.extractor(span);
    let check = format_ident!("__socketio_argument_{index}", span = span);
    // All tokens get the span of the argument, because errors are shown at the span of the tokens.
    let (bound, markers) = if AXUM_EXTRACTORS.contains(&name.as_str()) {
        let bound = quote_spanned! {span=> ::socketio::__private::FromRequestParts<#state> };
        (bound, None)
    } else if KIND_EXTRACTORS.contains(&name.as_str()) {
        (quote_spanned! {span=> #kind_trait<#state> }, None)
    } else {
        // The compiler infers the trait by which the argument is extracted.
        let bound = quote_spanned! {span=> #kind_trait<#state, M> };
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

/// Moves the location of tokens, where errors are shown, but keeps the resolution of their names.
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

/// Returns the name of a `Data` or `Auth` in the argument whose type contains a reference.
fn borrowing_extractor(argument: &Type) -> Option<String> {
    let Type::Path(path) = argument else {
        return None;
    };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    });
    let name = segment.ident.to_string();
    match name.as_str() {
        "Data" | "Auth" => types.any(has_reference).then_some(name),
        // `Option<Data<T>>` and `Result<Data<T>, E>`.
        _ => types.find_map(borrowing_extractor),
    }
}

fn has_reference(argument: &Type) -> bool {
    fn in_tokens(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => in_tokens(group.stream()),
            TokenTree::Punct(punct) => punct.as_char() == '&',
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        })
    }
    in_tokens(argument.to_token_stream())
}

pub(super) fn last_segment(argument: &Type) -> Option<String> {
    match argument {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}
