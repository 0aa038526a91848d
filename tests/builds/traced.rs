//! Commands that are no plain compiles: configure tests, links, archives, preprocessor runs.
use crate::support::project::Expect::{Ahead, Any, Hits};
use crate::support::project::Project;
use crate::support::strace::may_trace;

/// What a configure script does: one test after another under one name, some of which fail, and their answers in a header.
const CONFIGURE: &str = r##"
#!/bin/sh
# usage: configure; with $CC
exec 5>config.log
: >confdefs.h
try() {
    name=$1; shift
    rm -f conftest.o conftest conftest.err
    if "$@" 2>conftest.err; then echo "#define HAVE_$name 1" >>confdefs.h; else echo "/* no $name */" >>confdefs.h; fi
    # The linker names the compiler's temporary files.
    sed 's,/tmp/cc[A-Za-z0-9]*,,g' conftest.err >&5
}
header() { { cat confdefs.h; echo "#include <$1>"; } >conftest.c; try "$2" $CC -c -g -O2 conftest.c; }
symbol() {
    { cat confdefs.h; echo "char $1(void); int main(void) { return $1(); }"; } >conftest.c
    try "$2" $CC -o conftest -g -O2 conftest.c $3
}
flag() { { cat confdefs.h; echo "int main(void) { return 0; }"; } >conftest.c; try "$2" $CC -Werror $1 -c conftest.c; }
$WAIT
header stdio.h STDIO; header no_such.h NO_SUCH; header here.h HERE
symbol puts PUTS; symbol no_such NO_SUCH_SYMBOL; symbol cos COS -lm; symbol cos LIB "-L. -lhere"
flag -Wall WALL; flag -Wno-such-warning WARNING; flag -fno-such-flag FLAG
$CC -E conftest.c >conftest.i; grep -c main conftest.i >&5
rm -f conftest*
cp confdefs.h config.h
"##;

fn configured() -> Project {
    Project::of(&[
        ("configure", CONFIGURE.trim_start()),
        (
            "main.c",
            "#include \"config.h\"\n#ifdef HAVE_HERE\nint here;\n#endif\nint main(void) { return 0; }\n",
        ),
    ])
}

const BUILD: &str = "sh ./configure; $WAIT; $CC -O2 -c main.c; $CC -o main main.o";

#[test]
fn a_configure_script_is_served_whole() {
    let clean = "rm -f config.h main.o main config.log confdefs.h";
    configured()
        .step("", BUILD, Any)
        .step(clean, BUILD, Ahead)
        .step(&format!("{clean}; sed -i 's/return 0/return 1/' main.c"), BUILD, Ahead)
        .check();
}

#[test]
fn a_test_is_launched_while_its_file_is_another_tests() {
    let build =
        format!("for i in $(seq 40); do echo $i >conftest.c; sleep .05; done; rm conftest.c; {BUILD}");
    let clean = "rm -f config.h main.o main config.log confdefs.h";
    let project = configured();
    // So that each test has to be run ahead, not only found.
    let results = project.sandbox.path("cache/ac");
    let forget = move || std::fs::remove_dir_all(&results).expect("forget all results");
    project.step("", &build, Any).step(clean, &build, Ahead).before(forget).check();
}

#[test]
fn a_test_that_failed_succeeds_once_it_can() {
    let clean = "rm -f config.h main.o main config.log confdefs.h";
    let library = "echo 'double cos(double x) { return x; }' >here.x; gcc -x c -shared -o libhere.so here.x";
    configured()
        .step("", BUILD, Any)
        .step(&format!("{clean}; mkdir -p sub; {library}"), BUILD, Any)
        .step(clean, BUILD, Ahead)
        .step(&format!("{clean}; rm libhere.so; touch here.h"), &BUILD.replace("$CC", "CPATH=. $CC"), Any)
        .step(clean, BUILD, Any)
        .check();
}

/// A library of archives, a shared one, and a program of both.
fn linked() -> Project {
    Project::of(&[
        ("one.c", "int one(void) { return 1; }\n"),
        ("two.c", "int two(void) { return 2; }\n"),
        (
            "main.c",
            "#include <stdio.h>\nint one(void), two(void);\nint main(void) { return printf(\"%d\\n\", one() + two()); }\n",
        ),
    ])
}

const LINK: &str = "$WAIT; $CC -fPIC -O2 -c one.c; $CC -fPIC -O2 -c two.c; $CC -O2 -c main.c; $WRAP ar cr libone.a one.o; \
                    $CC -shared -o libtwo.so two.o; $CC -o main main.o -L. -lone -ltwo; LD_LIBRARY_PATH=. ./main";

#[test]
fn what_is_linked_of_edited_sources_is_launched_before_its_objects_are_there() {
    let clean = "rm -f *.o *.a *.so main";
    let edit = |edit: &str| format!("{clean}; {edit}");
    linked()
        .step("", LINK, Any)
        .step(clean, LINK, Ahead)
        .step(&edit("sed -i 's/1;/11;/' one.c"), LINK, Ahead)
        .step(&edit("sed -i 's/2;/22;/' two.c"), LINK, Ahead)
        .step(&edit("sed -i 's/one() + two()/two()/' main.c"), LINK, Ahead)
        .check();
}

#[test]
fn a_library_that_changes_or_comes_first_is_linked() {
    let clean = "rm -f main";
    let link = "$CC -o main main.o -Lfirst -L. -lone -ltwo; LD_LIBRARY_PATH=. ./main";
    let make = "gcc -fPIC -c one.c two.c main.c; ar cr libone.a one.o; gcc -shared -o libtwo.so two.o";
    linked()
        .step(make, link, Any)
        .step(clean, link, Hits)
        .step(&format!("{clean}; sed -i 's/1;/11;/' one.c; {make}"), link, Any)
        .step(&format!("{clean}; mkdir first; echo 'int one(void) {{ return 7; }}' >other.c; gcc -c other.c; ar cr first/libone.a other.o"), link, Any)
        .step(clean, link, Hits)
        .step(&format!("{clean}; rm -r first"), link, Any)
        .check();
}

/// `CMake` and meson make up names for each test.
#[test]
fn random_names_make_no_difference() {
    let build = "$WAIT; r=$PWD/random; t=$PWD; for i in CMakeFiles/CMakeScratch/TryCompile-$(cat random) meson-private/tmp$(cat random)ab; do mkdir -p b/$i; \
                 echo 'int main(void) { return 0; }' >b/$i/src.c; cd b/$i; \
                 $CC -O2 -o src.o -c $PWD/src.c; $CC -o cmTC_$(cut -c 1-5 $r) src.o; \
                 ./cmTC_$(cut -c 1-5 $r) && echo fine; $CC -c $PWD/src.c -fnone -o none.o || echo none; cd $t; rm -r b; done";
    Project::of(&[("random", "a1B2c3")])
        .step("", build, Any)
        .step("", build, Ahead)
        .step("echo d4E5f6 >random", build, Ahead)
        .check();
}

/// With `-g` an object says in which folder it was made, and nobody can foretell that.
#[test]
fn what_has_a_random_name_in_it_is_told_as_left_alone() {
    let build = "$WAIT; t=$PWD; d=b/CMakeFiles/CMakeScratch/TryCompile-$(cat random); mkdir -p $d; echo 'int x;' >$d/src.c; \
                 cd $d; $CC -g -o src.o -c $PWD/src.c; cd $t; rm -r b; $CC -c main.c";
    let project = Project::of(&[("random", "a1B2c3"), ("main.c", "int main(void) { return 0; }\n")]);
    let project = project.step("", build, Any).step("rm main.o; echo d4E5f6 >random", build, Any);
    assert_left_alone(&project, 1, 1);
}

/// As psutil's setup script does: Python's `tempfile` makes up the names of a source and of a folder for its object.
#[test]
fn what_python_makes_up_names_for_is_a_test() {
    let build = "$WAIT; d=/tmp/tmp$(cat folder); f=/tmp/tmp$(cat random).c; mkdir $d; echo 'int x;' >$f; $CC -c $f -o $d/x.o; \
                 echo '#include <none.h>' >$f; $CC -c $f -o $d/x.o 2>/dev/null || :; rm -r $d $f";
    let names = "mktemp -u XXXXXXXX >random; mktemp -u XXXXXXXX >folder";
    // What a step leaves is compared.
    let build = format!("{names}; {build}; rm random folder");
    let project = Project::of(&[("README", "")]).step("", &build, Any).step("", &build, Any);
    assert_left_alone(&project, 1, 1);
}

/// Of the last step so many commands were left alone and so many served by launches, and none was anything else.
fn assert_left_alone(project: &Project, alone: u32, ahead: u32) {
    project.check();
    let stats = project.sandbox.stats("small");
    let served = stats.served("prefetched") + stats.served("joined");
    let is = |count: f64, wanted: u32| (count - f64::from(wanted)).abs() < 0.5;
    let right = is(stats.served("bypassed"), alone) && is(served, ahead) && is(stats.number("recall"), 1);
    assert!(right || !may_trace(), "{stats:?}");
}

/// Its messages go where the random names are.
#[test]
fn messages_have_the_names_of_today() {
    let build = "$WAIT; d=b/CMakeFiles/CMakeScratch/TryCompile-$(cat random); mkdir -p $d; echo 'int main(void) { return x; }' >$d/src.c; \
                 cd $d; $CC -O2 -o src.o -c $PWD/src.c || cd ../../../..; rm -r b";
    Project::of(&[("random", "a1B2c3")])
        .step("", build, Any)
        .step("echo d4E5f6 >random", build, Hits)
        .check();
}

#[test]
fn what_says_the_time_is_not_kept() {
    let build = "rm -f main; sleep 1; $CC -o main main.c; ./main >told; rm -f main; $CC -o main main.c; ./main >again; \
                 cmp -s told again || echo different; rm told again main";
    Project::of(&[("main.c", "#include <stdio.h>\nint main(void) { return puts(__TIME__) < 0; }\n")])
        .step("", &build.replace("rm -f main; $CC", "rm -f main; sleep 1.2; $CC"), Any)
        .step("", &build.replace("rm -f main; $CC", "rm -f main; sleep 1.2; $CC"), Any)
        .check();
}

/// GCC compiles, and fails for a file that it was to link; so `CMake` tries the options of other compilers.
#[test]
fn a_failure_that_leaves_an_object_is_kept_with_it() {
    let build = "$CC -O2 -o main.o -c main.c /W4 || echo failed";
    Project::of(&[("main.c", "int main(void) { return 0; }\n")])
        .step("", build, Any)
        .step("rm main.o", build, Hits)
        .step("sed -i s/0/1/ main.c", build, Any)
        .step("rm main.o; touch W4", &format!("$WAIT; {build}"), Hits)
        .step("rm main.o", &build.replace('/', "./"), Any)
        .check();
}

/// What memory and room a machine has is in no file that a command reads.
#[test]
fn a_failure_for_the_machines_sake_is_not_kept() {
    let test = "echo 'int main(void) { return 0; }' >conftest.c; (LACK; $CC -c conftest.c) || echo failed; \
                rm conftest.c";
    // Memory for the compiler, for what its loader maps, and room for the object.
    for lack in ["ulimit -v 30000", "ulimit -v 40000", "ulimit -f 0"] {
        Project::of(&[("README", "")])
            .step("", &test.replace("LACK", lack), Any)
            .step("rm -f conftest.o", &test.replace("LACK", ":"), Any)
            .step("rm conftest.o", &test.replace("LACK", ":"), Hits)
            .check();
    }
}

/// An archive that says when its members were written is another one each time.
#[test]
fn what_says_when_it_was_made_is_not_kept() {
    let build = "rm -f *.a *.o; sleep 1.1; gcc -c one.c; $WRAP ar crU times.a one.o; $WRAP ar crD plain.a one.o; \
                 date -r one.o +%s >is; grep -q -a -f is times.a && echo told; rm -f is times.a one.o";
    linked().step("", build, Any).step("", build, Any).step("", build, Any).check();
}

/// Clang compares the times of what is in a precompiled header with those of the files.
#[test]
fn precompiled_headers_are_made_and_used_by_the_compiler() {
    let build = "rm -f *.gch *.pch main.o; sleep .5; touch one.h; clang=$WRAP; $clang clang -x c-header one.h -o one.h.pch; \
                 $clang clang -include-pch one.h.pch -c main.c; rm one.h.pch; $CC -x c-header one.h -o one.h.gch; $CC -include one.h -c main.c; rm one.h.gch";
    let project = Project::of(&[("one.h", "#define ONE 1\n"), ("main.c", "int one = ONE;\n")])
        .step("", build, Any)
        .step("", build, Any)
        .step("sed -i s/1/2/ one.h", build, Any);
    project.check();
    let stats = project.sandbox.stats("small");
    assert!((stats.served("bypassed") - stats.number("compiles")).abs() < 0.5, "{stats:?}");
}

/// As bzip2 does with its two makefiles: static objects and a program, then shared ones of the same names and a library.
#[test]
fn what_a_build_makes_twice_is_launched_twice() {
    let build = "$WAIT; $CC -c main.c -o main.o; $CC -o main main.o; $CC -fPIC -O2 -c main.c -o main.o; $CC -shared -o main.so main.o; \
                 $CC -O1 -c main.c -o main.o; \
                 echo 'int x;' >conftest.c; $CC -c conftest.c; rm conftest.o; LC_ALL=POSIX $CC -c conftest.c; rm conftest.*";
    let clean = "rm -f main.o main main.so";
    let project = Project::of(&[("main.c", "int main(void) { return 0; }\n")])
        .step("", build, Any)
        .step(clean, build, Ahead)
        .step(&format!("{clean}; sed -i s/0/1/ main.c"), build, Ahead)
        .step(&format!("{clean}; sed -i s/1/2/ main.c"), build, Ahead);
    project.check();
    let stats = project.sandbox.stats("small");
    assert!(stats.number("launched") > 4.5 && stats.number("wasted") < 0.5, "{stats:?}");
}

/// As libtool does: the script that says what a library exports is written right before the link.
#[test]
fn a_link_is_learnt_whose_script_is_as_new_as_can_be() {
    let link = |name: &str| {
        format!(
            "echo '{{ global: main; local: *; }};' >{name}.ver; $CC -shared -Wl,--version-script,{name}.ver -o {name}.so main.o"
        )
    };
    let build =
        format!("$WAIT; $CC -fPIC -c main.c; {}", ["a", "b", "c", "d", "e", "f"].map(link).join("; "));
    let clean = "rm -f *.ver *.so *.o";
    Project::of(&[("main.c", "int main(void) { return 0; }\n")])
        .step("", &build, Any)
        .step(&format!("{clean}; sed -i s/0/1/ main.c"), &build, Ahead)
        .check();
}
