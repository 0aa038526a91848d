//! The demo's temporary folder, programs and companion.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::demo::package;

/// A folder with a store, a cache and a companion that nobody else uses.
pub(super) struct Workshop {
    folder: TempDir,
    programs: PathBuf,
    own: PathBuf,
    keep: bool,
    /// How many commands make may run at a time.
    pub(super) jobs: usize,
}

impl Workshop {
    /// Sets everything up, or says what is missing on this machine.
    pub(super) fn new(jobs: usize, keep: bool) -> Result<Self> {
        needs("make", "--version")?;
        needs(COMPILER, "--version")?;
        let own = std::env::current_exe().context("where specctl is")?;
        let programs = own.parent().context("where specctl is")?.to_owned();
        build_shim(&programs)?;
        let folder =
            tempfile::Builder::new().prefix("spec-cc-demo-").tempdir().context("a temporary folder")?;
        Ok(Self { folder, programs, own, keep, jobs })
    }

    /// The temporary folder.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the package is built, the same each time: compilers write paths into objects.
    pub(super) fn tree(&self) -> PathBuf {
        self.path().join(package::NAME)
    }

    /// A `specctl` command on the demo's own store, cache and companion.
    pub(super) fn specctl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.own);
        command.args(arguments).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("SPEC_CC_") || name.starts_with("RECC_") {
                command.env_remove(&*name);
            }
        }
        for name in ["STORE", "CACHE", "SOCKET"] {
            command.env(format!("SPEC_CC_{name}"), self.path().join(name.to_lowercase()));
        }
        // Only the machine's own settings are left.
        command.env("XDG_CONFIG_HOME", self.path().join("config"));
        command.env("SPEC_CC_COMPILER", COMPILER);
        let before = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&before));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
    }

    /// What a `specctl` command prints.
    pub(super) fn ask(&self, arguments: &[&str]) -> Result<String> {
        let output = self.specctl(arguments).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The JSON that a `specctl` command prints.
    pub(super) fn ask_json(&self, arguments: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.ask(arguments)?)?)
    }

    /// Writes the last session as a page and as a picture, for whoever keeps the folder.
    pub(super) fn write_reports(&self) -> Result<()> {
        for (kind, name) in [(None, "report.html"), (Some("--svg"), "timeline.svg")] {
            let file = self.path().join(name);
            let file = file.to_string_lossy();
            let words = ["report", "--output", &*file].into_iter().chain(kind);
            self.ask(&words.collect::<Vec<_>>())?;
        }
        Ok(())
    }

    /// Ends the companion and removes the folder; returns it when it is to be kept.
    pub(super) fn close(self) -> Option<PathBuf> {
        // A companion that is not there, or does not hear, ends by itself.
        let _ = self.ask(&["stop"]);
        self.keep.then(|| self.folder.keep())
    }
}

/// The plain compiler, which is also the one behind spec-cc.
pub(super) const COMPILER: &str = "cc";

fn needs(program: &str, argument: &str) -> Result<()> {
    let status = Command::new(program).arg(argument).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => bail!("`{program} {argument}` fails ({status})"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("no {program} on PATH; the demo needs make and a C compiler")
        }
        Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
    }
}

/// Has cargo build spec-cc and its tracer beside specctl, where `cargo run` started us: it builds specctl alone.
fn build_shim(programs: &Path) -> Result<()> {
    let project = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    if let (Some(cargo), Some(project)) = (std::env::var_os("CARGO"), project)
        && project.join("shim/Cargo.toml").exists()
        && let Some(target) = programs.ancestors().nth(2)
    {
        let profile = match programs.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let status = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package",
                "spec-cc-shim",
                "--package",
                "spec-cc-tracer",
                "--profile",
                profile,
                "--target-dir",
            ])
            .arg(target)
            .current_dir(project)
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("cargo cannot build spec-cc");
        }
    }
    if !programs.join("spec-cc").exists() {
        bail!("no spec-cc beside specctl, in {}", programs.display());
    }
    Ok(())
}
