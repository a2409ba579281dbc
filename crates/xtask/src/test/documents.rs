//! Checks the lines and local links of the Markdown documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::findings::{self, Finding};
use crate::failure::Failure;
use crate::project::Project;
use crate::sources::{self, Source};

/// The maximum length of a line outside of code and tables.
const MAX_COLUMNS: usize = 120;
/// Documents that are copied word by word.
const LICENSES: &str = "docs/LICENSE";
/// A link to a chapter of the guide, as rustdoc writes it, and the folder of the chapters.
const GUIDE: (&str, &str) = ("crate::guide::", "crates/socketio/src/docs");

/// Reads all documents: READMEs, chapters of the guide, and those in `docs`.
///
/// # Errors
/// If one cannot be read.
pub(super) fn all(root: &Path) -> Result<Vec<Source>, Failure> {
    let mut documents = sources::below(root, "", "md")?;
    documents.retain(|document| !document.path.starts_with(LICENSES));
    Ok(documents)
}

/// Checks all documents.
///
/// # Errors
/// With every long line, and every link to a file or heading that does not exist.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let documents = all(&project.root)?;
    let exists = |path: &str| project.root.join(path).exists();
    findings::none(check_documents(&documents, exists))
}

fn check_documents(documents: &[Source], exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let headings: BTreeMap<_, _> = documents
        .iter()
        .map(|document| (document.path.as_str(), anchors(&document.text)))
        .collect();
    let mut findings = Vec::new();
    for document in documents {
        for (line, text) in prose(&document.text) {
            let columns = text.chars().count();
            let can_break = text.trim_start().contains(' ');
            if columns > MAX_COLUMNS && can_break && !text.starts_with('|') {
                let text = format!(
                    "{columns} columns, at most {MAX_COLUMNS} are allowed; break the line after a sentence or clause"
                );
                findings.push(Finding::new(&document.path, line, text));
            }
            for link in links(text) {
                let (path, anchor) = target(&document.path, link);
                let missing = if !exists(&path) {
                    Some(format!(
                        "the link to `{link}` leads to no file; correct its path"
                    ))
                } else if headings
                    .get(path.as_str())
                    .is_some_and(|known| !anchor.is_empty() && !known.contains(anchor))
                {
                    Some(format!(
                        "`{path}` has no heading `#{anchor}`; correct the link"
                    ))
                } else {
                    None
                };
                findings.extend(missing.map(|text| Finding::new(&document.path, line, text)));
            }
        }
    }
    findings
}

/// The lines outside of code blocks, with their numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut within_code = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let is_fence = line.trim_start().starts_with("```");
        within_code ^= is_fence;
        !within_code && !is_fence
    })
}

/// The targets of the links to files and headings of the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let inline = line
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let definition = line
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    let definition = definition.map(|(_, target)| target.trim());
    inline.chain(definition).filter(|link| {
        let is_item = link.contains("::") && !link.starts_with(GUIDE.0);
        let is_name = !link.contains(['/', '.', '#', ':']);
        !link.contains("://") && !link.starts_with("mailto:") && !is_item && !is_name
    })
}

/// The path from the root of the repository, and the heading.
fn target<'a>(document: &str, link: &'a str) -> (String, &'a str) {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    if path.is_empty() {
        return (document.to_owned(), anchor);
    }
    if let Some(chapter) = path.strip_prefix(GUIDE.0) {
        return (format!("{}/{chapter}.md", GUIDE.1), anchor);
    }
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    (parts.join("/"), anchor)
}

/// The anchors of the headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let anchor = heading.trim().to_lowercase().replace(' ', "-");
        let anchor = anchor.replace(
            |letter: char| !letter.is_alphanumeric() && !"-_".contains(letter),
            "",
        );
        let mut unique = anchor.clone();
        let mut number = 0;
        while !anchors.insert(unique.clone()) {
            number += 1;
            unique = format!("{anchor}-{number}");
        }
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(path: &str, text: &str) -> Vec<String> {
        let documents = [
            Source::new(path, text),
            Source::new("docs/B.md", "# `b`, and *more*!\n## Twice\n## Twice\n"),
            Source::new("crates/socketio/src/docs/rooms.md", "# Joining a room\n"),
        ];
        let exists =
            |path: &str| path == "docs" || documents.iter().any(|document| document.path == path);
        check_documents(&documents, exists)
            .iter()
            .map(Finding::to_string)
            .collect()
    }

    #[test]
    fn long_lines_are_found() {
        let long = "word ".repeat(25);
        let text = format!(
            "{long}\n| {long} |\n```\n{long}\n```\nhttps://{}\n",
            "x".repeat(130)
        );
        let [finding] = &texts("docs/A.md", &text)[..] else {
            panic!("one finding");
        };
        assert!(finding.starts_with("docs/A.md:1: 125 columns"), "{finding}");
    }

    #[test]
    fn links_lead_to_files_and_headings() {
        let present = "# Here\n[a](#here) [b](B.md#b-and-more) [c](B.md#twice-1) [d](../docs) [e](https://x.org/#y)\n\
                       [f](crate::guide::rooms#joining-a-room) [g](crate::Socket) [h](method)\n[i]: B.md\n";
        assert_eq!(texts("docs/A.md", present), [""; 0]);
        let missing =
            "[a](#there)\n[b](B.md#c)\n[d](../B.md)\n[f](crate::guide::rooms#leaving)\n[i]: C.md\n";
        let expected = [
            "docs/A.md:1: `docs/A.md` has no heading `#there`; correct the link",
            "docs/A.md:2: `docs/B.md` has no heading `#c`; correct the link",
            "docs/A.md:3: the link to `../B.md` leads to no file; correct its path",
            "docs/A.md:4: `crates/socketio/src/docs/rooms.md` has no heading `#leaving`; correct the link",
            "docs/A.md:5: the link to `C.md` leads to no file; correct its path",
        ];
        assert_eq!(texts("docs/A.md", missing), expected);
    }
}
