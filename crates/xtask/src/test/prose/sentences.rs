//! Text as sentences of words.

/// Tokens with a full stop that do not end a sentence.
const ABBREVIATIONS: [&str; 4] = ["e.g.", "i.e.", "vs.", "cf."];

/// A word, without the punctuation around it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Word {
    /// In lower case; code is the word `x`.
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) is_capitalized: bool,
    /// The comma, semicolon or colon before the word, or a blank.
    pub(super) before: char,
}

/// The words up to a full stop, a question mark or the end of a paragraph.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Sentence {
    pub(super) words: Vec<Word>,
    pub(super) is_question: bool,
}

impl Sentence {
    /// The words with blanks between them.
    pub(super) fn text(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

/// Splits a paragraph into sentences.
pub(super) fn split<'a>(lines: impl IntoIterator<Item = (&'a str, usize)>) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut sentence = Sentence::default();
    let mut within_code = false;
    let mut before = ' ';
    for (line, number) in lines {
        let line = without_code(line, &mut within_code);
        for token in line.split_whitespace() {
            let is_code_or_word = |letter: char| letter.is_alphanumeric() || letter == '`';
            let core = token.trim_matches(|letter| !is_code_or_word(letter));
            let end = token
                .trim_end_matches([')', ']', '"', '*', '_', '”', '»'])
                .chars()
                .last();
            if !core.is_empty() && !core.contains("://") {
                sentence.words.push(Word {
                    text: core.to_lowercase(),
                    line: number,
                    is_capitalized: core.starts_with(char::is_uppercase),
                    before,
                });
            }
            before = end.filter(|end| ",;:".contains(*end)).unwrap_or(' ');
            let ends = matches!(end, Some('.' | '?' | '!')) && !ABBREVIATIONS.contains(&token);
            if ends && !sentence.words.is_empty() {
                sentence.is_question = end == Some('?');
                sentences.push(std::mem::take(&mut sentence));
            }
        }
    }
    if !sentence.words.is_empty() {
        sentences.push(sentence);
    }
    sentences
}

/// Puts an `x` for code between backquotes, and drops the targets of links.
fn without_code(line: &str, within_code: &mut bool) -> String {
    let mut text = String::with_capacity(line.len());
    for (index, part) in line.split('`').enumerate() {
        if index > 0 {
            if *within_code {
                text.push('x');
            }
            *within_code = !*within_code;
        }
        if !*within_code {
            text.push_str(part);
        }
    }
    while let Some(start) = text.find("](") {
        let end = text[start..]
            .find(')')
            .map_or(text.len(), |end| start + end + 1);
        text.replace_range(start + 1..end, "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text.lines().zip(1..))
            .iter()
            .map(Sentence::text)
            .collect()
    }

    #[test]
    fn sentences_end_with_punctuation() {
        let text = "The client, e.g. a browser, sends\n(4.0). Does it? [The `X`\n`y z`](a/b.md) ends.\nhttps://who.example";
        let expected = [
            "the client e.g a browser sends 4.0",
            "does it",
            "the x x ends",
        ];
        assert_eq!(texts(text), expected);
    }

    #[test]
    fn words_know_their_line_and_the_punctuation_before_them() {
        let [sentence] = &split("One, two:\nThree?".lines().zip(7..))[..] else {
            panic!("one sentence");
        };
        assert!(sentence.is_question);
        let word = |text: &str, line, is_capitalized, before| Word {
            text: text.to_owned(),
            line,
            is_capitalized,
            before,
        };
        let expected = [
            word("one", 7, true, ' '),
            word("two", 7, false, ','),
            word("three", 8, true, ':'),
        ];
        assert_eq!(sentence.words, expected);
    }
}
