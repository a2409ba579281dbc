//! Sentences that need a phrase which is not used elsewhere.

use super::sentences::Sentence;
use crate::test::findings::Finding;

/// The file of this table, as the findings name it.
const TABLE: &str = "crates/xtask/src/test/prose/allowed.rs";

/// The file and the words around the phrase, in lower case and without punctuation. Code is `x`.
const ALLOWED: &[(&str, &str)] = &[];

/// The entries of the table that were needed.
#[derive(Debug)]
pub(super) struct Allowed {
    needed: Vec<bool>,
}

impl Default for Allowed {
    fn default() -> Self {
        Self {
            needed: vec![false; ALLOWED.len()],
        }
    }
}

impl Allowed {
    /// Whether the table has this sentence.
    pub(super) fn covers(&mut self, path: &str, sentence: &Sentence) -> bool {
        let text = sentence.text();
        let mut covers = false;
        for ((file, words), needed) in ALLOWED.iter().zip(&mut self.needed) {
            if *file == path && text.contains(words) {
                *needed = true;
                covers = true;
            }
        }
        covers
    }

    /// The entries for sentences that are no longer there.
    pub(super) fn unused(&self) -> Vec<Finding> {
        let entries = ALLOWED.iter().zip(&self.needed);
        let unused = entries.filter(|(_, needed)| !**needed);
        unused
            .map(|((file, words), _)| {
                let text = format!("{file} does not contain \"{words}\"; remove the entry");
                Finding::new(TABLE, 0, text)
            })
            .collect()
    }
}
