//! Modules of a crate do not use each other in a cycle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::imports::Path;
use super::modules::{Modules, show};
use crate::test::findings::Finding;

/// The uses of each module, with the first line of each.
type Graph<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, usize>>;

/// Finds a shortest cycle for each group of modules that use each other.
pub(super) fn check(modules: &Modules) -> Vec<Finding> {
    let mut graph = Graph::new();
    for used in modules.uses() {
        let lines = graph.entry(used.from).or_default();
        let line = lines.entry(used.to).or_insert(used.line);
        *line = used.line.min(*line);
    }
    let mut findings = Vec::new();
    let mut reported = BTreeSet::new();
    for start in modules.paths() {
        if reported.contains(start) {
            continue;
        }
        let Some(cycle) = shortest_cycle(&graph, start) else {
            continue;
        };
        let steps: Vec<_> = cycle
            .windows(2)
            .map(|step| {
                let line = graph.get(step[0]).and_then(|uses| uses.get(step[1]));
                let line = line.copied().unwrap_or_default();
                format!(
                    "\n  {}:{line}: `{}` uses `{}`",
                    modules.file(step[0]),
                    show(step[0]),
                    show(step[1])
                )
            })
            .collect();
        let text = format!(
            "modules use each other in a cycle; move the part that both need into a lower module:{}",
            steps.concat()
        );
        findings.push(Finding::new(modules.file(start), 0, text));
        reported.extend(cycle);
    }
    findings
}

/// The modules from `start` back to `start`, both included.
fn shortest_cycle<'a>(graph: &Graph<'a>, start: &'a Path) -> Option<Vec<&'a Path>> {
    let mut reached_from = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(module) = queue.pop_front() {
        for (&next, _) in graph.get(module).into_iter().flatten() {
            if next == start {
                let mut cycle = vec![start, module];
                while let Some(&before) = cycle.last().and_then(|module| reached_from.get(module)) {
                    cycle.push(before);
                }
                cycle.reverse();
                if module == start {
                    return Some(vec![start, start]);
                }
                return Some(cycle);
            }
            if !reached_from.contains_key(next) {
                reached_from.insert(next, module);
                queue.push_back(next);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_reported_once_with_its_lines() {
        let files = [
            ("lib", ""),
            ("a", "\nuse crate::b::B;"),
            ("b", "use crate::c::C;"),
            ("c", "use crate::a::A;\nuse crate::d::D;"),
            ("d", ""),
        ];
        let findings = check(&Modules::of(&files));
        let expected = "crates/x/src/a.rs: modules use each other in a cycle; move the part that both need into a \
                        lower module:\n  crates/x/src/a.rs:2: `a` uses `b`\n  crates/x/src/b.rs:1: `b` uses `c`\n  \
                        crates/x/src/c.rs:1: `c` uses `a`";
        assert_eq!(
            findings.iter().map(Finding::to_string).collect::<Vec<_>>(),
            [expected]
        );
    }

    #[test]
    fn a_parent_and_its_child_may_not_use_each_other() {
        let child = ("a/b", "use super::A;");
        let private = [("lib", ""), ("a", "use self::b::B;"), child];
        assert_eq!(check(&Modules::of(&private)).len(), 1);
        let reexport = [("lib", ""), ("a", "pub use self::b::B;"), child];
        assert!(check(&Modules::of(&reexport)).is_empty());
    }
}
