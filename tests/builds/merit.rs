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

/// What became of launches, as `specctl close` and `stats` name it: useful, wasted, cancelled, pending.
fn fates(stats: &Value) -> [u64; 4] {
    let fates =
        ["useful", "wasted", "cancelled", "pending"].map(|name| stats[name].as_u64().expect("a number"));
    assert_eq!(fates.iter().sum::<u64>(), stats["launched"].as_u64().expect("a number"), "{stats}");
    fates
}

#[test]
fn the_accounts_are_right_while_the_session_is_open() {
    let project = project();
    session(&project, "", ALL);
    succeed(&mut sh(&project.tree(), &format!("rm -f *.o; {EDIT}")));
    // A sandbox's session, say: its end will never be told of.
    let open = ["open", "--element", "small"];
    succeed(project.sandbox.specctl(&open).env("SPEC_CC_PROJECT", "tests").current_dir(project.tree()));
    let now = || project.sandbox.json(&["stats", "--json", "--element", "small", "--session", "last"]);
    succeed(&mut project.sandbox.specctl(&["wait", "--element", "small"]));
    assert_eq!(fates(&now()), [0, 0, 0, 3]);
    let session_of = |build: &str| {
        let mut build = sh(&project.tree(), build);
        project.sandbox.enter(build.env("CC", "spec-cc gcc"));
        succeed(build.env("SPEC_CC_PROJECT", "tests").env("SPEC_CC_ELEMENT", "small"));
    };
    session_of("$CC -c a.c");
    let one = now();
    assert_eq!(
        (fates(&one), &one["precision"], &one["recall"]),
        ([1, 0, 0, 2], &(1.0 / 3.0).into(), &1.0.into())
    );
    session_of("echo 'int b = 7;' >b.c; $CC -c b.c");
    assert_eq!(fates(&now()), [1, 1, 0, 1]);
    let asked: Vec<_> = ["a.o", "b.o", "c.o"].map(|output| shown(&project, output)).into();
    assert_eq!(asked, [(2, 1, 1), (2, 1, 0), (1, 1, 0)]);
    let list = project.sandbox.json(&["list", "--json"]);
    assert_eq!(list[0]["open"], true);
    let why = project.sandbox.json(&["show", "small", "--why", "--json"]);
    assert_eq!(
        (&why["commands"][2]["output"], &why["commands"][2]["launch"]),
        (&"c.o".into(), &"pending".into())
    );
    let closed = project.sandbox.json(&["close", "--element", "small", "--json"]);
    assert_eq!(fates(&closed), [1, 2, 0, 0]);
    assert_eq!(fates(&now()), [1, 2, 0, 0]);
}

/// How often the command that makes `output` was asked for, launched, and so for good, as `specctl show` has it.
fn shown(project: &Project, output: &str) -> (u64, u64, u64) {
    let commands = project.sandbox.json(&["show", "small", "--json"]);
    let mut commands = commands.as_array().expect("commands").iter();
    let command = commands.find(|command| command["outputs"][0] == output).expect("it is recorded");
    let [asked, launched, hits] =
        ["asked", "launched", "hits"].map(|name| command[name].as_u64().expect("a number"));
    (asked, launched, hits)
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
