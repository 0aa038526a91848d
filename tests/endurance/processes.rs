//! The processes that work for one sandbox: found, told apart, and killed.
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What a process is to spec-cc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The companion.
    Companion,
    /// What a build runs in the compiler's place, and what is about to become a traced compiler.
    Shim,
    /// What follows a command of the build's.
    Tracer,
    /// Whatever the companion has started.
    Launch,
    /// The grid.
    Casd,
    /// The build's own: its shell, make, compilers, `specctl run`.
    Build,
}

/// One process.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) pid: Pid,
    pub(crate) role: Role,
    pub(crate) name: String,
    parent: Pid,
}

impl Process {
    /// Ends it as the kernel does where memory is short.
    pub(crate) fn kill(&self) {
        // It may have gone.
        let _ = kill(self.pid, Signal::SIGKILL);
    }
}

/// All processes that have something of `folder` about them, but this one and zombies.
pub(crate) fn of(folder: &Path) -> Vec<Process> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.filter(|pid| *pid != std::process::id() as i32) else { continue };
        found.extend(look(Pid::from_raw(pid), folder));
    }
    let companions: Vec<Pid> =
        found.iter().filter(|process| process.role == Role::Companion).map(|process| process.pid).collect();
    let shims: Vec<Pid> =
        found.iter().filter(|process| process.role == Role::Shim).map(|process| process.pid).collect();
    let parents: Vec<(Pid, Pid)> = found.iter().map(|process| (process.pid, process.parent)).collect();
    for process in found.iter_mut().filter(|process| process.role != Role::Companion) {
        if descends(process.parent, &companions, &parents) {
            process.role = Role::Launch;
        } else if process.role == Role::Tracer && shims.contains(&process.parent) {
            process.role = Role::Shim;
        }
    }
    found
}

/// Waits until there are none but those that `stays` picks; the rest otherwise.
pub(crate) fn remaining(folder: &Path, patience: Duration, stays: impl Fn(&Process) -> bool) -> Vec<Process> {
    let late = Instant::now() + patience;
    loop {
        let rest: Vec<_> = of(folder).into_iter().filter(|process| !stays(process)).collect();
        if rest.is_empty() || Instant::now() > late {
            return rest;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The mounts of this namespace that have something of `folder` about them.
pub(crate) fn mounts(folder: &Path) -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let named = folder.to_str().unwrap();
    table.lines().filter(|line| line.contains(named)).map(str::to_owned).collect()
}

fn look(pid: Pid, folder: &Path) -> Option<Process> {
    let place = PathBuf::from(format!("/proc/{pid}"));
    let stat = fs::read_to_string(place.join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = Pid::from_raw(fields.next()?.parse().ok()?);
    (state != "Z" && state != "X").then_some(())?;
    let words = fs::read(place.join("cmdline")).ok()?;
    let needle = folder.as_os_str().as_bytes();
    let names = |bytes: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    let about = fs::read_link(place.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
        || names(&words)
        || fs::read(place.join("environ")).is_ok_and(|environ| names(&environ));
    about.then_some(())?;
    let program = fs::read_link(place.join("exe")).ok()?;
    let name = program.file_name()?.to_str()?.to_owned();
    let second = words.split(|byte| *byte == 0).nth(1).unwrap_or_default();
    let role = match (name.as_str(), second) {
        ("specctl", b"serve") => Role::Companion,
        ("spec-cc-trace", _) => Role::Tracer,
        ("spec-cc" | "spec-c++", _) => Role::Shim,
        _ => Role::Build,
    };
    Some(Process { pid, role, name, parent })
}

fn descends(mut from: Pid, of: &[Pid], parents: &[(Pid, Pid)]) -> bool {
    for _ in 0..64 {
        if of.contains(&from) {
            return true;
        }
        match parents.iter().find(|(pid, _)| *pid == from) {
            Some((_, parent)) => from = *parent,
            None => return false,
        }
    }
    false
}
