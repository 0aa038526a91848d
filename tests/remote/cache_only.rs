//! A grid that only keeps results.

use crate::support::peers::{CasdOptions, Peers};
use crate::support::project::{CLEAN_MAKE, Expect, Project};

#[test]
fn another_machine_finds_what_one_has_compiled() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .set("SPEC_CC_POLICY", "cache-only")
        .step("", CLEAN_MAKE, Expect::All("local"))
        .elsewhere("", CLEAN_MAKE, Expect::Hits)
        .step("", CLEAN_MAKE, Expect::Ahead)
        .check();
}

#[test]
fn what_was_edited_is_compiled_and_the_rest_found() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .set("SPEC_CC_POLICY", "cache-only")
        .step("", CLEAN_MAKE, Expect::All("local"))
        .elsewhere("echo 'int six;' >>five.c", CLEAN_MAKE, Expect::Any)
        .elsewhere("", CLEAN_MAKE, Expect::Hits)
        .check();
}

#[test]
fn another_compiler_at_the_same_path_finds_nothing() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    // GCC finds its parts beside itself wherever it lies, and a byte behind its end makes it another.
    let one = "mkdir bin lib; cp $(readlink -f $(command -v gcc)) bin/gcc; ln -s /usr/lib/gcc lib/gcc";
    let other = "printf x >>bin/gcc";
    let build = "$WRAP bin/gcc -c n.c";
    Project::of(&[("n.c", "int f(void) { return 1; }\n")])
        .set("SPEC_CC_MODE", "cache")
        .beside_recc(&casd.url)
        .step(one, build, Expect::All("local"))
        .elsewhere("", build, Expect::All("cached"))
        .elsewhere(other, build, Expect::All("local"))
        .elsewhere("", build, Expect::All("cached"))
        .check();
}

#[test]
fn a_header_outside_of_the_project_counts_even_where_recc_leaves_it_out() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    // By its absolute path: a relative one recc would take along.
    let build = "top=$PWD; cd a; $CC -I$top/b -c x.c; rm x.o; $CC -I$top/b -c x.c";
    Project::of(&[("a/x.c", "#include <h.h>\nint x = X;\n"), ("b/h.h", "#define X 1\n")])
        .beside_recc(&casd.url)
        .set("RECC_DEPS_GLOBAL_PATHS", "")
        .step("", build, Expect::Any)
        .elsewhere("echo '#define X 2' >b/h.h", build, Expect::Any)
        .elsewhere("echo '#define X 1' >b/h.h", build, Expect::Any)
        .check();
}

#[test]
fn a_variable_that_a_worker_would_not_see_is_no_reason_for_another_object() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "SOURCE_DATE_EPOCH=86400 $CC -c t.c; cp t.o u.o; SOURCE_DATE_EPOCH=864000 $CC -c t.c";
    Project::of(&[("t.c", "const char *t = __DATE__;\n")])
        .set("RECC_SERVER", &casd.url)
        .set("RECC_REMOTE_ENV_SOURCE_DATE_EPOCH", "0")
        .set("RECC_DEPS_GLOBAL_PATHS", "1")
        .set("RECC_NO_PATH_REWRITE", "1")
        .step("", build, Expect::Any)
        .elsewhere("", build, Expect::Any)
        .check();
}
