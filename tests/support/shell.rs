//! Running a command to its end, with what it wrote.
use std::path::Path;
use std::process::{Command, Output};

/// Runs `command` and returns what it wrote; panics with its output unless it succeeds.
pub(crate) fn succeed(command: &mut Command) -> Output {
    ended_well(command).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `command` and returns what it wrote, or, unless it succeeds, a text with its output.
pub(crate) fn ended_well(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let (stdout, stderr) = (tail(&output.stdout), tail(&output.stderr));
    Err(format!("{command:?} ended with {}\n{stdout}\n{stderr}", output.status))
}

/// A shell about to run `script` in `folder`; the script stops at its first failing command.
///
/// Nothing of the surrounding make or compiler cache reaches it.
pub(crate) fn sh(folder: &Path, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-ec", script]);
    quiet(&mut command, folder);
    command
}

/// Puts `command` into `folder` and takes away what would make one build differ from another.
pub(crate) fn quiet(command: &mut Command, folder: &Path) {
    command.current_dir(folder).env("LC_ALL", "C.UTF-8");
    for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS"] {
        command.env_remove(name);
    }
    // cargo lets its tests see the libraries of the toolchain, which no compiler of C should load.
    command.env_remove("LD_LIBRARY_PATH");
}

/// The end of a log, short enough to read in a test's failure.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let from = text.len().saturating_sub(6000);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(from);
    text[from..].to_owned()
}
