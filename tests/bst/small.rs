//! Small elements, as they come: two at once, with slashes, behind a junction, failing midway, in a workspace, with records that leave
//! in the artifact.
use crate::element::{assert_ahead, served, write_element, write_source, write_sources};
use crate::modes::INCLUDE;
use crate::project::Project;
use crate::stand::Stand;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fs;

#[test]
fn two_elements_at_once_and_one_behind_a_junction_remember_apart() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "pair", INCLUDE);
    let below = project.subproject("below", INCLUDE);
    project.write("elements/below.bst", "kind: junction\nsources: [{kind: local, path: below}]\n");
    let all = ["deep/one.bst", "deep/er/two.bst", "below.bst:deep/one.bst"];
    project.write("elements/all.bst", &format!("kind: stack\ndepends: ['{}']\n", all.join("', '")));
    let write = |number: u32| {
        write_sources(&project, "one", "1", number);
        write_sources(&project, "two", "2", number);
        write_sources(&below, "one", "3", number);
    };
    write_element(&project, "deep/one.bst", "one", "true");
    write_element(&project, "deep/er/two.bst", "two", "true");
    write_element(&below, "deep/one.bst", "one", "true");
    write(1);
    project.build("all.bst");
    write(2);
    project.build("all.bst");
    for element in all {
        assert_ahead(&served(&project, element), element);
    }
}

#[test]
fn what_an_element_learnt_before_it_failed_is_remembered() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "failing", INCLUDE);
    write_sources(&project, "e", "1", 1);
    write_element(&project, "e.bst", "e", "sleep 1 && false");
    assert!(project.try_bst(&["build", "e.bst"]).is_err());
    write_sources(&project, "e", "1", 2);
    write_element(&project, "e.bst", "e", "true");
    project.build("e.bst");
    assert_ahead(&served(&project, "e.bst"), "after a failure");
}

#[test]
fn a_workspace_is_launched_like_other_sources() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "workspace", INCLUDE);
    write_sources(&project, "e", "1", 1);
    write_element(&project, "e.bst", "e", "true");
    project.build("e.bst");
    project.bst(&["workspace", "open", "--directory", "work", "e.bst"]);
    write_source(&project, "work/b.c", "b1", 2);
    project.build("e.bst");
    assert_ahead(&served(&project, "e.bst"), "in a workspace");
}

#[test]
fn records_in_the_artifact_come_in_by_hand_where_sandboxes_may_not_write() {
    let Some(stand) = Stand::get() else { return };
    let include = "(@): [spec-cc.yml, spec-cc-artifact.yml]\n\
                   sandbox: {remote-apis-socket: {action-cache-enable-update: false}}\n";
    let project = Project::new(stand, "by-hand", include);
    write_sources(&project, "e", "1", 1);
    write_generating_element(&project, "true");
    project.build("e.bst");
    write_sources(&project, "e", "1", 2);
    project.build("e.bst");
    let commands = served(&project, "e.bst");
    assert!(commands.iter().all(|command| command["why"]["why"] == "new_command"), "{commands:?}");
    let said = project.specctl(&["bst", "import"], &["e.bst"]);
    assert_eq!(said.trim(), "Imported by-hand/e.bst.");
    write_sources(&project, "e", "1", 3);
    // What the build is going to make is in the sandbox's cache before it does, or the build fails.
    let content = format!("{MADE}\n");
    let name: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let is_there = format!("find /tmp/.cache/spec-cc/cache/cas -name {name}-* | grep -q .");
    write_generating_element(&project, &format!("timeout 300 sh -c 'until {is_there}; do sleep 0.02; done'"));
    project.build("e.bst");
    assert_ahead(&served(&project, "e.bst"), "after the import");
    write_generating_element(&project, "true");
    let table = project.specctl(&["bst", "compare", "--json"], &["--modes", "plain,spec", "e.bst"]);
    let rows: Vec<Value> = serde_json::from_str(&table).unwrap();
    let modes: Vec<_> = rows.iter().map(|row| row["mode"].as_str().unwrap_or_default()).collect();
    assert_eq!(modes, ["plain", "spec"]);
    let count = |way: &str| rows[1]["served"][way].as_u64().unwrap_or_default();
    assert!(count("prefetched") + count("joined") >= 1, "{table}");
    assert!(rows.iter().all(|row| row["seconds"].as_f64() > Some(0.0)), "{table}");
}

/// What the second source of a generating element reads.
const MADE: &str = "#define MADE 4711";

/// An element whose build makes a file between its compiles, once `before` has ended well.
fn write_generating_element(project: &Project, before: &str) {
    write_element(project, "e.bst", "e", "true");
    let path = project.folder.join("elements/e.bst");
    let text = fs::read_to_string(&path).unwrap();
    let compile = "- gcc -O1 -c a.c && gcc -O1 -c b.c";
    assert!(text.contains(compile), "{text}");
    let commands = format!(
        "- gcc -O1 -c a.c\n  - \"{before}\"\n  - \"echo '{MADE}' > made.h && gcc -O1 -include made.h -c b.c\""
    );
    fs::write(&path, text.replace(compile, &commands)).unwrap();
}
