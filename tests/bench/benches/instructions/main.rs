//! Counts the instructions of the hot paths, as `docs/PERFORMANCE.md` describes.
//!
//! `cargo bench` compares the counts with `tests/bench/benches/instructions.txt` and fails if one has
//! increased.

#![expect(
    unused_qualifications,
    reason = "the macros of gungraun write paths in full"
)]

mod broadcast;
mod catalogue;
mod connections;
mod decode;
mod encode;
mod events;
mod line;
mod polling;
mod rooms;
mod tally;
mod verdict;
mod world;

use std::env;
use std::process::ExitCode;
use std::time::SystemTime;

/// The benchmarks. The runner of gungraun runs this program once for each of them.
mod counting {
    use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, main};

    use crate::broadcast::broadcast;
    use crate::connections::connections;
    use crate::decode::decode;
    use crate::encode::encode;
    use crate::events::events;
    use crate::polling::polling;
    use crate::rooms::rooms;

    main!(
        config = LibraryBenchmarkConfig::default()
            .tool(Callgrind::with_args(["--cache-sim=no"]).format([EventKind::Ir]));
        library_benchmark_groups = decode, encode, events, broadcast, rooms, polling, connections
    );

    pub(crate) fn run() {
        main();
    }
}

fn main() -> ExitCode {
    let start = SystemTime::now();
    let mut arguments = env::args().skip(1);
    let is_counted = arguments.any(|argument| argument == "--gungraun-run");
    counting::run();
    // Cargo passes `--bench`. Without it, as in tests, each benchmark runs once without counting.
    let mut arguments = env::args().skip(1);
    if is_counted || !arguments.any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let all = env::args().skip(1).all(|argument| argument == "--bench");
    match verdict::give(start, all) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}
