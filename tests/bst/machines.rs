//! Two machines, each with caches of its own, that share a remote storage and action cache.
use crate::element::{assert_ahead, served, write_element, write_source, write_sources};
use crate::modes::INCLUDE;
use crate::project::Project;
use crate::stand::Stand;
use spec_cc::bst::{Casd, Host, Usual};

/// As the guide has it (`packaging/buildstream/README.md`).
const CONFIG: &str = "\
remote-execution:
  storage-service: {url: 'URL'}
  action-cache-service: {url: 'URL', push: true}
";

#[test]
fn what_one_machine_has_learnt_is_launched_on_another() {
    let Some(stand) = Stand::get() else { return };
    let room = tempfile::tempdir().unwrap();
    let host = Host { program: stand.program(), config: None };
    let remote = Casd::start(&Usual::of(&host), room.path()).unwrap();
    let config = CONFIG.replace("URL", &remote.url);
    let reading = config.replace(", push: true", "");
    let project = Project::new(stand, "machines", INCLUDE);
    let [one, other] = [("one", &config), ("other", &reading)]
        .map(|(name, config)| project.on(&stand.another_machine(name, config)));
    write_element(&project, "e.bst", "e", "true");
    write_sources(&project, "e", "1", 1);
    one.build("e.bst");
    other.build("e.bst");
    let commands = served(&other, "e.bst");
    assert!(commands.iter().all(|command| command["how"] != "local"), "{commands:?}");
    assert_ahead(&commands, "what the one has compiled");
    assert_eq!(other.objects("e.bst"), one.objects("e.bst"));
    // What the one learns now has to get past all that the other's casd has seen, and has kept to itself.
    write_element(&project, "e.bst", "e", "gcc -O1 -c c.c");
    write_source(&project, "files/e/c.c", "c1", 1);
    one.build("e.bst");
    write_sources(&project, "e", "1", 2);
    write_source(&project, "files/e/c.c", "c1", 2);
    other.build("e.bst");
    let commands = served(&other, "e.bst");
    assert_ahead(&commands[..2], "what the one has never compiled");
    let how = commands.get(2).and_then(|command| command["how"].as_str()).unwrap_or_default();
    assert!(matches!(how, "joined" | "prefetched"), "what the one has learnt later: {commands:?}");
    one.bst(&["--option", "spec_cc", "plain", "build", "e.bst"]);
    assert_eq!(other.objects("e.bst"), one.objects("e.bst"), "not as the plain compiler has it");
}
