//! Parses the arguments of the attribute: `#[debug_handler(event, state = AppState)]`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned as _;
use syn::{Error, Ident, Token, Type, parse_quote};

use super::handler_kind::HandlerKind;

pub(super) struct Attributes {
    pub(super) kind: HandlerKind,
    pub(super) state: Type,
}

impl Attributes {
    /// Checks the bounds that registration requires of the state.
    pub(super) fn check_state(&self) -> TokenStream {
        let state = &self.state;
        quote_spanned! {state.span()=>
            #[allow(warnings)]
            fn __socketio_state() {
                fn check<S>()
                where
                    S: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
                {
                }
                check::<#state>();
            }
        }
    }
}

impl Parse for Attributes {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut kind = None;
        let mut state = None;
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            if name == "state" {
                input.parse::<Token![=]>()?;
                if state.replace(input.parse()?).is_some() {
                    return Err(Error::new(name.span(), "the state is named twice"));
                }
            } else if kind.replace(HandlerKind::named(&name)?).is_some() {
                let text = "a handler is registered as one thing; write the attribute twice to \
                            check two";
                return Err(Error::new(name.span(), text));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self {
            kind: kind.unwrap_or(HandlerKind::Event),
            state: state.unwrap_or_else(|| parse_quote!(())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> Result<(HandlerKind, Type), String> {
        syn::parse_str(text)
            .map(|Attributes { kind, state }| (kind, state))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn omitted_arguments_have_defaults() {
        let unit: Type = parse_quote!(());
        let state: Type = parse_quote!(App<u8>);
        assert_eq!(parsed(""), Ok((HandlerKind::Event, unit.clone())));
        assert_eq!(parsed("connect"), Ok((HandlerKind::Connect, unit)));
        assert_eq!(
            parsed("state = App<u8>"),
            Ok((HandlerKind::Event, state.clone()))
        );
        let expected = Ok((HandlerKind::Disconnect, state));
        assert_eq!(parsed("disconnect, state = App<u8>,"), expected);
    }

    #[test]
    fn invalid_arguments_are_reported() {
        let error = parsed("conect").unwrap_err();
        assert!(error.starts_with("expected `event`"), "{error}");
        assert_eq!(
            parsed("state = A, state = B").unwrap_err(),
            "the state is named twice"
        );
        assert!(parsed("event, connect").is_err());
        assert!(parsed("event connect").is_err());
        assert!(parsed("state").is_err());
    }
}
