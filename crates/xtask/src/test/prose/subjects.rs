//! The subjects of commits.

use std::path::Path;

use crate::command::{program, read};
use crate::test::findings::Finding;

/// The branch whose commits are not checked any more.
const BASE: &str = "origin/main";
/// The maximum length of a subject.
const MAX_COLUMNS: usize = 72;

/// Finds long subjects among the commits that are not on [`BASE`]. Without that branch, as in a copy
/// without history, there is nothing to check.
pub(super) fn check(root: &Path) -> Vec<Finding> {
    let range = format!("{BASE}..HEAD");
    let log = ["log", "--no-merges", "--format=%h %s", &range, "--"];
    let log = read(program("git").args(log).current_dir(root)).unwrap_or_default();
    log.lines().filter_map(finding).collect()
}

fn finding(line: &str) -> Option<Finding> {
    let (commit, subject) = line.split_once(' ')?;
    let columns = subject.chars().count();
    (columns > MAX_COLUMNS).then(|| {
        let text = format!(
            "the subject has {columns} columns, at most {MAX_COLUMNS} are allowed; shorten it with `git rebase \
             --interactive`, and state the reason in the body"
        );
        Finding::new(commit, 0, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_subjects_are_found() {
        assert_eq!(finding(&format!("abc {}", "x".repeat(72))), None);
        let long = finding(&format!("abc {}", "x".repeat(73))).unwrap();
        assert!(
            long.to_string()
                .starts_with("abc: the subject has 73 columns")
        );
    }
}
