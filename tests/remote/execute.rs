//! A grid that executes.

use crate::support::peers::{CasdOptions, Peers};
use crate::support::project::{CLEAN_MAKE, Expect, Project};

/// The build without debug information: casd's runner here works in a folder of its own, which debug information would name.
const PLAIN_MAKE: &str = "make -s clean; make -s -j2 CFLAGS=-O2";

#[test]
fn compiles_are_executed_and_give_the_same_objects() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", PLAIN_MAKE, Expect::All("executed"))
        .elsewhere("", PLAIN_MAKE, Expect::Hits)
        .step("echo 'int six;' >>five.c; echo '#define SEVEN 7' >>lib/deep.h", PLAIN_MAKE, Expect::Ahead)
        .check();
}

/// The kernel's build names each depfile so.
#[test]
fn what_goes_to_the_preprocessor_is_executed_as_well() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "for file in one five; do $CC -Wp,-MMD,.$file.o.d -Wp,-D_FORTIFY_SOURCE=2 -O2 -Ilib -c -o $file.o $file.c; done";
    Project::six()
        .set("RECC_SERVER", &casd.url)
        .step("", build, Expect::All("executed"))
        .step("rm *.o .*.d; sed -i 's/5/6/' five.c", &format!("$WAIT; {build}"), Expect::Ahead)
        .check();
}

/// The runner here has no file system of its own: it would write right there.
#[test]
fn what_has_an_absolute_name_is_not_given_to_a_worker() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "$CC -O2 -Ilib -c one.c -o $PWD/one.o; $CC -O2 -c five.c -o $PWD/five.o";
    Project::six()
        .set("RECC_SERVER", &casd.url)
        .step("", build, Expect::All("local"))
        .step("rm *.o; sed -i 's/5/6/' five.c", &format!("$WAIT; {build}"), Expect::Ahead)
        .check();
}

/// A worker has what the compile reads, and would not find it.
#[test]
fn what_asks_for_a_file_without_reading_it_is_not_given_to_a_worker() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "$CC -O2 -Ilib -c main.c; $CC -O2 -Ilib -c -MMD other.c";
    let asks = "#if __has_include(\"late.h\")\nint late = 1;\n#else\nint late = 2;\n#endif\n";
    Project::of(&[
        ("main.c", asks),
        ("other.c", "#include \"asks.h\"\n"),
        ("lib/asks.h", asks),
        ("lib/late.h", ""),
    ])
    .set("RECC_SERVER", &casd.url)
    .set("RECC_CACHE_UPLOAD_LOCAL_BUILD", "1")
    .step("", build, Expect::All("local"))
    .step("rm *.o *.d lib/late.h", build, Expect::Ahead)
    .step("rm *.o *.d; touch lib/late.h", build, Expect::Hits)
    .check();
}

/// As glibc's `bits/unistd_ext.h` does.
#[test]
fn what_asks_for_a_file_only_to_read_it_is_given_to_a_worker() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "$CC -O2 -Ilib -c main.c";
    let asks = "#ifdef MORE\n# if __has_include(\"more.h\")\n#  include \"more.h\"\n# endif\n#endif\n";
    Project::of(&[("main.c", "#include \"asks.h\"\nint one;\n"), ("lib/asks.h", asks), ("lib/more.h", "")])
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", build, Expect::All("executed"))
        .check();
}

/// The predicted header is in no file when the grid compiles with it.
#[test]
fn what_the_build_will_make_is_foretold_to_the_grid() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "$WAIT; sed s/VALUE/7/ config.in >config.h; $CC -O2 -c main.c";
    Project::of(&[("main.c", "#include \"config.h\"\nint value = X;\n"), ("config.in", "#define X VALUE\n")])
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", build, Expect::All("executed"))
        .step("rm config.h main.o; sed -i 's/X;/X + 1;/' main.c", build, Expect::Ahead)
        .check();
}

/// Only one of the two reads what comes to lie there.
#[test]
fn a_folder_that_the_build_will_make_is_foretold_to_the_grid() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "sleep 2; mkdir made; echo '#define MADE 1' >made/made.h; \
                 for file in a b; do $CC -O2 -Wmissing-include-dirs -Werror -Imade -c $file.c; done";
    Project::of(&[("a.c", "#include \"made.h\"\nint a = MADE;\n"), ("b.c", "int b;\n")])
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", build, Expect::All("executed"))
        .step("rm -r made *.o; echo 'int c;' | tee -a a.c >>b.c", build, Expect::Ahead)
        .check();
}

#[test]
fn what_a_worker_would_do_otherwise_is_compiled_here() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::six().set("SPEC_CC_REMOTE", &casd.url).step("", CLEAN_MAKE, Expect::All("local")).check();
}

#[test]
fn a_failing_compile_says_there_what_it_says_here() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::of(&[("bad.c", "int f(void) { return x; }\n"), ("warn.c", "int f(void) { int unused; }\n")])
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", "$CC -c bad.c", Expect::All("executed"))
        .step("", "$CC -Wall -c warn.c", Expect::All("executed"))
        .elsewhere("", "$CC -Wall -c warn.c", Expect::Hits)
        .check();
}

#[test]
fn depfiles_come_back_as_they_are_here() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = "mkdir -p out; for flags in '-MD' '-MMD -MP' '-MD -MF out/x.d -MT all'; do $CC -Ilib $flags -c one.c -o out/one.o; $CC -Ilib $flags -c main.c; done";
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .step("", build, Expect::Any)
        .elsewhere("", build, Expect::Any)
        .check();
}

#[test]
fn a_server_that_is_not_there_costs_nothing_but_a_line() {
    Project::six()
        .set("SPEC_CC_REMOTE", "unix:/nowhere/casd.sock")
        .step("", CLEAN_MAKE, Expect::All("local"))
        .step("", CLEAN_MAKE, Expect::Hits)
        .check();
}

#[test]
fn in_a_race_the_first_serves() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    Project::six()
        .set("SPEC_CC_REMOTE", &casd.url)
        .set("SPEC_CC_POLICY", "race")
        .step("", PLAIN_MAKE, Expect::Any)
        .step("echo 'int six;' >>five.c", PLAIN_MAKE, Expect::Ahead)
        .elsewhere("", PLAIN_MAKE, Expect::Any)
        .check();
}
