//! Checks that the items and tests that the documents refer to exist.

use std::path::Path;

use super::documents;
use super::findings::{self, Finding};
use crate::failure::Failure;
use crate::project::Project;

/// The address of the documentation of published crates.
const DOCS: &str = "https://docs.rs/";

/// The heading of the last column of a table that refers to tests.
const SHOWN_BY: &str = "shown by";

/// The folders of the tests whose file is not named with its full path.
const TESTS: [&str; 3] = [
    "tests/e2e/tests",
    "crates/socketio/tests",
    "crates/engineio/tests",
];

/// Checks the documents against the sources, and against the documentation in the target folder.
///
/// # Errors
/// With every item and test that does not exist.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let documentation = project.target.join("doc");
    let mut findings = Vec::new();
    for document in documents::all(&project.root)? {
        for (number, line) in (1..).zip(document.text.lines()) {
            let missing = items(line).filter(|item| !item.is_in(&documentation));
            findings.extend(missing.map(|item| {
                let text = format!(
                    "{DOCS}{} does not exist; link to its present name",
                    item.link
                );
                Finding::new(&document.path, number, text)
            }));
        }
        findings.extend(missing_tests(&project.root, &document.path, &document.text));
    }
    findings::none(findings)
}

/// A link to the documentation of an item.
struct Item<'a> {
    /// The part after [`DOCS`].
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
    /// Whether the documentation in this folder has the item. Links to other versions than the latest,
    /// as those of dependencies, are not checked.
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

fn missing_tests(root: &Path, path: &str, text: &str) -> Vec<Finding> {
    let missing = tests(text).filter(|test| !test.is_in(root));
    missing
        .map(|test| {
            let text = format!(
                "the test {}::{} does not exist; write its present name",
                test.file, test.name
            );
            Finding::new(path, test.line, text)
        })
        .collect()
}

/// A test, as the documents name it: with its file below one of [`TESTS`], as
/// `wire_http::the_server_answers_a_polling_handshake` and `semantics/rooms::…`, or with the full
/// path, as `crates/socketio/src/handler::…`.
struct Test<'a> {
    file: &'a str,
    name: &'a str,
    line: usize,
}

/// The tests between backquotes in the last column of the tables that are headed [`SHOWN_BY`].
fn tests(text: &str) -> impl Iterator<Item = Test<'_>> {
    let mut within = false;
    let cells = (1..).zip(text.lines()).filter_map(move |(number, line)| {
        let row = line.trim_end().strip_suffix('|').unwrap_or_default();
        let cell = row.rsplit('|').next().unwrap_or_default().trim();
        // A table ends with the first line that is none of its rows.
        within = line.starts_with('|') && (within || cell == SHOWN_BY);
        within.then_some((number, cell))
    });
    let codes = cells.flat_map(|(number, cell)| {
        let codes = cell.split('`').skip(1).step_by(2);
        codes.map(move |code| (number, code))
    });
    codes.filter_map(|(line, code)| {
        let (file, name) = code.split_once("::")?;
        let is_name = |name: &str| {
            let plain =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            !name.is_empty() && name.bytes().all(plain)
        };
        (file.split('/').all(|part| is_name(&part.replace('-', "_"))) && is_name(name))
            .then_some(Test { file, name, line })
    })
}

impl Test<'_> {
    fn is_in(&self, root: &Path) -> bool {
        let folders: &[&str] = match self.file.split('/').next() {
            Some("crates" | "examples" | "tests") => &[""],
            _ => &TESTS,
        };
        let function = format!("fn {}(", self.name);
        folders.iter().any(|folder| {
            let file = root.join(folder).join(self.file).with_extension("rs");
            std::fs::read_to_string(file).is_ok_and(|source| source.contains(&function))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo xtask test` checks the items too, after it has built the documentation.
    #[test]
    fn the_tests_in_the_documents_exist() {
        let root = Project::load().unwrap().root;
        let documents = documents::all(&root).unwrap();
        assert!(documents.len() > 10);
        let missing = documents
            .iter()
            .flat_map(|document| missing_tests(&root, &document.path, &document.text));
        findings::none(missing.collect()).unwrap();
    }

    #[test]
    fn a_missing_test_is_reported_with_its_line() {
        let root = Project::load().unwrap().root;
        let missing = |text| missing_tests(&root, "A.md", text);
        let present = "| a | shown by |\n|---|---|\n\
                       | x | `wire_http::the_server_answers_a_polling_handshake`, `crates/xtask/src/project::the_workspace_is_loaded` |\n";
        assert_eq!(missing(present), []);
        let absent = "| shown by |\n| `wire_http::no_such_test`, `nowhere::a_test` |\n";
        let finding = |test| {
            let text = format!("the test {test} does not exist; write its present name");
            Finding::new("A.md", 2, text)
        };
        assert_eq!(
            missing(absent),
            [
                finding("wire_http::no_such_test"),
                finding("nowhere::a_test")
            ]
        );
        // Neither other columns nor paths of Rust nor other tables name tests.
        let others =
            "| a | shown by |\n| `x::y` | `std::sync::Arc`, `Socket::emit` |\n\n| `x::y` |";
        assert_eq!(missing(others), []);
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
