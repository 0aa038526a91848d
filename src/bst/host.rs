//! BuildStream on the host: running `bst`, and where it keeps what.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::{fs, io};

/// Why `bst` did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// It cannot be run.
    #[error("cannot run {}: {source}", program.display())]
    Run {
        /// The program.
        program: PathBuf,
        /// As the system says.
        source: io::Error,
    },
    /// It failed.
    #[error("{command} ended with {status}; the end of its log:\n{log}")]
    Failed {
        /// What it was asked.
        command: String,
        /// Its exit status.
        status: ExitStatus,
        /// The last lines that it wrote.
        log: String,
    },
    /// A file of its configuration or cache.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A `bst` to run in the current folder's project.
#[derive(Debug, Clone)]
pub struct Host {
    /// The program; a bare name is looked for on `PATH`.
    pub program: PathBuf,
    /// The user's configuration, when it is not where BuildStream looks for it.
    pub config: Option<PathBuf>,
}

/// Lines of a log that are shown of a failure.
const SHOWN: usize = 30;

impl Host {
    /// Runs it, and returns what it wrote to standard output.
    pub fn run(&self, arguments: &[&str]) -> Result<String, HostError> {
        let mut command = Command::new(&self.program);
        command.args(["--no-interactive", "--no-colors"]).stdin(Stdio::null());
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        let output = command.args(arguments).output();
        let output = output.map_err(|source| HostError::Run { program: self.program.clone(), source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let written = [output.stdout, output.stderr].concat();
        let written = String::from_utf8_lossy(&written);
        let lines: Vec<&str> = written.lines().collect();
        let log = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        Err(HostError::Failed { command: format!("bst {}", arguments.join(" ")), status: output.status, log })
    }

    /// The same `bst` with another cache, by a configuration that is written to `folder`.
    pub fn with_cache(&self, cache: &Path, folder: &Path) -> Result<Self, HostError> {
        let own = match &self.config {
            Some(path) => read(path)?,
            None => user_configuration().map(|path| read(&path)).transpose()?.unwrap_or_default(),
        };
        // A key of the top level is at the beginning of its line.
        let kept: String = own
            .lines()
            .filter(|line| !line.starts_with("cachedir:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let path = folder.join("buildstream.conf");
        fs::write(&path, format!("{kept}cachedir: {}\n", cache.display()))
            .map_err(|source| HostError::File { path: path.clone(), source })?;
        Ok(Self { config: Some(path), ..self.clone() })
    }
}

/// BuildStream's cache folder when its configuration names none (`cachedir`).
pub fn default_cache() -> Option<PathBuf> {
    home("XDG_CACHE_HOME", ".cache").map(|folder| folder.join("buildstream"))
}

/// The user's configuration as BuildStream 2 looks for it.
fn user_configuration() -> Option<PathBuf> {
    let folder = home("XDG_CONFIG_HOME", ".config")?;
    ["buildstream2.conf", "buildstream.conf"].iter().map(|name| folder.join(name)).find(|path| path.exists())
}

fn home(variable: &str, below: &str) -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set(variable).or_else(|| set("HOME").map(|home| home.join(below)))
}

fn read(path: &Path) -> Result<String, HostError> {
    fs::read_to_string(path).map_err(|source| HostError::File { path: path.to_owned(), source })
}

/// Makes `to` a cache of its own with everything that is in `from`, by hard links: what BuildStream caches is replaced, not
/// written to. Logs and what is being built are left out.
pub fn branch_cache(from: &Path, to: &Path) -> Result<(), HostError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| HostError::File { path, source }
    };
    fs::create_dir_all(to).map_err(file(to))?;
    for entry in fs::read_dir(from).map_err(file(from))? {
        let path = entry.map_err(file(from))?.path();
        let left_out = ["logs", "build", "tmp", "sources"].map(OsStr::new);
        if !path.file_name().is_some_and(|name| left_out.contains(&name)) {
            link(&path, &to.join(path.file_name().unwrap_or_default())).map_err(file(&path))?;
        }
    }
    Ok(())
}

fn link(from: &Path, to: &Path) -> io::Result<()> {
    let kind = from.symlink_metadata()?.file_type();
    if kind.is_dir() {
        fs::create_dir(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            link(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else if kind.is_file() {
        fs::hard_link(from, to)
    } else if kind.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)
    } else {
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_branched_cache_is_its_own() {
        let room = tempfile::tempdir().unwrap();
        let (from, to) = (room.path().join("from"), room.path().join("to"));
        fs::create_dir_all(from.join("cas/objects")).unwrap();
        fs::create_dir_all(from.join("logs")).unwrap();
        fs::write(from.join("cas/objects/a"), "a").unwrap();
        branch_cache(&from, &to).unwrap();
        assert_eq!(fs::read(to.join("cas/objects/a")).unwrap(), b"a");
        assert!(!to.join("logs").exists());
        fs::remove_file(to.join("cas/objects/a")).unwrap();
        assert!(from.join("cas/objects/a").exists());
    }

    #[test]
    fn a_configuration_keeps_all_but_the_cache() {
        let room = tempfile::tempdir().unwrap();
        let config = room.path().join("own.conf");
        fs::write(&config, "cachedir: /old\nscheduler:\n  builders: 3\n").unwrap();
        let host = Host { program: "bst".into(), config: Some(config) };
        let other = host.with_cache(Path::new("/new"), room.path()).unwrap();
        let written = fs::read_to_string(other.config.unwrap()).unwrap();
        assert_eq!(written, "scheduler:\n  builders: 3\ncachedir: /new\n");
    }
}
