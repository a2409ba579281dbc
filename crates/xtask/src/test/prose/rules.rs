//! The phrases that are not used, and the remedy for each.

use super::sentences::{Sentence, Word};

/// A phrase that is not used.
///
/// The words of the phrase follow each other in a sentence; a word may have several forms (`a|b`).
/// `^` before the first word means that the sentence, or its part after a colon, begins with it, and
/// `,` that a comma stands before it.
struct Rule {
    phrase: &'static str,
    remedy: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        phrase: "who|whoever|whom|whomever|somebody|nobody|everybody",
        remedy: "name the actor: client, session, socket, caller, handler, user",
    },
    Rule {
        phrase: "those that|who|which",
        remedy: "repeat the noun",
    },
    Rule {
        phrase: "of its|their own",
        remedy: "write `its own` before the noun, or `separate`",
    },
    Rule {
        phrase: "anew|lest|likewise|shall|thereupon|whereupon",
        remedy: "write again, so that … not, also, must, then",
    },
    Rule {
        phrase: "tell|tells|told",
        remedy: "write return, report, notify, state or show",
    },
    Rule {
        phrase: "let|lets it|them|others|him|go|in",
        remedy: "write allow, release, admit, or name the action",
    },
    Rule {
        phrase: "is|are meant",
        remedy: "write is, or name the target",
    },
    Rule {
        phrase: "means everybody|every",
        remedy: "write targets or selects",
    },
    Rule {
        phrase: "means the sockets",
        remedy: "write targets or selects",
    },
    Rule {
        phrase: ",for it|they|he|nobody|there|this|that",
        remedy: "write because",
    },
    Rule {
        phrase: "^what",
        remedy: "begin with a noun, or with a verb that states what a function does",
    },
    Rule {
        phrase: "is over",
        remedy: "write closed, ended or complete",
    },
    Rule {
        phrase: "has|have gone",
        remedy: "write closed, disconnected or removed",
    },
    Rule {
        phrase: "so many",
        remedy: "state the number",
    },
    Rule {
        phrase: "stead",
        remedy: "write instead of",
    },
];

/// A phrase that was found.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) phrase: String,
    pub(super) line: usize,
    pub(super) remedy: &'static str,
}

/// Finds the phrases in a sentence.
pub(super) fn hits(sentence: &Sentence) -> impl Iterator<Item = Hit> + '_ {
    (0..sentence.words.len()).flat_map(move |at| {
        RULES.iter().filter_map(move |rule| {
            let length = rule.matches(sentence, at)?;
            let words = &sentence.words[at..at + length];
            let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
            Some(Hit {
                phrase: texts.join(" "),
                line: words.first()?.line,
                remedy: rule.remedy,
            })
        })
    })
}

impl Rule {
    /// The number of words of the phrase, if the sentence has it at this word.
    fn matches(&self, sentence: &Sentence, at: usize) -> Option<usize> {
        let first = sentence.words.get(at)?;
        let phrase = if let Some(phrase) = self.phrase.strip_prefix('^') {
            if sentence.is_question || !begins(first, at) {
                return None;
            }
            phrase
        } else if let Some(phrase) = self.phrase.strip_prefix(',') {
            if first.before != ',' {
                return None;
            }
            phrase
        } else {
            self.phrase
        };
        let mut length = 0;
        for forms in phrase.split(' ') {
            let word = sentence.words.get(at + length)?;
            if !forms.split('|').any(|form| form == word.text) {
                return None;
            }
            length += 1;
        }
        Some(length)
    }
}

/// Whether the word begins a sentence, or the part of it after a colon. A fragment that begins with a
/// small letter, as in a table, is none.
fn begins(word: &Word, at: usize) -> bool {
    word.is_capitalized && (at == 0 || word.before == ':')
}

#[cfg(test)]
mod tests {
    use super::super::sentences::split;
    use super::*;

    fn phrases(text: &str) -> Vec<String> {
        let sentences = split([(text, 1)]);
        sentences
            .iter()
            .flat_map(hits)
            .map(|hit| hit.phrase)
            .collect()
    }

    #[test]
    fn phrases_are_found_in_any_form() {
        assert_eq!(phrases("Whoever waits is told."), ["whoever", "told"]);
        assert_eq!(
            phrases("It keeps those which have a lock of their own."),
            ["those which", "of their own"]
        );
        assert_eq!(
            phrases("It ends, for nobody reads."),
            ["for nobody", "nobody"]
        );
        assert_eq!(
            phrases("What it sends. So: What it gets."),
            ["what", "what"]
        );
    }

    #[test]
    fn other_uses_of_the_words_are_allowed() {
        assert!(
            phrases("The session, for which its own task waits, returns what it has.").is_empty()
        );
        assert!(phrases("What does a broadcast cost? Look for it. `who` is code.").is_empty());
    }

    #[test]
    fn each_rule_matches_its_own_phrase() {
        for rule in RULES {
            let phrase = rule.phrase.trim_start_matches(['^', ',']);
            let first_forms = phrase
                .split(' ')
                .map(|forms| forms.split('|').next().unwrap());
            let text = first_forms.collect::<Vec<_>>().join(" ");
            let text = match rule.phrase.chars().next() {
                Some('^') => text.replacen('w', "W", 1),
                Some(',') => format!("x, {text}"),
                _ => text,
            };
            assert!(
                phrases(&text).contains(&text.trim_start_matches("x, ").to_lowercase()),
                "{text}"
            );
        }
    }
}
