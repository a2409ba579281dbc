//! Server programs, such as the examples.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A running server program. It listens on the port in the variable `PORT` and prints a line that ends with its
/// address, as the examples do. Dropping this kills the program.
#[derive(Debug)]
pub struct Program {
    process: Process,
    addr: SocketAddr,
    // Kept open, because the program may print more.
    _output: BufReader<ChildStdout>,
}

/// A process that is killed on drop.
#[derive(Debug)]
struct Process(Child);

impl Program {
    /// Starts the program on a free port and waits until it prints its address. In a test of the package the path is
    /// `env!("CARGO_BIN_EXE_name")`.
    #[must_use]
    pub fn start(path: &str) -> Self {
        Self::start_with(path, &[])
    }

    /// Starts the program as [`start`](Self::start) does, with these environment variables.
    #[must_use]
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
                    process,
                    addr,
                    _output,
                };
            }
        }
    }

    /// Sends `SIGTERM` to the program.
    pub fn terminate(&self) {
        let id = self.process.0.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status();
        assert!(
            sent.as_ref().is_ok_and(ExitStatus::success),
            "`kill -TERM {id}` has failed: {sent:?}"
        );
    }

    /// Waits until the program has ended, and returns its exit status.
    pub fn wait(&mut self) -> ExitStatus {
        match self.process.0.wait() {
            Ok(status) => status,
            Err(error) => panic!("the program cannot be awaited: {error}"),
        }
    }

    /// Returns the address of the program.
    #[must_use]
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
    fn the_address_is_read_from_the_output() {
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
