//! What casd has kept and then lost: entries of its action cache, or what these name.
use crate::buildstream::Machine;
use crate::element::{assert_ahead, served, write_sources};
use crate::modes::INCLUDE;
use crate::project::Project;
use crate::stand::Stand;
use bazel_remote_apis::build::bazel::remote::execution::v2::{ActionResult, Digest};
use prost::Message as _;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// An element of two sources, the second of which reads a file that the build makes: its content goes with the records.
const ELEMENT: &str = "\
kind: manual
build-depends: [base.bst, spec-cc.bst]
sources: [{kind: local, path: files/e}]
config:
  build-commands:
  - \"specctl open >/dev/null || :\"
  - \"gcc -O1 -c a.c && echo '#define MADE 1' > made.h && gcc -O1 -include made.h -c b.c\"
  install-commands:
    (>):
    - mkdir -p %{install-root}/usr/share && cp a.o b.o %{install-root}/usr
    - \"specctl show --why --json %{project-name}/%{element-name} > %{install-root}/usr/share/served.json || :\"
    - \"specctl close >/dev/null || :\"
";

#[test]
fn an_element_is_learnt_again_when_entries_or_what_they_name_have_expired() {
    let Some(stand) = Stand::get() else { return };
    let machine = stand.another_machine("expiry", "");
    let project = Project::new(stand, "expiry", INCLUDE).on(&machine);
    project.write("elements/e.bst", ELEMENT);
    let build = |number| {
        write_sources(&project, "e", "1", number);
        project.build("e.bst");
        served(&project, "e.bst")
    };
    assert_new(&build(1), "the first time");
    assert_ahead(&build(2), "the second time");
    remove_entries(&machine);
    assert_new(&build(3), "without entries");
    assert_ahead(&build(4), "after that");
    let before = project.objects("e.bst");
    project.delete(&["e.bst"]);
    remove_contents(&machine);
    // The same sources: no result is whole, and what the second compile reads has gone.
    let served = build(4);
    let found = |command: &Value| command["how"] == "cached" || command["why"]["why"] == "new_command";
    assert!(served.len() == 2 && !served.iter().any(found), "without contents: {served:?}");
    assert_eq!(project.objects("e.bst"), before, "without contents");
    assert_ahead(&build(5), "after that");
    let ours = project.objects("e.bst");
    project.delete(&["e.bst"]);
    project.bst(&["--option", "spec_cc", "plain", "build", "e.bst"]);
    assert_eq!(project.objects("e.bst"), ours, "not as the plain compiler has it");
}

/// Panics if anything was known of the element's compiles.
fn assert_new(commands: &[Value], what: &str) {
    let is_new = |command: &Value| command["how"] == "local" && command["why"]["why"] == "new_command";
    assert!(commands.len() == 2 && commands.iter().all(is_new), "{what}: {commands:?}");
}

/// Removes each entry of the action cache.
fn remove_entries(machine: &Machine) {
    let entries = files(&machine.cache().join("actioncache"));
    assert!(entries.len() >= 3, "too few entries: {entries:?}");
    for entry in entries {
        fs::remove_file(entry).unwrap();
    }
}

/// Removes all that entries of the action cache name, and leaves these dangling.
fn remove_contents(machine: &Machine) {
    let objects = machine.cache().join("cas/objects");
    let mut removed = 0;
    for entry in files(&machine.cache().join("actioncache")) {
        let result = ActionResult::decode(&*fs::read(&entry).unwrap()).unwrap();
        for Digest { hash, .. } in named(&result) {
            removed += usize::from(fs::remove_file(objects.join(&hash[..2]).join(&hash[2..])).is_ok());
        }
    }
    assert!(removed >= 3, "only {removed} contents were there");
}

fn named(result: &ActionResult) -> Vec<&Digest> {
    let files = result.output_files.iter().filter_map(|file| file.digest.as_ref());
    files.chain(&result.stdout_digest).chain(&result.stderr_digest).collect()
}

/// All files below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
