//! What the documents refer to must be there: items of the library, tests, files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::project::Project;

/// Where the documentation of a published crate is, so that links work for those who read the documents elsewhere.
const DOCS: &str = "https://docs.rs/";

/// How the column of a table is headed that names tests.
const SHOWN_BY: &str = "shown by";

/// In which folder the tests are whose names do not say it.
const TESTS: &str = "tests/e2e/tests";

/// Checks the documents against the sources, and against the documentation that cargo has made.
///
/// # Errors
/// With everything that is missing.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let documentation = project.target.join("doc");
    let mut missing = BTreeSet::new();
    for document in documents(&project.root)? {
        let name = project.short(&document.path).display().to_string();
        let items = items(&document.text).filter(|item| !item.is_in(&documentation));
        missing.extend(items.map(|item| format!("{name}: {DOCS}{}", item.link)));
        let absent = absent_sources(&project.root, &document);
        missing.extend(absent.map(|what| format!("{name}: {what}")));
    }
    report(&missing)
}

fn report(missing: &BTreeSet<String>) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing
        .iter()
        .fold(String::new(), |list, line| format!("{list}\n  {line}"));
    Err(Failure::new(format!(
        "documents refer to what is not there; write what it is called now:{list}"
    )))
}

/// A document for people.
struct Document {
    path: PathBuf,
    text: String,
}

fn documents(root: &Path) -> Result<Vec<Document>, Failure> {
    let mut paths = vec![root.join("README.md")];
    for folder in ["docs", "examples/*", "tests/*", "crates/*"] {
        let (folder, all_below) = match folder.strip_suffix("/*") {
            Some(folder) => (root.join(folder), true),
            None => (root.join(folder), false),
        };
        for entry in entries(&folder)? {
            if all_below {
                paths.push(entry.join("README.md"));
            } else {
                paths.push(entry);
            }
        }
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "md") && path.is_file());
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Document { path, text }),
        Err(error) => Err(unreadable(&path, &error)),
    };
    paths.into_iter().map(read).collect()
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    paths
        .collect::<Result<_, _>>()
        .map_err(|error| unreadable(folder, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot read {}: {error}", path.display()))
}

/// A link to the documentation of an item.
struct Item<'a> {
    /// What follows [`DOCS`].
    link: &'a str,
}

fn items(text: &str) -> impl Iterator<Item = Item<'_>> {
    text.split(DOCS).skip(1).map(|rest| {
        let end = rest.find([')', '"', '>', ' ', '\n']).unwrap_or(rest.len());
        Item {
            link: rest.get(..end).unwrap_or(rest),
        }
    })
}

impl Item<'_> {
    /// Whether the documentation in this folder has the item. What it is not of this workspace is taken for granted.
    fn is_in(&self, documentation: &Path) -> bool {
        let mut parts = self.link.splitn(3, '/');
        let (Some(_), Some("latest"), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return true;
        };
        let (page, anchor) = rest.split_once('#').unwrap_or((rest, ""));
        let mut file = documentation.join(page);
        if page.ends_with('/') {
            file.push("index.html");
        }
        let Ok(html) = std::fs::read_to_string(file) else {
            return false;
        };
        anchor.is_empty() || html.contains(&format!("id=\"{anchor}\""))
    }
}

/// The tests and files that a document names and that are not there.
fn absent_sources<'a>(root: &'a Path, document: &'a Document) -> impl Iterator<Item = String> + 'a {
    let folder = document.path.parent().unwrap_or(root);
    let tests = tests(&document.text).filter(|test| !test.is_in(root));
    let files = files(&document.text).filter(|file| !folder.join(file).exists());
    let tests = tests.map(|test| format!("the test {}::{}", test.file, test.name));
    tests.chain(files.map(|file| format!("the file {file}")))
}

/// A test, as the documents name it: `wire_http::a_polling_handshake`, `semantics/rooms::…`, or with its whole path
/// `crates/engineio/tests/engine/hooks::…`.
struct Test<'a> {
    file: &'a str,
    name: &'a str,
}

/// The tests that stand between backquotes in the last columns of the tables that are headed [`SHOWN_BY`].
fn tests(text: &str) -> impl Iterator<Item = Test<'_>> {
    let mut within = false;
    let cells = text.lines().filter_map(move |line| {
        let row = line.trim_end().strip_suffix('|').unwrap_or_default();
        let cell = row.rsplit('|').next().unwrap_or_default().trim();
        // A table ends with the first line that is none of its rows.
        within = line.starts_with('|') && (within || cell == SHOWN_BY);
        within.then_some(cell)
    });
    let codes = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    codes.filter_map(|code| {
        let (file, name) = code.split_once("::")?;
        let is_name = |name: &str| {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            !name.is_empty() && name.bytes().all(plain)
        };
        (file.split('/').all(|part| is_name(&part.replace('-', "_"))) && is_name(name))
            .then_some(Test { file, name })
    })
}

impl Test<'_> {
    fn is_in(&self, root: &Path) -> bool {
        let folder = match self.file.split('/').next() {
            Some("crates" | "examples" | "tests") => root.to_owned(),
            _ => root.join(TESTS),
        };
        let source = std::fs::read_to_string(folder.join(self.file).with_extension("rs"));
        source.is_ok_and(|source| source.contains(&format!("fn {}(", self.name)))
    }
}

/// The files that a document links to.
fn files(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#', '\n']).next()?;
        let is_file = !target.is_empty() && !target.contains("://") && !target.contains("::");
        is_file.then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items are checked by `cargo xtask test`, which makes the documentation.
    #[test]
    fn tests_and_files_that_the_documents_name_are_there() {
        let project = Project::load().unwrap();
        let documents = documents(&project.root).unwrap();
        assert!(documents.len() > 10);
        let absent = documents
            .iter()
            .flat_map(|document| absent_sources(&project.root, document));
        report(&absent.collect()).unwrap();
    }

    fn document(text: &str) -> Document {
        Document {
            path: Project::load().unwrap().root.join("README.md"),
            text: text.to_owned(),
        }
    }

    fn absent(text: &str) -> Vec<String> {
        let root = Project::load().unwrap().root;
        absent_sources(&root, &document(text)).collect()
    }

    #[test]
    fn what_is_not_there_is_named() {
        let present = "| a | shown by |\n|---|---|\n\
                       | x | `wire_http::a_polling_handshake`, `crates/xtask/src/project::this_workspace` |\n\
                       [a](docs/DESIGN.md), [b](docs/DESIGN.md#whom-is-it-for), [c](https://example.org), [d](#here)";
        assert_eq!(absent(present), Vec::<String>::new());
        let gone =
            "| shown by |\n| `wire_http::no_such_test`, `nowhere::a_test` |\n[a](docs/NOTHING.md)";
        let expected = [
            "the test wire_http::no_such_test",
            "the test nowhere::a_test",
            "the file docs/NOTHING.md",
        ];
        assert_eq!(absent(gone), expected);
        // Neither other columns, nor Rust's own paths, nor other tables name tests.
        let others =
            "| a | shown by |\n| `x::y` | `std::sync::Arc`, `Socket::emit` |\n\n| `x::y` |";
        assert_eq!(absent(others), Vec::<String>::new());
    }

    #[test]
    fn links_to_items_are_looked_up_in_the_documentation() {
        let folder = std::env::temp_dir().join(format!("references-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a")).unwrap();
        std::fs::write(folder.join("a/struct.B.html"), "<section id=\"method.c\">").unwrap();
        std::fs::write(folder.join("a/index.html"), "").unwrap();
        let found = |text: &str| {
            items(text)
                .map(|item| item.is_in(&folder))
                .collect::<Vec<_>>()
        };
        let text = "[c](https://docs.rs/a/latest/a/struct.B.html#method.c) \
                    [B](https://docs.rs/a/latest/a/struct.B.html) https://docs.rs/a/latest/a/ \
                    <https://docs.rs/other>";
        assert_eq!(found(text), [true; 4]);
        let text = "(https://docs.rs/a/latest/a/struct.B.html#method.d) (https://docs.rs/a/latest/a/struct.C.html)";
        assert_eq!(found(text), [false; 2]);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
