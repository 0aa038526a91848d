//! What an element's key depends on, and what is found in its sandbox.
use crate::project::Project;
use crate::stand::Stand;
use serde_json::Value;

/// The project's configuration as the guide has it.
pub(crate) const INCLUDE: &str = "(@): [spec-cc.yml]\n";

const ELEMENT: &str = "\
kind: manual
build-depends: [base.bst, spec-cc.bst]
";

#[test]
fn a_key_does_not_depend_on_the_mode() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "keys", INCLUDE);
    project.write("elements/plain.bst", ELEMENT);
    project.write("elements/off.bst", &format!("{ELEMENT}variables: {{spec-cc-mode: 'off'}}\n"));
    project.write("elements/workers.bst", &format!("{ELEMENT}variables: {{spec-cc-policy: execute}}\n"));
    let show = ["show", "--deps", "none", "--format", "%{full-key}", "plain.bst", "off.bst", "workers.bst"];
    let keys = ["plain", "cache", "spec"].map(|mode| {
        let keys = project.bst(&[["--option", "spec_cc", mode].as_slice(), &show].concat());
        keys.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(keys[0].len(), 3, "{keys:?}");
    assert_eq!((&keys[0], &keys[0]), (&keys[1], &keys[2]), "by mode");
    // Elements that differ in these variables alone differ in nothing.
    let environment = |element| {
        let text = project.bst(&["show", "--deps", "none", "--format", "%{env}", element]);
        text.lines().filter(|line| line.starts_with("SPEC_CC_")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(environment("off.bst")[0], "SPEC_CC_MODE: off");
    assert_eq!(environment("workers.bst")[..2], ["SPEC_CC_MODE: spec", "SPEC_CC_POLICY: execute"]);
}

#[test]
fn a_shell_in_the_sandbox_finds_everything_without_a_setting() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "shell", INCLUDE);
    // A home that is not there, where it cannot be made.
    project.write("elements/deep/er/e.bst", &format!("{ELEMENT}environment: {{HOME: /nowhere/home}}\n"));
    let shell = ["shell", "--build", "deep/er/e.bst", "--", "specctl", "doctor", "--json"];
    project.bst(&["build", "base.bst", "spec-cc.bst"]);
    let found = project.bst(&shell);
    let found: Value = serde_json::from_str(found.trim()).unwrap_or_else(|error| panic!("{error}: {found}"));
    let state = |name: &str| found[name]["state"].as_str().unwrap_or_default().to_owned();
    assert_eq!(found["element"]["project"], "shell", "{found}");
    assert_eq!(found["element"]["element"], "deep/er/e.bst", "{found}");
    assert_eq!(found["element"]["root"], "/buildstream/shell/deep/er/e.bst", "{found}");
    for name in ["mode", "compiler", "links", "companion", "tracer", "grid", "records"] {
        assert_eq!(state(name), "ok", "{name}: {found}");
    }
    assert!(found["companion"]["cache"].as_str().unwrap_or_default().starts_with("/tmp/"), "{found}");
    assert_eq!(
        (&found["grid"]["executes"], &found["grid"]["updates"]),
        (&false.into(), &true.into()),
        "{found}"
    );
}
