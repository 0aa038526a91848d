//! Beside the real recc on one cache: each finds what the other left.

use std::fs;

use crate::support::peers::{Casd, CasdOptions, Peers};
use crate::support::project::{Expect, Project};
use crate::support::shell::{sh, succeed};

/// The settings of both, as shell text.
fn settings(casd: &Casd) -> String {
    format!(
        "export RECC_SERVER={} RECC_CACHE_ONLY=1 RECC_CACHE_UPLOAD_LOCAL_BUILD=1 RECC_DEPS_GLOBAL_PATHS=1 RECC_NO_PATH_REWRITE=1 RECC_VERBOSE=1",
        casd.url
    )
}

const COMPILE: &str = "-Ilib -O2 -MD -MP -c one.c -o one.o";

/// As the kernel's build has it: recc sends these words in another form and order.
const KBUILD: &str = "-Wp,-MMD,.one.o.d -Wp,-DQ=1,-UQ -Ilib -O2 -DQ=2 -c -o one.o one.c";

#[test]
fn recc_finds_what_spec_cc_left() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = Project::six();
    project.lay_out();
    let recc = peers.program("recc");
    // The PATH is in recc's key.
    let path = crate::support::sandbox::search_path();
    // recc counts a file of GCC's as an input of Clang's.
    for (compiler, compile) in [("gcc", COMPILE), ("clang", COMPILE), ("gcc", KBUILD)] {
        let script = format!("{}; spec-cc {compiler} {compile}", settings(&casd));
        let mut session = project.session(&script);
        succeed(&mut session);
        let object = fs::read(project.tree().join("one.o")).unwrap();
        let script = format!("{}; rm one.o; {} {compiler} {compile}", settings(&casd), recc.display());
        let output = succeed(sh(&project.tree(), &script).env("PATH", &path));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("Action Cache hit"), "recc compiled by itself:\n{said}");
        assert!(object == fs::read(project.tree().join("one.o")).unwrap(), "recc got another object");
    }
}

#[test]
fn spec_cc_finds_what_recc_left_with_a_depfile_of_its_own() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = Project::six();
    project.lay_out();
    let read = |name: &str| fs::read(project.tree().join(name)).unwrap();
    let recc = peers.program("recc");
    let path = crate::support::sandbox::search_path();
    for (compile, listed) in [(COMPILE, "one.d"), (KBUILD, ".one.o.d")] {
        succeed(&mut sh(&project.tree(), &format!("gcc {compile}")));
        let (object, depfile) = (read("one.o"), read(listed));
        let script = format!("{}; rm one.*o {listed}; {} gcc {compile}", settings(&casd), recc.display());
        succeed(sh(&project.tree(), &script).env("PATH", &path));
        let script = format!("{}; rm one.o {listed}; spec-cc gcc {compile}", settings(&casd));
        succeed(&mut project.session(&script));
        let stats = project.sandbox.stats("small");
        assert!(stats.served("cached") > 0.5, "spec-cc compiled by itself: {stats:?}");
        assert!(object == read("one.o"), "another object than gcc's");
        assert!(depfile == read(listed), "another depfile than gcc's");
    }
}

/// A hit in the local cache, which goes by a key of ours, too.
#[test]
fn the_log_of_a_hit_has_the_digest_that_recc_has() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = Project::six();
    project.lay_out();
    let digest = |text: &str| {
        let (_, hit) =
            text.rsplit_once("Action Cache hit for [").unwrap_or_else(|| panic!("no hit:\n{text}"));
        hit.split(']').next().unwrap().to_owned()
    };
    let log = "export RECC_LOG_DIRECTORY=$PWD/log RECC_LOG_LEVEL=info";
    let script = format!("{}; spec-cc gcc {COMPILE}; {log}; spec-cc gcc {COMPILE}", settings(&casd));
    succeed(&mut project.session(&script));
    let ours = succeed(&mut sh(&project.tree(), "cat log/recc.*"));
    let script = format!("{}; {} gcc {COMPILE}", settings(&casd), peers.program("recc").display());
    let theirs = succeed(sh(&project.tree(), &script).env("PATH", crate::support::sandbox::search_path()));
    assert_eq!(
        digest(&String::from_utf8_lossy(&ours.stdout)),
        digest(&String::from_utf8_lossy(&theirs.stderr))
    );
}

/// recc makes the name a relative one, by default; where names stay as they are, it compiles by itself.
#[test]
fn objects_with_absolute_names_are_shared_with_recc() {
    const SET: [&str; 2] = ["RECC_CACHE_ONLY", "RECC_CACHE_UPLOAD_LOCAL_BUILD"];
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = SET.iter().fold(Project::six(), |project, name| project.set(name, "1"));
    let project = project.set("RECC_SERVER", &casd.url).set("SPEC_CC_MODE", "cache");
    project.lay_out();
    let compile = "gcc -Ilib -O2 -MD -c one.c -o $PWD/one.o";
    for way in ["local", "cached"] {
        project.sandbox.forget();
        succeed(&mut project.session(&format!("rm -f one.o one.d; spec-cc {compile}")));
        let stats = project.sandbox.stats("small");
        assert!(stats.served(way) > 0.5, "not {way}: {stats:?}");
    }
    let object = fs::read(project.tree().join("one.o")).unwrap();
    let mut recc = sh(&project.tree(), &format!("rm one.o; {} {compile}", peers.program("recc").display()));
    recc.envs(SET.map(|name| (name, "1"))).env("RECC_SERVER", &casd.url).env("RECC_VERBOSE", "1");
    let output = succeed(recc.env("PATH", crate::support::sandbox::search_path()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Action Cache hit"), "recc compiled by itself:\n{said}");
    assert!(object == fs::read(project.tree().join("one.o")).unwrap(), "recc got another object");
}

#[test]
fn an_installed_recc_runs_the_compiles_and_the_launches() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "make -s clean; make -s -j2 CFLAGS=-O2";
    Project::six()
        .set("SPEC_CC_BACKEND", "recc")
        .set("SPEC_CC_RECC", &peers.program("recc").display().to_string())
        .set("RECC_SERVER", &casd.url)
        .set("RECC_DEPS_GLOBAL_PATHS", "1")
        .step("", build, Expect::All("executed"))
        .step("echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h", build, Expect::Ahead)
        .check();
}

#[test]
fn without_an_installed_recc_compilers_run_alone() {
    Project::six()
        .set("SPEC_CC_BACKEND", "recc")
        .set("SPEC_CC_RECC", "/nowhere/recc")
        .step("", "make -s", Expect::Any)
        .check();
}

#[test]
fn explain_tells_the_digest_that_recc_has() {
    let Some(peers) = Peers::get() else { return };
    let project = Project::six();
    project.lay_out();
    let linked = project.sandbox.path("linked");
    std::os::unix::fs::symlink(project.tree(), &linked).unwrap();
    let path = crate::support::sandbox::search_path();
    for (folder, settings, command) in [
        (project.tree(), "", "gcc -Ilib -c one.c"),
        (
            project.tree(),
            "RECC_DEPS_GLOBAL_PATHS=1 RECC_NO_PATH_REWRITE=1",
            "gcc -Ilib -g -MD -c main.c -o m.o",
        ),
        (
            project.tree(),
            "RECC_REMOTE_PLATFORM_OSFamily=linux RECC_ACTION_SALT=x",
            "gcc -I $PWD/lib -c $PWD/two.c",
        ),
        (linked, "RECC_NO_PATH_REWRITE=1", "gcc -Ilib -c one.c"),
        (project.tree(), "RECC_PREFIX_MAP==/x", "gcc -Ilib -c one.c"),
    ] {
        let recc = peers.program("recc").display().to_string();
        let set = format!("export RECC_SERVER=unix:/nowhere {settings}");
        let script = format!("{set} RECC_VERBOSE=1 RECC_NO_EXECUTE=1; {recc} {command}");
        let output = succeed(sh(&folder, &script).env("PATH", &path));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let theirs = said.split("Action Digest: ").nth(1).and_then(|rest| rest.split(' ').next());
        let mut explain = sh(&folder, &format!("{set}; specctl explain --json -- {command}"));
        project.sandbox.enter(&mut explain);
        let output = succeed(&mut explain);
        let ours: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(ours["action_digest"].as_str(), theirs, "{settings} {command}: {ours}");
    }
}
