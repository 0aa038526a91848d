//! Launches that keep being wasted, and launches that cost too much, are left out, and that is counted.
use crate::support::project::Project;
use crate::support::shell::{sh, succeed};
use serde_json::Value;

fn project() -> Project {
    let project = Project::of(&[
        ("a.c", "int a = 1;\n"),
        ("b.c", "int b = 1;\n"),
        ("c.c", "int c = 1;\n"),
        ("x.h", "extern int x;\n"),
    ]);
    project.lay_out();
    project
}

/// Takes the objects away, makes `change`, builds, and returns what stats say of that.
fn session(project: &Project, change: &str, build: &str) -> Value {
    succeed(&mut sh(&project.tree(), &format!("rm -f *.o; {change}")));
    succeed(&mut project.session(build));
    project.sandbox.stats("small").assert_sound();
    project.sandbox.json(&["stats", "--json", "--element", "small", "--session", "last"])
}

const MOST: &str = "$WAIT; $CC -c a.c; $CC -c b.c";
const ALL: &str = "$WAIT; $CC -c a.c; $CC -c b.c; $CC -c c.c";
/// Every object is another one, though all commands read what they did.
const EDIT: &str = "for f in a b c; do sed -i 's/ = / = 1 + /' $f.c; done";

#[test]
fn a_command_that_keeps_being_wasted_is_left_out_until_a_build_asks() {
    let project = project();
    let left_out = |stats: &Value| stats["left_out"]["kept_being_wasted"].as_u64().unwrap_or(0);
    session(&project, "", ALL);
    for _ in 0..3 {
        assert_eq!(left_out(&session(&project, EDIT, MOST)), 0);
    }
    // It reads another file: who knows.
    let included = session(&project, "sed -i '1i #include \"x.h\"' c.c", MOST);
    assert_eq!((left_out(&included), &included["wasted"]), (0, &1.into()));
    let asked = session(&project, EDIT, ALL);
    assert_eq!((left_out(&asked), &asked["unserved"]["kept_being_wasted"]), (1, &1.into()));
    assert_eq!((&asked["launched"], &asked["useful"]), (&2.into(), &2.into()));
    let again = session(&project, EDIT, ALL);
    assert_eq!((left_out(&again), &again["wasted"], &again["recall"]), (0, &0.into(), &1.0.into()));
}

#[test]
fn what_goes_beyond_the_limit_is_not_launched() {
    let project = project().set("SPEC_CC_MAX_LAUNCH_SIZE", "1").set("SPEC_CC_JOBS", "1");
    session(&project, "", ALL);
    let capped = session(&project, EDIT, ALL);
    assert_eq!((&capped["launched"], &capped["useful"]), (&1.into(), &1.into()));
    assert_eq!((&capped["left_out"]["capped"], &capped["unserved"]["capped"]), (&2.into(), &2.into()));
    assert!(capped["launched_bytes"].as_u64() > Some(100) && capped["launched_cpu_s"].as_f64() > Some(0.0));
}
