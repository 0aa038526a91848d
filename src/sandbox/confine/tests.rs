//! A hostile program tries all that it can think of, first alone, then as a job: what it reaches alone it must not reach as a job.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::sandbox::executor::{Executor, Job};

/// Attempts that a machine or its user may stand in the way of by themselves: not all may open a file by its handle, use keys or
/// calls of 32 bits, or trace what is not theirs; not all file systems have flags or tell of reading; there may be no terminals.
const MAY_FAIL_ALONE: [&str; 9] = [
    "by_handle",
    "key_of_user",
    "foreign_call",
    "traced",
    "descriptor_taken",
    "inode_flags",
    "read_time",
    "terminal_write",
    "terminal_size",
];

/// What only shows while it is held.
const LOCKS: [&str; 3] = ["whole_lock", "part_lock", "lease"];

/// The outside world: a folder, a process, and what both share with others.
struct Outside {
    folder: tempfile::TempDir,
    program: PathBuf,
    seed: String,
    victim: Child,
    _inherited: OwnedFd,
}

impl Outside {
    fn new(round: u32) -> Self {
        // Not in the temporary folder, which a job has to itself.
        let folder = tempfile::tempdir_in("/var/tmp").unwrap();
        let program = folder.path().join("gcc");
        let source = folder.path().join("hostile.c");
        std::fs::write(&source, include_str!("hostile.c")).unwrap();
        let compiled =
            Command::new("gcc").args(["-w", "-no-pie", "-o"]).args([&program, &source]).arg("-lrt").status();
        assert!(compiled.unwrap().success());
        let seed = (std::process::id() % 9000 * 2 + round * 2).to_string();
        let role = |role: &str| {
            let mut command = Command::new(&program);
            command.args([role, folder.path().to_str().unwrap(), "0"]).env("SEED", &seed);
            command
        };
        assert!(role("prepare").status().unwrap().success());
        let mut victim = role("victim").stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(victim.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let path = std::ffi::CString::new(folder.path().join("inherited").to_str().unwrap()).unwrap();
        // SAFETY: the text ends with a NUL, and the descriptor is owned from here on. It is one that programs inherit.
        let inherited =
            unsafe { OwnedFd::from_raw_fd(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_APPEND)) };
        Self { program, seed, victim, _inherited: inherited, folder }
    }

    fn args(&self, role: &str) -> Vec<String> {
        vec![role.into(), self.folder.path().display().to_string(), self.victim.id().to_string()]
    }

    fn command(&self, args: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env("SEED", &self.seed).env("BARE", "1");
        command
    }

    fn observe(&self) -> BTreeMap<String, String> {
        let output = self.command(&self.args("observe")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| line.split_once(' ').unwrap()).map(|(a, b)| (a.into(), b.into())).collect()
    }

    /// The attempts that `attempt` brings to an effect, given the arguments for them.
    fn effects(&self, attempt: impl Fn(&[String]) + Sync) -> Vec<String> {
        let before = self.observe();
        attempt(&self.args("attempt"));
        let after = self.observe();
        let mut found: Vec<_> = before.keys().filter(|name| before[*name] != after[*name]).cloned().collect();
        let locked = [self.args("attempt"), vec![LOCKS.join(" ")]].concat();
        let locks = std::thread::scope(|scope| {
            scope.spawn(|| attempt(&locked));
            self.command(&self.args("locks")).output().unwrap().stdout
        });
        found.extend(String::from_utf8(locks).unwrap().lines().map(str::to_owned));
        found
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.command(&self.args("clean")).status();
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

#[test]
fn no_attempt_of_a_hostile_program_reaches_the_outside() {
    let outside = Outside::new(0);
    let attempts: Vec<_> = outside.observe().into_keys().collect();
    let alone = outside.effects(|args| assert!(outside.command(args).output().unwrap().status.success()));
    let kept: Vec<_> = attempts.iter().filter(|name| !alone.contains(name)).collect();
    assert!(kept.iter().all(|name| MAY_FAIL_ALONE.contains(&name.as_str())), "no attempt at all: {kept:?}");
    drop(outside);

    let outside = Outside::new(1);
    let room = tempfile::tempdir().unwrap();
    let tree = room.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    let executor = Executor::new(&room.path().join("cache"));
    assert!(executor.available(), "no private view can be had");
    let as_job = |args: &[String]| {
        let environment = [("SEED".into(), outside.seed.clone()), ("PATH".into(), "/usr/bin:/bin".into())];
        let job = Job {
            compiler: &outside.program,
            args,
            environment: &environment,
            directory: Path::new(&tree),
            asked: true,
        };
        let executed = executor.run(&job, executor.prepare(&[&tree]).unwrap(), &|_| {}).unwrap();
        assert_eq!(String::from_utf8_lossy(&executed.stdout), "attempted\n");
    };
    assert_eq!(outside.effects(as_job), [""; 0], "these reached the outside");
}
