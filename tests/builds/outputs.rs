//! Everything that a compile leaves or says: the same bytes when it was served.
use crate::support::project::Expect::{Ahead, Any, Hits};
use crate::support::project::Project;

const SOURCE: &str = "#include <stddef.h>\n#include \"a b.h\"\n#include \"sub/c.h\"\n\
                      int value(int x) { size_t n = 0; return x + A + C + (int)n; }\n";

fn sources() -> Project {
    Project::of(&[("main.c", SOURCE), ("a b.h", "#define A 1\n"), ("sub/c.h", "#define C 2\n")])
}

/// Runs `build` three times, the last two from clean and served.
fn served(project: Project, build: &str) {
    let clean = "rm -rf out; mkdir out";
    project.step(clean, build, Any).step(clean, build, Hits).step(clean, build, Hits).check();
}

#[test]
fn depfiles() {
    for flags in [
        "-MD",
        "-MMD",
        "-MD -MP",
        "-MMD -MP -MF out/own.d",
        "-MD -MT target -MT other",
        "-MD -MQ 'a$(b) c'",
        "-Wp,-MD,out/through.d",
        "-Wp,-MMD,out/through.d -MP",
    ] {
        served(sources(), &format!("$CC {flags} -c main.c -o out/main.o"));
    }
}

#[test]
fn an_archive_is_added_to_as_it_is_there() {
    let new = "rm -f l.a; $WRAP ar rcD l.a a.o";
    Project::of(&[("a.c", "int a;\n"), ("b.c", "int b;\n")])
        .step("gcc -c a.c b.c", new, Any)
        .step("", "$WRAP ar rcD l.a b.o", Any)
        .step("", "$WRAP ar rcD l.a a.o", Any)
        .step("", new, Hits)
        .check();
}

#[test]
fn derived_names() {
    let clean = "rm -f *.o *.d *.dwo *.gcno *.su";
    let build = "$CC -MD -g -gsplit-dwarf -fstack-usage -c sub/main.c";
    Project::of(&[("sub/main.c", "int value(int x) { return x; }\n")])
        .step(clean, build, Any)
        .step(clean, build, Hits)
        .check();
}

#[test]
fn side_outputs() {
    for flags in [
        "-g -gsplit-dwarf", // gcc stamps its notes with the clock unless it is given a seed.
        "--coverage -frandom-seed=1",
        "-fstack-usage",
        "-g -gsplit-dwarf --coverage -frandom-seed=1",
    ] {
        served(sources(), &format!("$CC {flags} -c main.c -o out/main.o"));
    }
}

#[test]
fn what_is_not_preprocessed() {
    let files = [
        ("main.s", ".data\nvalue: .long 1\n"),
        ("main.i", "int value;\n"),
        ("main.ii", "class Value {} value;\n"),
    ];
    for (source, change) in
        [("main.s", "sed -i s/1/2/ main.s"), ("main.i", "echo 'int other;' >>main.i"), ("main.ii", ":")]
    {
        let build = format!("$WAIT; $CC -g -c {source} -o out/main.o");
        let clean = "rm -rf out; mkdir out";
        Project::of(&files)
            .step(clean, &build, Any)
            .step(clean, &build, Ahead)
            .step(&format!("{clean}; {change}"), &build, Ahead)
            .check();
    }
}

#[test]
fn warnings() {
    let source = "int value(void) { int unused; return (1, 2); }\n#warning \"said\"\n";
    for flags in ["-Wall", "-Wall -fdiagnostics-color=always", "-Wall -Wextra -w"] {
        served(Project::of(&[("main.c", source)]), &format!("$CC {flags} -c main.c -o out/main.o"));
    }
}

/// Generated sources name the grammar that they were made of, which GCC quotes; their headers do, and all else that is said is of
/// files that were read.
#[test]
fn warnings_beside_a_line_directive() {
    let files = [
        ("main.c", "#include \"grammar.h\"\nint value(void) { int unused; return VALUE; }\n"),
        ("grammar.h", "#line 3 \"grammar.y\"\n#define VALUE 1\n#line 3 \"grammar.h\"\nextern int other;\n"),
        ("grammar.y", "one\ntwo\nthree\n"),
    ];
    let build = "$CC -Wall -c main.c -o out/main.o";
    served(Project::of(&files), build);
    let quoting = "$CC -Wall -c quoting.c -o out/quoting.o";
    Project::of(&files)
        .file("quoting.c", "#line 2 \"grammar.y\"\nint value(void) { int unused; return 1; }\n")
        .step("rm -rf out; mkdir out", quoting, Any)
        .step("rm -rf out; mkdir out; sed -i s/two/deux/ grammar.y", quoting, Any)
        .check();
}

#[test]
fn errors() {
    let build =
        "$CC -c main.c -o out/main.o; echo $?; $CC -c absent.c; echo $?; $CC -fno-such -c good.c; exit 7";
    Project::of(&[("main.c", "int value(void) { return missing; }\n"), ("good.c", "int x;\n")])
        .step("mkdir out", build, Any)
        .step("", build, Any)
        .step("sed -i s/missing/1/ main.c", build, Any)
        .check();
}

#[test]
fn c_plus_plus() {
    let source = "#include <vector>\n#include <string>\nint value(std::vector<std::string> v) { return (int)v.size(); }\n";
    served(Project::of(&[("main.cc", source)]), "$CXX -std=c++17 -O2 -g -MD -c main.cc -o out/main.o");
}

#[test]
fn permissions_follow_the_umask() {
    served(sources(), "umask 077; $CC -c main.c -o out/main.o");
}

#[test]
fn an_output_that_is_there_is_replaced() {
    let build = "$CC -MD -c main.c -o out/main.o";
    sources()
        .step("mkdir out; echo junk >out/main.o; chmod 600 out/main.o", build, Any)
        .step("echo junk >out/main.o; chmod 600 out/main.o; echo junk >out/main.d", build, Any)
        .step("ln -sf ../elsewhere out/main.o", build, Any)
        .step("rm out/main.o; mkdir out/main.o", build, Any)
        .check();
}

#[test]
fn unusual_names() {
    let build = "$CC -MD -c 'a b#$.c' -o 'out/o p$.o'";
    served(Project::of(&[("a b#$.c", "int value;\n")]), build);
}

#[test]
fn names_with_dots_in_them() {
    let build = "n=0; for source in ./main.c .//main.c $PWD/./main.c sub/.././main.c; do n=$((n + 1)); \
        $CC -I. -Isub/./. -I./sub/. -I sub/../ -c $source -o out/$n.o; \
        $CC -MMD -I./sub -c $source -o ./out/./$n.other.o; done";
    served(sources(), build);
}

#[test]
fn what_is_not_a_compile() {
    let build = "$CC -E main.c; $CC -S main.c -o out/main.s; $CC -M main.c; $CC -dumpversion; \
                 echo 'int x;' | $CC -x c -c - -o out/stdin.o; $CC -c main.c other.c; $CC; echo $?";
    sources().file("other.c", "int other;\n").step("mkdir out", build, Any).step("", build, Any).check();
}

#[test]
fn assembler() {
    let source = "#include \"value.h\"\n.globl value\nvalue: .long VALUE\n";
    Project::of(&[("main.S", source), ("value.h", "#define VALUE 1\n"), ("plain.s", ".long 1\n")])
        .step("", "$CC -c main.S; $CC -c plain.s", Any)
        .step("", "$CC -c main.S; $CC -c plain.s", Any)
        .step("echo '#define VALUE 2' >value.h", "$CC -c main.S; $CC -c plain.s", Any)
        .check();
}

/// The assembler lists what `.file` names though it does not read it: nettle makes `memxor.s` of `memxor.asm`.
#[test]
fn sources_that_are_called_like_or_made_of_another_file() {
    let build = "$CC -c sub/main.c -o out/sub.o; $CC -g -c made.s -o out/made.o; gcc -E main.c >out/main.i; $CC -c out/main.i -o out/main.o";
    let project = Project::of(&[
        ("main.c", "int one;\n"),
        ("sub/main.c", "int two;\n"),
        ("made.asm", "f: ret\n"),
        ("made.s", "\t.file \"made.asm\"\nf:\n\tret\n"),
    ]);
    served(project, build);
}

/// Then it does read it.
#[test]
fn a_file_of_the_sources_name_is_included() {
    let project = Project::of(&[
        ("main.c", "int one;\n"),
        ("sub/main.c", "__asm__(\".data\\n.incbin \\\"main.c\\\"\\n.text\");\n"),
        ("made.asm", ".long 1\n"),
        ("made.s", ".file \"made.asm\"\n.include \"made.asm\"\n"),
    ]);
    let build = "$CC -c sub/main.c -o sub.o; $CC -c made.s";
    let edit = "echo 'int three;' >>main.c; echo '.long 2' >>made.asm";
    project.step("", build, Any).step("", build, Any).step(edit, build, Any).check();
}

#[test]
fn objects_that_quote_the_command_line() {
    for build in [
        "$CC -flto -frandom-seed=x -c main.c -o out/main.o",
        "$CC -flto=auto -ffat-lto-objects -frandom-seed=x -MD -c main.c -o out/main.o",
        "$CC -g -grecord-gcc-switches -frecord-gcc-switches -c main.c -o out/main.o",
        "$WRAP clang -g -grecord-gcc-switches -c main.c -o out/main.o",
        "$WRAP clang -frecord-command-line -c main.c -o out/main.o",
        "$WRAP clang -fembed-bitcode-marker -c main.c -o out/main.o",
        "$WRAP clang -fembed-bitcode -MMD -c main.c -o out/main.o",
    ] {
        served(sources(), build);
    }
}
