//! A machine as BuildStream sees it: a home, a user configuration, and caches of its own.
use std::fs;
use std::path::{Path, PathBuf};

/// BuildStream's user configuration: nothing of the user's, and as many jobs on any machine.
const CONFIG: &str = "cachedir: FOLDER/cache\nsourcedir: FOLDER/sources\nlogdir: FOLDER/logs\nworkspacedir: FOLDER/workspaces\n\
                      scheduler: {builders: 2, network-retries: 0}\nbuild: {max-jobs: 2}\n";

/// Where one keeps all that is its own.
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
