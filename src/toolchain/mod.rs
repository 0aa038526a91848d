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

use crate::inputs::files::Files;
use crate::inputs::snapshot::Snapshot;
use answers::{Answers, Wait};
use ask::Surroundings;
use inspection::{Driver, Inspection, Verdict};

pub use crate::command::Family;
pub use ask::Env;
pub use builtin::Builtin;
pub use clang::crtbegin;
pub use error::ToolchainError;
pub use identity::Toolchain;
pub use tool::Tools;

/// A compiler, and the variables by which it finds what it runs.
type Key = (PathBuf, Surroundings);

/// The compilers identified so far; shared between threads.
#[derive(Debug)]
pub struct Toolchains {
    files: Arc<Files>,
    drivers: Arc<Answers<Key, Driver>>,
    known: Answers<Key, Verdict>,
    builtins: Arc<Answers<builtin::Key, Builtin>>,
    /// The programs that were looked into.
    pub tools: Arc<Tools>,
}

impl Toolchains {
    /// None known yet.
    pub fn new(files: Arc<Files>) -> Self {
        Self {
            files,
            drivers: Arc::default(),
            known: Answers::default(),
            builtins: Arc::default(),
            tools: Arc::default(),
        }
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
        self.identified((compiler.to_owned(), Surroundings::of(env)), snapshot, Wait::ToTheEnd)
    }

    /// As [`identify_in`](Self::identify_in), and [`ToolchainError::Busy`] once `patient` is false while that goes on: it is called
    /// now and then, and when it is false from the first, nothing is waited for.
    pub fn identify_while(
        &self,
        patient: &mut dyn FnMut() -> bool,
        compiler: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        self.identified((compiler.to_owned(), Surroundings::of(env)), snapshot, Wait::While(patient))
    }

    /// Which compiler's options it takes; known long before the compiler is.
    pub fn family(
        &self,
        compiler: &Path,
        env: Env<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Family, ToolchainError> {
        let key = (compiler.to_owned(), Surroundings::of(env));
        driver(&self.drivers, &key, (&self.files, &self.tools), snapshot).map(|driver| driver.family)
    }

    fn identified(
        &self,
        key: Key,
        snapshot: &mut Snapshot<'_>,
        wait: Wait<'_>,
    ) -> Result<Arc<Toolchain>, ToolchainError> {
        let (files, builtins) = (Arc::clone(&self.files), Arc::clone(&self.builtins));
        let (tools, drivers) = (Arc::clone(&self.tools), Arc::clone(&self.drivers));
        let ask = move |key: &Key| {
            let mut snapshot = Snapshot::new(&files);
            let driver = driver(&drivers, key, (&files, &tools), &mut snapshot)?;
            let verdict = Inspection::new(&key.0, &key.1, &mut snapshot, &tools).verdict(&driver)?;
            // What changed in it, its specs say, may change its directories.
            builtins.clear();
            Ok(verdict)
        };
        let verdict = self.known.get(&key, wait, &mut |verdict| verdict.holds(snapshot), ask);
        match &*verdict.ok_or(ToolchainError::Busy { program: key.0 })?? {
            Verdict::Known(toolchain) => Ok(Arc::clone(toolchain)),
            Verdict::Unknown(error, _) => Err(error.clone()),
        }
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
        let answered = self.builtins.get(&key, Wait::ToTheEnd, &mut holds, ask);
        answered.ok_or_else(|| ToolchainError::Busy { program: compiler.to_owned() })?
    }
}

/// The program that a compiler's name stands for, as it is now.
fn driver(
    drivers: &Answers<Key, Driver>,
    key: &Key,
    (files, tools): (&Arc<Files>, &Arc<Tools>),
    snapshot: &mut Snapshot<'_>,
) -> Result<Arc<Driver>, ToolchainError> {
    let (files, tools) = (Arc::clone(files), Arc::clone(tools));
    let ask = move |(compiler, around): &Key| {
        Inspection::new(compiler, around, &mut Snapshot::new(&files), &tools).driver()
    };
    let answered = drivers.get(key, Wait::ToTheEnd, &mut |driver| driver.watch.holds(snapshot), ask);
    answered.ok_or_else(|| ToolchainError::Busy { program: key.0.clone() })?
}
