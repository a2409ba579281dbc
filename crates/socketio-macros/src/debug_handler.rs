//! Expands `#[debug_handler]` to the unchanged function and checks beside it.

mod argument;
mod attributes;
mod handler_kind;
mod next;
mod output;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, ItemFn};

use self::attributes::Attributes;
use self::handler_kind::HandlerKind;

/// The maximum number of arguments of a handler. A wrap has `Next` in addition.
const MAX_ARGUMENTS: usize = 12;

pub(crate) fn expand(attributes: TokenStream, function: &TokenStream) -> TokenStream {
    match checks(attributes, function) {
        Ok(checks) => quote! {
            #function
            const _: () = { #checks };
        },
        Err(error) => {
            let error = error.into_compile_error();
            quote! { #function #error }
        }
    }
}

fn checks(attributes: TokenStream, function: &TokenStream) -> syn::Result<TokenStream> {
    let attributes: Attributes = syn::parse2(attributes)?;
    let function: ItemFn = syn::parse2(function.clone())?;
    check_signature(&function, attributes.kind)?;

    let mut checks = attributes.check_state();
    let mut extracted = function.sig.inputs.iter().collect::<Vec<_>>();
    if attributes.kind == HandlerKind::Wrap {
        extracted.pop();
        checks.extend(next::check(&function.sig)?);
    }
    for (index, input) in extracted.into_iter().enumerate() {
        if let FnArg::Typed(argument) = input {
            checks.extend(argument::check(index, &argument.ty, &attributes)?);
        }
    }
    checks.extend(output::check(&function.sig, attributes.kind)?);
    checks.extend(check_future(&function));
    Ok(checks)
}

/// Checks everything that does not depend on types.
fn check_signature(function: &ItemFn, kind: HandlerKind) -> syn::Result<()> {
    let signature = &function.sig;
    if signature.asyncness.is_none() {
        let text = "a handler must be an `async fn`; write `async` before `fn`";
        return Err(Error::new(signature.fn_token.span, text));
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let text = "a handler cannot be a method; write a function and take the value with \
                    `State<T>`";
        return Err(Error::new(receiver.span(), text));
    }
    if !signature.generics.params.is_empty() {
        let text = "`debug_handler` cannot check generic functions; remove the attribute, or the \
                    parameters";
        return Err(Error::new(signature.generics.span(), text));
    }
    let max = MAX_ARGUMENTS + usize::from(kind == HandlerKind::Wrap);
    if let Some(argument) = signature.inputs.iter().nth(max) {
        let text = "a handler has at most 12 arguments; put some of them into a type that \
                    implements `FromSocket`";
        return Err(Error::new(argument.span(), text));
    }
    Ok(())
}

/// Checks that the future is `Send`. The compiler reports the value that is not.
fn check_future(function: &ItemFn) -> TokenStream {
    let name = &function.sig.ident;
    let arguments = function
        .sig
        .inputs
        .iter()
        .map(|_| quote! { unreachable!() });
    quote_spanned! {name.span()=>
        #[allow(warnings)]
        fn __socketio_future_is_send() {
            fn check<F: ::core::future::Future + ::core::marker::Send>(_: F) {}
            check(#name(#(#arguments),*));
        }
    }
}
