//! Why a compile was not served by a launch: what `specctl show --why` says of it.
use crate::support::project::Project;
use crate::support::shell::{sh, succeed};
use serde_json::Value;

/// Builds, and returns the report of the session.
fn report(project: &Project, build: &str) -> Value {
    succeed(&mut project.session(build));
    project.sandbox.stats("small").assert_sound();
    project.sandbox.json(&["show", "small", "--why", "--json"])
}

/// Changes the tree between two sessions.
fn edit(project: &Project, script: &str) {
    succeed(&mut sh(&project.tree(), script));
}

/// How each output was served and why, by its name.
fn lines(report: &Value) -> Vec<(&str, &str, &str, &str)> {
    let commands = report["commands"].as_array().expect("commands");
    let text = |value: &'_ Value| value.as_str().unwrap_or("-").to_owned().leak() as &str;
    commands
        .iter()
        .map(|line| {
            (
                text(&line["output"]),
                text(&line["how"]),
                text(&line["why"]["why"]),
                text(&line["why"]["detail"]),
            )
        })
        .collect()
}

fn project() -> Project {
    let project = Project::of(&[
        ("a.c", "#include \"x.h\"\nint a = X;\n"),
        ("b.c", "#include \"x.h\"\nint b = X;\n"),
        ("c.c", "int c = 1;\n"),
        ("x.h", "#define X 1\n"),
        ("y.h", "#define Y 1\n"),
    ]);
    project.lay_out();
    project
}

const ALL: &str = "$WAIT; $CC -c a.c; $CC -c b.c; $CC -c c.c";

#[test]
fn each_compile_without_a_launch_has_its_reason() {
    let project = project();
    let learnt = report(&project, ALL);
    let new = ("local", "new_command", "");
    assert_eq!(lines(&learnt), [("a.o", new), ("b.o", new), ("c.o", new)].map(|(o, (h, w, d))| (o, h, w, d)));
    // What is edited between the launch and the compile is named.
    edit(&project, "rm *.o; sed -i 's/1/2/' x.h");
    let build = "$WAIT; sed -i 's/int a = X/int a = X + 1/' a.c; $CC -c a.c; $CC -O1 -c b.c; $CC -c c.c";
    let again = report(&project, build);
    let edited = project.tree().join("a.c").display().to_string();
    let expected = [
        ("a.o", "local", "changed_input", edited.as_str()),
        ("b.o", "local", "changed_command", ""),
        ("c.o", "prefetched", "-", "-"),
        // The launch of the command that it was before.
        ("b.o", "-", "-", "-"),
    ];
    assert_eq!(lines(&again), expected);
    assert_eq!(again["session"]["accounts"]["unserved"]["changed_input"], 1);
    let source = project.tree().join("c.c").display().to_string();
    // An include more, after the launch.
    let include = "$WAIT; sed -i '1i #include \"y.h\"' c.c; $CC -c c.c; $CC -march=native -c a.c";
    edit(&project, "rm *.o");
    let last = report(&project, include);
    assert!(lines(&last).contains(&("c.o", "local", "changed_set", source.as_str())), "{last}");
    assert!(lines(&last).iter().any(|line| line.0 == "a.o" && line.1 == "-"), "not asked for: {last}");
    let bypass = &last["bypassed"][0];
    assert_eq!((&bypass["count"], &bypass["example"]), (&1.into(), &"'-march=native' -c a.c".into()));
    let text = succeed(&mut project.sandbox.specctl(&["show", "small", "--why"])).stdout;
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("not served by a launch: its includes or directives changed after it was launched"),
        "{text}"
    );
}

#[test]
fn a_session_that_launches_nothing_says_so() {
    let project = project().set("SPEC_CC_MODE", "cache");
    report(&project, ALL);
    edit(&project, "rm *.o");
    let again = report(&project, ALL);
    let expected = ["a.o", "b.o", "c.o"].map(|output| (output, "cached", "not_launching", ""));
    assert_eq!(lines(&again), expected);
}
