//! Ask: runs a compiler with harmless options and reads what it says about itself.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use super::ToolchainError;

/// The variables by which a driver finds its programs and specs (GCC manual, "Environment Variables") and libraries
/// (`ld.so(8)`).
pub(super) const VARIABLES: [&str; 5] =
    ["PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX", "LIBRARY_PATH", "LD_LIBRARY_PATH"];

/// A way to look up variables of the compile's environment.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The values of [`VARIABLES`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Surroundings([Option<OsString>; VARIABLES.len()]);

/// What a program printed.
pub(super) struct Answer {
    pub stdout: String,
    pub stderr: String,
    pub success: bool,
}

impl Surroundings {
    pub(super) fn of(env: Env<'_>) -> Self {
        Self(VARIABLES.map(env))
    }

    /// One of [`VARIABLES`]; empty when it is not set.
    pub(super) fn get(&self, name: &str) -> &OsStr {
        let at = VARIABLES.iter().position(|variable| *variable == name);
        at.and_then(|at| self.0[at].as_deref()).unwrap_or_default()
    }

    /// Runs a program in these surroundings and no others, in English, without input.
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
        cwd: &Path,
    ) -> Result<Answer, ToolchainError> {
        let set =
            VARIABLES.into_iter().zip(&self.0).filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let output = Command::new(program)
            .args(args)
            .env_clear()
            .envs(set)
            .env("LC_ALL", "C")
            .current_dir(cwd)
            .stdin(Stdio::null())
            .output()
            .map_err(|source| ToolchainError::Run { program: program.to_owned(), source })?;
        Ok(Answer {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        })
    }

    /// What a program prints to a question, trimmed; its failure is an error.
    pub(super) fn ask(&self, program: &Path, question: &str) -> Result<String, ToolchainError> {
        let answer = self.run(program, [question], Path::new("/"))?;
        if !answer.success {
            return Err(ToolchainError::unknown(program, format!("it does not answer {question}")));
        }
        Ok(answer.stdout.trim().to_owned())
    }
}
