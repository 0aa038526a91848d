//! What works for a build is killed or stopped: the build never notices, and nothing is lost.
use super::faults::{assert_served, learnt, relearns};
use crate::support::project::{CLEAN_MAKE, Project};
use crate::support::sandbox::Sandbox;
use crate::support::shell::{sh, succeed};
use crate::support::strace::may_trace;
use crate::support::tree;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_companion_is_killed_in_the_middle() {
    let build = "make -s clean; for i in 1 2 3 4 5 6; do rm -f *.o; make -s -j2; touch \"../round\"; done";
    let project = Project::six();
    project.lay_out();
    succeed(sh(&project.tree(), build).env("CC", "gcc"));
    let wanted = tree::list(&project.tree(), tree::is_built);
    for pause in [0, 20, 100] {
        project.lay_out();
        let _ = fs::remove_file(project.sandbox.path("round"));
        let mut running = project.session(build).spawn().unwrap();
        while !project.sandbox.path("round").exists() {
            assert_eq!(running.try_wait().unwrap(), None, "ended before a first round");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(pause));
        let companion = project.sandbox.companion().expect("a companion runs");
        kill(companion, Signal::SIGKILL).unwrap();
        assert!(running.wait().unwrap().success(), "the build noticed");
        tree::assert_same("killed", &tree::list(&project.tree(), tree::is_built), &wanted);
    }
    project.sandbox.stop();
    relearns(&project);
}

#[test]
fn what_checks_the_store_is_killed() {
    let project = learnt();
    let rounds = 50;
    for _ in 0..rounds {
        // The next one checks the store.
        kill(project.sandbox.companion().expect("a companion runs"), Signal::SIGKILL).unwrap();
        let late = Instant::now() + Duration::from_secs(20);
        while project.sandbox.companion().is_some() {
            assert!(Instant::now() < late, "it is still there");
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut listing = project.sandbox.specctl(&["list"]);
        let mut listing = listing.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let late = Instant::now() + Duration::from_secs(5);
        let mut killed = false;
        while !killed && Instant::now() < late && listing.try_wait().unwrap().is_none() {
            let companion = project.sandbox.companion();
            killed =
                companion.and_then(first_child).is_some_and(|child| kill(child, Signal::SIGKILL).is_ok());
        }
        let listed = listing.wait_with_output().unwrap();
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        if killed {
            relearns(&project);
            return;
        }
    }
    panic!("none of {rounds} was seen");
}

/// The process that this one's first thread has started.
fn first_child(of: Pid) -> Option<Pid> {
    let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
    Some(Pid::from_raw(children.split_whitespace().next()?.parse().ok()?))
}

#[test]
fn a_companion_that_is_stopped_ends_no_build() {
    let project = learnt();
    let companion = project.sandbox.companion().expect("a companion runs");
    kill(companion, Signal::SIGSTOP).unwrap();
    project.lay_out();
    let ran = project.session(CLEAN_MAKE).output();
    let (got, marked) =
        (tree::list(&project.tree(), tree::is_built), project.sandbox.path("socket.hung").exists());
    kill(companion, Signal::SIGCONT).unwrap();
    let ran = ran.unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success() && said.contains("does not answer") && marked, "{said}");
    project.lay_out();
    succeed(sh(&project.tree(), CLEAN_MAKE).env("CC", "gcc"));
    tree::assert_same("stopped", &got, &tree::list(&project.tree(), tree::is_built));
    let late = Instant::now() + Duration::from_secs(20);
    while project.sandbox.path("socket.hung").exists() {
        assert!(Instant::now() < late, "a companion that lives leaves the mark");
        std::thread::sleep(Duration::from_millis(20));
    }
    relearns(&project);
    assert_served(&project);
}

#[test]
fn what_a_killed_companion_left_goes_with_the_next() {
    let project = learnt();
    let companion = project.sandbox.companion().expect("a companion runs");
    let left = project.sandbox.path("cache/spec-cc-work-left");
    fs::create_dir_all(left.join("job-1/0")).unwrap();
    kill(companion, Signal::SIGKILL).unwrap();
    relearns(&project);
    let late = Instant::now() + Duration::from_secs(20);
    while left.exists() {
        assert!(Instant::now() < late, "it is still there");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_archiver_is_killed_with_its_tracer() {
    if !may_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    let tree = sandbox.path("tree");
    fs::create_dir(&tree).unwrap();
    // So large that it is seen half written.
    fs::File::create(tree.join("big.o")).unwrap().set_len(192 << 20).unwrap();
    succeed(&mut sh(&tree, "ar qc plain.a big.o"));
    let whole = fs::metadata(tree.join("plain.a")).unwrap().len();
    let archive = tree.join("lib.a");
    let size = || fs::metadata(&archive).map_or(0, |meta| meta.len());
    for _ in 0..10 {
        let _ = fs::remove_file(&archive);
        let mut ar = sh(&tree, "spec-cc ar qc lib.a big.o");
        sandbox.enter(&mut ar);
        let mut ar = ar.stderr(Stdio::piped()).spawn().unwrap();
        // More than what an archive begins with.
        while ar.try_wait().unwrap().is_none() && size() <= 8 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // Only now it is another process than the archiver.
        let tracer = tracer_of(&sandbox);
        let half = size() < whole && tracer.is_some_and(|tracer| kill(tracer, Signal::SIGKILL).is_ok());
        let ended = ar.wait_with_output().unwrap();
        assert!(ended.status.success(), "half was written: {half}; {ended:?}");
        succeed(&mut sh(&tree, "cmp plain.a lib.a"));
        if half {
            return;
        }
    }
    panic!("it was never seen half written");
}

/// The tracer that works for this sandbox.
fn tracer_of(sandbox: &Sandbox) -> Option<Pid> {
    let folder = sandbox.path("");
    let needle = folder.as_os_str().as_encoded_bytes();
    let mut all = fs::read_dir("/proc").unwrap().flatten();
    let found = all.find(|process| {
        let is = |exe: std::path::PathBuf| exe.ends_with("spec-cc-trace");
        let names = |environ: Vec<u8>| environ.windows(needle.len()).any(|part| part == needle);
        fs::read_link(process.path().join("exe")).is_ok_and(is)
            && fs::read(process.path().join("environ")).is_ok_and(names)
    });
    Some(Pid::from_raw(found?.file_name().to_str()?.parse().ok()?))
}
