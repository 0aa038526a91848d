//! The project of `packaging/buildstream/example`, to which spec-cc comes by a junction.
use crate::project::Project;
use crate::stand::Stand;
use serde_json::Value;
use std::fs;

/// What the element says at the end of its build, beside what the example has it say.
const STATS: &str = "  - specctl stats\n  - echo \"STATS $(specctl stats --json)\"\n";

#[test]
fn the_example_builds_learns_and_is_launched() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::example(stand, "example");
    let element = project.folder.join("elements/hello.bst");
    let text = fs::read_to_string(&element).unwrap();
    fs::write(&element, text.replace("  - specctl stats\n", STATS)).unwrap();
    project.build("hello.bst");
    let source = project.folder.join("files/hello/greeting.c");
    let edited = fs::read_to_string(&source).unwrap().replace("\"hello\"", "\"good day\"");
    fs::write(&source, edited).unwrap();
    project.build("hello.bst");
    let log = project.log("hello.bst");
    let stats = log.lines().find_map(|line| line.strip_prefix("STATS ")).expect(&log);
    let stats: Value = serde_json::from_str(stats).unwrap();
    assert!(stats["compiles"] == 3 && stats["recall"].as_f64() > Some(0.9), "{stats}");
    assert!(project.checkout("none", "hello.bst").path().join("usr/bin/hello").exists());
    // What the option switches comes along through the junction.
    let environment = |mode: &str| {
        let show = ["--option", "spec_cc", mode, "show", "--deps", "none", "--format", "%{env}", "hello.bst"];
        project.bst(&show)
    };
    assert!(environment("plain").contains("SPEC_CC_MODE: plain"));
    assert!(environment("cache").contains("SPEC_CC_MODE: cache"));
}
