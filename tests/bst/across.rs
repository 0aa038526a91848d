//! Across the graph: what is recorded of all elements is launched before the first of them is built.
use crate::chain::{self, Built, ELEMENTS, NAMES};
use crate::modes::INCLUDE;
use crate::processes::{self, Left, Process};
use crate::project::Project;
use crate::stand::Stand;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

#[test]
fn elements_are_primed_before_what_they_are_built_on_is_built_again() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "across");
    // This bst notes what artifacts are built from.
    graph.specctl(&["bst", "build"], &["all.bst"]);
    let first = chain::built(&graph);
    chain::edit(&graph);
    let rows = graph.specctl(&["bst", "prime"], &["--json", "--fetch", "all.bst"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    for name in NAMES {
        let row = rows.as_array().unwrap().iter().find(|row| row["element"] == name).unwrap();
        assert_eq!(row["state"], "done", "{rows:#}");
    }
    // Launches nothing itself.
    let edited = chain::build(&graph, "cache");
    assert_all_found(&edited);
    graph.delete(&NAMES);
    let plain = chain::build(&graph, "plain");
    assert_ne!(plain.products, first.products, "the edits change nothing");
    assert_eq!(edited.products, plain.products, "not as the plain compiler has it");
}

/// Panics unless every compile of a source was found in the action cache.
fn assert_all_found(built: &Built) {
    for (served, (element, _, compiles)) in built.served.iter().zip(ELEMENTS) {
        let sources = chain::sources(served);
        assert_eq!(sources.len() as u64, compiles, "{element}: {served}");
        assert!(sources.iter().all(|command| command["how"] == "cached"), "{element}: {served:#}");
    }
}

#[test]
fn what_is_primed_beside_a_build_is_there_before_the_build_below_has_ended() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "beside");
    graph.specctl(&["bst", "build"], &["all.bst"]);
    chain::edit(&graph);
    let written = graph.specctl(&["bst", "build"], &["--json", "all.bst"]);
    let rows: Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    let edited = chain::built(&graph);
    let row = |name: &str| rows.as_array().unwrap().iter().find(|row| row["element"] == name).unwrap();
    let (bottom, top) = (row(NAMES[0]), row(NAMES[2]));
    assert!(top["primed_s"].as_f64() < bottom["built_s"].as_f64(), "{rows:#}");
    assert_eq!(top["state"], "done", "{rows:#}");
    for (name, ..) in ELEMENTS.iter().skip(1) {
        let number = |what: &str| row(name)[what].as_u64().unwrap_or_default();
        // How many depends on how far it comes until bst builds the element.
        assert!(number("useful") > 0, "{rows:#}");
        assert_eq!(
            number("useful") + number("wasted"),
            number("launched") + number("launched_there"),
            "{rows:#}"
        );
        assert!(row(name)["saved_s"].is_number(), "{rows:#}");
    }
    for (served, (element, _, compiles)) in edited.served.iter().zip(ELEMENTS).skip(1) {
        let sources = chain::sources(served);
        assert_eq!(sources.len() as u64, compiles, "{element}: {served}");
        let ahead = ["cached", "prefetched", "joined"];
        assert!(
            sources.iter().all(|command| ahead.iter().any(|how| command["how"] == *how)),
            "{element}: {served:#}"
        );
    }
    graph.delete(&NAMES);
    assert_eq!(edited.products, chain::build(&graph, "plain").products, "not as the plain compiler has it");
}

#[test]
fn a_tree_that_a_build_is_told_of_is_foretold() {
    let Some(stand) = Stand::get() else { return };
    let graph = chain::lay_out(stand, "told");
    graph.write(
        "elements/teller.bst",
        "kind: manual\nbuild-depends:\n- base.bst\n- spec-cc.bst\n- filename: lower.bst\n  config: {digest-environment: LOWER}\n\
         - filename: libs/middle.bst\n  config: {digest-environment: BOTH}\n- filename: base.bst\n  config: {digest-environment: BOTH}\n\
         config:\n  install-commands: [\"echo $LOWER $BOTH > %{install-root}/told\"]\n",
    );
    graph.specctl(&["bst", "build"], &["libs/middle.bst"]);
    let rows = graph.specctl(&["bst", "plan"], &["--json", "teller.bst"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let digests = &rows[0]["digests"];
    graph.bst(&["build", "teller.bst"]);
    let told = std::fs::read_to_string(graph.checkout("none", "teller.bst").path().join("told")).unwrap();
    let foretold = ["LOWER", "BOTH"].map(|name| digests[name].as_str().unwrap_or_default());
    assert_eq!(told.trim(), foretold.join(" "), "{rows:#}");
}

/// By ^C, which bst and specctl get alike, while a sandbox is launched in.
#[test]
fn an_interrupted_build_ends_at_once_and_leaves_nothing() {
    let Some(stand) = Stand::get() else { return };
    let graph = Project::new(stand, "interrupted", INCLUDE).on(&stand.another_machine("interrupted", ""));
    graph.write("files/e/a.cc", "#include \"rounds.h\"\nconstexpr int turn(int rounds) { while (rounds == 0) {} return rounds; }\nextern const int A = turn(ROUNDS);\n");
    let write = |rounds: u32, command: &str| {
        let element = "kind: manual\nbuild-depends: [base.bst, spec-cc.bst";
        graph
            .write("elements/below.bst", &format!("{element}]\nconfig: {{build-commands: ['{command}']}}\n"));
        graph.write("elements/e.bst", &format!(
            "{element}, below.bst]\nsources: [{{kind: local, path: files/e}}]\nconfig:\n  build-commands:\n  \
             - g++ -fconstexpr-loop-limit=2147483647 -fconstexpr-ops-limit=9000000000000 -c a.cc && (specctl close >/dev/null || :)\n"
        ));
        graph.write("files/e/rounds.h", &format!("constexpr int ROUNDS = {rounds};\n"));
    };
    write(1, "true");
    graph.specctl(&["bst", "build"], &["e.bst"]);
    write(0, "sleep infinity");
    let mounts = graph.mounts();
    let mut below = Vec::new();
    let status = graph.specctl_running(&["bst", "build"], &["e.bst", "--", "--no-interactive"], |specctl| {
        let process = Process::of(specctl).unwrap();
        below = processes::wait_for("a launch under specctl", || {
            Some(process.descendants()).filter(|below| below.iter().any(|process| process.name == "cc1plus"))
        });
        killpg(Pid::from_raw(specctl.cast_signed()), Signal::SIGINT).unwrap();
    });
    assert!(!status.success(), "{status}");
    below.retain(|process| process.name != "buildbox-fuse");
    let left = Left(&below);
    processes::wait_for(format_args!("the end of {left}"), || {
        (!below.iter().any(Process::is_there)).then_some(())
    });
    assert_eq!(graph.mounts(), mounts);
}

#[test]
fn a_bst_that_cannot_be_looked_into_builds_all_the_same() {
    let Some(stand) = Stand::get() else { return };
    let graph = Project::new(stand, "plainly", INCLUDE);
    graph.write("elements/e.bst", "kind: manual\nbuild-depends: [base.bst, spec-cc.bst]\nconfig: {install-commands: ['echo 1 > %{install-root}/e']}\n");
    let bst = graph.folder.join("bst.sh");
    graph.write("bst.sh", &format!("#!/bin/sh\nexec {} \"$@\"\n", stand.program().display()));
    std::fs::set_permissions(&bst, std::fs::Permissions::from_mode(0o755)).unwrap();
    let output = graph.specctl_by(&bst, &["bst", "build"], &["e.bst"]);
    assert_eq!(graph.artifact("e.bst").len(), 1);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("specctl: nothing is primed: ").count(), 1, "{said}");
}
