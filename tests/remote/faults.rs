//! Builds on a grid that fails: what they make is what the compiler makes, and the log says why, once.

use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::{Fault, Method};
use crate::support::grid::state::State;
use crate::support::grid::worker;
use crate::support::project::{Expect, Project};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::{ActionResult, digest_function};
use spec_cc::base::digest::Digest;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tonic::Code;

/// The build without debug information, which would name the worker's folder.
const BUILD: &str = "make -s clean; make -s -j2 CFLAGS=-O2";
/// An edit that every source but one sees.
const EDIT: &str = "echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h";
/// More calls than a test makes.
const ALWAYS: usize = 1000;
/// What all of a test's builds may take when each waits once for a server that says nothing.
const PATIENCE: Duration = Duration::from_mins(3);

/// A grid whose worker runs what it is given.
fn grid() -> Grid {
    let grid = Grid::start();
    reporting(&grid, |_, _| {});
    grid
}

/// From now on the grid's worker tells of what it has run as `change` has it.
fn reporting(grid: &Grid, change: impl Fn(&State, &mut ActionResult) + Send + Sync + 'static) {
    let state = Arc::downgrade(&grid.state);
    grid.state.work(move |action| match state.upgrade() {
        Some(state) => worker::run(&state, action, |result| change(&state, result)),
        None => Work::Never,
    });
}

/// Deadline of a call to a server that says nothing, seconds: what a test waits for again and again.
const SHORT: &str = "2";
/// Deadline of a call to any other: on a busy machine an answer takes its time, and none is to be late here.
const LONG: &str = "30";

fn project(grid: &Grid) -> Project {
    Project::six().set("SPEC_CC_REMOTE", &grid.url()).set("RECC_REQUEST_TIMEOUT", LONG)
}

/// A grid that takes no blob but as a stream.
fn streaming() -> Grid {
    let grid = grid();
    grid.state.offer_cache(|cache| cache.max_batch_total_size_bytes = 1);
    grid
}

/// Panics unless the log has one line, which names all of `words`; none when there are no words.
fn assert_one_complaint(project: &Project, words: &[&str]) {
    let said = project.sandbox.complaints();
    let wanted = usize::from(!words.is_empty());
    let told = said.iter().all(|line| words.iter().all(|word| line.contains(word)));
    assert!(said.len() == wanted && told, "{words:?}: {said:#?}");
}

/// Has `harm` done before the first build, and to another grid before the second, whose commands are known and launched ahead.
fn harmed(harm: impl Fn(&Grid) + Send + Sync + 'static, words: &[&str]) {
    harmed_on(grid, LONG, harm, words);
}

/// The same on grids of another make, or with another deadline. Both are built at a time: mostly they wait.
fn harmed_on(
    grid: impl Fn() -> Grid + Sync,
    deadline: &str,
    harm: impl Fn(&Grid) + Send + Sync + 'static,
    words: &[&str],
) {
    let project = |grid: &Grid| project(grid).set("RECC_REQUEST_TIMEOUT", deadline);
    let harm = Arc::new(harm);
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| {
            let first = grid();
            harm(&first);
            let build = project(&first).step("", BUILD, Expect::Any).step(EDIT, BUILD, Expect::Any);
            build.check();
            assert_one_complaint(&build, words);
        });
        let second = Rc::new(grid());
        let (harmed, harm) = (Rc::clone(&second), Arc::clone(&harm));
        let build = project(&second)
            .step("", BUILD, Expect::All("executed"))
            .step(EDIT, BUILD, Expect::Any)
            .before(move || harm(&harmed));
        build.check();
        assert_one_complaint(&build, words);
    });
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
}

/// Has calls of these methods fail like this.
fn failing(methods: &'static [Method], fault: Fault, words: &[&str]) {
    harmed(move |grid| methods.iter().for_each(|method| grid.fail(*method, ALWAYS, &fault)), words);
}

/// Has calls of these methods never answered.
fn hanging(methods: &'static [Method], words: &[&str]) {
    let hang = move |grid: &Grid| methods.iter().for_each(|method| grid.fail(*method, ALWAYS, &Fault::Hang));
    harmed_on(grid, SHORT, hang, words);
}

/// Every method that a build may need.
const ALL: &[Method] = &[
    Method::GetCapabilities,
    Method::FindMissingBlobs,
    Method::BatchUpdateBlobs,
    Method::BatchReadBlobs,
    Method::Read,
    Method::Write,
    Method::GetActionResult,
    Method::UpdateActionResult,
    Method::Execute,
    Method::WaitExecution,
];

#[test]
fn none() {
    let grid = grid();
    let project = project(&grid).step("", BUILD, Expect::All("executed")).step(EDIT, BUILD, Expect::Ahead);
    project.check();
    assert_one_complaint(&project, &[]);
}

#[test]
fn slow() {
    failing(ALL, Fault::Delay(Duration::from_millis(100)), &[]);
}

#[test]
fn hanging_altogether() {
    hanging(ALL, &["no answer within 2"]);
}

#[test]
fn hanging_lookups() {
    hanging(&[Method::GetActionResult], &["GetActionResult", "no answer within 2"]);
}

#[test]
fn hanging_storage() {
    hanging(&[Method::FindMissingBlobs], &["FindMissingBlobs", "no answer within 2"]);
}

#[test]
fn hanging_downloads() {
    hanging(&[Method::BatchReadBlobs, Method::Read], &["BatchReadBlobs", "no answer within 2"]);
}

#[test]
fn hanging_executions() {
    hanging(&[Method::Execute], &["Execute", "no answer within 2"]);
}

#[test]
fn resetting() {
    failing(ALL, Fault::Reset, &["further such trouble"]);
}

#[test]
fn overburdened() {
    failing(ALL, Fault::code(Code::ResourceExhausted), &["ResourceExhausted", "on purpose"]);
}

#[test]
fn refusing() {
    failing(ALL, Fault::code(Code::Unauthenticated), &["Unauthenticated", "on purpose"]);
}

#[test]
fn taking_executions_and_never_ending_one() {
    let taking = |grid: &Grid| grid.state.work(|_| Work::Never);
    harmed_on(grid, SHORT, taking, &["Execute", "neither it nor any other ended"]);
}

#[test]
fn executions_that_it_loses() {
    let lost = &["Execute", "the stream ended before the action did"];
    failing(&[Method::Execute, Method::WaitExecution], Fault::Short(0), lost);
}

#[test]
fn executions_whose_streams_end() {
    failing(&[Method::Execute], Fault::Short(1), &[]);
}

#[test]
fn streams_cut_short() {
    let cut = |grid: &Grid| grid.fail(Method::Read, ALWAYS, &Fault::Short(100));
    harmed_on(streaming, LONG, cut, &["Read", "the stream ended after"]);
}

#[test]
fn uploads_cut_short() {
    let cut = |grid: &Grid| grid.fail(Method::Write, ALWAYS, &Fault::Short(10));
    harmed_on(streaming, LONG, cut, &["Write", "the server kept 10 bytes"]);
}

#[test]
fn contents_that_are_not_their_digests() {
    let forge = |state: &State, result: &mut ActionResult| {
        for file in &result.output_files {
            let digest = digest_of(file);
            let forged = vec![b'x'; state.get(&digest).unwrap_or_default().len()];
            state.put_as(digest, &forged);
        }
    };
    harmed(move |grid| reporting(grid, forge), &["DataLoss", "is something else"]);
}

#[test]
fn results_whose_blobs_are_missing() {
    let lose = |state: &State, result: &mut ActionResult| {
        for file in &result.output_files {
            state.forget(&digest_of(file));
        }
    };
    harmed(move |grid| reporting(grid, lose), &["NotFound", "the server has no"]);
}

#[test]
fn outputs_that_lead_upwards() {
    let escape = |_: &State, result: &mut ActionResult| {
        for file in &mut result.output_files {
            file.path = format!("../{}", file.path);
        }
    };
    harmed(move |grid| reporting(grid, escape), &["\"../", "is no output of the command"]);
}

#[test]
fn outputs_that_are_links_to_elsewhere() {
    let escape = |_: &State, result: &mut ActionResult| {
        for file in std::mem::take(&mut result.output_files) {
            let target = "/etc/passwd".to_owned();
            result.output_symlinks.push(reapi::OutputSymlink {
                path: file.path,
                target,
                node_properties: None,
            });
        }
    };
    harmed(move |grid| reporting(grid, escape), &["folders or links among its outputs"]);
}

#[test]
fn contents_without_end() {
    let vast = |_: &State, result: &mut ActionResult| {
        for file in &mut result.output_files {
            file.digest.as_mut().expect("a file has a digest").size_bytes = i64::MAX;
        }
    };
    harmed(move |grid| reporting(grid, vast), &["NotFound", "no such blob"]);
}

#[test]
fn messages_without_end() {
    let shout = |_: &State, result: &mut ActionResult| result.stderr_raw = vec![b'x'; 65 << 20];
    harmed(move |grid| reporting(grid, shout), &["OutOfRange"]);
}

#[test]
fn results_without_an_object() {
    harmed(|grid| reporting(grid, |_, result| result.output_files.clear()), &["it has no", ".o"]);
}

#[test]
fn inputs_that_it_forgets() {
    // It says that it has all, and then that it lacks the command.
    let forgets = |grid: &Grid| {
        grid.state.work(|_| Work::status(&tonic::Status::failed_precondition("a blob is missing")));
    };
    harmed(forgets, &["FailedPrecondition", "a blob is missing"]);
}

#[test]
fn batches_of_nothing() {
    // By the protocol, 0 means that no limit is stated.
    let grid = grid();
    grid.state.offer_cache(|cache| cache.max_batch_total_size_bytes = 0);
    let build = project(&grid).step("", BUILD, Expect::All("executed")).step(EDIT, BUILD, Expect::Ahead);
    build.check();
    assert_one_complaint(&build, &[]);
}

#[test]
fn hashing_otherwise() {
    let grid = grid();
    grid.state.offer_cache(|cache| cache.digest_functions = vec![digest_function::Value::Blake3 as i32]);
    let build = project(&grid).step("", BUILD, Expect::All("local")).step(EDIT, BUILD, Expect::Ahead);
    build.check();
    assert_one_complaint(&build, &["GetCapabilities", "knows no SHA256"]);
}

#[test]
fn cached_results_whose_blobs_were_evicted() {
    let grid = Rc::new(grid());
    let evicting = Rc::clone(&grid);
    let build = project(&grid)
        .set("SPEC_CC_POLICY", "cache-only")
        .step("", BUILD, Expect::All("local"))
        .elsewhere("", BUILD, Expect::Any)
        .before(move || evicting.state.evict());
    build.check();
    assert_one_complaint(&build, &["NotFound", "the server has no"]);
}

#[test]
fn going_away_while_it_is_built() {
    for known in [false, true] {
        let grid = Arc::new(Mutex::new(grid()));
        let leaving = Arc::clone(&grid);
        let mut build = project(&grid.lock().unwrap());
        if known {
            build = build.step("", BUILD, Expect::All("executed"));
        }
        let left = Arc::new(Mutex::new(None));
        let leaver = Arc::clone(&left);
        build = build.step(EDIT, BUILD, Expect::Any).before(move || {
            *leaver.lock().unwrap() = Some(leave_soon(&leaving));
        });
        build.check();
        let left = left.lock().unwrap().take().expect("the step was taken");
        left.join().expect("it was asked for executions, and left");
        // It may show first in what was on its way there.
        assert_one_complaint(&build, &["further such trouble"]);
    }
}

/// Has the grid go once it was asked for two more executions; the thread panics when it is not.
fn leave_soon(grid: &Arc<Mutex<Grid>>) -> JoinHandle<()> {
    let grid = Arc::clone(grid);
    let calls = |grid: &Mutex<Grid>| grid.lock().unwrap().calls(Method::Execute);
    let before = calls(&grid);
    thread::spawn(move || {
        let late = Instant::now() + PATIENCE;
        while calls(&grid) < before + 2 {
            assert!(Instant::now() < late, "waited in vain for two more executions");
            thread::sleep(Duration::from_millis(1));
        }
        grid.lock().unwrap().stop();
    })
}

fn digest_of(file: &reapi::OutputFile) -> Digest {
    let digest = file.digest.clone().expect("a file has a digest");
    format!("{}/{}", digest.hash, digest.size_bytes).parse().expect("a digest of SHA-256")
}
