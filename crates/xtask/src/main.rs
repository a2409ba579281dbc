//! The commands of this repository; `cargo xtask` lists them.

mod bench;
mod command;
mod demo;
mod failure;
mod install;
mod project;
mod sources;
mod test;

use std::process::ExitCode;

use crate::failure::Failure;

const USAGE: &str = "\
cargo xtask demo     runs the chat example
cargo xtask check    checks format, structure, prose and documents in seconds
cargo xtask test     installs what is missing, then checks and tests everything
cargo xtask bench    compares the performance with other servers

  bench --rounds N   rounds; each measures every server once (5)
        --quick      short windows, for trying out
        --only A,B   some scenarios: ack bin broadcast connect echo polling rooms
        --scale      costs by number of connections, instead of the comparison
        --build      CPU time to build the smallest server, instead of the comparison
        --write      writes the tables to docs/PERFORMANCE.md";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("bench") => bench::run(arguments),
        Some("check") => no_more(arguments).and_then(|()| test::check()),
        Some("demo") => no_more(arguments).and_then(|()| demo::run()),
        Some("test") => no_more(arguments).and_then(|()| test::run()),
        None | Some("-h" | "--help" | "help") => {
            println!("{USAGE}");
            Ok(())
        }
        Some(other) => Err(Failure::new(format!(
            "unknown command `{other}`\n\n{USAGE}"
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nxtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn no_more(mut arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    match arguments.next() {
        Some(other) => Err(Failure::new(format!(
            "unknown argument `{other}`\n\n{USAGE}"
        ))),
        None => Ok(()),
    }
}
