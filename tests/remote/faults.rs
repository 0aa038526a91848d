//! Builds on a grid that fails: what they make is what the compiler makes, and the log says why, once.

use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use crate::support::grid::worker;
use crate::support::project::{Expect, Project};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use std::sync::Arc;
use std::time::Duration;
use tonic::Code;

/// The build without debug information, which would name the worker's folder.
const BUILD: &str = "make -s clean; make -s -j2 CFLAGS=-O2";
/// An edit that every source but one sees.
const EDIT: &str = "echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h";
/// More calls than a test makes.
const ALWAYS: usize = 1000;

/// A grid whose worker runs what it is given and tells of it as `change` has it.
fn grid(change: impl Fn(&mut reapi::ActionResult) + Send + Sync + 'static) -> Grid {
    let grid = Grid::start();
    let state = Arc::downgrade(&grid.state);
    grid.state.work(move |action| {
        let state = state.upgrade().expect("the grid is there while it works");
        worker::run(&state, action, &change)
    });
    grid
}

fn project(grid: &Grid) -> Project {
    Project::six().set("SPEC_CC_REMOTE", &grid.url()).set("RECC_REQUEST_TIMEOUT", "1")
}

/// Panics unless the log has one line, which names all of `words`.
fn assert_one_complaint(project: &Project, words: &[&str]) {
    let said = project.sandbox.complaints();
    assert!(said.len() == 1 && words.iter().all(|word| said[0].contains(word)), "{words:?}: {said:#?}");
}

/// The fault from the first build on, and again from the second.
fn with_fault(methods: &[Method], fault: &Fault, words: &[&str]) {
    let fail = |grid: &Grid| methods.iter().for_each(|method| grid.fail(*method, ALWAYS, fault));
    let broken = grid(|_| {});
    fail(&broken);
    let project = self::project(&broken).step("", BUILD, Expect::Any).step(EDIT, BUILD, Expect::Any);
    project.check();
    assert_one_complaint(&project, words);

    let later = std::rc::Rc::new(grid(|_| {}));
    let breaks = std::rc::Rc::clone(&later);
    let (methods, fault) = (methods.to_vec(), fault.clone());
    let project = self::project(&later)
        .step("", BUILD, Expect::All("executed"))
        .step(EDIT, BUILD, Expect::Any)
        .before(move || methods.iter().for_each(|method| breaks.fail(*method, ALWAYS, &fault)));
    project.check();
    assert_one_complaint(&project, words);
}

#[test]
fn a_grid_without_faults() {
    let grid = grid(|_| {});
    let project = project(&grid).step("", BUILD, Expect::All("executed")).step(EDIT, BUILD, Expect::Ahead);
    project.check();
    assert_eq!(project.sandbox.complaints(), [""; 0]);
}

#[test]
fn results_that_nobody_may_see() {
    with_fault(&[Method::GetActionResult], &Fault::code(Code::Unauthenticated), &["Unauthenticated"]);
}
