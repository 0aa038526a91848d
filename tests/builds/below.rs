//! What an element stands on changes, or what it is made of: all of it is launched again but what really is another command.
use crate::support::project::Expect::{AheadBut, Any};
use crate::support::project::Project;

/// Looks for an installed library: `configure PREFIX` with `$CC`.
const CONFIGURE: &str = r##"#!/bin/sh
: >confdefs.h
try() {
    name=$1; shift
    rm -f conftest.o conftest
    if "$@" 2>/dev/null; then echo "#define HAVE_$name 1" >>confdefs.h; else echo "/* no $name */" >>confdefs.h; fi
}
header() { { cat confdefs.h; echo "#include <$1>"; } >conftest.c; try "$2" $CC -I$prefix/include -c conftest.c; }
symbol() {
    { cat confdefs.h; echo "char $1(void); int main(void) { return $1(); }"; } >conftest.c
    try "$2" $CC -o conftest conftest.c -L$prefix/lib -lbase
}
prefix=$1
header stdio.h STDIO; header string.h STRING; header no_such.h NO_SUCH; header base/base.h BASE; header base/new.h NEW
symbol base BASE_SYMBOL; symbol base_new BASE_NEW; symbol puts PUTS
{ cat confdefs.h; echo '#include <base/base.h>'; echo 'int at[BASE > 0 ? 1 : -1];'; } >conftest.c
try BASE_POSITIVE $CC -I$prefix/include -c conftest.c
rm -f conftest*
cp confdefs.h config.h
"##;

const MAKEFILE: &str = "
PARTS = $(patsubst %.c,%.o,$(sort $(wildcard part*.c)))
FLAGS = -O1 -fPIC -I$(PREFIX)/include

app: main.o libparts.a libparts.so
\t@$(CC) -o $@ main.o libparts.a -L$(PREFIX)/lib -lbase
libparts.a: $(PARTS)
\t@$(WRAP) ar cr $@ $^
libparts.so: $(PARTS)
\t@$(CC) -shared -o $@ $^ -L$(PREFIX)/lib -lbase
%.o: %.c
\t@$(CC) $(FLAGS) -c -o $@ $<
";

/// Installs the library outside of the project.
const INSTALL: &str = "rm -rf ../prefix ../base.c; mkdir -p ../prefix/include/base ../prefix/lib; \
    echo '#define BASE 1' >../prefix/include/base/base.h; echo 'int base(void) { return 1; }' >../base.c; \
    gcc -shared -fPIC -o ../prefix/lib/libbase.so ../base.c";

/// Configures and builds, after all launches that can be made have ended.
const BUILD: &str = "PREFIX=$(cd ../prefix && pwd); $WAIT; sh ./configure $PREFIX && make -s -j2 PREFIX=$PREFIX && \
    LD_LIBRARY_PATH=$PREFIX/lib ./app";

const CLEAN: &str = "rm -f *.o *.a *.so app config.h confdefs.h; ";

/// Sources beside the main one.
const PARTS: usize = 12;
/// Those of them that see what configure has found out.
const CONFIGURED: usize = 3;
/// What puts the parts together: an archive, a shared library, a program.
const LINKS: u32 = 3;
/// One of the thirty commands may be late on a busy machine: recall is 0.95 and more.
const LATE: u32 = 1;

fn element() -> Project {
    let mut project = Project::of(&[
        ("configure", CONFIGURE),
        ("Makefile", MAKEFILE),
        ("own.h", "#define OWN 1\n"),
        ("other.h", "#define OWN 1\n"),
        (
            "main.c",
            "#include <stdio.h>\nint base(void), part0(void);\nint main(void) { return printf(\"%d\\n\", base() + part0()) < 0; }\n",
        ),
    ]);
    for number in 0..PARTS {
        let config = if number < CONFIGURED { "#include \"config.h\"\n" } else { "" };
        let text = format!(
            "{config}#include <base/base.h>\n#include \"own.h\"\n#ifdef HAVE_NEW\nint new{number};\n#endif\n\
             int part{number}(void) {{ return BASE + OWN + {number}; }}\n"
        );
        project = project.file(&format!("part{number}.c"), &text);
    }
    project.step(INSTALL, BUILD, Any)
}

fn change(change: &str) -> String {
    format!("{CLEAN}{change}")
}

/// The element above is not edited: everything in it is launched on what is installed now.
#[test]
fn an_installed_library_changes() {
    let library =
        "sed -i 's/return 1/return 2/' ../base.c; gcc -shared -fPIC -o ../prefix/lib/libbase.so ../base.c";
    element()
        .step(&change("sed -i 's/BASE 1/BASE 2/' ../prefix/include/base/base.h"), BUILD, AheadBut(LATE))
        .step(
            &change("echo '#define MORE 2' >../prefix/include/base/more.h; sed -i '1i #include \"more.h\"' ../prefix/include/base/base.h"),
            BUILD,
            AheadBut(LATE),
        )
        .step(&change(library), BUILD, AheadBut(LATE))
        .check();
}

#[test]
fn configure_finds_more_than_before() {
    // The tests after the first one that comes out otherwise have another text each: so do what sees config.h and the links.
    let after = 5;
    element()
        .step(
            &change("echo '#define NEW 1' >../prefix/include/base/new.h"),
            BUILD,
            AheadBut(after + CONFIGURED as u32 + LINKS + LATE),
        )
        .step(CLEAN, BUILD, AheadBut(LATE))
        .check();
}

#[test]
fn sources_come_and_go() {
    let added = "sed 's/part7/part12/' part7.c >part12.c";
    element()
        .step(&change(added), BUILD, AheadBut(1 + LINKS + LATE))
        .step(&change("rm part11.c"), BUILD, AheadBut(LINKS + LATE))
        .check();
}

#[test]
fn a_flag_in_the_makefile_changes() {
    // All compiles are other commands then, and what is linked of them has other inputs; the tests of configure are what they were.
    let compiles = PARTS as u32 + 1;
    element()
        .step(&change("sed -i 's/-O1/-O2/' Makefile"), BUILD, AheadBut(compiles + LINKS + LATE))
        .step(CLEAN, BUILD, AheadBut(LATE))
        .check();
}

#[test]
fn includes_are_moved() {
    element()
        .step(&change("sed -i 's/own.h/other.h/' part1.c part5.c"), BUILD, AheadBut(LATE))
        .step(
            &change("sed -i '/own.h/d' part6.c; sed -i '1i #include \"own.h\"' part6.c; mkdir sub; mv own.h sub; echo '#include \"sub/own.h\"' >own.h"),
            BUILD,
            AheadBut(LATE),
        )
        .check();
}
