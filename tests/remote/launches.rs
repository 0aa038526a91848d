//! Launches on a grid: fetched early, given up when pointless, fewer when the grid is full, and behind what builds ask for.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::protobuf::Timestamp;
use spec_cc::base::digest::Digest;
use tonic::Code;

use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::{Fault, Method};
use crate::support::grid::worker;
use crate::support::sandbox::{Sandbox, Stats};
use crate::support::shell::{quiet, sh, succeed};

const ELEMENT: &str = "launches";
const SOURCES: usize = 12;
const ALL: &str = "for i in $(seq 0 11); do $CC -O1 -c f$i.c -o f$i.o; done";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many commands were not given to the grid because the way there takes longer.
fn left_out(stats: &Stats) -> f64 {
    stats.field("left_out")["too_cheap"].as_f64().unwrap_or_default()
}

/// A dozen sources beside a grid that really runs what it is given.
struct Yard {
    grid: Grid,
    sandbox: Sandbox,
    variables: Vec<(&'static str, String)>,
}

impl Yard {
    fn new() -> Self {
        let yard = Self { grid: Grid::start(), sandbox: Sandbox::new(), variables: Vec::new() };
        fs::create_dir(yard.tree()).unwrap();
        yard.edit("first");
        yard.work(|_, work| work);
        yard
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn tree(&self) -> PathBuf {
        self.sandbox.path("tree")
    }

    /// Another function in every source: none of their actions is known then.
    fn edit(&self, name: &str) {
        for number in 0..SOURCES {
            let text = format!("int {name}_{number}(void) {{ return {number}; }}\n");
            fs::write(self.tree().join(format!("f{number}.c")), text).unwrap();
        }
    }

    /// What comes of an action is what `change` makes of what really comes of it.
    fn work(&self, change: impl Fn(&Digest, Work) -> Work + Send + Sync + 'static) {
        let state = std::sync::Arc::downgrade(&self.grid.state);
        self.grid.state.work(move |action| match state.upgrade() {
            Some(state) => change(action, worker::run(&state, action, |_| {})),
            None => Work::Never,
        });
    }

    fn session(&self, script: &str) -> std::process::Command {
        let mut command = self.sandbox.session(ELEMENT, &self.tree(), script);
        command.env("CC", "spec-cc").env("SPEC_CC_REMOTE", self.grid.url());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Builds all, and compares each object with the plain compiler's.
    fn build(&self) -> Stats {
        succeed(&mut self.session(ALL));
        self.compare();
        self.stats()
    }

    /// Opens a session that builds only when `ready` has come true, which it does without the build.
    fn build_after(&self, script: &str, ready: impl Fn() -> bool, then: impl FnOnce()) -> Stats {
        let go = self.sandbox.path("go");
        let _ = fs::remove_file(&go);
        let script = format!("while ! test -e {}; do sleep 0.02; done; {script}", go.display());
        let mut building = self.session(&script).stdout(Stdio::null()).spawn().unwrap();
        let late = Instant::now() + PATIENCE;
        while !ready() && Instant::now() < late {
            thread::sleep(Duration::from_millis(10));
        }
        let in_time = ready();
        then();
        fs::write(go, "").unwrap();
        assert!(building.wait().unwrap().success());
        assert!(in_time, "what was launched did not get there: {:?}", self.stats());
        self.compare();
        self.stats()
    }

    fn compare(&self) {
        let plain = self.sandbox.path("plain");
        fs::create_dir_all(&plain).unwrap();
        for number in 0..SOURCES {
            let source = self.tree().join(format!("f{number}.c"));
            let mut command = sh(&plain, &format!("gcc -O1 -c {} -o plain.o", source.display()));
            quiet(&mut command, &plain);
            succeed(&mut command);
            let object = |path: PathBuf| fs::read(path).unwrap();
            let same = object(plain.join("plain.o")) == object(self.tree().join(format!("f{number}.o")));
            assert!(same, "f{number}.o is not the compiler's");
        }
    }

    fn stats(&self) -> Stats {
        self.sandbox.stats(ELEMENT)
    }
}

fn ahead(stats: &Stats) -> f64 {
    stats.served("prefetched") + stats.served("joined")
}

#[test]
fn results_are_here_before_the_build_asks() {
    let yard = Yard::new();
    yard.build();
    yard.edit("second");
    // Each result is left under its signature once it is here.
    let all = yard.grid.calls(Method::UpdateActionResult) + SOURCES;
    let there = || yard.grid.calls(Method::UpdateActionResult) >= all;
    let faults = || {
        // From now on the grid is of no use.
        for method in [Method::GetActionResult, Method::BatchReadBlobs, Method::Read, Method::Execute] {
            yard.grid.fail(method, 1000, &Fault::code(Code::PermissionDenied));
        }
    };
    let stats = yard.build_after(ALL, there, faults);
    assert!(ahead(&stats) >= SOURCES as f64, "{stats:?}");
    assert!(stats.number("launched_executed") >= SOURCES as f64, "{stats:?}");
    // What was sent for them counts as well as what they left.
    let tree = &yard.tree();
    let files = |end| (0..SOURCES).map(move |number| tree.join(format!("f{number}.{end}")));
    let bytes: u64 = files("c").chain(files("o")).map(|path| fs::metadata(path).unwrap().len()).sum();
    assert!(stats.number("launched_bytes") > bytes as f64, "{bytes} bytes at least: {stats:?}");
}

#[test]
fn launches_come_after_what_builds_ask_for_however_the_server_counts() {
    for (setting, wanted) in [(None, 1), (Some("-7"), -7)] {
        let mut yard = Yard::new();
        if let Some(setting) = setting {
            yard = yard.set("SPEC_CC_REMOTE_PRIORITY", setting);
        }
        yard.build();
        let asked = yard.grid.state.priorities();
        assert_eq!(asked.iter().copied().collect::<HashSet<_>>(), HashSet::from([0]), "{asked:?}");
        yard.edit("second");
        let all = asked.len() + SOURCES;
        yard.build_after(ALL, || yard.grid.state.priorities().len() >= all, || {});
        let launched = yard.grid.state.priorities().split_off(asked.len());
        assert_eq!(launched, [wanted; SOURCES]);
    }
}

#[test]
fn a_full_grid_refuses_and_nothing_is_lost() {
    let yard = Yard::new();
    yard.build();
    yard.edit("second");
    yard.grid.fail(Method::Execute, SOURCES, &Fault::code(Code::ResourceExhausted));
    let stats = yard.build();
    assert!(ahead(&stats) >= SOURCES as f64, "{stats:?}");
}

#[test]
fn a_launch_on_a_source_that_was_edited_since_is_called_back() {
    let yard = Yard::new();
    yard.build();
    yard.edit("second");
    // What was launched on the sources as they are now never ends.
    let launched = Mutex::new(HashSet::new());
    yard.work(move |action, work| {
        let mut launched = launched.lock().unwrap();
        if launched.contains(action) || launched.len() < SOURCES {
            launched.insert(*action);
            return Work::Never;
        }
        work
    });
    let asked = yard.grid.calls(Method::Execute);
    let there = || yard.grid.calls(Method::Execute) >= asked + SOURCES;
    let stats = yard.build_after(ALL, there, || yard.edit("third"));
    // The last one is called back beside the compile that takes its place.
    let late = Instant::now() + PATIENCE;
    while yard.grid.state.cancelled().len() < SOURCES && Instant::now() < late {
        thread::sleep(Duration::from_millis(10));
    }
    let cancelled = yard.grid.state.cancelled().len();
    assert_eq!(cancelled, SOURCES, "waited in vain for all to be called back: {stats:?}");
}

/// A grid far away: what takes a moment here takes long there.
#[test]
fn what_is_done_sooner_here_is_not_given_to_a_grid() {
    let yard = Yard::new();
    // So that it is known how long the compiles take here.
    succeed(yard.session(ALL).env("SPEC_CC_MODE", "learn"));
    yard.work(|_, work| match work {
        Work::Done(_, mut response) => {
            let mut result = response.result.take().unwrap_or_default();
            let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
            result.execution_metadata = Some(reapi::ExecutedActionMetadata {
                queued_timestamp: at(1),
                worker_start_timestamp: at(1),
                execution_start_timestamp: at(1),
                execution_completed_timestamp: at(1),
                ..Default::default()
            });
            response.result = Some(result);
            Work::Done(Duration::from_secs(4), response)
        }
        other => other,
    });
    yard.edit("second");
    let all = yard.grid.calls(Method::UpdateActionResult) + SOURCES;
    let stats = yard.build_after(ALL, || yard.grid.calls(Method::UpdateActionResult) >= all, || {});
    assert!(left_out(&stats) < 1.0, "{stats:?}");
    yard.edit("third");
    let all = yard.grid.calls(Method::GetActionResult) + SOURCES;
    let stats = yard.build_after(ALL, || yard.grid.calls(Method::GetActionResult) >= all, || {});
    // What the build asks for in that very moment is asked of the grid.
    assert!(left_out(&stats) >= (SOURCES / 2) as f64, "{stats:?}");
}

#[test]
fn an_object_that_a_worker_makes_wrong_is_found_by_verifying() {
    let yard = Yard::new().set("SPEC_CC_POLICY", "execute").set("SPEC_CC_MODE", "cache");
    let grid = std::sync::Arc::downgrade(&yard.grid.state);
    yard.grid.state.work(move |action| {
        let Some(grid) = grid.upgrade() else { return Work::Never };
        worker::run(&grid, action, |result| {
            for file in result.output_files.iter_mut().filter(|file| file.path.ends_with("f3.o")) {
                let digest = file.digest.as_ref().unwrap();
                let digest = Digest::from_hex(&digest.hash, digest.size_bytes as u64).unwrap();
                let mut object = grid.get(&digest).unwrap();
                object[24] ^= 1;
                file.digest = Some(spec_cc::action::to_reapi(&grid.put(&object)));
            }
        })
    });
    succeed(yard.session(ALL).env("SPEC_CC_VERIFY", "1"));
    yard.compare();
    let stats = yard.stats();
    let counts =
        |stats: &Stats| ["verified", "mismatched", "quarantined"].map(|name| stats.number(name) as u64);
    assert_eq!(counts(&stats), [12, 1, 1], "{stats:?}");
    assert!((stats.served("local") - 12.0).abs() < 0.5, "{stats:?}");
    let executed = yard.grid.calls(Method::Execute);
    let stats = yard.build();
    assert_eq!(counts(&stats), [0, 0, 1], "{stats:?}");
    assert!((stats.served("bypassed") - 1.0).abs() < 0.5 && stats.served("cached") > 10.5, "{stats:?}");
    assert_eq!(yard.grid.calls(Method::Execute), executed, "it was asked for again");
}
