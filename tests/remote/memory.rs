//! What a build remembers reaches the next sandbox, and other machines, by way of a grid.

use crate::support::peers::{CasdOptions, Peers};
use crate::support::project::{CLEAN_MAKE, Expect, Project};

/// An edit that every source but one sees.
const EDIT: &str = "echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h";

#[test]
fn an_edited_element_is_launched_in_the_next_sandbox() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "sleep 1; make -s clean; make -s -j2";
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .set("SPEC_CC_POLICY", "cache-only")
        .step("", CLEAN_MAKE, Expect::All("local"))
        .elsewhere(&format!("make -s clean; {EDIT}"), build, Expect::Ahead)
        .elsewhere("make -s clean", build, Expect::Ahead)
        .check();
}
