//! Checks the last argument of a wrap.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, Signature};

use super::argument::last_segment;

/// Checks that `Next` is the last argument, and only the last.
pub(super) fn check(signature: &Signature) -> syn::Result<TokenStream> {
    let mut types = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(argument) => Some(&*argument.ty),
        FnArg::Receiver(_) => None,
    });
    let Some(last) = types.next_back() else {
        let text = "a wrap needs the argument `next: Next`, which runs the handlers";
        return Err(Error::new(signature.ident.span(), text));
    };
    let is_next = |argument: &&_| last_segment(argument).is_some_and(|name| name == "Next");
    if let Some(early) = types.find(is_next) {
        let text = "`Next` is the last argument of a wrap; move it behind the extractors";
        return Err(Error::new(early.span(), text));
    }
    let span = last.span();
    Ok(quote_spanned! {span=>
        #[allow(warnings)]
        fn __socketio_next() {
            fn check<T: ::socketio::__private::IsNext>() {}
            check::<#last>();
        }
    })
}
