//! A request: a command as the shim describes it.

use std::path::{Path, PathBuf};

use crate::base::variable::Variable;
use crate::cache::outcome::Outcome;
use crate::compile::site::Context;
use crate::settings::{Settings, SettingsError};

/// A compile as the shim describes it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The compiler's absolute path.
    pub compiler: PathBuf,
    /// The name that it is called by.
    pub argv0: String,
    /// The arguments.
    pub args: Vec<std::ffi::OsString>,
    /// The working directory, as the kernel names it.
    pub directory: PathBuf,
    /// The environment; entries that are not UTF-8 are left out.
    pub environment: Vec<Variable>,
    /// Whether its standard error is a terminal.
    pub terminal: bool,
    /// Whether its standard output and standard error go to different files.
    pub apart: bool,
}

impl Request {
    /// A variable of the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether these messages go to a terminal, or were made for one: its colours and links are in no stored text, nor wanted there.
    pub(crate) fn shows(&self, stderr: &[u8]) -> bool {
        self.terminal && !stderr.is_empty()
    }

    /// Why it cannot be served a result, if it cannot.
    pub(super) fn unfit_for(&self, outcome: &Outcome) -> Option<&'static str> {
        if self.shows(&outcome.stderr) {
            return Some("its messages go to a terminal");
        }
        let mixed = !self.apart && !outcome.stdout.is_empty() && !outcome.stderr.is_empty();
        mixed.then_some("nobody knows in which order it wrote to its two streams")
    }

    /// What decides on its action besides the command, below a project root: the files as they are.
    pub(crate) fn context<'a>(&'a self, root: &'a str) -> Context<'a> {
        Context { path: self.variable("PATH"), root, predicted: &[] }
    }

    /// The settings it was asked under.
    pub(crate) fn settings(&self) -> Result<Settings, SettingsError> {
        let environment = self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        Settings::read(environment, &self.directory)
    }

    /// The working directory as the compiler will record it: `$PWD`, which the shim tells of if it names the same folder
    /// (libiberty's `getpwd`, LLVM's `current_path`). `None` if it names another one here, or is not UTF-8.
    pub(crate) fn recorded_directory(&self) -> Option<String> {
        match self.variable("PWD") {
            Some(path) => is_same_folder(Path::new(path), &self.directory).then(|| path.to_owned()),
            None => self.directory.to_str().map(str::to_owned),
        }
    }
}

/// Whether both paths lead to one folder.
pub(crate) fn is_same_folder(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |path: &Path| std::fs::metadata(path).map(|there| (there.dev(), there.ino())).ok();
    place(one).is_some_and(|one| Some(one) == place(other))
}
