//! Runs other programs without input.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// Creates a command without input.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::null());
    command
}

/// Creates a command of the cargo that runs this program.
pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs a command with its output on the terminal.
///
/// # Errors
/// If the program cannot be started or does not succeed.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let line = line(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(format!(
            "`{line}` failed: {status}; see its output above"
        ))),
        Err(error) => Err(Failure::new(format!(
            "`{line}` did not start: {error}; is it installed?"
        ))),
    }
}

/// Runs a command and returns its output.
///
/// # Errors
/// If the program cannot be started or does not succeed, with the end of its error output.
pub(crate) fn read(command: &mut Command) -> Result<String, Failure> {
    let line = line(command);
    let output = command.output();
    let output = output.map_err(|error| {
        Failure::new(format!("`{line}` did not start: {error}; is it installed?"))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let from = errors.len().saturating_sub(600);
    let tail = errors
        .get(errors.ceil_char_boundary(from)..)
        .unwrap_or_default();
    Err(Failure::new(format!(
        "`{line}` failed: {}\n{tail}",
        output.status
    )))
}

/// Returns whether a program with this name or path exists.
pub(crate) fn is_there(name: &str) -> bool {
    if name.contains('/') {
        return Path::new(name).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Returns the command line as typed in a shell.
pub(crate) fn line(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            let value = value.to_string_lossy();
            let quote = if value.contains(' ') { "'" } else { "" };
            let _ = write!(line, "{}={quote}{value}{quote} ", name.to_string_lossy());
        }
    }
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    line.push_str(&name.to_string_lossy());
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_typed_in_a_shell() {
        let mut command = program("/somewhere/bin/cargo");
        command
            .args(["doc", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            line(&command),
            "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps"
        );
    }

    #[test]
    fn programs_are_found_in_the_path() {
        assert!(is_there("sh"));
        assert!(!is_there("no-program-has-this-name"));
    }

    #[test]
    fn a_failure_shows_the_status_and_the_error_output() {
        let failure = read(program("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        assert!(
            failure.to_string().contains("exit status: 3\nwhy"),
            "{failure}"
        );
        assert!(run(program("sh").args(["-c", "exit 1"])).is_err());
        assert!(run(&mut program("no-program-has-this-name")).is_err());
    }
}
