//! The real peers: recc, buildbox-casd and their kin, from Debian's package `buildbox`, run beside their own libraries.
use super::missing::Missing;
use super::{debian, sources};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The suite that has recc and casd.
const SUITE: &str = "sid";

/// The unpacked programs. They need nothing of the machine but its kernel, and change nothing of it.
#[derive(Debug, Clone)]
pub(crate) struct Peers {
    bin: PathBuf,
}

/// How a casd is started.
#[derive(Debug, Clone)]
pub(crate) struct CasdOptions {
    /// How many actions run at once.
    pub(crate) jobs: usize,
    /// Whether results with a non-zero exit status go into the action cache.
    pub(crate) cache_failures: bool,
    /// Whether these name the runner.
    pub(crate) own_runner: bool,
    /// Further arguments, before the cache's folder.
    pub(crate) arguments: Vec<String>,
}

impl Default for CasdOptions {
    fn default() -> Self {
        Self { jobs: 2, cache_failures: false, own_runner: false, arguments: Vec::new() }
    }
}

impl CasdOptions {
    /// A machine's own casd before `remote`, to which it passes on what it lacks and what is left with it, as BuildStream's does.
    pub(crate) fn before(remote: &Casd) -> Self {
        let arguments = ["cas", "ac"].map(|service| format!("--{service}-remote={}", remote.url));
        Self { arguments: arguments.into(), ..Self::default() }
    }

    /// The same, passing nothing on: what is left with it stays there.
    pub(crate) fn reading(remote: &Casd) -> Self {
        let mut options = Self::before(remote);
        options.arguments.push("--read-only-remote".to_owned());
        options
    }
}

/// A running buildbox-casd that executes actions with this machine's own programs; ends when dropped.
#[derive(Debug)]
pub(crate) struct Casd {
    /// `unix:/PATH`.
    pub(crate) url: String,
    /// Its cache's folder, its socket and its log.
    folder: tempfile::TempDir,
    command: Command,
    server: Child,
}

impl Peers {
    /// The peers, fetched once and kept beside cargo's own output. `None`, said aloud, where they cannot be had.
    pub(crate) fn get() -> Option<Self> {
        static PEERS: OnceLock<Result<Peers, Missing>> = OnceLock::new();
        let peers = PEERS.get_or_init(|| {
            provide().map_err(|error| Missing::Peer(format!("no buildbox could be had: {error}")))
        });
        peers.as_ref().inspect_err(|missing| missing.skip()).ok().cloned()
    }

    /// The folder with the programs, for a PATH.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }

    /// One of the package's programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// recc, without any of its settings in the environment.
    pub(crate) fn recc(&self) -> Command {
        let mut recc = Command::new(self.program("recc"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("RECC_")) {
            recc.env_remove(name);
        }
        // cargo's, which recc's compilers would see.
        recc.env_remove("LD_LIBRARY_PATH");
        recc
    }

    /// Starts a casd on a unix socket, and waits until it answers.
    pub(crate) fn casd(&self, options: &CasdOptions) -> Casd {
        let folder = tempfile::Builder::new().prefix("casd-").tempdir().expect("make a folder for casd");
        let url = format!("unix:{}", folder.path().join("socket").display());
        let mut path = vec![self.bin.clone()];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let mut command = Command::new(self.program("buildbox-casd"));
        command
            .env("PATH", std::env::join_paths(path).expect("no folder of PATH has a colon in its name"))
            .env_remove("LD_LIBRARY_PATH")
            .arg(format!("--bind={url}"))
            .arg(format!("--jobs={}", options.jobs))
            .arg(format!("--cache-failures={}", options.cache_failures))
            .args(
                (!options.own_runner)
                    .then(|| format!("--buildbox-run={}", self.program("buildbox-run-hosttools").display())),
            )
            .args(&options.arguments)
            .arg(folder.path().join("cache"))
            .stdin(Stdio::null())
            .process_group(0);
        let server = start(&mut command, folder.path());
        let mut casd = Casd { url, folder, command, server };
        casd.wait_until_up();
        casd
    }
}

/// Starts casd; its log is in `folder`.
fn start(command: &mut Command, folder: &Path) -> Child {
    let log = fs::File::create(folder.join("log")).expect("make casd's log");
    command.stdout(log.try_clone().expect("share casd's log")).stderr(log);
    command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}

impl Casd {
    /// What it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The folder of its blobs and results.
    pub(crate) fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    /// Ends it and all that it runs as the kernel does where memory is short.
    pub(crate) fn kill(&mut self) {
        // Its runners are in its process group.
        if let Ok(group) = i32::try_from(self.server.id()) {
            let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::SIGKILL);
        }
        let _ = self.server.wait();
    }

    /// Starts it again after [`Casd::kill`], with the cache that it left, and waits until it answers.
    pub(crate) fn restart(&mut self) {
        self.server = start(&mut self.command, self.folder.path());
        self.wait_until_up();
    }

    fn wait_until_up(&mut self) {
        let socket = self.folder.path().join("socket");
        let late = Instant::now() + Duration::from_mins(1);
        while UnixStream::connect(&socket).is_err() {
            let ended = self.server.try_wait().expect("look after casd");
            let up = ended.is_none() && Instant::now() < late;
            assert!(up, "casd does not come up ({ended:?}):\n{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Casd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Fetches the package unless an earlier run has.
fn provide() -> Result<Peers, String> {
    let _one_at_a_time = sources::lock();
    let whole = sources::shelf().join("buildbox");
    let bin = whole.join("bin");
    if !whole.exists() {
        let part = sources::shelf().join("buildbox.part");
        let _ = fs::remove_dir_all(&part);
        debian::unpack_binaries("buildbox", SUITE, is_wanted, &sources::shelf(), &part.join("root"))?;
        write_starters(&part, &whole)?;
        fs::rename(&part, &whole).map_err(|error| format!("{}: {error}", whole.display()))?;
    }
    Ok(Peers { bin })
}

/// The programs and shared libraries; not what else a whole system would need.
fn is_wanted(package: &str) -> bool {
    package == "buildbox" || package.starts_with("lib") || package.starts_with("zlib")
}

/// Makes `bin/` in `part`: for each program a script that starts it with the libraries that lie beside it, once `part` has
/// become `whole`.
///
/// The loader is called by name, because the machine's own is older than the package. A variable would do as well for the
/// program, but its compilers would see it, too.
fn write_starters(part: &Path, whole: &Path) -> Result<(), String> {
    let loader = loader(&part.join("root/usr")).ok_or("its libraries have no loader")?;
    let libraries = loader.parent().unwrap_or(part);
    let there = |path: &Path| whole.join(path.strip_prefix(part).unwrap_or(path)).display().to_string();
    let bin = part.join("bin");
    fs::create_dir(&bin).map_err(|error| format!("{}: {error}", bin.display()))?;
    for entry in fs::read_dir(part.join("root/usr/bin")).map_err(|error| error.to_string())? {
        let program = entry.map_err(|error| error.to_string())?.path();
        let Some(name) = program.file_name() else { continue };
        let script = format!(
            "#!/bin/sh\nexec '{}' --library-path '{}' --argv0 \"$0\" '{}' \"$@\"\n",
            there(&loader),
            there(libraries),
            there(&program)
        );
        let starter = bin.join(name);
        fs::write(&starter, script)
            .and_then(|()| fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("{}: {error}", starter.display()))?;
    }
    Ok(())
}

/// The dynamic loader, in the folder of the architecture's libraries.
fn loader(usr: &Path) -> Option<PathBuf> {
    let folders = fs::read_dir(usr.join("lib")).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    files.find_map(|entry| {
        let path = entry.ok()?.path();
        path.file_name()?.to_str()?.starts_with("ld-linux").then_some(path)
    })
}
