//! The modules of a crate, and the modules that each of them uses.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{self, Path, Reference};
use crate::failure::Failure;
use crate::sources::Source;

/// The number of re-exports that are followed from a name to its definition.
const MAX_REEXPORTS: usize = 16;

/// The modules of a crate that are files, without those of tests.
#[derive(Debug, Default)]
pub(super) struct Modules {
    files: BTreeMap<Path, String>,
    /// The names that `use` declarations bring into modules, inline ones included.
    names: BTreeMap<Path, BTreeMap<String, Reference>>,
    references: Vec<Reference>,
}

/// The use of one module by another.
#[derive(Debug)]
pub(super) struct Use<'a> {
    pub(super) from: &'a Path,
    pub(super) to: &'a Path,
    pub(super) line: usize,
}

impl Modules {
    /// Reads the files below the `src` folder of a crate.
    ///
    /// # Errors
    /// If a file is not Rust.
    pub(super) fn parse<'a>(
        sources: impl IntoIterator<Item = &'a Source>,
    ) -> Result<Self, Failure> {
        let mut modules = Self::default();
        let mut tests = BTreeSet::new();
        for source in sources {
            let Some(path) = module_path(&source.path) else {
                continue;
            };
            let contents = imports::parse(&path, &source.text).map_err(|error| {
                let line = error.span().start().line;
                Failure::new(format!(
                    "{}:{line}: {error}; correct the syntax",
                    source.path
                ))
            })?;
            modules.references.extend(contents.references);
            for name in contents.names {
                let names = modules
                    .names
                    .entry(name.reference.within.clone())
                    .or_default();
                names.insert(name.name, name.reference);
            }
            tests.extend(contents.tests);
            modules.files.insert(path, source.path.clone());
        }
        let is_test = |path: &[String]| (1..=path.len()).any(|end| tests.contains(&path[..end]));
        modules.files.retain(|path, _| !is_test(path));
        modules
            .references
            .retain(|reference| !is_test(&reference.within));
        Ok(modules)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys()
    }

    /// The file of a module.
    pub(super) fn file(&self, path: &[String]) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// The uses of modules by other modules. An item is used where it is defined, whatever re-exports the
    /// path goes through. To re-export an item of a descendant is no use.
    pub(super) fn uses(&self) -> impl Iterator<Item = Use<'_>> {
        self.references.iter().filter_map(|reference| {
            let from = self.module_of(&reference.within)?;
            let path = self.definition(self.absolute(reference, 0)?);
            let to = self.module_of(&path)?;
            let own = reference.reexport && to.starts_with(from);
            let line = reference.line;
            (from != to && !own).then_some(Use { from, to, line })
        })
    }

    /// The path from the root of the crate, if it leads into the crate.
    fn absolute(&self, reference: &Reference, depth: usize) -> Option<Path> {
        let (first, rest) = reference.segments.split_first()?;
        let mut path = match first.as_str() {
            "crate" => Path::new(),
            "self" => reference.within.clone(),
            "super" => parent(&reference.within)?,
            name => {
                let mut child = reference.within.clone();
                child.push(name.to_owned());
                if !self.files.contains_key(&child) {
                    let names = self.names.get(&reference.within)?;
                    let named = names.get(name).filter(|named| *named != reference)?;
                    if rest.is_empty() || depth > MAX_REEXPORTS {
                        return None;
                    }
                    child = self.absolute(named, depth + 1)?;
                }
                child
            }
        };
        for segment in rest {
            if segment == "super" {
                path = parent(&path)?;
            } else {
                path.push(segment.clone());
            }
        }
        Some(path)
    }

    /// The path of the item's definition: follows the re-exports on the way.
    fn definition(&self, mut path: Path) -> Path {
        for _ in 0..MAX_REEXPORTS {
            let target = (0..path.len()).find_map(|at| {
                if self.files.contains_key(&path[..=at]) {
                    return None;
                }
                let named = self.names.get(&path[..at])?.get(&path[at])?;
                let mut target = self.absolute(named, 0)?;
                target.extend_from_slice(&path[at + 1..]);
                Some(target)
            });
            match target {
                Some(target) if target != path => path = target,
                _ => break,
            }
        }
        path
    }

    /// The innermost module on the path that is a file.
    fn module_of(&self, path: &[String]) -> Option<&Path> {
        let mut ends = (0..=path.len()).rev();
        ends.find_map(|end| Some(self.files.get_key_value(&path[..end])?.0))
    }
}

/// `crates/a/src/b/c.rs` is `b::c`. `None` for other folders of the crate and for folders of tests.
fn module_path(file: &str) -> Option<Path> {
    let mut parts = file.strip_suffix(".rs")?.split('/').skip(2);
    if parts.next()? != "src" {
        return None;
    }
    let path: Path = parts.map(str::to_owned).collect();
    match path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["lib" | "main"] => Some(Path::new()),
        ref parts if parts.contains(&"tests") => None,
        _ => Some(path),
    }
}

fn parent(path: &[String]) -> Option<Path> {
    path.split_last().map(|(_, parent)| parent.to_vec())
}

/// The path as it is written in Rust.
pub(super) fn show(path: &[String]) -> String {
    match path {
        [] => "crate".to_owned(),
        path => path.join("::"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(files: &[(&str, &str)]) -> Vec<String> {
        let modules = Modules::of(files);
        let uses = modules.uses();
        let show = |used: Use<'_>| format!("{}:{} {}", show(used.from), used.line, show(used.to));
        let mut uses: Vec<_> = uses.map(show).collect();
        uses.dedup();
        uses
    }

    #[test]
    fn paths_lead_to_modules() {
        let files = [
            ("lib", "mod a; mod b;"),
            ("a", "mod c;\nuse crate::b::B;\nuse std::fmt;"),
            (
                "a/c",
                "use super::super::b;\nfn f() { super::g(); b::h(); }",
            ),
            ("b", ""),
        ];
        assert_eq!(uses(&files), ["a:2 b", "a::c:1 b", "a::c:2 a", "a::c:2 b"]);
    }

    #[test]
    fn inline_modules_belong_to_their_file() {
        let files = [
            ("lib", ""),
            ("a", "mod sealed { use super::A; use crate::b::B; }"),
            ("b", ""),
        ];
        assert_eq!(uses(&files), ["a:1 b"]);
    }

    #[test]
    fn reexports_are_followed() {
        let files = [
            ("lib", "pub use self::a::B;"),
            (
                "a",
                "pub(crate) use self::b::Inner as B;\nuse self::b::Other;",
            ),
            ("a/b", ""),
            ("d", "use crate::B;"),
        ];
        assert_eq!(uses(&files), ["a:2 a::b", "d:1 a::b"]);
    }

    #[test]
    fn tests_are_left_out() {
        let files = [
            ("lib", ""),
            ("a", "#[cfg(test)] mod fixture; #[cfg(test)] mod tests;"),
            ("a/fixture", "use crate::b::B;"),
            ("a/tests", "use crate::b::B;"),
            ("a/tests/more", "use crate::b::B;"),
            ("b", ""),
        ];
        assert_eq!(uses(&files), [""; 0]);
    }

    impl Modules {
        /// The modules of a crate with these files below `src`.
        pub(in crate::test::structure) fn of(files: &[(&str, &str)]) -> Self {
            let source =
                |(path, text): &(&str, &str)| Source::new(&format!("crates/x/src/{path}.rs"), text);
            let sources: Vec<_> = files.iter().map(source).collect();
            Self::parse(&sources).unwrap()
        }
    }
}
