//! The comments of Rust source.

use super::markdown;
use super::sentences::Sentence;

/// A comment of one line, without its slashes.
#[derive(Debug, Eq, PartialEq)]
struct Comment<'a> {
    text: &'a str,
    line: usize,
    column: usize,
    /// `//`, `///` or `//!`.
    mark: &'a str,
}

/// The sentences of all comments that begin with `//`.
pub(super) fn sentences(source: &str) -> Vec<Sentence> {
    let comments = comments(source);
    // Comments below each other are one text.
    let texts = comments.chunk_by(|one, next| {
        next.line == one.line + 1 && next.column == one.column && next.mark == one.mark
    });
    texts
        .flat_map(|text| {
            markdown::sentences(text.iter().map(|comment| (comment.text, comment.line)))
        })
        .collect()
}

fn comments(source: &str) -> Vec<Comment<'_>> {
    let mut comments = Vec::new();
    let mut at = 0;
    let mut line = 1;
    let mut line_start = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let length = if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            let text = &rest[..length];
            let mark = ["//!", "///"]
                .into_iter()
                .find(|mark| text.starts_with(mark))
                .unwrap_or("//");
            comments.push(Comment {
                text: &text[mark.len()..],
                line,
                column: at - line_start,
                mark,
            });
            length
        } else {
            token_length(rest, source[..at].chars().next_back())
        };
        let token = &rest[..length];
        line += token.matches('\n').count();
        if let Some(newline) = token.rfind('\n') {
            line_start = at + newline + 1;
        }
        at += length;
    }
    comments
}

/// The length of a literal or a block comment at the beginning of `rest`, or else up to the next
/// letter with which one may begin.
fn token_length(rest: &str, before: Option<char>) -> usize {
    let letter = rest.chars().next().map_or(1, char::len_utf8);
    let in_name = before.is_some_and(|before| before.is_alphanumeric() || before == '_');
    if rest.starts_with("/*") {
        return rest.find("*/").map_or(rest.len(), |end| end + 2);
    }
    if let Some(string) = rest.strip_prefix('"') {
        return 1 + escaped_length(string, '"');
    }
    if let Some(raw) = rest
        .strip_prefix('r')
        .filter(|_| !in_name || before == Some('b'))
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            let start = 1 + hashes + 1;
            return rest[start..]
                .find(&close)
                .map_or(rest.len(), |end| start + end + close.len());
        }
    }
    if let Some(character) = rest.strip_prefix('\'') {
        let first = character.chars().next().map_or(0, char::len_utf8);
        // Otherwise a lifetime.
        if character.starts_with('\\')
            || character
                .get(first..)
                .is_some_and(|next| next.starts_with('\''))
        {
            return 1 + escaped_length(character, '\'');
        }
    }
    rest[letter..]
        .find(['/', '"', '\'', 'r'])
        .map_or(rest.len(), |next| letter + next)
}

/// The length of a literal after its opening quote, with the closing one.
fn escaped_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, letter)| {
        let ends = *letter == quote && !is_escaped;
        is_escaped = *letter == '\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |(index, _)| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<(usize, &str)> {
        let comments = comments(source).into_iter();
        comments
            .map(|comment| (comment.line, comment.text))
            .collect()
    }

    #[test]
    fn comments_are_distinguished_from_literals() {
        let source = "//! a\nlet b = \"// no \\\" // no\"; // c\nr#\"// no \" // no\"#; br\"//\"; '\"'; '\\''; /* // no\n */ \
                      fn f<'a>(d: &'a str) {} /// e\nfor\"// no\nno\"//f";
        assert_eq!(texts(source), [(1, " a"), (2, " c"), (4, " e"), (6, "f")]);
    }

    #[test]
    fn comments_below_each_other_are_one_text() {
        let source = "/// One\n/// sentence.\n// Another\nfn f() {} // and one more\n";
        let texts: Vec<_> = sentences(source).iter().map(Sentence::text).collect();
        assert_eq!(texts, ["one sentence", "another", "and one more"]);
    }
}
