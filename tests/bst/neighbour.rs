//! What goes wrong beside a build, or in it, while all elements are primed: bst's own outcome is what it would have been.
use crate::element::{write_element, write_sources};
use crate::modes::INCLUDE;
use crate::processes::{self, Process};
use crate::project::Project;
use crate::stand::Stand;
use crate::support::shell::ended_well;
use nix::sys::signal::Signal;
use serde_json::Value;
use spec_cc::bst::{Casd, Host, Usual};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// As in `ends`: compiled at once, but for no rounds at all.
const SOURCE: &str = "#include \"rounds.h\"\nconstexpr int turn(int rounds) { while (rounds == 0) {} return rounds; }\n\
                      extern const int A = turn(ROUNDS);\n";

/// With a quota, casd writes down how large the cache is.
const QUOTA: &str = "cache: {quota: 20G, reserved-disk-space: 1M}\n";

#[test]
fn an_element_that_fails_fails_as_with_bst_alone() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "fails", INCLUDE).on(&stand.another_machine("fails", QUOTA));
    write_sources(&project, "e", "1", 1);
    write_element(&project, "e.bst", "e", "true");
    project.specctl(&["bst", "build"], &["e.bst"]);
    let usage = project.disk_usage();
    assert!(usage.is_some(), "it has a quota");
    write_sources(&project, "e", "1", 2);
    write_element(&project, "e.bst", "e", "echo REACHED && false");
    let _turn = stand.turn();
    let ours = project.specctl_beside(&stand.program(), &["bst", "build"], &["e.bst"]);
    write_element(&project, "e.bst", "e", "echo REACHED && echo && false");
    let plain = project.bst_beside(&["build", "e.bst"]);
    let said = String::from_utf8_lossy(&ours.stderr);
    assert!(said.contains("REACHED"), "{said}");
    assert_eq!(ours.status.code(), plain.status.code(), "{said}");
    assert!(!ours.status.success());
    assert!(project.disk_usage().is_some());
}

/// A casd of our own on BuildStream's cache.
#[test]
fn a_casd_of_ours_keeps_to_what_bst_allows_the_cache() {
    let Some(stand) = Stand::get() else { return };
    let machine = stand.another_machine("quota", QUOTA);
    let project = Project::new(stand, "quota", INCLUDE).on(&machine);
    project.bst(&["build", "base.bst"]);
    let usage = project.disk_usage().expect("it has a quota");
    let known = Host { program: stand.program(), config: Some(machine.config()) };
    let usual = Usual::of(&known);
    drop(Casd::start(&usual, &machine.cache()).unwrap());
    assert_eq!(project.disk_usage().as_ref(), Some(&usage), "{usual:?}");
    let limits = usual.limits(&machine.cache());
    assert_eq!(limits[..2], ["--quota-high=21474836480", "--quota-low=80%"].map(str::to_owned), "{limits:?}");
    let unknown = Usual::of(&Host { program: "/bin/true".into(), config: None });
    assert!(unknown.limits(&machine.cache())[0].starts_with("--quota-high="), "nothing is to be removed");
}

#[test]
fn a_source_that_changes_after_it_was_primed_is_built_as_it_is() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "changes", INCLUDE);
    write_element(&project, "e.bst", "e", "true");
    write_sources(&project, "e", "1", 1);
    project.specctl(&["bst", "build"], &["e.bst"]);
    write_sources(&project, "e", "1", 2);
    project.specctl(&["bst", "prime"], &["--fetch", "e.bst"]);
    write_sources(&project, "e", "1", 3);
    project.specctl(&["bst", "build"], &["e.bst"]);
    let ours = project.objects("e.bst");
    project.delete(&["e.bst"]);
    project.bst(&["--option", "spec_cc", "plain", "build", "e.bst"]);
    assert_eq!(project.objects("e.bst"), ours, "not as the plain compiler has it");
}

#[test]
fn two_at_once_on_one_cache_both_build() {
    let Some(stand) = Stand::get() else { return };
    let machine = stand.another_machine("twice", QUOTA);
    let projects = ["twice-one", "twice-two"].map(|name| Project::new(stand, name, INCLUDE).on(&machine));
    let write = |number| {
        for (project, letter) in projects.iter().zip(["1", "2"]) {
            write_element(project, "e.bst", "e", "true");
            write_sources(project, "e", letter, number);
        }
    };
    write(1);
    for project in &projects {
        project.specctl(&["bst", "build"], &["e.bst"]);
    }
    write(2);
    {
        let _turn = stand.turn();
        std::thread::scope(|scope| {
            let running = projects.each_ref().map(|project| {
                scope.spawn(|| project.specctl_beside(&stand.program(), &["bst", "build"], &["e.bst"]))
            });
            for run in running {
                let output = run.join().unwrap();
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            }
        });
    }
    for project in &projects {
        assert!(project.disk_usage().is_some());
        let ours = project.objects("e.bst");
        project.delete(&["e.bst"]);
        project.bst(&["--option", "spec_cc", "plain", "build", "e.bst"]);
        assert_eq!(project.objects("e.bst"), ours, "not as the plain compiler has it");
    }
}

#[test]
fn when_casd_is_killed_bst_ends_and_builds_the_next_time() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "killed", INCLUDE).on(&stand.another_machine("killed", ""));
    project.write("files/e/a.cc", SOURCE);
    let write = |rounds: u32, command: &str| {
        let element = "kind: manual\nbuild-depends: [base.bst, spec-cc.bst";
        project
            .write("elements/below.bst", &format!("{element}]\nconfig: {{build-commands: ['{command}']}}\n"));
        project.write("elements/e.bst", &format!(
            "{element}, below.bst]\nsources: [{{kind: local, path: files/e}}]\nconfig:\n  build-commands:\n  \
             - g++ -fconstexpr-loop-limit=2147483647 -fconstexpr-ops-limit=9000000000000 -c a.cc && (specctl close >/dev/null || :)\n"
        ));
        project.write("files/e/rounds.h", &format!("constexpr int ROUNDS = {rounds};\n"));
    };
    write(1, "true");
    project.specctl(&["bst", "build"], &["e.bst"]);
    write(0, "sleep infinity");
    let mounts = project.mounts();
    let status =
        project.specctl_running(&["bst", "build"], &["e.bst", "--", "--no-interactive"], |specctl| {
            let process = Process::of(specctl).unwrap();
            let below = processes::wait_for("a launch under specctl", || {
                Some(process.descendants())
                    .filter(|below| below.iter().any(|process| process.name == "cc1plus"))
            });
            let casd = below.iter().filter(|process| process.name == "buildbox-casd");
            for process in casd {
                process.signal(Signal::SIGKILL);
            }
        });
    assert!(!status.success(), "{status}");
    // A casd that is killed cannot unmount what it has staged; bst alone leaves that, too.
    for mount in project.mounts().iter().filter(|mount| !mounts.contains(mount)) {
        let point = mount.split(' ').nth(1).unwrap();
        ended_well(Command::new("fusermount3").args(["-u", "-z", point])).unwrap();
    }
    write(2, "true");
    project.specctl(&["bst", "build"], &["e.bst"]);
}

/// It has lost something that only the hook asks for.
#[test]
fn a_bst_of_another_make_builds_all_the_same() {
    let Some(stand) = Stand::get() else { return };
    let project = Project::new(stand, "another", INCLUDE);
    project.write("elements/e.bst", "kind: manual\nbuild-depends: [base.bst, spec-cc.bst]\nconfig: {install-commands: ['echo 1 > %{install-root}/e']}\n");
    let bst = stand.program();
    let interpreter = fs::read_to_string(&bst).unwrap().lines().next().unwrap().to_owned();
    let script = project.folder.join("bst.py");
    let text = format!(
        "{interpreter}\nimport runpy, sys\nimport buildstream._pipeline as pipeline\nreal = pipeline.dependencies\n\
         def dependencies(*args):\n    if sys._getframe(1).f_code.co_filename.endswith('hook.py'):\n        \
         raise AttributeError('no such thing here')\n    return real(*args)\npipeline.dependencies = dependencies\n\
         if __name__ == '__main__':\n    sys.argv[0] = '{bst}'\n    runpy.run_path('{bst}', run_name='__main__')\n",
        bst = bst.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let output = project.specctl_by(&script, &["bst", "build"], &["e.bst"]);
    assert_eq!(project.artifact("e.bst").len(), 1);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.matches("no such thing here").count(), 1, "{said}");
}

#[test]
fn a_plugin_that_prints_disturbs_nothing() {
    let Some(stand) = Stand::get() else { return };
    // One more in the list that ends the beginning of every project.conf.
    let plugin = "- {origin: local, path: plugins, elements: [prints]}\n";
    let project = Project::new(stand, "prints", &format!("{plugin}{INCLUDE}"));
    project.write(
        "plugins/prints.py",
        "import os\nfrom buildstream import BuildElement\n\n\
         class PrintsElement(BuildElement):\n    BST_MIN_VERSION = '2.0'\n\n    def configure(self, node):\n        \
         print('{\"plan\": 1}', flush=True)\n        os.write(1, b'[]\\n')\n        os.write(2, b'{}\\n')\n        \
         super().configure(node)\n\ndef setup():\n    return PrintsElement\n",
    );
    project.write(
        "plugins/prints.yaml",
        "config:\n  configure-commands: []\n  build-commands: []\n  install-commands: []\n  strip-commands: []\n",
    );
    project.write("elements/e.bst", "kind: prints\nbuild-depends: [base.bst, spec-cc.bst]\nconfig: {install-commands: ['echo 1 > %{install-root}/e']}\n");
    let rows = project.specctl(&["bst", "plan"], &["--json", "e.bst"]);
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows[0]["element"], "e.bst", "{rows:#}");
    let said = project.specctl(&["bst", "build"], &["--json", "e.bst"]);
    let rows: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!(rows[0]["element"], "e.bst", "{rows:#}");
    assert_eq!(project.artifact("e.bst").len(), 1);
}
