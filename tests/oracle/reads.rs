//! Every file that a compile opened is among its recorded inputs, or the compiler's own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::trace::{self, Compile, clean};
use super::traps;
use crate::support::package::{LUAJIT, Package, YAML_CPP};
use crate::support::sandbox::Sandbox;
use crate::support::shell::succeed;
use crate::support::strace::may_trace;

#[test]
fn a_package_of_c() {
    package(&LUAJIT);
}

#[test]
fn a_package_of_cplusplus() {
    package(&YAML_CPP);
}

fn package(package: &Package) {
    if !may_trace() {
        return;
    }
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    let bench = package.on(&sandbox);
    bench.lay_out();
    let built = bench.build_learning(|script| trace::traced(script, &log));
    bench.assert_recorded(&built);
    let checked = check(&sandbox, package.name, &bench.tree, &log);
    assert!(checked.len() >= 20, "strace saw too few compiles: {checked:?}");
}

#[test]
fn traps() {
    if !may_trace() {
        return;
    }
    let project = traps::project();
    let log = project.sandbox.path("log");
    project.lay_out();
    let script = trace::traced(&format!("{}\n{}", traps::LINKS, traps::build()), &log);
    succeed(project.session(&script).env("SPEC_CC_MODE", "learn"));
    let checked = check(&project.sandbox, "small", &project.tree(), &log);
    let wanted =
        traps::LINES.iter().filter(|line| line.recorded).map(|line| project.tree().join(line.object));
    assert_eq!(checked, wanted.collect());
}

/// Compares what was recorded with what strace saw; returns the objects of which both tell.
fn check(sandbox: &Sandbox, element: &str, tree: &Path, log: &Path) -> BTreeSet<PathBuf> {
    let recorded = recorded(&sandbox.json(&["show", element, "--json"]), tree);
    let mut libraries = Libraries::default();
    let mut checked = BTreeSet::new();
    for compile in trace::compiles(log) {
        let Some((object, inputs)) = compile.object().and_then(|object| recorded.get_key_value(&object))
        else {
            continue;
        };
        let unknown: Vec<_> = compile
            .read
            .iter()
            .filter(|path| path.is_file() && !inputs.contains(*path))
            .filter(|path| !is_own(path, &compile, &mut libraries))
            .collect();
        assert!(unknown.is_empty(), "{} was made of more than is known: {unknown:?}", object.display());
        let source = inputs.iter().any(|input| compile.read.contains(input));
        assert!(source, "{} was made of nothing that is known", object.display());
        checked.insert(object.clone());
    }
    checked
}

/// Whether a file belongs to the compiler, so that its fingerprint answers for it, or decides nothing.
fn is_own(path: &Path, compile: &Compile, libraries: &mut Libraries) -> bool {
    /// What a language, a machine or a loader needs; which messages are said how, but no object, depends on it. Clang
    /// asks for the distribution to know how to link.
    const DECIDE_NOTHING: [&str; 9] = [
        "/proc",
        "/sys",
        "/etc/ld.so.cache",
        "/etc/locale.alias",
        "/usr/lib/locale",
        "/usr/share/locale",
        "/usr/lib/x86_64-linux-gnu/gconv",
        "/usr/lib/os-release",
        "/etc/debian_version",
    ];
    // The words of a response file are recorded in its place.
    let words = path.extension().is_some_and(|suffix| suffix == "rsp");
    words
        || compile.own.contains(path)
        || DECIDE_NOTHING.iter().any(|place| path.starts_with(place))
        || compile.own.iter().any(|program| libraries.of(program).contains(path))
}

/// The libraries that programs load.
#[derive(Default)]
struct Libraries(HashMap<PathBuf, BTreeSet<PathBuf>>);

impl Libraries {
    /// As the loader says, behind all links; none for what is no program.
    fn of(&mut self, program: &Path) -> &BTreeSet<PathBuf> {
        self.0.entry(program.to_owned()).or_insert_with(|| {
            let output = Command::new("ldd").arg(program).output().expect("ldd runs");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let paths = text.split_whitespace().filter(|word| word.starts_with('/'));
            paths.filter_map(|path| fs::canonicalize(path).ok()).collect()
        })
    }
}

/// The inputs of each object, behind all links, as `specctl show --json` lists them.
fn recorded(show: &Value, tree: &Path) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let absolute = |text: &str| match text.strip_prefix("{root}") {
        Some(below) => clean(&tree.join(below.trim_start_matches('/'))),
        None => clean(&tree.join(text)),
    };
    let commands = show.as_array().expect("a list of commands");
    let told = commands.iter().map(|command| {
        let folder = absolute(command["directory"].as_str().expect("a folder"));
        let object = clean(&folder.join(command["outputs"][0].as_str().expect("an object")));
        let inputs = command["inputs"].as_array().expect("inputs").iter().filter_map(Value::as_str);
        (object, inputs.filter_map(|input| fs::canonicalize(absolute(input)).ok()).collect())
    });
    told.collect()
}
