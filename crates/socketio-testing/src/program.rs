//! Programs that serve, such as the examples.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A program that serves on the port that `PORT` names and prints a line that ends with its address, as the examples
/// do. It is ended when this is dropped.
#[derive(Debug)]
pub struct Program {
    _process: Process,
    addr: SocketAddr,
    // Kept open, for the program may go on printing.
    _output: BufReader<ChildStdout>,
}

/// A process that ends with this, whatever becomes of who started it.
#[derive(Debug)]
struct Process(Child);

impl Program {
    /// Starts the program on a free port of its own choice and waits until it says where it is. For a test of a
    /// package the path is `env!("CARGO_BIN_EXE_name")`.
    pub fn start(path: &str) -> Self {
        Self::start_with(path, &[])
    }

    /// As [`start`](Self::start), with these variables in its environment.
    pub fn start_with(path: &str, variables: &[(&str, &str)]) -> Self {
        Self::spawn(Command::new(path).envs(variables.iter().copied()))
    }

    fn spawn(command: &mut Command) -> Self {
        let spawned = command
            .env("PORT", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = match spawned {
            Ok(child) => Process(child),
            Err(error) => panic!("{command:?} does not start: {error}"),
        };
        let Some(output) = process.0.stdout.take() else {
            panic!("{command:?} has no output");
        };
        let mut output = BufReader::new(output);
        let mut line = String::new();
        loop {
            line.clear();
            let read = output.read_line(&mut line);
            assert!(
                matches!(read, Ok(1..)),
                "{command:?} has not said where it serves: {read:?}"
            );
            let Some((_, addr)) = line.trim_end().rsplit_once("http://") else {
                continue;
            };
            if let Ok(addr) = addr.parse() {
                let _output = output;
                return Self {
                    _process: process,
                    addr,
                    _output,
                };
            }
        }
    }

    /// Where it serves.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_the_program_prints() {
        let script = "echo starting; echo \"Things at http://127.0.0.1:4$PORT\"; sleep 60";
        let program = start_shell(script);
        assert_eq!(program.addr(), "127.0.0.1:40".parse().expect("an address"));
    }

    #[test]
    #[should_panic(expected = "has not said where it serves")]
    fn a_program_that_ends_fails_the_test() {
        start_shell("echo no");
    }

    fn start_shell(script: &str) -> Program {
        Program::spawn(Command::new("sh").args(["-c", script]))
    }
}
