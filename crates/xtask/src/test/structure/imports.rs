//! The paths by which a file refers to modules of its crate.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A path through the modules of a crate. `[]` is the root.
pub(super) type Path = Vec<String>;

/// A path as it is written in a `use` declaration, an expression, a type or the arguments of a macro.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    /// The module that contains it.
    pub(super) within: Path,
    /// The segments, which begin with `crate`, `self`, `super` or a name.
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Whether it stands in a `pub use` of any visibility.
    pub(super) reexport: bool,
}

/// A name that a `use` declaration brings into a module.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) name: String,
    pub(super) reference: Reference,
}

/// The contents of a file, without its tests.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) references: Vec<Reference>,
    pub(super) names: Vec<Name>,
    /// The modules that are compiled for tests only.
    pub(super) tests: Vec<Path>,
}

/// Reads the file of the module `path`.
///
/// # Errors
/// If it is not Rust.
pub(super) fn parse(path: &[String], text: &str) -> syn::Result<Contents> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader {
        within: path.to_vec(),
        blocks: 0,
        contents: Contents::default(),
    };
    reader.visit_file(&file);
    Ok(reader.contents)
}

struct Reader {
    within: Path,
    /// The number of blocks around the current item: names in a function are not names of the module.
    blocks: usize,
    contents: Contents,
}

impl Reader {
    fn refer(&mut self, segments: Vec<String>, line: usize, reexport: bool) -> Reference {
        let reference = Reference {
            within: self.within.clone(),
            segments,
            line,
            reexport,
        };
        self.contents.references.push(reference.clone());
        reference
    }

    fn use_tree(&mut self, tree: &syn::UseTree, mut prefix: Vec<String>, reexport: bool) {
        let (ident, name) = match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                return self.use_tree(&path.tree, prefix, reexport);
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix.clone(), reexport);
                }
                return;
            }
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.refer(prefix, line, reexport);
                return;
            }
            syn::UseTree::Name(name) => (&name.ident, &name.ident),
            syn::UseTree::Rename(rename) => (&rename.ident, &rename.rename),
        };
        let line = ident.span().start().line;
        // `a::{self, B}`
        let mut name = name.to_string();
        if ident == "self" && !prefix.is_empty() {
            if name == "self" {
                name = prefix.last().cloned().unwrap_or_default();
            }
        } else {
            prefix.push(ident.to_string());
        }
        let reference = self.refer(prefix, line, reexport);
        if self.blocks == 0 {
            self.contents.names.push(Name { name, reference });
        }
    }

    /// The paths in the arguments of a macro, or in its rules. `$crate` is the crate of the caller.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut before = ' ';
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    before = ' ';
                    self.tokens(group.stream());
                }
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let mut segments = vec![first.to_string()];
                    while is_colon(tokens.peek()) {
                        tokens.next();
                        if !is_colon(tokens.peek()) {
                            break;
                        }
                        tokens.next();
                        match tokens.next_if(|next| matches!(next, TokenTree::Ident(_))) {
                            Some(next) => segments.push(next.to_string()),
                            // `a::{b, c}` and `a::<B>`: the module of the path is known all the same.
                            None => {
                                if let Some(TokenTree::Group(group)) = tokens.peek()
                                    && group.delimiter() == Delimiter::Brace
                                {
                                    segments.push(String::new());
                                }
                                break;
                            }
                        }
                    }
                    if segments.len() > 1 && !matches!(before, '$' | ':') {
                        self.refer(segments, line, false);
                    }
                    before = ' ';
                }
                TokenTree::Punct(punct) => before = punct.as_char(),
                TokenTree::Literal(_) => before = ' ',
            }
        }
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.within.push(module.ident.to_string());
        if is_test(&module.attrs) {
            self.contents.tests.push(self.within.clone());
        } else {
            visit::visit_item_mod(self, module);
        }
        self.within.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            let reexport = !matches!(item.vis, syn::Visibility::Inherited);
            self.use_tree(&item.tree, Vec::new(), reexport);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.blocks += 1;
        visit::visit_block(self, block);
        self.blocks -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && path.segments.len() > 1
            && let Some(first) = path.segments.first()
        {
            let segments = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.refer(segments.collect(), first.ident.span().start().line, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    // `pub(in crate::a)` is no import, and attributes have no paths of the crate.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

/// Whether the attributes contain `#[cfg(test)]` or `#[test]`.
pub(in crate::test) fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(text: &str) -> Vec<String> {
        let contents = parse(&["a".to_owned()], text).unwrap();
        let show = |reference: &Reference| {
            let visibility = if reference.reexport { "pub " } else { "" };
            format!(
                "{}: {visibility}{}",
                reference.line,
                reference.segments.join("::")
            )
        };
        contents.references.iter().map(show).collect()
    }

    #[test]
    fn use_trees_are_flattened() {
        let text =
            "use crate::a::{self, b as c,\n d::{E, F}};\npub(crate) use self::g::*;\nuse ::h::I;";
        let expected = [
            "1: crate::a",
            "1: crate::a::b",
            "2: crate::a::d::E",
            "2: crate::a::d::F",
            "3: pub self::g",
        ];
        assert_eq!(references(text), expected);
        let names = parse(&[], text).unwrap().names;
        let names: Vec<_> = names.iter().map(|name| name.name.as_str()).collect();
        assert_eq!(names, ["a", "c", "E", "F"]);
    }

    #[test]
    fn paths_in_code_and_macros_are_found() {
        let text = "fn f(a: super::A) -> Vec<crate::B> {\n print!(\"crate::no {}\", crate::c::D); // crate::no\n}\n\
                    macro_rules! m { () => { $crate::no::E; self::f::G } }\npub(in crate::no) struct S;";
        let expected = [
            "1: super::A",
            "1: crate::B",
            "2: crate::c::D",
            "4: self::f::G",
        ];
        assert_eq!(references(text), expected);
    }

    #[test]
    fn tests_are_left_out() {
        let text = "#[cfg(test)]\nmod tests { use super::A; }\n#[cfg(test)] mod more;\nmod b { use super::B; }\n\
                    #[cfg(test)] use crate::C;\n#[test] fn t() { crate::d::e(); }";
        assert_eq!(references(text), ["4: super::B"]);
        let contents = parse(&["a".to_owned()], text).unwrap();
        assert_eq!(contents.tests, [["a", "tests"], ["a", "more"]]);
        assert_eq!(contents.references[0].within, ["a", "b"]);
    }

    #[test]
    fn other_languages_are_refused() {
        assert!(parse(&[], "def f(): pass").is_err());
    }
}
