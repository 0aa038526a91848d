//! Ask: runs a compiler with harmless options and reads what it says about itself.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use crate::toolchain::error::ToolchainError;

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
#[derive(Clone)]
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
            .map_err(|source| ToolchainError::run(program, source))?;
        Ok(Answer {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            success: output.status.success(),
        })
    }
}

/// A program and one argument.
type Question = (PathBuf, OsString);

/// A conversation with a compiler's programs, in which several can be asked at a time.
pub(super) struct Talk<'a> {
    around: &'a Surroundings,
    /// What was asked ahead.
    said: HashMap<Question, Result<Answer, ToolchainError>>,
}

impl<'a> Talk<'a> {
    /// Nothing is said yet.
    pub(super) fn new(around: &'a Surroundings) -> Self {
        Self { around, said: HashMap::new() }
    }

    /// Asks all of these now, each in a thread of its own; what they say is there when it is asked for.
    pub(super) fn ahead(&mut self, questions: impl IntoIterator<Item = Question>) {
        let questions: Vec<_> = questions.into_iter().collect();
        let around = self.around;
        self.said.extend(at_once(questions, |question| {
            let said = around.run(&question.0, [&question.1], Path::new("/"));
            (question, said)
        }));
    }

    /// What a program says to one argument.
    pub(super) fn hear(&self, program: &Path, question: &OsStr) -> Result<Answer, ToolchainError> {
        let said = self.said.get(&(program.to_owned(), question.to_owned()));
        said.cloned().unwrap_or_else(|| self.around.run(program, [question], Path::new("/")))
    }

    /// What a program prints to a question, trimmed; its failure is an error.
    pub(super) fn ask(&self, program: &Path, question: &str) -> Result<String, ToolchainError> {
        let answer = self.hear(program, question.as_ref())?;
        if !answer.success {
            return Err(ToolchainError::run(program, io::Error::other(format!("{question} fails"))));
        }
        Ok(answer.stdout.trim().to_owned())
    }
}

/// Does `work` on each, all at the same time as far as there is room for threads; the results in any order.
pub(super) fn at_once<T: Send + Clone, R: Send>(parts: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let started: Vec<_> = parts
            .into_iter()
            .map(|part| {
                let mine = part.clone();
                let work = &work;
                thread::Builder::new().spawn_scoped(scope, move || work(part)).map_err(|_| mine)
            })
            .collect();
        let end = |started: Result<thread::ScopedJoinHandle<'_, R>, T>| match started {
            Ok(thread) => thread.join().ok(),
            Err(part) => Some(work(part)),
        };
        started.into_iter().filter_map(end).collect()
    })
}
