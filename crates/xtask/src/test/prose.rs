//! Checks the words of documents, comments, messages and names of tests.

mod allowed;
mod comments;
mod markdown;
mod messages;
mod rules;
mod sentences;
mod subjects;

use self::allowed::Allowed;
use self::sentences::Sentence;
use super::documents;
use super::findings::{self, Finding};
use crate::failure::Failure;
use crate::project::Project;
use crate::sources::{self, Source};

/// The maximum number of words in a sentence. Authors aim at 25.
const MAX_WORDS: usize = 35;

/// Checks the prose of the workspace and the subjects of new commits.
///
/// # Errors
/// With every phrase that is to be replaced, its place and the remedy.
pub(super) fn check(project: &Project) -> Result<(), Failure> {
    let root = &project.root;
    let mut sources = documents::all(root)?;
    sources.extend(sources::below(root, "", "rs")?);
    let mut findings = check_sources(&sources)?;
    findings.extend(subjects::check(root));
    findings::none(findings)
}

fn check_sources(sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let mut allowed = Allowed::default();
    for source in sources {
        for sentence in sentences(source)? {
            findings.extend(too_long(&source.path, &sentence));
            for hit in rules::hits(&sentence) {
                if !allowed.covers(&source.path, &sentence) {
                    let text = format!("\"{}\": {}", hit.phrase, hit.remedy);
                    findings.push(Finding::new(&source.path, hit.line, text));
                }
            }
        }
    }
    findings.extend(allowed.unused());
    Ok(findings)
}

fn too_long(path: &str, sentence: &Sentence) -> Option<Finding> {
    let words = sentence.words.len();
    let line = sentence.words.first()?.line;
    (words > MAX_WORDS).then(|| {
        let text =
            format!("a sentence of {words} words, at most {MAX_WORDS} are allowed; split it");
        Finding::new(path, line, text)
    })
}

/// The sentences of a document, or of the comments, messages and names of tests of a Rust file.
fn sentences(source: &Source) -> Result<Vec<Sentence>, Failure> {
    if source.path.ends_with(".md") {
        return Ok(markdown::sentences(source.text.lines().zip(1..)));
    }
    let mut sentences = comments::sentences(&source.text);
    let messages = messages::sentences(&source.text).map_err(|error| {
        let line = error.span().start().line;
        Failure::new(format!(
            "{}:{line}: {error}; correct the syntax",
            source.path
        ))
    })?;
    sentences.extend(messages);
    Ok(sentences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_is_reported() {
        let document = |words| Source::new("docs/A.md", &"word ".repeat(words));
        assert_eq!(check_sources(&[document(MAX_WORDS)]).unwrap(), []);
        let findings = check_sources(&[document(MAX_WORDS + 1)]).unwrap();
        assert!(
            findings[0]
                .to_string()
                .starts_with("docs/A.md:1: a sentence of 36 words")
        );
    }

    #[test]
    fn a_phrase_is_reported_with_its_line_and_remedy() {
        let document = Source::new("docs/A.md", "# A\n\nA client\nthat is told nothing.\n");
        let code = Source::new(
            "crates/a/src/b.rs",
            "fn f() {\n    panic!(\"nobody is in there\");\n}\n",
        );
        let findings = check_sources(&[document, code]).unwrap();
        let texts: Vec<_> = findings.iter().map(Finding::to_string).collect();
        let [told, nobody, ..] = &texts[..] else {
            panic!("two findings: {texts:?}");
        };
        assert!(told.starts_with("docs/A.md:4: \"told\": write "), "{told}");
        assert!(
            nobody.starts_with("crates/a/src/b.rs:2: \"nobody\": "),
            "{nobody}"
        );
    }
}
