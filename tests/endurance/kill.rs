//! Kill: real builds while the companion, shims, tracers, launches and casd are killed at random moments.
use crate::processes::{self, Process, Role};
use crate::rounds::{dice, rounds};
use crate::support::peers::{Casd, CasdOptions, Peers};
use crate::support::sandbox::Sandbox;
use crate::support::shell::succeed;
use crate::yard::{CLEAN, MAKE, Yard};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How long what was orphaned by a kill may go on: a compiler whose driver has gone, as it would without us.
const ORPHANED: Duration = Duration::from_secs(30);
/// What is killed during one build, in turn.
const PREY: [Option<Role>; 5] =
    [Some(Role::Tracer), Some(Role::Launch), Some(Role::Companion), Some(Role::Shim), None];
/// The same where a grid compiles.
const PREY_ON_A_GRID: [Option<Role>; 3] = [Some(Role::Casd), Some(Role::Companion), None];
/// How much of it.
const MOST: usize = 6;

#[test]
fn builds_are_right_whatever_is_killed() {
    let kills = rounds("KILLS", 24);
    Hunt::new("kill", None).go_on(&PREY, kills);
}

#[test]
fn builds_on_a_grid_are_right_whatever_is_killed() {
    let Some(peers) = Peers::get() else { return };
    let kills = rounds("GRID_KILLS", 12);
    Hunt::new("kill on a grid", Some(peers.casd(&CasdOptions::default()))).go_on(&PREY_ON_A_GRID, kills);
}

/// Builds of one project, and what is killed meanwhile.
struct Hunt {
    dice: Rng,
    sandbox: Sandbox,
    yard: Yard,
    casd: Option<Casd>,
    /// What was killed in this build.
    victims: Vec<(Role, String)>,
}

impl Hunt {
    fn new(what: &str, casd: Option<Casd>) -> Self {
        let sandbox = Sandbox::new();
        let yard = Yard::new(&sandbox, 36, 6);
        Self { dice: dice(what), sandbox, yard, casd, victims: Vec::new() }
    }

    /// Builds until so many processes have been killed, some of each role in turn.
    fn go_on(mut self, prey: &[Option<Role>], wanted: usize) {
        let mut killed = BTreeMap::new();
        let mut builds = 0;
        while killed.values().sum::<usize>() < wanted || killed.len() + 1 < prey.len() {
            self.build(builds, prey[builds % prey.len()]);
            for (role, _) in self.victims.drain(..) {
                *killed.entry(role).or_insert(0) += 1;
            }
            builds += 1;
            assert!(builds < 10 + wanted, "hardly anything is killed: {killed:?}");
        }
        println!("{builds} builds, killed {killed:?}");
        succeed(&mut self.session(CLEAN));
        nothing_is_left(&self.sandbox);
        let known = self.sandbox.json(&["list", "--json"]).to_string();
        assert!(known.contains("kill"), "the store has lost the element");
    }

    fn build(&mut self, number: usize, prey: Option<Role>) {
        let Self { dice, yard, .. } = self;
        let edits: Vec<_> = (0..dice.usize(..3)).map(|_| yard.edit(dice)).collect();
        let plain = self.yard.build_plainly(CLEAN);
        let status = self.kill_while(CLEAN, prey);
        let what = format!("build {number}, {edits:?}, killed {:?}", self.victims);
        // A build that loses a compiler fails, as it would without us; the next one must not take what was half written for whole.
        let excused = self.victims.iter().any(|(role, _)| *role == Role::Shim);
        assert!(status.success() || excused, "{what}: {status}\n{}", log(&self.sandbox));
        if !status.success() {
            let companion = |process: &Process| matches!(process.role, Role::Companion | Role::Launch);
            let rest = processes::remaining(&self.sandbox.path(""), ORPHANED, companion);
            assert!(rest.is_empty(), "{what}: left running {rest:?}");
            let again = self.session(MAKE).status().unwrap();
            assert!(again.success(), "{what}, then made again: {again}\n{}", log(&self.sandbox));
        }
        self.yard.check(&what, &plain);
    }

    /// Kills one process after the other until the build ends: those of one role, or of any that there is at the moment.
    ///
    /// Of one role, because a companion that is killed again and again launches and traces little.
    fn kill_while(&mut self, script: &str, prey: Option<Role>) -> ExitStatus {
        let mut running = self.session(script).spawn().unwrap();
        loop {
            if let Some(status) = running.try_wait().unwrap() {
                return status;
            }
            if self.victims.len() == MOST {
                return running.wait().unwrap();
            }
            if self.kill_one(prey) {
                thread::sleep(Duration::from_millis(self.dice.u64(5..200)));
            }
            // Looking takes a core from the build.
            thread::sleep(Duration::from_millis(3));
        }
    }

    /// Kills one of those that may be, if there is any.
    fn kill_one(&mut self, prey: Option<Role>) -> bool {
        let mut there = processes::of(&self.sandbox.path(""));
        there.retain(|process| process.role != Role::Build && prey.is_none_or(|role| role == process.role));
        let casd = self.casd.as_mut().filter(|_| prey.is_none_or(|role| role == Role::Casd));
        let chosen = self.dice.usize(..(there.len() + usize::from(casd.is_some())).max(1));
        if let Some(victim) = there.get(chosen) {
            victim.kill();
            self.victims.push((victim.role, victim.name.clone()));
        } else if let Some(casd) = casd {
            // So that the grid has something to lose.
            thread::sleep(Duration::from_millis(self.dice.u64(..300)));
            casd.kill();
            thread::sleep(Duration::from_millis(self.dice.u64(..300)));
            casd.restart();
            self.victims.push((Role::Casd, "buildbox-casd".to_owned()));
        } else {
            return false;
        }
        true
    }

    /// A session of the project that runs `script` in a process group of its own.
    fn session(&self, script: &str) -> Command {
        let sandbox = &self.sandbox;
        fs::create_dir_all(sandbox.path("tmp")).unwrap();
        let mut command = sandbox.session("kill", self.yard.ours(), script);
        let log = File::create(sandbox.path("log")).unwrap();
        if let Some(casd) = &self.casd {
            command.env("SPEC_CC_REMOTE", &casd.url);
        }
        command
            .env("CC", "spec-cc gcc")
            .env("AR", "spec-cc ar")
            .env("TMPDIR", sandbox.path("tmp"))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        command
    }
}

fn log(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path("log")).unwrap_or_default()
}

/// Once another companion has begun and has been asked to end, there is no process, socket, mount or scratch folder.
fn nothing_is_left(sandbox: &Sandbox) {
    succeed(&mut sandbox.specctl(&["list"]));
    // What killed ones have left goes behind its start; its own folder goes with it.
    let late = Instant::now() + Duration::from_secs(10);
    while scratch_folders(sandbox).len() > 1 {
        if Instant::now() > late {
            // Launches of killed ones may have been dying then; at its end it looks again.
            println!("left in the scratch places until the end: {:?}", scratch_folders(sandbox));
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    sandbox.stop();
    let rest = processes::remaining(&sandbox.path(""), Duration::from_secs(10), |_| false);
    assert!(rest.is_empty(), "left running: {rest:?}");
    assert_eq!(processes::mounts(&sandbox.path("")), Vec::<String>::new(), "left mounted");
    assert!(!sandbox.path("socket").exists(), "the socket is left");
    let left = scratch_folders(sandbox);
    let inside = |folder: &PathBuf| {
        fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    assert!(
        left.is_empty(),
        "left in the scratch places: {left:?} with {:?}",
        left.iter().map(inside).collect::<Vec<_>>()
    );
}

fn scratch_folders(sandbox: &Sandbox) -> Vec<PathBuf> {
    let in_place = |place: &str| fs::read_dir(sandbox.path(place)).unwrap().flatten();
    let found = ["tmp", "cache"].into_iter().flat_map(in_place);
    found
        // One whose maker was killed before it could lock it goes a minute later.
        .filter(|entry| {
            let name = entry.file_name();
            let is = |prefix: &str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
            is("spec-cc-") && !is("spec-cc-new-")
        })
        .map(|entry| entry.path())
        .collect()
}
