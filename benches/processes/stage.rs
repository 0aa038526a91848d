//! A stage: sources, and a store, a cache and a companion of the bench's own, so that nothing of the user's is touched.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A folder with all that is compiled and kept; dropping it stops the companion.
pub(crate) struct Stage {
    folder: TempDir,
    programs: PathBuf,
}

impl Stage {
    /// A new one; an error when the shim or the tracer was not built beside `specctl`.
    pub(crate) fn new() -> Result<Self> {
        let programs =
            Path::new(env!("CARGO_BIN_EXE_specctl")).parent().context("specctl is in no folder")?;
        for program in ["spec-cc", "spec-cc-trace"].map(|name| programs.join(name)) {
            ensure!(program.exists(), "{} is missing: cargo build --release --workspace", program.display());
        }
        let folder = tempfile::Builder::new().prefix("spec-cc-bench-").tempdir()?;
        Ok(Self { folder, programs: programs.to_owned() })
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a source.
    pub(crate) fn source(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.path(name), text)?)
    }

    /// The program that a command line names, run in the folder, quietly; variables may stand before it as in a shell.
    pub(crate) fn command(&self, words: &str) -> Command {
        let variables: Vec<_> = words.split_whitespace().map_while(|word| word.split_once('=')).collect();
        let mut words = words.split_whitespace().skip(variables.len());
        let mut command = Command::new(match words.next().unwrap_or("true") {
            ours @ ("spec-cc" | "spec-cc-trace" | "specctl") => self.programs.join(ours),
            other => PathBuf::from(other),
        });
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        self.enter(&mut command);
        command.envs(variables);
        command
    }

    fn enter(&self, command: &mut Command) {
        let ours = |name: &OsStr| {
            let name = name.to_string_lossy();
            ["SPEC_CC_", "RECC_", "CCACHE_"].iter().any(|start| name.starts_with(start))
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        for (name, place) in [
            ("SPEC_CC_STORE", "store"),
            ("SPEC_CC_CACHE", "cache"),
            ("SPEC_CC_SOCKET", "socket"),
            ("CCACHE_DIR", "ccache"),
        ] {
            command.env(name, self.path(place));
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Without a companion there is nothing to stop.
        let _ = self.command("specctl stop").status();
    }
}
