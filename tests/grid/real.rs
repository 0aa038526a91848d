//! The client against the real buildbox-casd.
use crate::support::peers::{CasdOptions, Peers};
use crate::support::shell::succeed;

#[test]
fn recc_compiles_on_casd_and_hits_its_cache() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = tempfile::tempdir().unwrap();
    let mut logs = Vec::new();
    for round in ["first", "second"] {
        std::fs::write(project.path().join("a.c"), "int answer(void) { return 42; }\n").unwrap();
        let mut recc = peers.recc();
        recc.args(["gcc", "-c", "a.c", "-o", "a.o"])
            .current_dir(project.path())
            .env("RECC_SERVER", &casd.url)
            .env("RECC_REMOTE_PLATFORM_round", "same")
            .env("RECC_VERBOSE", "1");
        logs.push(String::from_utf8_lossy(&succeed(&mut recc).stderr).into_owned());
        std::fs::remove_file(project.path().join("a.o")).unwrap_or_else(|error| panic!("{round}: {error}"));
    }
    let hit = "Action Cache hit";
    assert!(!logs[0].contains(hit) && logs[1].contains(hit), "{logs:#?}\n{}", casd.log());
}
