//! What all tests share: one BuildStream, its cache, and one root file system.
use crate::base;
use crate::buildstream::{BuildStream, Machine};
use crate::support::missing::Missing;
use crate::support::shell::ended_well;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// A BuildStream that can build, with a cache of its own for all tests of this run.
pub(crate) struct Stand {
    bst: BuildStream,
    pub(crate) base: PathBuf,
    folder: PathBuf,
    machine: Machine,
    /// Held by whoever runs bst: two at once gain nothing on two cores.
    turn: Mutex<()>,
}

impl Stand {
    /// The stand, made once. `None`, said aloud, where BuildStream cannot be had or cannot build.
    pub(crate) fn get() -> Option<&'static Self> {
        static STAND: OnceLock<Result<Stand, Missing>> = OnceLock::new();
        STAND.get_or_init(Self::make).as_ref().inspect_err(|missing| missing.skip()).ok()
    }

    fn make() -> Result<Self, Missing> {
        let peer = |error: String| Missing::Peer(format!("no BuildStream could be had: {error}"));
        let kernel = |error: String| Missing::Kernel(format!("BuildStream cannot build here: {error}"));
        for program in ["bwrap", "fusermount3", "autoconf", "automake"] {
            ended_well(Command::new(program).arg("--version"))
                .map_err(|_| peer(format!("no {program} on PATH")))?;
        }
        ended_well(Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]))
            .map_err(kernel)?;
        // buildbox-fuse stages with it.
        let fuse = fs::File::options().read(true).write(true).open("/dev/fuse");
        fuse.map_err(|error| kernel(format!("/dev/fuse: {error}")))?;
        let folder = own_folder();
        let machine = Machine::new(&folder, "").map_err(peer)?;
        let base = base::provide().map_err(peer)?;
        let bst = BuildStream::provide().map_err(peer)?;
        Ok(Self { bst, base, folder, machine, turn: Mutex::new(()) })
    }

    /// The machine that tests share.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The program `bst`.
    pub(crate) fn program(&self) -> PathBuf {
        self.bst.program()
    }

    /// A machine of a test's own; `config` is added to its user configuration.
    pub(crate) fn another_machine(&self, name: &str, config: &str) -> Machine {
        Machine::new(&self.folder.join("machines").join(name), config).unwrap()
    }

    /// `bst` with `arguments`, about to run on `machine` in the project at `project`.
    pub(crate) fn bst(&self, machine: &Machine, project: &Path, arguments: &[&str]) -> Command {
        let mut bst = self.bst.command(machine);
        bst.args(arguments).current_dir(project);
        bst
    }

    /// Has a `specctl bst …` use `program`, which is this BuildStream or leads to it, and a machine's cache.
    pub(crate) fn point(&self, machine: &Machine, specctl: &mut Command, program: &Path) {
        specctl.env("PATH", self.bst.path()).arg("--bst").arg(program);
        specctl.arg("--config").arg(machine.config()).arg("--cache").arg(machine.cache());
    }

    /// Waits until nobody else runs bst.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder for the project `name`.
    pub(crate) fn room(&self, name: &str) -> PathBuf {
        self.folder.join("projects").join(name)
    }
}

/// The folder of this process, which is removed at its end; those that killed runs have left are removed now.
fn own_folder() -> PathBuf {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    extern "C" fn remove() {
        if let Some(folder) = OWN.get() {
            let _ = fs::remove_dir_all(folder);
        }
    }
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bst");
    for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let folder = OWN.get_or_init(|| all.join(std::process::id().to_string()));
    // SAFETY: the function only removes files.
    unsafe { libc::atexit(remove) };
    folder.clone()
}
