//! Links on a grid (`RECC_LINK`).

use crate::support::peers::{Casd, CasdOptions, Peers};
use crate::support::project::{Expect, Project};

/// Three sources to a program, a static and a shared library.
const MAKEFILE: &str = "
all: program libone.a libtwo.so
program: main.o libone.a
\t@$(CC) -o $@ main.o -L. -lone -Wl,--as-needed
libone.a: one.o
\t@ar rcsD $@ one.o
libtwo.so: two.o
\t@$(CC) -shared -Wl,-soname,libtwo.so.1 -o $@ two.o
%.o: %.c
\t@$(CC) -O2 -fPIC -c -o $@ $<
clean:
\t@rm -f *.o *.a *.so program
";

const BUILD: &str = "make -s clean; make -s";

fn project(casd: &Casd) -> Project {
    Project::of(&[
        ("Makefile", MAKEFILE),
        ("main.c", "int one(void);\nint main(void) { return one(); }\n"),
        ("one.c", "int one(void) { return 1; }\n"),
        ("two.c", "int two(void) { return 2; }\n"),
    ])
    .beside_recc(&casd.url)
    .set("RECC_NO_PATH_REWRITE", "1")
    .set("RECC_LINK", "1")
}

#[test]
fn another_machine_finds_programs_and_libraries() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    project(&casd)
        .step("", BUILD, Expect::All("local"))
        .elsewhere("", BUILD, Expect::Hits)
        .elsewhere("echo 'int three(void) { return 3; }' >>one.c", BUILD, Expect::Any)
        .elsewhere("", BUILD, Expect::Hits)
        .check();
}

#[test]
fn a_library_that_comes_first_now_is_taken() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    // The linker takes an archive that comes first, where recc takes the shared library behind it.
    let build = "make -s clean; make -s; $CC -shared -o libone.so one.o; $CC -o other main.o -Learly -L. -lone; $CC -o third main.o -Learly -L. -lone";
    let shadow = "mkdir -p early; echo 'int one(void) { return 7; }' >o.c; gcc -c -o early/o.o o.c; ar rcsD early/libone.a early/o.o";
    project(&casd)
        .step("", build, Expect::Any)
        .step(shadow, build, Expect::Any)
        .elsewhere("rm early/libone.a", build, Expect::Any)
        .check();
}

#[test]
fn a_link_that_fails_says_what_it_says_here() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    project(&casd).step("", "make -s main.o; $CC -o program main.o", Expect::Any).check();
}
