//! BuildStream's own tests of recc (`tests/integration/recc.py`, elements `recc/*.bst`), with the wrapper's name changed.
use crate::autotools;
use crate::project::Project;
use crate::stand::Stand;
use std::path::Path;

/// Their element, which differs between the two tests in its server's settings alone.
const ELEMENT: &str = "\
kind: autotools
build-depends:
- filename: base.bst
  config: {digest-environment: RECC_REMOTE_PLATFORM_chrootRootDigest}
- spec-cc.bst
sources: [{kind: local, path: files/amhello}]
sandbox:
  remote-apis-socket: {path: /tmp/casd.sock, action-cache-enable-update: UPDATE}
environment:
  CC: spec-cc gcc
  RECC_LOG_LEVEL: debug
  RECC_LOG_DIRECTORY: .recc-log
  RECC_DEPS_GLOBAL_PATHS: 1
  RECC_NO_PATH_REWRITE: 1
  RECC_LINK: 1
  RECC_SERVER: unix:/tmp/casd.sock
";
const CACHE_ONLY: &str = "  RECC_CACHE_ONLY: 1\n  RECC_CACHE_UPLOAD_LOCAL_BUILD: 1\n";

/// What they ask recc's log for.
const RECC_LOG: &str = "cat src/.recc-log/recc.buildbox*";

#[test]
fn what_the_grid_executed_is_found_by_the_next_build() {
    let Some(stand) = Stand::get() else { return };
    let element = ELEMENT.replace("UPDATE", "false");
    let log = twice(stand, "recc-execution", &element);
    assert_eq!(log.matches("Executing action remotely").count(), 2, "{log}");
    assert_eq!(log.matches("Remote execution finished with exit code 0").count(), 2, "{log}");
}

#[test]
fn what_was_compiled_here_is_found_by_the_next_build() {
    let Some(stand) = Stand::get() else { return };
    let element = ELEMENT.replace("UPDATE", "true") + CACHE_ONLY;
    let log = twice(stand, "recc-cache-only", &element);
    let locally = "Action not cached and running in cache-only mode, executing locally";
    assert_eq!(log.matches(locally).count(), 2, "{log}");
}

/// As gnome-build-meta sets all of its elements up (`include/recc.yml`), with another folder of links: configure's tests stay here.
#[test]
fn a_project_set_up_as_gnomes_needs_another_path_alone() {
    let Some(stand) = Stand::get() else { return };
    let conf = "\
sandbox: {remote-apis-socket: {path: /tmp/casd.sock, action-cache-enable-update: true}}
environment:
  PATH: /usr/lib/spec-cc:/usr/bin:/bin
  RECC_SERVER: unix:/tmp/casd.sock
  RECC_DEPS_GLOBAL_PATHS: true
  RECC_NO_PATH_REWRITE: true
  RECC_INVALID_INPUT_PATHS_REGEX: .*/CMakeFiles/CMakeScratch/.*,.*/conftest.*
  RECC_CACHE_ONLY: 1
  RECC_CACHE_UPLOAD_LOCAL_BUILD: 1
  RECC_LOG_LEVEL: debug
  RECC_LOG_DIRECTORY: .recc-log
environment-nocache: [RECC_CACHE_ONLY, RECC_CACHE_UPLOAD_LOCAL_BUILD]
";
    let project = Project::new(stand, "recc-gnome", conf);
    autotools::lay_out(&project.folder.join("files/amhello"));
    let element = "kind: autotools\nbuild-depends:\n- filename: base.bst\n  config: {digest-environment: RECC_REMOTE_PLATFORM_chrootRootDigest}\n\
                   - spec-cc.bst\nsources: [{kind: local, path: files/amhello}]\n";
    project.write("elements/recc/amhello.bst", element);
    let element = "recc/amhello.bst";
    project.build(element);
    let log = project.in_build_tree(element, RECC_LOG);
    let locally = "Action not cached and running in cache-only mode, executing locally";
    assert_eq!(log.matches(locally).count(), 1, "main.c alone: {log}");
    project.delete(&[element]);
    project.build(element);
    let log = project.in_build_tree(element, RECC_LOG);
    assert_eq!(log.matches("Action Cache hit").count(), 1, "{log}");
    assert!(!log.contains("no server is used"), "{log}");
}

/// What people have set for recc and no more: nothing is said of uploads.
#[test]
fn what_one_build_learns_is_launched_in_the_next() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "recc-learns", "");
    autotools::lay_out(&project.folder.join("files/amhello"));
    let told = "config:\n  install-commands:\n    (>): [specctl wait, specctl stats --json >stats.json, specctl close]\n";
    let element = ELEMENT.replace("UPDATE", "true") + "  RECC_CACHE_ONLY: 1\n" + told;
    project.write("elements/recc/amhello.bst", &element);
    let element = "recc/amhello.bst";
    project.build(element);
    let main = project.folder.join("files/amhello/src/main.c");
    let edited = std::fs::read_to_string(&main).unwrap().replace("Hello", "Good day");
    std::fs::write(&main, edited).unwrap();
    project.build(element);
    let stats = project.in_build_tree(element, "cat stats.json");
    let stats: serde_json::Value = serde_json::from_str(stats.trim()).unwrap();
    let number = |name: &str| stats[name].as_u64().unwrap();
    let fates = ["useful", "wasted", "cancelled", "pending"].map(number);
    assert_eq!(fates.iter().sum::<u64>(), number("launched"), "{stats}");
    // A quick machine asks for the first tests before their launches are looked at, and links are not launched.
    assert!(stats["recall"].as_f64() > Some(0.5), "{stats}");
}

/// Builds the element, deletes its artifact, builds it again, with a compile and a link from the cache; returns the first
/// build's log of recc's events.
fn twice(stand: &'static Stand, name: &str, element: &str) -> String {
    let project = Project::new(stand, name, "");
    autotools::lay_out(&project.folder.join("files/amhello"));
    project.write("elements/recc/amhello.bst", element);
    let element = "recc/amhello.bst";
    project.build(element);
    let first = project.artifact(element);
    for file in ["usr/bin/hello", "usr/share/doc/amhello/README"] {
        assert!(first.contains_key(Path::new(file)), "no {file} in {first:?}");
    }
    assert_eq!(project.log(element).matches("Making all in src").count(), 1);
    let events = project.in_build_tree(element, RECC_LOG);
    project.delete(&[element]);
    project.build(element);
    let again = project.in_build_tree(element, RECC_LOG);
    assert_eq!(again.matches("Action Cache hit").count(), 2, "{again}");
    assert_eq!(project.artifact(element), first, "another artifact");
    events
}
