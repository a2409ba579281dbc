//! What figures depend on beside the code.

use std::fs;
use std::process::Command;

/// The compiler, the C library, valgrind and the processor, as far as they change what is executed: functions for memory
/// and for compression choose their instructions by the processor.
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
    fn the_compiler_is_told() {
        let environment = environment();
        assert!(environment.starts_with("rustc 1."), "{environment}");
        assert_eq!(first_line("no-such-program", &[]), "no no-such-program");
    }
}
