//! The string literals that are messages to people, and the names of tests.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::sentences::{self, Sentence};
use crate::test::structure::is_test;

/// Strings with fewer words are no messages.
const MIN_WORDS: usize = 4;

/// The sentences of the strings outside of tests, and the names of tests.
///
/// # Errors
/// If the source is not Rust.
pub(super) fn sentences(source: &str) -> syn::Result<Vec<Sentence>> {
    let file = syn::parse_file(source)?;
    let mut reader = Reader::default();
    reader.visit_file(&file);
    Ok(reader.sentences)
}

#[derive(Default)]
struct Reader {
    sentences: Vec<Sentence>,
    /// The number of items for tests around the current one.
    tests: usize,
}

impl Reader {
    fn string(&mut self, text: &str, line: usize) {
        let is_message = text.split_whitespace().nth(MIN_WORDS - 1).is_some();
        if self.tests == 0 && is_message && !text.contains("://") {
            // The lines of a usage text are separate.
            for line_text in text.lines() {
                self.sentences.extend(sentences::split([(line_text, line)]));
            }
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let syn::Lit::Str(string) = syn::Lit::new(literal) {
                        self.string(&string.value(), line);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let test = usize::from(is_test(&module.attrs));
        self.tests += test;
        visit::visit_item_mod(self, module);
        self.tests -= test;
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let test = usize::from(is_test(&function.attrs));
        if test == 1 {
            let name = function.sig.ident.to_string().replace('_', " ");
            let line = function.sig.ident.span().start().line;
            self.sentences
                .extend(sentences::split([(name.as_str(), line)]));
        }
        self.tests += test;
        visit::visit_item_fn(self, function);
        self.tests -= test;
    }

    fn visit_lit_str(&mut self, string: &'ast syn::LitStr) {
        self.string(&string.value(), string.span().start().line);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        match &attribute.meta {
            // Comments are read elsewhere.
            meta if meta.path().is_ident("doc") => {}
            syn::Meta::List(list) => self.tokens(list.tokens.clone()),
            meta => visit::visit_meta(self, meta),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(usize, String)> {
        let sentences = sentences(source).unwrap().into_iter();
        sentences
            .map(|sentence| (sentence.words[0].line, sentence.text()))
            .collect()
    }

    #[test]
    fn messages_and_names_of_tests_are_found() {
        let source = "/// No message at all.\n#[must_use = \"it does nothing alone\"]\nfn f() -> &'static str {\n\
                      warn!(id, \"the client has left\");\n\"the session was closed\"\n}\nconst KEY: &str = \"a key\";\n\
                      #[cfg(test)]\nmod tests {\n#[test]\nfn a_client_joins() { panic!(\"not in a test\") }\n}";
        let expected = [
            (2, "it does nothing alone"),
            (4, "the client has left"),
            (5, "the session was closed"),
            (11, "a client joins"),
        ];
        assert_eq!(
            texts(source),
            expected.map(|(line, text)| (line, text.to_owned()))
        );
    }
}
