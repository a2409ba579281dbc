//! The paragraphs of Markdown.

use super::sentences::{self, Sentence};

/// The sentences of paragraphs, headings, list items and cells of tables. Of code only the comments.
pub(super) fn sentences<'a>(lines: impl IntoIterator<Item = (&'a str, usize)>) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut paragraph = Vec::new();
    let mut within_code = false;
    let mut end = |paragraph: &mut Vec<_>| found.extend(sentences::split(paragraph.drain(..)));
    for (line, number) in lines {
        let text = line.trim();
        if text.starts_with("```") {
            within_code = !within_code;
            end(&mut paragraph);
            continue;
        }
        if within_code {
            match text.strip_prefix("//") {
                Some(comment) => paragraph.push((comment, number)),
                None => end(&mut paragraph),
            }
            continue;
        }
        let item = list_item(text);
        let is_alone = text.starts_with(['#', '|']);
        if text.is_empty() || is_alone || item.is_some() || is_definition(text) {
            end(&mut paragraph);
        }
        if text.starts_with('|') {
            for cell in text.split('|') {
                paragraph.push((cell, number));
                end(&mut paragraph);
            }
        } else if !is_definition(text) {
            paragraph.push((item.unwrap_or(text), number));
            if is_alone {
                end(&mut paragraph);
            }
        }
    }
    end(&mut paragraph);
    found
}

/// The text of a list item without its mark.
fn list_item(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let rest = if rest.len() < text.len() {
        rest.strip_prefix(". ")
    } else {
        rest.strip_prefix("- ").or_else(|| rest.strip_prefix("* "))
    };
    rest.map(str::trim_start)
}

/// Whether the line is the target of a link (`[name]: target`) or a comment of HTML.
fn is_definition(text: &str) -> bool {
    text.starts_with("<!--") || text.starts_with('[') && text.contains("]: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_headings_items_and_cells_are_separate() {
        let text = "# A head\na paragraph\nof two lines\n- one\n- two\n  lines\n1. three\n\n| a | b |\n|---|---|\n\
                    [x]: https://example.org\n<!-- mark -->\n```\ncode\n// a\n// comment\ncode\n```\nend";
        let texts: Vec<_> = sentences(text.lines().zip(1..))
            .iter()
            .map(Sentence::text)
            .collect();
        let expected = [
            "a head",
            "a paragraph of two lines",
            "one",
            "two lines",
            "three",
            "a",
            "b",
            "a comment",
            "end",
        ];
        assert_eq!(texts, expected);
    }
}
