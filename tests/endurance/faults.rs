//! Faults: a companion whose calls fail, that has hardly any room, and whose files are cut, changed and taken away.
use crate::rounds::{dice, rounds};
use crate::support::sandbox::{Sandbox, programs};
use crate::support::shell::{quiet, succeed};
use crate::support::strace::may_trace;
use crate::support::tree;
use crate::yard::{CLEAN, Yard};
use fastrand::Rng;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// Calls of the companion's, and how they fail.
const FAULTS: [(&str, &str); 9] = [
    ("write,pwrite64,ftruncate,fallocate,mkdir,mkdirat,rename,copy_file_range,sendfile", "ENOSPC"),
    ("write,pwrite64,fsync,fdatasync", "EIO"),
    ("read,pread64,statx,getdents64", "EIO"),
    ("openat,accept4,pipe2,socket", "EMFILE"),
    ("openat,clone3,clone,vfork", "ENFILE"),
    ("clone3,clone,vfork", "EAGAIN"),
    ("mmap,mremap", "ENOMEM"),
    ("rename,renameat,renameat2,unlink,rmdir", "EACCES"),
    ("flock,fcntl", "ENOLCK"),
];

/// Limits of the companion's (ulimit(1)).
const LIMITS: [&str; 4] = ["-n 12", "-n 24", "-f 8", "-v 200000"];

#[test]
fn calls_that_fail_cost_no_build() {
    if !may_trace() {
        return;
    }
    let mut dice = dice("faults");
    let mut stand = Stand::new();
    for round in 0..rounds("FAULTS", FAULTS.len()) {
        let (calls, error) = FAULTS[round % FAULTS.len()];
        // One call of the first few hundred, or all from then on.
        let when = format!("{}{}", dice.u32(1..400), ["", "+"][dice.usize(..2)]);
        let inject = format!("inject={calls}:error={error}:when={when}");
        // Whatever it starts is on its own from then on: no two may trace one process.
        let arguments = ["-f", "-qq", "--detach-on=execve", "-o", "/dev/null", "-e", &inject];
        let mut strace = Command::new("strace");
        strace.args(arguments).arg(programs().join("specctl")).arg("serve");
        stand.build_under(&inject, &mut strace, &mut dice);
    }
    stand.works_again();
}

#[test]
fn small_limits_cost_no_build() {
    let mut dice = dice("limits");
    let mut stand = Stand::new();
    for limit in LIMITS {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit {limit}; exec specctl serve")]);
        stand.build_under(limit, &mut shell, &mut dice);
    }
    stand.works_again();
}

#[test]
fn files_that_are_cut_changed_and_taken_away_cost_no_build() {
    let mut dice = dice("damage");
    let mut stand = Stand::new();
    stand.build("learnt");
    for round in 0..rounds("DAMAGES", 4) {
        stand.sandbox.stop();
        let harmed: Vec<String> = ["cache", "store"]
            .iter()
            .flat_map(|name| harm_some(&stand.sandbox.path(name), &mut dice))
            .collect();
        assert!(!harmed.is_empty(), "nothing to harm");
        stand.build(&format!("round {round}, harmed {harmed:?}"));
    }
    stand.works_again();
}

#[test]
fn folders_that_go_under_a_running_companion_cost_no_build() {
    let mut dice = dice("folders");
    let mut stand = Stand::new();
    stand.build("learnt");
    for name in ["cache/cas", "cache/ac", "cache/tmp", "cache", "store", "socket"] {
        let path = stand.sandbox.path(name);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        stand.yard.edit(&mut dice);
        stand.build(&format!("without {name}"));
    }
    stand.works_again();
}

#[test]
fn times_that_go_back_and_forth_cost_no_build() {
    let mut stand = Stand::new();
    stand.build("learnt");
    let day = Duration::from_hours(24);
    for (what, time) in [("tomorrow", SystemTime::now() + day), ("yesterday", SystemTime::now() - day)] {
        for name in ["cache", "store", "ours"] {
            let folder = stand.sandbox.path(name);
            for path in tree::list(&folder, |_, _| true).keys() {
                // What root alone may write, root can have dated.
                let dated = File::open(folder.join(path)).and_then(|file| file.set_modified(time));
                dated.unwrap();
            }
        }
        stand.build(what);
        stand.sandbox.stop();
        stand.build(what);
    }
    stand.works_again();
}

/// A project and its sandbox.
struct Stand {
    sandbox: Sandbox,
    yard: Yard,
}

impl Stand {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let yard = Yard::new(&sandbox, 6, 4);
        Self { sandbox, yard }
    }

    /// Builds once with a companion that `serve` starts, and once more after an edit.
    fn build_under(&mut self, what: &str, serve: &mut Command, dice: &mut Rng) {
        self.sandbox.stop();
        quiet(serve, &self.sandbox.path(""));
        self.sandbox.enter(serve);
        let mut serving =
            serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("a companion with faults neither listens nor ends", || {
            self.sandbox.path("socket").exists() || serving.try_wait().unwrap().is_some()
        });
        self.build(what);
        let edit = self.yard.edit(dice);
        self.build(&format!("{what}, {edit}"));
        // Deaf as it may be, it need not heed that.
        let _ = self.sandbox.specctl(&["stop"]).output();
        end(&mut serving);
    }

    /// Builds with spec-cc and without, and panics where they differ.
    fn build(&mut self, what: &str) {
        let plain = self.yard.build_plainly(CLEAN);
        let mut run = Command::new("sh");
        quiet(run.args(["-ec", CLEAN]), self.yard.ours());
        self.sandbox.enter(&mut run);
        run.env("CC", "spec-cc gcc").env("AR", "spec-cc ar");
        run.env("SPEC_CC_PROJECT", "tests").env("SPEC_CC_ELEMENT", "faults");
        let output = succeed(&mut run);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // Make has its own word on times to come.
        let said: Vec<_> = said.lines().filter(|line| !line.starts_with("make: ")).collect();
        assert!(said.is_empty(), "{what}: the build heard of it: {said:?}");
        self.yard.check(what, &plain);
    }

    /// Once nothing is wrong any more, builds are remembered again.
    fn works_again(&mut self) {
        self.sandbox.stop();
        for _ in 0..2 {
            let plain = self.yard.build_plainly(CLEAN);
            let mut run = self.sandbox.session("faults", self.yard.ours(), CLEAN);
            succeed(run.env("CC", "spec-cc gcc").env("AR", "spec-cc ar"));
            self.yard.check("afterwards", &plain);
        }
        let stats = self.sandbox.stats("faults");
        let served = stats.served("joined") + stats.served("prefetched") + stats.served("cached");
        assert!(served > 5.0, "hardly anything is served: {stats:?}");
    }
}

/// Changes, cuts, empties or removes about a third of the files below a folder; says what it did.
fn harm_some(folder: &Path, dice: &mut Rng) -> Vec<String> {
    let mut harmed = Vec::new();
    for name in tree::list(folder, |_, bytes| !bytes.is_empty()).into_keys() {
        let path = folder.join(&name);
        if dice.u8(..3) == 0 {
            harmed.push(format!("{} of {}", harm(&path, dice), name.display()));
        }
    }
    harmed
}

fn harm(path: &PathBuf, dice: &mut Rng) -> &'static str {
    let mut bytes = fs::read(path).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let at = dice.usize(..bytes.len());
    let what = match dice.u8(..4) {
        0 => {
            bytes[at] ^= 1 << dice.u8(..8);
            "a bit"
        }
        1 => {
            bytes.truncate(at);
            "the end"
        }
        2 => {
            bytes[at..].fill(0);
            "the bytes to the end"
        }
        _ => {
            fs::remove_file(path).unwrap();
            return "all";
        }
    };
    fs::write(path, bytes).unwrap();
    what
}

/// Waits for it, but not for ever, for with faults it need not come true; then the log has `otherwise`.
fn until(otherwise: &str, mut done: impl FnMut() -> bool) {
    let late = Instant::now() + Duration::from_secs(20);
    while !done() {
        if Instant::now() > late {
            return println!("{otherwise}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for a process that was asked to end; ends it if it does not.
fn end(child: &mut Child) {
    until("a companion with faults does not end, and is killed", || child.try_wait().unwrap().is_some());
    let _ = child.kill();
    child.wait().unwrap();
}
