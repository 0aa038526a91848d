//! Sandboxes that end while launches are under way: by themselves, well or not, and because somebody kills what runs them.
use crate::element::{assert_ahead, served};
use crate::modes::INCLUDE;
use crate::processes::{self, Left, Process};
use crate::project::Project;
use crate::stand::Stand;
use nix::sys::signal::Signal;

/// An element of two sources. Its session is opened first; what it does then is up to the test.
const ELEMENT: &str = "\
kind: manual
build-depends: [base.bst, spec-cc.bst]
sources: [{kind: local, path: files/e}]
variables:
  compile: g++ -fconstexpr-loop-limit=2147483647 -fconstexpr-ops-limit=9000000000000 -c
config:
  build-commands:
  - \"specctl open >/dev/null || :\"
  - \"COMMAND\"
  install-commands:
    (>):
    - mkdir -p %{install-root}/usr/share
    - \"cp *.o %{install-root}/usr || :\"
    - \"specctl show --why --json %{project-name}/%{element-name} > %{install-root}/usr/share/served.json || :\"
";
/// What the element does when nothing is to happen to it.
const COMPILE: &str = "%{compile} a.cc && %{compile} b.cc && (specctl close >/dev/null || :)";
/// Ends once a compiler runs, which the build has not called: a launch, as nothing here has to be scanned anew.
const LAUNCHED: &str = "until grep -qsx cc1plus /proc/[0-9]*/comm; do sleep 0.02; done";

/// Compiled at once, but for `ENDLESS` rounds: then the compiler goes round until it has counted to 2147483647.
const SOURCE: &str = "\
#include \"rounds.h\"
constexpr int turn(int rounds) { while (rounds == 0) {} return rounds; }
extern const int NAME = turn(ROUNDS);
";
const ENDLESS: u32 = 0;

/// How a build ends while launches are under way.
type Way = fn(&Project);

#[test]
fn nothing_is_lost_or_left_behind_when_a_sandbox_ends_amid_launches() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "ends", INCLUDE).on(&stand.another_machine("ends", ""));
    for name in ["a", "b"] {
        project.write(&format!("files/e/{name}.cc"), &SOURCE.replace("NAME", name));
    }
    write(&project, 1, COMPILE);
    project.build("e.bst");
    let ways =
        [("fails", fail as Way), ("ends well", end), ("is interrupted", interrupt), ("is killed", kill)];
    for ((what, way), rounds) in ways.into_iter().zip(2..) {
        way(&project);
        write(&project, rounds, COMPILE);
        project.build("e.bst");
        assert_ahead(&served(&project, "e.bst"), &format!("after a build that {what}"));
    }
    let ours = project.objects("e.bst");
    project.delete(&["e.bst"]);
    project.bst(&["--option", "spec_cc", "plain", "build", "e.bst"]);
    assert_eq!(project.objects("e.bst"), ours, "not as the plain compiler has it");
}

fn write(project: &Project, rounds: u32, command: &str) {
    project.write("elements/e.bst", &ELEMENT.replace("COMMAND", command));
    project.write("files/e/rounds.h", &format!("constexpr int ROUNDS = {rounds};\n"));
}

fn fail(project: &Project) {
    write(project, ENDLESS, &format!("{LAUNCHED}; echo UNDERWAY; false"));
    let error = project.try_bst(&["build", "e.bst"]).unwrap_err();
    assert!(error.contains("UNDERWAY"), "{error}");
}

fn end(project: &Project) {
    write(project, ENDLESS, LAUNCHED);
    project.build("e.bst");
}

fn interrupt(project: &Project) {
    // As by ^C: what bst runs is in process groups of its own.
    amid_launches(project, |bst, _| bst.signal(Signal::SIGINT));
}

fn kill(project: &Project) {
    let mounts = project.mounts();
    amid_launches(project, |bst, below| {
        let signal = |name| {
            let named = below.iter().filter(|process| process.name == name);
            named.for_each(|process| process.signal(Signal::SIGKILL));
        };
        let sandbox: Vec<_> = below.iter().filter(|process| process.is_confined()).cloned().collect();
        // Left alone, BuildStream's own programs go on without it.
        bst.signal(Signal::SIGKILL);
        signal("buildbox-run");
        wait_for_the_end(&sandbox);
        // It unmounts the sandbox's tree, and nobody does so in its place.
        processes::wait_for("the end of the mounts", || (project.mounts() == mounts).then_some(()));
        signal("buildbox-casd");
    });
}

/// Builds endlessly, does something to bst and all processes below it as soon as a launch runs, and panics if one of them stays, or a
/// mount: the next bst has another casd.
fn amid_launches(project: &Project, act: impl FnOnce(&Process, &[Process])) {
    write(project, ENDLESS, "sleep infinity");
    let mounts = project.mounts();
    project.running(&["build", "e.bst"], |bst| {
        let bst = Process::of(bst).unwrap();
        let is_launch = |process: &Process| process.name == "cc1plus";
        let below = processes::wait_for("a launch under bst", || {
            Some(bst.descendants()).filter(|below| below.iter().any(is_launch))
        });
        let is_there = |name| below.iter().any(|process| process.name == name);
        assert!(["specctl", "buildbox-run", "buildbox-casd"].into_iter().all(is_there), "{below:?}");
        act(&bst, &below);
        wait_for_the_end(&below);
    });
    assert_eq!(project.mounts(), mounts);
}

fn wait_for_the_end(those: &[Process]) {
    // buildbox-fuse ends with its mount, which lives on in the mount namespaces of whatever else was started here meanwhile.
    let those: Vec<_> = those.iter().filter(|process| process.name != "buildbox-fuse").cloned().collect();
    let left = Left(&those);
    processes::wait_for(format_args!("the end of what bst has started: {left}"), || {
        (!those.iter().any(Process::is_there)).then_some(())
    });
}
