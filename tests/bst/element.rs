//! A small element that compiles two sources, and how these were served in its last build.
use crate::project::Project;
use serde_json::Value;

/// What an element installs beside its objects: how its compiles were served.
const SERVED: &str = "usr/share/served.json";

/// An element that compiles `a.c` and `b.c` of its own folder. Its installation takes a while, as others' do.
const ELEMENT: &str = "\
kind: manual
build-depends: [base.bst, spec-cc.bst]
sources: [{kind: local, path: files/NAME}]
config:
  build-commands:
  - gcc -O1 -c a.c && gcc -O1 -c b.c
  - BEFORE_THE_END
  install-commands:
    (>):
    - mkdir -p %{install-root}/usr/share && cp a.o b.o %{install-root}/usr && sleep 3
    - \"specctl show --why --json %{project-name}/%{element-name} > %{install-root}/usr/share/served.json || :\"
";

/// Writes an element whose sources are in `files/FOLDER`; `before_the_end` is what its build does last.
pub(crate) fn write_element(project: &Project, element: &str, folder: &str, before_the_end: &str) {
    let text = ELEMENT.replace("NAME", folder).replace("BEFORE_THE_END", before_the_end);
    project.write(&format!("elements/{element}"), &text);
}

/// Both sources of an element, so that nobody else's are the same, and that `number` makes them others.
pub(crate) fn write_sources(project: &Project, folder: &str, whose: &str, number: u32) {
    for file in ["a", "b"] {
        write_source(project, &format!("files/{folder}/{file}.c"), &format!("{file}{whose}"), number);
    }
}

pub(crate) fn write_source(project: &Project, path: &str, function: &str, number: u32) {
    project
        .write(path, &format!("#include <stdio.h>\nint {function}(void) {{ return puts(\"{number}\"); }}\n"));
}

/// How the element's compiles were served in its last build.
pub(crate) fn served(project: &Project, element: &str) -> Vec<Value> {
    let files = project.checkout("none", element);
    let report: Value = serde_json::from_slice(&std::fs::read(files.path().join(SERVED)).unwrap()).unwrap();
    report["commands"].as_array().unwrap().clone()
}

/// Panics unless the second compile was served by a launch; the first may come before its own, as it is what opens the session.
pub(crate) fn assert_ahead(commands: &[Value], what: &str) {
    let how = commands.get(1).and_then(|command| command["how"].as_str()).unwrap_or_default();
    assert!(commands.len() == 2 && matches!(how, "joined" | "prefetched"), "{what}: {commands:?}");
    let known = commands[0]["why"].is_null() || commands[0]["why"]["why"] == "not_looked_at";
    assert!(known, "{what}: {commands:?}");
}
