//! What `specctl` tells of sessions afterwards: pages, traces, comparisons, statistics.
use crate::support::project::Project;
use crate::support::shell::{sh, succeed};
use serde_json::Value;

const BUILD: &str = "$WAIT; $CC -c a.c; $CC -c b.c; $CC a.o b.o -o app";

/// A project that was built, and once more with a source edited.
fn built_twice() -> Project {
    let project = Project::of(&[("a.c", "int a = 1;\n"), ("b.c", "int main(void) { return 0; }\n")]);
    project.lay_out();
    succeed(&mut project.session(BUILD));
    succeed(&mut sh(&project.tree(), "rm *.o app"));
    succeed(&mut project.session(&format!("{BUILD}; echo 'int more;' >>b.c; $CC -c b.c")));
    project
}

fn said(project: &Project, args: &[&str]) -> String {
    String::from_utf8_lossy(&succeed(&mut project.sandbox.specctl(args)).stdout).into_owned()
}

#[test]
fn the_page_and_the_trace_have_what_the_build_asked_for() {
    let project = built_twice();
    let page = said(&project, &["report", "small", "-o", "-"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"), "{page}");
    for bar in [
        "<title>a.o: served by its launch",
        "<title>b.o: run in the build",
        "<title>a.o: launched, and asked for",
    ] {
        assert!(page.contains(bar), "{bar}: {page}");
    }
    let trace: Value =
        serde_json::from_str(&said(&project, &["report", "--trace", "-o", "-"])).expect("JSON");
    let bars: Vec<_> =
        trace["traceEvents"].as_array().expect("events").iter().filter(|event| event["ph"] == "X").collect();
    let asked = |name: &str| {
        let own =
            bars.iter().filter(|bar| bar["name"] == name && bar["args"]["fate"] != "launched, and asked for");
        own.map(|bar| (bar["ts"].as_u64().expect("a time"), bar["dur"].as_u64().expect("a time")))
            .collect::<Vec<_>>()
    };
    let (a, b) = (asked("a.o"), asked("b.o"));
    assert_eq!((a.len(), b.len()), (1, 2), "b.o was asked for twice: {trace}");
    let end = |(begun, took): (u64, u64)| begun + took;
    assert!(end(a[0]) <= b[0].0 && end(b[0]) <= b[1].0 && b[1].1 > 0, "in the order of the build: {trace}");
    let session = &project.sandbox.json(&["sessions", "small", "--json"])[1];
    let lasted_us = session["lasted_s"].as_f64().expect("a time") * 1e6;
    assert!(
        bars.iter().all(|bar| end((bar["ts"].as_u64().expect("a time"), 0)) as f64 <= lasted_us),
        "{trace}"
    );
}

#[test]
fn sessions_are_told_apart_and_compared() {
    let project = built_twice();
    let sessions = project.sandbox.json(&["sessions", "small", "--json"]);
    let numbers = [&sessions[0], &sessions[1]].map(|session| session["id"].to_string());
    assert_eq!(sessions[1]["before"]["session"], sessions[0]["id"]);
    assert_eq!(sessions[0]["accounts"]["kinds"]["compile"]["local"], 2);
    assert_eq!(sessions[0]["accounts"]["kinds"]["link"]["local"], 1);
    let diff = project.sandbox.json(&["diff", &numbers[0], &numbers[1], "--json"]);
    let otherwise = diff["otherwise"].as_array().expect("commands");
    assert!(otherwise.iter().any(|one| one["output"] == "a.o" && one["after"] == "prefetched"), "{diff}");
    assert_eq!((&diff["new"], &diff["gone"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
    let no = project.sandbox.specctl(&["diff", &numbers[0], "99"]).output().expect("specctl runs");
    assert_eq!(String::from_utf8_lossy(&no.stderr), "specctl: there is no session 99\n");
    assert_eq!(said(&project, &["watch"]), "nothing is being built\n");
}

#[test]
fn statistics_begin_anew_and_forget_nothing() {
    let project = built_twice();
    assert_eq!(project.sandbox.json(&["stats", "--json"])["sessions"], 2);
    assert!(said(&project, &["stats", "--prometheus"]).contains("served=\"prefetched\"} "));
    said(&project, &["stats", "--zero"]);
    let stats = project.sandbox.json(&["stats", "--json"]);
    assert_eq!((&stats["sessions"], &stats["compiles"]), (&0.into(), &0.into()));
    assert_eq!(project.sandbox.json(&["sessions", "--json"]).as_array().map(Vec::len), Some(2));
    succeed(&mut project.session(BUILD));
    assert_eq!(project.sandbox.json(&["stats", "--json"])["sessions"], 1);
}
