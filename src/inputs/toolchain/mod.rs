//! Toolchain: which compiler this is, down to the bytes of all that runs.

mod answers;
mod ask;
mod builtin;
mod clang;
mod inspection;
mod tool;
mod version;
mod watch;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::answers::{Answers, Wait};
use self::ask::Surroundings;
use self::inspection::Inspection;
use self::watch::Watch;
use super::digest::Digest;
use super::files::Files;
use super::snapshot::Snapshot;

pub use crate::command::Family;
pub use ask::Env;
pub use builtin::Builtin;
pub use clang::crtbegin;
pub use tool::Tools;

/// A compiler that is known.
#[derive(Debug)]
pub struct Toolchain {
    /// Which compiler's options it takes.
    pub family: Family,
    /// The first line of `--version`.
    pub version: String,
    /// Over the contents of every program that runs and every library they load.
    pub fingerprint: Digest,
    /// Whether `-Wa,--MD,FILE` lists the files that `.incbin` and `.include` read (GNU as, "Invoking", `--MD`).
    pub assembler_depfile: bool,
    watch: Watch,
}

/// Why a compiler is not known; the command is then to be run as it is, and its result not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ToolchainError {
    /// It is not known yet; whoever asks later will be told.
    #[error("{} is still being identified", program.display())]
    Busy {
        /// The program asked about.
        program: PathBuf,
    },
    /// It is none of the compilers that are understood, or hides what it runs.
    #[error("{} is not a compiler that can be identified: {reason}", program.display())]
    Unknown {
        /// The program asked about.
        program: PathBuf,
        /// In a few words.
        reason: String,
    },
    /// It could not be run.
    #[error("cannot run {}", program.display())]
    Run {
        /// The program that was to run.
        program: PathBuf,
        /// As the system says.
        source: Arc<io::Error>,
    },
    /// One of its files could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// As the system says.
        source: Arc<io::Error>,
    },
}

impl ToolchainError {
    fn unknown(program: &Path, reason: impl Into<String>) -> Self {
        Self::Unknown { program: program.to_owned(), reason: reason.into() }
    }

    fn run(program: &Path, source: io::Error) -> Self {
        Self::Run { program: program.to_owned(), source: Arc::new(source) }
    }

    fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source: Arc::new(source) }
    }
}

/// The compilers identified so far; shared between threads.
#[derive(Debug)]
pub struct Toolchains {
    files: Arc<Files>,
    known: Answers<(PathBuf, Surroundings), Toolchain>,
    builtins: Arc<Answers<builtin::Key, Builtin>>,
    /// The programs that were looked into.
    pub tools: Arc<Tools>,
}

impl Toolchains {
    /// None known yet.
    pub fn new(files: Arc<Files>) -> Self {
        Self { files, known: Answers::default(), builtins: Arc::default(), tools: Arc::default() }
    }

    /// The compiler at an absolute path, as it is now, when started with an environment.
    ///
    /// Runs it a few times when it is new or has changed; costs a `stat(2)` for each of its files otherwise.
    pub fn identify(&self, compiler: &Path, env: Env<'_>) -> Result<Arc<Toolchain>, ToolchainError> {
        self.identify_in(compiler, env, &mut Snapshot::new(&self.files))
    }

    /// As [`identify`](Self::identify), with the files as they are in a snapshot.
    pub fn identify_in(
        &self,
        compiler: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        self.identified(compiler, env, snapshot, Wait::ToTheEnd)
    }

    /// As [`identify_in`](Self::identify_in), and [`ToolchainError::Busy`] where that takes longer than `most`: it goes on beside.
    pub fn identify_within(
        &self,
        most: Duration,
        compiler: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        self.identified(compiler, env, snapshot, Wait::AtMost(most))
    }

    fn identified(
        &self,
        compiler: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
        wait: Wait,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        let key = (compiler.to_owned(), Surroundings::of(env));
        let (files, builtins) = (Arc::clone(&self.files), Arc::clone(&self.builtins));
        let tools = Arc::clone(&self.tools);
        let ask = move |(compiler, around): &(PathBuf, Surroundings)| {
            let mut snapshot = Snapshot::new(&files);
            let toolchain = Inspection::new(compiler, around, &mut snapshot, &tools).toolchain()?;
            // What changed in it, its specs say, may change its directories.
            builtins.clear();
            Ok(toolchain)
        };
        self.known.get((&key, compiler), wait, &mut |toolchain| toolchain.unchanged(snapshot), ask)
    }

    /// The compiler's own header directories in its order, absolute or relative to `cwd` as it prints them.
    ///
    /// `key_args` are the arguments that may change them, `-x LANGUAGE` among them; without that it is the driver's own
    /// language. Variables that add directories (`CPATH` and its like) have no part in it.
    pub fn builtin_dirs(
        &self,
        compiler: &Path,
        key_args: &[String],
        cwd: &Path,
        env: Env<'_>,
    ) -> Result<Arc<[String]>, ToolchainError> {
        let builtin = self.builtin_in(compiler, key_args, cwd, env, &mut Snapshot::new(&self.files))?;
        Ok(Arc::clone(&builtin.dirs))
    }

    /// All that a compiler says of itself there, with the files as they are in a snapshot. Arguments as above.
    pub fn builtin_in(
        &self,
        compiler: &Path,
        key_args: &[String],
        cwd: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Builtin>, ToolchainError> {
        let key = builtin::Key::new(compiler, key_args, cwd, Surroundings::of(env));
        let (files, cwd) = (Arc::clone(&self.files), cwd.to_owned());
        let ask = move |key: &builtin::Key| Builtin::ask(key, &cwd, &mut Snapshot::new(&files));
        let mut holds = |builtin: &Builtin| builtin.watch.holds(snapshot);
        self.builtins.get((&key, compiler), Wait::ToTheEnd, &mut holds, ask)
    }
}

impl Toolchain {
    /// Whether `__DATE__` and `__TIME__` are what `SOURCE_DATE_EPOCH` says.
    pub fn honours_source_date_epoch(&self) -> bool {
        version::honours_source_date_epoch(self.family, &self.version)
    }

    /// Whether all its files are the same still: a `stat(2)` each.
    pub fn unchanged(&self, snapshot: &mut Snapshot<'_>) -> bool {
        self.watch.holds(snapshot)
    }
}
