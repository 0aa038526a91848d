//! Toolchain: which compiler this is, down to the bytes of all programs that it runs. See `docs/rooms/toolchain.md`.

mod answers;
mod ask;
mod builtin;
mod clang;
mod error;
mod identity;
mod inspection;
mod tool;
mod version;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::inputs::files::Files;
use crate::inputs::snapshot::Snapshot;
use answers::{Answers, Wait};
use ask::Surroundings;
use inspection::Inspection;

pub use crate::command::Family;
pub use ask::Env;
pub use builtin::Builtin;
pub use clang::crtbegin;
pub use error::ToolchainError;
pub use identity::Toolchain;
pub use tool::Tools;

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
