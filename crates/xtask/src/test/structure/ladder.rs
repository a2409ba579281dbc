//! The top-level modules of a crate are the rungs of a ladder: each uses only those below it.
//!
//! To add a module, put it into the table. If an import then points upwards, move the item that both
//! modules need down, or let the upper module pass it in.

use std::collections::BTreeSet;

use super::modules::{Modules, show};
use crate::test::findings::Finding;

/// The file of this table, as the findings name it.
const TABLE: &str = "crates/xtask/src/test/structure/ladder.rs";

/// The top-level modules of a crate from top to bottom.
#[derive(Debug)]
pub(super) struct Ladder {
    /// The folder of the crate below `crates`.
    folder: &'static str,
    modules: &'static [&'static str],
}

const LADDERS: [Ladder; 2] = [
    Ladder {
        folder: "socketio",
        modules: &[
            "server",
            "client",
            "namespace",
            "registry",
            "handler",
            "extract",
            "context",
            "socket",
            "broadcast",
            "membership",
            "socket_state",
            "wire",
            "handshake",
            "error",
            "macros",
        ],
    },
    Ladder {
        folder: "engineio",
        modules: &[
            "fuzzing",
            "service",
            "open",
            "driver",
            "engine",
            "session",
            "transport",
            "config",
            "http",
            "log",
        ],
    },
];

/// The ladder of a crate, if it has one.
pub(super) fn of(folder: &str) -> Option<&'static Ladder> {
    LADDERS.iter().find(|ladder| ladder.folder == folder)
}

/// Finds modules that are not on the ladder, and uses of a module further up.
pub(super) fn check(modules: &Modules, ladder: &Ladder) -> Vec<Finding> {
    let rung = |name: &str| ladder.modules.iter().position(|module| *module == name);
    let mut findings = Vec::new();
    let present: BTreeSet<_> = modules.paths().filter_map(|path| path.first()).collect();
    for name in present.iter().filter(|name| rung(name).is_none()) {
        let text = format!(
            "`{name}` is not on the ladder of {}; insert it in {TABLE}",
            ladder.folder
        );
        findings.push(Finding::new(modules.file(&[name.to_string()]), 0, text));
    }
    for name in ladder.modules {
        if !present.contains(&(*name).to_owned()) {
            let text = format!(
                "{} has no module `{name}`; remove it from its ladder",
                ladder.folder
            );
            findings.push(Finding::new(TABLE, 0, text));
        }
    }
    for used in modules.uses() {
        let (Some(lower), Some(upper)) = (used.from.first(), used.to.first()) else {
            continue;
        };
        if let (Some(from), Some(to)) = (rung(lower), rung(upper))
            && to < from
        {
            let text = format!(
                "`{lower}` uses `{}`, but `{upper}` is above `{lower}`; move the item down, or let `{upper}` pass it in",
                show(used.to)
            );
            findings.push(Finding::new(modules.file(used.from), used.line, text));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: Ladder = Ladder {
        folder: "x",
        modules: &["upper", "lower"],
    };

    fn texts(files: &[(&str, &str)]) -> Vec<String> {
        let findings = check(&Modules::of(files), &LADDER);
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn imports_point_downwards() {
        let down = [
            ("lib", "pub use self::upper::A;"),
            ("upper", "use crate::lower::B;"),
            ("lower", ""),
        ];
        assert_eq!(texts(&down), [""; 0]);
        let up = "crates/x/src/lower/a.rs:2: `lower` uses `upper`, but `upper` is above `lower`; move the item down, \
                  or let `upper` pass it in";
        let written = [
            ("lib", ""),
            ("upper", ""),
            ("lower", ""),
            ("lower/a", "\nuse crate::upper::A;"),
        ];
        assert_eq!(texts(&written), [up]);
        let reexported = [
            ("lib", "pub use self::upper::A;"),
            ("upper", ""),
            ("lower", ""),
            ("lower/a", "\nfn f() -> crate::A {}"),
        ];
        assert_eq!(texts(&reexported), [up]);
    }

    #[test]
    fn every_module_is_on_the_ladder() {
        let files = [("lib", ""), ("upper", ""), ("other", "")];
        let expected = [
            format!(
                "crates/x/src/other.rs: `other` is not on the ladder of x; insert it in {TABLE}"
            ),
            format!("{TABLE}: x has no module `lower`; remove it from its ladder"),
        ];
        assert_eq!(texts(&files), expected);
    }
}
