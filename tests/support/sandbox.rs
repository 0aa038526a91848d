//! A store, a cache and a companion of a test's own, and the ways to talk to them.
use super::missing::Missing;
use super::shell::{quiet, succeed};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a companion that was asked to end may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What has bwrap run a command as root without capabilities, in a user namespace, on the machine's own files.
///
/// Part of `/proc` is mounted over there, so that the kernel lets nobody mount another one.
const CONFINED: [&str; 14] = [
    "--unshare-user",
    "--uid",
    "0",
    "--gid",
    "0",
    "--cap-drop",
    "ALL",
    "--dev-bind",
    "/",
    "/",
    "--ro-bind",
    "/proc/sys",
    "/proc/sys",
    "--",
];

/// A folder with everything that spec-cc keeps; dropping it stops the companion.
pub(crate) struct Sandbox {
    folder: TempDir,
    /// Whether what is started in it is root without capabilities, as in BuildStream's sandbox.
    confined: bool,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder =
            tempfile::Builder::new().prefix("spec-cc-test-").tempdir().expect("make a temporary folder");
        Self { folder, confined: false }
    }

    /// Whether what is started here can be started so; says aloud where it cannot.
    pub(crate) fn can_start(&self) -> bool {
        if !self.confined {
            return true;
        }
        let mut confined = Command::new("bwrap");
        confined.args(CONFINED).arg("true").stdin(Stdio::null());
        let missing = match confined.output() {
            Ok(output) if output.status.success() => return true,
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                Missing::Kernel(format!("bwrap makes no user namespace here: {}", said.trim()))
            }
            Err(error) => Missing::Peer(format!("bwrap cannot be run: {error}")),
        };
        missing.skip();
        false
    }

    /// From here on as root without capabilities in a user namespace of its own, as in BuildStream's sandbox.
    pub(crate) fn confine(&mut self) {
        self.confined = true;
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Gives `command` this sandbox's store, cache and socket, and the tested programs first on PATH.
    pub(crate) fn enter(&self, command: &mut Command) {
        let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
        for name in names {
            let text = name.to_string_lossy();
            if text.starts_with("SPEC_CC_") || text.starts_with("RECC_") {
                command.env_remove(name);
            }
        }
        command
            .env("SPEC_CC_STORE", self.path("store"))
            .env("SPEC_CC_CACHE", self.path("cache"))
            .env("SPEC_CC_SOCKET", self.path("socket"))
            .env("PATH", search_path());
    }

    /// `specctl` with `arguments`, in this sandbox.
    pub(crate) fn specctl(&self, arguments: &[&str]) -> Command {
        let specctl = programs().join("specctl");
        let mut command = if self.confined {
            let mut command = Command::new("bwrap");
            command.args(CONFINED).arg(specctl);
            command
        } else {
            Command::new(specctl)
        };
        command.args(arguments);
        quiet(&mut command, self.folder.path());
        self.enter(&mut command);
        command
    }

    /// `specctl run`, about to run `script` as one session of `element` in `folder`.
    pub(crate) fn session(&self, element: &str, folder: &Path, script: &str) -> Command {
        if self.confined {
            // Each starts in a namespace of its own, and a companion serves that of its start alone.
            self.stop();
        }
        let mut command = self.specctl(&["run", "--project", "tests", "--element", element]);
        command.args(["--", "sh", "-ec", script]).current_dir(folder);
        command
    }

    /// The numbers of `element`'s last session.
    pub(crate) fn stats(&self, element: &str) -> Stats {
        let asked = ["stats", "--json", "--element", element, "--session", "last"];
        Stats(self.json(&asked))
    }

    /// What specctl answers to `arguments`, which ask for JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = succeed(&mut self.specctl(arguments));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            let text = String::from_utf8_lossy(&output.stdout);
            panic!("specctl {arguments:?} gave no JSON ({error}):\n{text}")
        })
    }

    /// The process of the companion, found by its peer credentials on the socket.
    pub(crate) fn companion(&self) -> Option<nix::unistd::Pid> {
        use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
        let stream = std::os::unix::net::UnixStream::connect(self.path("socket")).ok()?;
        let peer = getsockopt(&stream, PeerCredentials).ok()?;
        Some(nix::unistd::Pid::from_raw(peer.pid()))
    }

    /// Makes it a machine that has never seen spec-cc.
    pub(crate) fn forget(&self) {
        self.stop();
        for name in ["store", "cache"] {
            let _ = std::fs::remove_dir_all(self.path(name));
        }
    }

    /// What the companion has complained of so far, a line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("cache/companion.log")).unwrap_or_default();
        log.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    }

    /// Ends the companion and waits until it is gone; panics with what it said when it stays.
    pub(crate) fn stop(&self) {
        let companion = self.companion();
        let asked = self.specctl(&["stop"]).output();
        let Some(companion) = companion else { return };
        let late = Instant::now() + PATIENCE;
        while runs(companion) {
            if Instant::now() > late {
                let log = self.complaints();
                // A second panic would end all tests.
                assert!(std::thread::panicking(), "companion {companion} does not end: {asked:?} {log:?}");
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether a process still runs; one that nobody has waited for does not, once the last of its threads has ended.
fn runs(process: nix::unistd::Pid) -> bool {
    let place = PathBuf::from(format!("/proc/{process}"));
    let stat = std::fs::read_to_string(place.join("stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    let threads = || std::fs::read_dir(place.join("task")).map_or(0, Iterator::count);
    state.is_some_and(|state| state != 'X' && (state != 'Z' || threads() > 1))
}

/// What `specctl stats --json` says of one session.
#[derive(Debug)]
pub(crate) struct Stats(Value);

impl Stats {
    /// The count or ratio `name`; panics when specctl does not say it.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.0[name].as_f64().unwrap_or_else(|| panic!("stats have no {name}: {}", self.0))
    }

    /// Whatever it says under `name`.
    pub(crate) fn field(&self, name: &str) -> &Value {
        &self.0[name]
    }

    /// How many compiles were served in the way `name`.
    pub(crate) fn served(&self, name: &str) -> f64 {
        self.0["served"][name].as_f64().unwrap_or_else(|| panic!("stats have no served.{name}: {}", self.0))
    }

    /// Compiles that spec-cc took on itself.
    pub(crate) fn eligible(&self) -> f64 {
        self.number("compiles") - self.served("bypassed")
    }

    /// Panics unless the compiles, at least `units` of them, were launched ahead and well aimed.
    pub(crate) fn assert_ahead(&self, units: usize) {
        self.assert_sound();
        assert!(self.eligible() >= units as f64, "bypassed too much: {self:?}");
        assert!(self.number("recall") >= 0.95, "recall: {self:?}");
        assert!(self.number("precision") >= 0.95, "precision: {self:?}");
    }

    /// Panics unless the numbers agree with each other.
    pub(crate) fn assert_sound(&self) {
        let ways = ["joined", "prefetched", "cached", "executed", "local", "bypassed"];
        let sum: f64 = ways.iter().map(|way| self.served(way)).sum();
        assert!(equal(sum, self.number("compiles")), "served does not add up: {self:?}");
        let others: f64 = ["cached", "executed", "local"].iter().map(|way| self.served(way)).sum();
        let reasons = self.0["unserved"].as_object().expect("stats have reasons");
        let explained: f64 = reasons.values().filter_map(Value::as_f64).sum();
        assert!(equal(explained, others), "not each compile without a launch has its reason: {self:?}");
        let fates = ["useful", "wasted", "cancelled", "pending"];
        let sum: f64 = fates.iter().map(|fate| self.number(fate)).sum();
        assert!(equal(sum, self.number("launched")), "launches do not add up: {self:?}");
        let ahead = self.served("joined") + self.served("prefetched");
        if self.eligible() > 0.0 {
            assert!(equal(self.number("recall"), ahead / self.eligible()), "recall: {self:?}");
        }
        if self.number("launched") > 0.0 {
            let precision = self.number("useful") / self.number("launched");
            assert!(equal(self.number("precision"), precision), "precision: {self:?}");
        }
    }
}

/// Whether two numbers agree as far as a printed ratio can.
fn equal(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.005
}

/// The folder with `spec-cc`, `spec-c++`, `spec-cc-trace` and `specctl`: `SPEC_CC_TEST_PROGRAMS`, else what cargo built.
pub(crate) fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("SPEC_CC_TEST_PROGRAMS") {
        return folder.into();
    }
    let folder =
        Path::new(env!("CARGO_BIN_EXE_specctl")).parent().expect("cargo builds into a folder").to_owned();
    for program in ["spec-cc", "spec-cc-trace"] {
        assert!(
            folder.join(program).exists(),
            "no {program} in {}: run `cargo build --workspace` first",
            folder.display()
        );
    }
    folder
}

/// PATH with the tested programs first.
pub(crate) fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(programs()).chain(std::env::split_paths(&path));
    std::env::join_paths(folders).expect("no folder of PATH has a colon in its name")
}
