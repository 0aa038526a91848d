//! What a build remembers reaches the next sandbox, and other machines, by way of a grid.

use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use crate::support::peers::{CasdOptions, Peers};
use crate::support::project::{CLEAN_MAKE, Expect, Project};
use crate::support::shell::{quiet, sh, succeed};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use nix::sys::signal::{Signal, kill};
use spec_cc::base::digest::Digest;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tonic::Code;

/// Tests of one file name, some of which fail, and their answers in a header.
const CONFIGURE: &str = r##"
: >confdefs.h
try() {
    name=$1; shift
    rm -f conftest.o conftest
    if "$@" 2>/dev/null; then echo "#define HAVE_$name 1" >>confdefs.h; fi
}
header() { { cat confdefs.h; echo "#include <$1>"; } >conftest.c; try "$2" $CC -c -g -O2 conftest.c; }
symbol() {
    { cat confdefs.h; echo "char $1(void); int main(void) { return $1(); }"; } >conftest.c
    try "$2" $CC -o conftest -g -O2 conftest.c $3
}
$WAIT
header stdio.h STDIO; header no_such.h NO_SUCH; header string.h STRING
symbol puts PUTS; symbol no_such NO_SUCH_SYMBOL; symbol cos COS -lm
echo '#include "part.h"' >conftest.c; try PART $CC -c -I. conftest.c
rm -f conftest*
mv confdefs.h config.h
"##;

const BUILD: &str = "sh ./configure; $CC -O2 -c main.c; $CC -O2 -c part.c; $WRAP ar crD libpart.a part.o; \
                     $CC -o main main.o -L. -lpart";
const CLEAN: &str = "rm -f config.h *.o *.a main";
const EDIT: &str = "sed -i 's/ + 1/ + 2/' main.c; echo '#define MORE 1' >>part.h";

/// A program with a configure script, a header, a library.
fn configured() -> Project {
    Project::of(&[
        ("configure", CONFIGURE),
        ("part.h", "int part(void);\n"),
        ("part.c", "#include \"part.h\"\n#include \"config.h\"\nint part(void) { return HAVE_PUTS; }\n"),
        ("main.c", "#include \"config.h\"\n#include \"part.h\"\nint main(void) { return part() + 1; }\n"),
    ])
}

/// On a grid that keeps results and executes nothing.
fn beside(project: Project, url: &str) -> Project {
    project.set("SPEC_CC_REMOTE", url).set("SPEC_CC_POLICY", "cache-only")
}

#[test]
fn an_edited_element_is_launched_in_the_next_sandbox() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let edited = format!("{CLEAN}; {EDIT}");
    beside(configured(), &casd.url)
        .step("", BUILD, Expect::Any)
        .elsewhere(&edited, BUILD, Expect::Ahead)
        .elsewhere(CLEAN, BUILD, Expect::Ahead)
        .check();
}

/// The variables of an element that works with recc, and no more.
fn as_for_recc(project: Project, url: &str) -> Project {
    project.set("RECC_SERVER", url).set("RECC_CACHE_ONLY", "1")
}

/// What a session of the element says at its end, and what `specctl doctor` says of its records.
fn said_of(project: &Project, variables: &[(&str, &str)]) -> (String, serde_json::Value) {
    let mut build = project.session("$CC -c part.c");
    let mut doctor = project.sandbox.specctl(&["doctor", "--json"]);
    for (name, value) in variables {
        build.env(name, value);
        doctor.env(name, value);
    }
    let line = String::from_utf8_lossy(&succeed(&mut build).stderr).into_owned();
    let findings: serde_json::Value = serde_json::from_slice(&succeed(&mut doctor).stdout).unwrap();
    (line, findings["records"].clone())
}

#[test]
fn an_element_that_is_set_up_for_recc_needs_no_other_word() {
    let grid = Grid::start();
    let project = as_for_recc(configured(), &grid.url()).step("", BUILD, Expect::Any).elsewhere(
        &format!("{CLEAN}; {EDIT}"),
        BUILD,
        Expect::Ahead,
    );
    project.check();
    let server = ("RECC_SERVER", grid.url());
    let (line, records) = said_of(&project, &[(server.0, &server.1)]);
    assert!(!line.contains("stays here"), "{line}");
    assert_eq!((&records["state"], &records["way"]), (&"ok".into(), &"action-cache".into()));
    // Results of compiles are recc's, and it was not told to leave them.
    grid.state.change_results(|result| {
        let mut files = result.output_files.iter();
        assert!(!files.any(|file| is_object(&file.path)), "{result:?}");
    });
    assert_eq!(project.sandbox.complaints(), Vec::<String>::new());
}

#[test]
fn nothing_leaves_that_is_not_to_be_shared() {
    let grid = Grid::start();
    let project = as_for_recc(configured(), &grid.url())
        .set("SPEC_CC_SHARE_RECORDS", "false")
        .step("", BUILD, Expect::Any)
        .elsewhere(CLEAN, BUILD, Expect::Any);
    project.check();
    assert!(project.sandbox.stats("small").number("launched") < 0.5);
    assert_eq!(grid.calls(Method::UpdateActionResult), 0);
    let (line, records) =
        said_of(&project, &[("RECC_SERVER", &grid.url()), ("SPEC_CC_SHARE_RECORDS", "false")]);
    assert!(line.contains("what was learnt stays here: share_records is off"), "{line}");
    assert_eq!((&records["state"], &records["way"]), (&"without".into(), &"none".into()));
}

/// There is no core to launch on: whatever is served was found.
#[test]
fn what_was_linked_and_tested_in_one_sandbox_is_not_run_in_the_next() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project =
        beside(configured(), &casd.url).step("", BUILD, Expect::Any).elsewhere(CLEAN, BUILD, Expect::Ahead);
    project.check();
    let stats = project.sandbox.stats("small");
    assert!(stats.number("launched_executed") < 0.5, "launched anew: {stats:?}");
}

/// As meson has it: folders that are yet to be made are searched, those of objects and one that stays empty.
#[test]
fn what_searches_folders_that_are_yet_to_come_is_found() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "$WAIT; mkdir -p out/empty out/a.p; $WAIT; \
                 $CC -Wmissing-include-dirs -Werror -Iout/a.p -Iout/empty -c a.c -o out/a.p/a.o; \
                 $CC -Wmissing-include-dirs -Werror -Iout/a.p -c b.c -o out/a.p/b.o";
    let project = Project::of(&[("a.c", "int a;\n"), ("b.c", "int b;\n")]);
    let project = beside(project, &casd.url)
        .set("RECC_NO_PATH_REWRITE", "1")
        .step("", build, Expect::Any)
        .elsewhere("rm -r out", build, Expect::Ahead);
    project.check();
    let stats = project.sandbox.stats("small");
    assert!(stats.number("launched_executed") < 0.5, "launched anew: {stats:?}");
}

/// As a sandbox ends: nobody closes the session.
#[test]
fn a_companion_that_is_killed_has_left_what_it_learnt() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project =
        beside(configured(), &casd.url).elsewhere(&format!("{CLEAN}; {EDIT}"), BUILD, Expect::Ahead);
    project.lay_out();
    let mut build = sh(&project.tree(), BUILD);
    quiet(&mut build, &project.tree());
    project.sandbox.enter(&mut build);
    build.env("CC", "spec-cc gcc").env("WRAP", "spec-cc").env("SPEC_CC_REMOTE", &casd.url);
    build.env("SPEC_CC_POLICY", "cache-only").env("SPEC_CC_LOG", "debug");
    build.env("SPEC_CC_PROJECT", "tests").env("SPEC_CC_ELEMENT", "small");
    succeed(&mut build);
    let left = || {
        let said = project.sandbox.complaints();
        said.iter().filter(|line| line.contains("are on the grid") || line.contains("is on the grid")).count()
    };
    let (mut before, mut quiet, late) = (0, Instant::now(), Instant::now() + Duration::from_mins(2));
    while before == 0 || quiet.elapsed() < Duration::from_secs(4) {
        assert!(Instant::now() < late, "nothing is left");
        if left() != before {
            (before, quiet) = (left(), Instant::now());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    kill(project.sandbox.companion().expect("it runs"), Signal::SIGKILL).expect("killed");
    project.sandbox.forget();
    project.check();
}

/// Builds once, has `harm` done to all that the grid keeps, and builds in another sandbox.
fn harmed(harm: impl Fn(&mut reapi::ActionResult) + 'static) {
    let grid = Rc::new(Grid::start());
    let other = Rc::clone(&grid);
    beside(Project::six(), &grid.url())
        .step("", CLEAN_MAKE, Expect::All("local"))
        .elsewhere("make -s clean", CLEAN_MAKE, Expect::Any)
        .before(move || other.state.change_results(&harm))
        .elsewhere("make -s clean", &format!("$WAIT; {CLEAN_MAKE}"), Expect::Ahead)
        .check();
}

#[test]
fn garbage_in_place_of_records_costs_launches() {
    harmed(|result| result.stdout_raw = b"garbage".to_vec());
    harmed(|result| *result = reapi::ActionResult::default());
    harmed(|result| result.output_files.clear());
}

/// Somebody else's bytes in our clothes.
#[test]
fn hostile_records_cost_launches() {
    // As a message with zstd: no records, and the empty ones.
    let within = [b"\x0a\x03bad".as_slice(), b""].map(|message| zstd::bulk::compress(message, 1).unwrap());
    let payloads = [b"spec-cc\x01".to_vec(), b"\xff\xff\xff\xff\xff".to_vec(), vec![0; 5000]];
    for payload in payloads.into_iter().chain(within) {
        harmed(move |result| {
            if result.stdout_raw.is_empty() {
                return;
            }
            result.stdout_raw.clone_from(&payload);
            let signatures = &mut result.execution_metadata.get_or_insert_default().auxiliary_metadata;
            if let Some(signature) = signatures.get_mut(1) {
                signature.value = Digest::of(&payload).to_string().into_bytes().into();
            }
        });
    }
}

#[test]
fn a_server_that_takes_no_results_is_asked_once() {
    let grid = Grid::start();
    grid.fail(Method::UpdateActionResult, 1000, &Fault::code(Code::PermissionDenied));
    let project = beside(configured(), &grid.url()).step("", BUILD, Expect::Any).step(
        &format!("{CLEAN}; {EDIT}"),
        BUILD,
        Expect::Ahead,
    );
    project.check();
    let said = project.sandbox.complaints();
    assert!(said.len() == 1 && said[0].contains("PermissionDenied"), "{said:?}");
    // Some may be on their way together.
    assert!(grid.calls(Method::UpdateActionResult) < 10, "{}", grid.calls(Method::UpdateActionResult));
    let (line, records) = said_of(&project, &[("SPEC_CC_REMOTE", &grid.url())]);
    assert!(line.contains("what was learnt stays here: the grid takes no updates"), "{line}");
    assert_eq!((&records["state"], &records["way"]), (&"without".into(), &"artifact".into()));
}

/// In a sandbox that has never seen spec-cc, on the machine whose casd is at `url`.
fn visit(url: &str, build: &str, expect: Expect) {
    let project = beside(Project::six(), url).step("", build, expect);
    project.check();
    assert_eq!(project.sandbox.complaints(), Vec::<String>::new());
}

/// Everything, once all launches that can be made have been.
fn all_ahead() -> String {
    format!("$WAIT; {CLEAN_MAKE}")
}

/// A casd goes on answering from its own copy of what it has seen once.
#[test]
fn what_one_machine_learns_later_reaches_the_others() {
    let Some(peers) = Peers::get() else { return };
    let remote = peers.casd(&CasdOptions::default());
    let [one, other, third] = [(); 3].map(|()| peers.casd(&CasdOptions::before(&remote)));
    visit(&one.url, "make -s one.o two.o", Expect::Any);
    visit(&other.url, "make -s one.o two.o three.o", Expect::Any);
    visit(&one.url, "make -s three.o four.o five.o", Expect::Any);
    visit(&other.url, "$WAIT; make -s five.o four.o", Expect::Ahead);
    visit(&other.url, "make -s program", Expect::Any);
    visit(&one.url, &all_ahead(), Expect::Ahead);
    visit(&third.url, &all_ahead(), Expect::Ahead);
}

/// What it leaves itself stays with its own casd, and must not hide what others leave.
#[test]
fn a_machine_that_only_reads_hears_what_others_learn_later() {
    let Some(peers) = Peers::get() else { return };
    let remote = peers.casd(&CasdOptions::default());
    let (writing, reading) =
        (peers.casd(&CasdOptions::before(&remote)), peers.casd(&CasdOptions::reading(&remote)));
    visit(&writing.url, "make -s one.o", Expect::Any);
    visit(&reading.url, "$WAIT; make -s one.o; make -s two.o", Expect::Any);
    visit(&reading.url, "$WAIT; make -s two.o; make -s three.o", Expect::AheadBut(1));
    visit(&writing.url, "make -s four.o five.o main.o", Expect::Any);
    visit(&reading.url, "$WAIT; make -s one.o two.o three.o four.o five.o main.o", Expect::Ahead);
    // Nobody else has heard of the other two.
    visit(&writing.url, "$WAIT; make -s one.o two.o three.o four.o five.o", Expect::AheadBut(2));
}

/// Each opens its session before the other has left anything, and ends it after that.
#[test]
fn two_machines_that_build_an_element_at_once_lose_nothing() {
    let Some(peers) = Peers::get() else { return };
    let remote = peers.casd(&CasdOptions::default());
    let [one, other, third] = [(); 3].map(|()| peers.casd(&CasdOptions::before(&remote)));
    let folder = tempfile::tempdir().expect("make a folder");
    let build = |own: &str, others: &str, first: &str, then: &str| {
        let at = folder.path().display();
        format!(
            "make -s {first}; $WAIT; if [ \"$WAIT\" != : ]; then : >{at}/{own}; tries=0; \
             until [ -e {at}/{others} ]; do sleep 0.02; tries=$((tries + 1)); \
             [ $tries != 3000 ] || {{ echo waited in vain for the other machine; exit 1; }}; done; fi; \
             make -s {then}"
        )
    };
    std::thread::scope(|scope| {
        scope.spawn(|| visit(&one.url, &build("1", "2", "one.o", "two.o three.o"), Expect::Any));
        scope.spawn(|| visit(&other.url, &build("2", "1", "four.o", "five.o program"), Expect::Any));
    });
    visit(&third.url, &all_ahead(), Expect::Ahead);
    visit(&one.url, &all_ahead(), Expect::Ahead);
}

fn is_object(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|suffix| suffix == "o")
}
