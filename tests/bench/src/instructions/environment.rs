//! The environment that instruction counts depend on.

use std::fs;
use std::process::Command;

/// Returns the versions of the compiler, the C library and valgrind, and the processor with its vector
/// instructions: memory and compression functions select their code by the processor.
#[must_use]
pub fn environment() -> String {
    let compiler = first_line("rustc", &["--version"]);
    let library = first_line("getconf", &["GNU_LIBC_VERSION"]);
    let valgrind = first_line("valgrind", &["--version"]);
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let vectors = if flags.split_whitespace().any(|flag| flag == "avx2") {
        " with AVX2"
    } else {
        ""
    };
    let processor = std::env::consts::ARCH;
    format!("{compiler}, {library}, {valgrind}, {processor}{vectors}")
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    );
    match text.lines().next() {
        Some(line) => line.trim().to_owned(),
        None => format!("no {program}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_contains_the_compiler() {
        let environment = environment();
        assert!(environment.starts_with("rustc 1."), "{environment}");
        assert_eq!(first_line("no-such-program", &[]), "no no-such-program");
    }
}
