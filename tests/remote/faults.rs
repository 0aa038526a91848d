//! Builds on a grid that fails: what they make is what the compiler makes, and the log says why, once.

use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use crate::support::grid::worker;
use crate::support::project::{Expect, Project};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use spec_cc::action::to_reapi;
use spec_cc::inputs::digest::Digest;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tonic::Code;

/// The build without debug information, which would name the worker's folder.
const BUILD: &str = "make -s clean; make -s -j2 CFLAGS=-O2";
/// An edit that every source but one sees.
const EDIT: &str = "echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h";
/// More calls than a test makes.
const ALWAYS: usize = 1000;
/// What all of a test's builds may take when each waits once for a server that says nothing.
const PATIENCE: Duration = Duration::from_secs(40);

/// A grid whose worker runs what it is given.
fn grid() -> Grid {
    let grid = Grid::start();
    let state = Arc::downgrade(&grid.state);
    grid.state.work(move |action| {
        let state = state.upgrade().expect("the grid is there while it works");
        worker::run(&state, action, |_| {})
    });
    grid
}

fn project(grid: &Grid) -> Project {
    Project::six().set("SPEC_CC_REMOTE", &grid.url()).set("RECC_REQUEST_TIMEOUT", "1")
}

/// Panics unless the log has one line, which names all of `words`; none when there are no words.
fn assert_one_complaint(project: &Project, words: &[&str]) {
    let said = project.sandbox.complaints();
    let wanted = usize::from(!words.is_empty());
    let told = said.iter().all(|line| words.iter().all(|word| line.contains(word)));
    assert!(said.len() == wanted && told, "{words:?}: {said:#?}");
}

/// Has `harm` done before the first build, and to another grid before the second, whose commands are known and launched ahead.
fn harmed(harm: impl Fn(&Grid) + 'static, words: &[&str]) {
    let begun = Instant::now();
    let first = grid();
    harm(&first);
    let project = self::project(&first).step("", BUILD, Expect::Any).step(EDIT, BUILD, Expect::Any);
    project.check();
    assert_one_complaint(&project, words);

    let second = Rc::new(grid());
    let harmed = Rc::clone(&second);
    let project = self::project(&second)
        .step("", BUILD, Expect::All("executed"))
        .step(EDIT, BUILD, Expect::Any)
        .before(move || harm(&harmed));
    project.check();
    assert_one_complaint(&project, words);
    assert!(begun.elapsed() < PATIENCE, "it took {:?}", begun.elapsed());
}

/// Has calls of these methods fail like this.
fn failing(methods: &'static [Method], fault: Fault, words: &[&str]) {
    harmed(move |grid| methods.iter().for_each(|method| grid.fail(*method, ALWAYS, &fault)), words);
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
    failing(ALL, Fault::Hang, &["no answer within 1"]);
}

#[test]
fn hanging_lookups() {
    failing(&[Method::GetActionResult], Fault::Hang, &["GetActionResult", "no answer within 1"]);
}

#[test]
fn hanging_storage() {
    failing(&[Method::FindMissingBlobs], Fault::Hang, &["FindMissingBlobs", "no answer within 1"]);
}

#[test]
fn hanging_downloads() {
    failing(&[Method::BatchReadBlobs, Method::Read], Fault::Hang, &["BatchReadBlobs", "no answer within 1"]);
}

#[test]
fn hanging_executions() {
    failing(&[Method::Execute], Fault::Hang, &["Execute", "no answer within 1"]);
}

#[test]
fn resetting() {
    failing(ALL, Fault::Reset, &["compiled here"]);
}

#[test]
fn overburdened() {
    failing(ALL, Fault::code(Code::ResourceExhausted), &["ResourceExhausted", "on purpose"]);
}

#[test]
fn refusing() {
    failing(ALL, Fault::code(Code::Unauthenticated), &["Unauthenticated", "on purpose"]);
}
