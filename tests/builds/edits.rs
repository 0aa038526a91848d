//! What may change between two builds of an element.
use crate::support::project::Expect::{Ahead, Any, Hits};
use crate::support::project::{CLEAN_MAKE, Project};

#[test]
fn nothing_changed() {
    Project::six().step("", CLEAN_MAKE, Any).step("", CLEAN_MAKE, Hits).step("", CLEAN_MAKE, Hits).check();
}

#[test]
fn launches_finish_before_a_late_build_asks() {
    // What a configure script does to a compile: it makes it wait.
    let late = format!("$WAIT; {CLEAN_MAKE}");
    Project::six()
        .step("", CLEAN_MAKE, Any)
        .step("", &late, Ahead)
        .step("sed -i s/100/200/ lib/extra.h", &late, Ahead)
        .step("sed -i 's/x + 5/x + 6/' five.c", &late, Ahead)
        .check();
}

#[test]
fn a_header_is_edited() {
    Project::six().edited("sed -i 's/DEEP 3/DEEP 4/' lib/deep.h", CLEAN_MAKE).check();
}

#[test]
fn an_edit_is_taken_back() {
    Project::six()
        .step("", CLEAN_MAKE, Any)
        .step("sed -i 's/DEEP 3/DEEP 4/' lib/deep.h", CLEAN_MAKE, Any)
        .step("sed -i 's/DEEP 4/DEEP 3/' lib/deep.h", CLEAN_MAKE, Hits)
        .check();
}

#[test]
fn an_edit_keeps_size_and_times() {
    Project::six()
        .edited("cp -p five.c was; sed -i 's/x + 5/x + 6/' five.c; touch -r was five.c; rm was", CLEAN_MAKE)
        .check();
}

#[test]
fn an_include_is_added() {
    Project::six()
        .edited("sed -i '1i #include \"extra.h\"' five.c; sed -i 's/x + 5/x + EXTRA/' five.c", CLEAN_MAKE)
        .step("sed -i s/100/300/ lib/extra.h", CLEAN_MAKE, Any)
        .check();
}

#[test]
fn an_include_is_removed() {
    Project::six()
        .edited("sed -i 1d four.c; sed -i s/EXTRA/9/ four.c", CLEAN_MAKE)
        .step("rm lib/extra.h", CLEAN_MAKE, Hits)
        .check();
}

#[test]
fn a_new_header_hides_an_old_one() {
    let build = "$CC -Ia -Ib -c main.c";
    Project::of(&[
        ("main.c", "#include \"x.h\"\nint value = X;\n"),
        ("a/y.h", ""),
        ("b/x.h", "#define X 1\n"),
    ])
    .edited("echo '#define X 2' >a/x.h", build)
    .step("rm a/x.h", build, Hits)
    .step("echo '#define X 3' >x.h", build, Any)
    .check();
}

#[test]
fn a_folder_of_headers_appears() {
    let build = "$CC -Iearly -Ilate -c main.c";
    Project::of(&[("main.c", "#include <x.h>\nint value = X;\n"), ("late/x.h", "#define X 1\n")])
        .edited("mkdir early; echo '#define X 2' >early/x.h", build)
        .check();
}

#[test]
fn has_include_becomes_true() {
    let source = "#if __has_include(\"option.h\")\n#include \"option.h\"\n#else\n#define X 1\n#endif\nint value = X;\n";
    Project::of(&[("main.c", source)])
        .edited("echo '#define X 2' >option.h", "$CC -c main.c")
        .step("rm option.h", "$CC -c main.c", Hits)
        .check();
}

#[test]
fn a_computed_include_moves() {
    let build = "$CC -c main.c";
    Project::of(&[
        ("main.c", "#include \"choice.h\"\n#include CHOICE\nint value = X;\n"),
        ("choice.h", "#define CHOICE \"one.h\"\n"),
        ("one.h", "#define X 1\n"),
        ("two.h", "#define X 2\n"),
    ])
    .edited("sed -i s/one/two/ choice.h", build)
    .step("echo '#define X 3' >two.h", build, Any)
    .check();
}

#[test]
fn a_header_is_deleted_and_comes_back() {
    let build = "rm -f four.o; $CC -Ilib -c four.c";
    Project::six()
        .step("", build, Any)
        .step("mv lib/extra.h kept", build, Any)
        .step("mv kept lib/extra.h", build, Hits)
        .check();
}

#[test]
fn a_source_is_deleted() {
    let change = "rm five.c; sed -i 's/ five.o//' Makefile; sed -i 's/ + five(1)//' main.c";
    Project::six().edited(change, CLEAN_MAKE).check();
}

#[test]
fn a_flag_changes() {
    Project::six()
        .edited("sed -i 's/-O2/-O1 -DNEW=1/' Makefile", CLEAN_MAKE)
        .step("sed -i 's/-O1 -DNEW=1/-O2/' Makefile", CLEAN_MAKE, Any)
        .check();
}

#[test]
fn a_source_moves() {
    let change = "mkdir sub; mv five.c sub; sed -i 's/five\\.o/sub\\/five.o/' Makefile";
    Project::six()
        .step("", CLEAN_MAKE, Any)
        .step(change, "rm -f sub/*.o; make -s clean; make -s", Any)
        .step("", "rm -f sub/*.o; make -s clean; make -s", Hits)
        .check();
}

#[test]
fn a_header_is_generated_by_the_build() {
    let build =
        "rm -f config.h main.o; sleep 0.3; sed s/VALUE/$(cat value)/ config.in >config.h; $CC -c main.c";
    Project::of(&[
        ("main.c", "#include \"config.h\"\nint value = X;\n"),
        ("config.in", "#define X VALUE\n"),
        ("value", "1"),
    ])
    .step("", build, Any)
    .step("", build, Hits)
    .step("echo 2 >value", build, Any)
    .check();
}

#[test]
fn the_build_folder_is_not_there_yet() {
    // meson spells every path from a folder that it makes itself.
    let build =
        "rm -rf out/sub; $WAIT; mkdir -p out/sub; cd out/sub; $CC -MD -I../../lib -c ../../one.c -o one.o";
    Project::six()
        .step("", build, Any)
        .step("sed -i 's/DEEP 3/DEEP 4/' lib/deep.h", build, Ahead)
        .step("sed -i 's/DEEP 4/DEEP 5/' lib/deep.h; rm -r out", build, Ahead)
        .check();
}

#[test]
fn a_folder_for_depfiles_is_not_there_yet() {
    // automake and libtool make .deps and .libs before a compile writes there.
    let build = "rm -rf .deps .libs; $WAIT; mkdir .deps .libs; \
                 $CC -I./lib -MT one.lo -MD -MP -MF .deps/one.Tpo -c one.c -fPIC -DPIC -o .libs/one.o; \
                 mv -f .deps/one.Tpo .deps/one.Plo; $CC -I./lib -c one.c -o one.o";
    Project::six()
        .step("", build, Any)
        .step("", build, Ahead)
        .step("sed -i 's/DEEP 3/DEEP 4/' lib/deep.h", build, Ahead)
        .check();
}

#[test]
fn a_system_header_is_edited() {
    let build = "$CC -isystem sys -c main.c";
    Project::of(&[("main.c", "#include <sys.h>\nint value = X;\n"), ("sys/sys.h", "#define X 1\n")])
        .edited("echo '#define X 2' >sys/sys.h", build)
        .check();
}

#[test]
fn a_symbolic_link_is_turned() {
    let build = "$CC -Icurrent -c main.c";
    Project::of(&[
        ("main.c", "#include \"x.h\"\nint value = X;\n"),
        ("one/x.h", "#define X 1\n"),
        ("two/x.h", "#define X 2\n"),
    ])
    .step("ln -s one current", build, Any)
    .step("ln -sfn two current", build, Any)
    .step("ln -sfn one current", build, Hits)
    .check();
}

/// By the names that a shell has for what is behind links.
const BEHIND_LINKS: &str = "$WAIT; cd way; $CC -g -I$PWD/.. -c $PWD/../main.c -o one.o; $CC -g -c ../main.c -o ../made/two.o; \
    $CC -c ../main.c -o $PWD/three.o";

fn behind_links() -> Project {
    Project::of(&[
        ("real/main.c", "#include \"a.h\"\nint value = A;\n"),
        ("real/a.h", "#define A 1\n"),
        ("real/deep/kept", ""),
        ("real/made/kept", ""),
    ])
}

#[test]
fn links_lead_into_the_tree() {
    for project in [behind_links(), behind_links().confined()] {
        project
            .step("ln -s real/deep way", BEHIND_LINKS, Any)
            .step("rm real/*/*.o; echo '#define A 2' >real/a.h", BEHIND_LINKS, Ahead)
            .check();
    }
}

#[test]
fn links_lead_out_of_the_tree() {
    for project in [behind_links(), behind_links().confined()] {
        project
            .step("rm -rf ../outside; cp -r real ../outside; ln -s ../outside/deep way", BEHIND_LINKS, Any)
            .step("rm ../outside/*/*.o; echo '#define A 2' >../outside/a.h", BEHIND_LINKS, Ahead)
            .step("", "cat way/one.o ../outside/*/*.o", Any)
            .check();
    }
}

#[test]
fn the_environment_changes() {
    let build = |folder: &str| format!("CPATH={folder} $CC -c main.c");
    Project::of(&[
        ("main.c", "#include <x.h>\nint value = X;\n"),
        ("one/x.h", "#define X 1\n"),
        ("two/x.h", "#define X 2\n"),
    ])
    .step("", &build("one"), Any)
    .step("", &build("two"), Any)
    // The record of the output was replaced by that of the other command.
    .step("", &build("one"), Any)
    .check();
}

#[test]
fn a_response_file_changes() {
    let build = "$CC @flags -c main.c -o main.o";
    Project::of(&[("main.c", "int value = X;\n"), ("flags", "-O2\n-DX=1\n")])
        .edited("echo '-O2 -DX=2' >flags", build)
        .check();
}

#[test]
fn an_incbin_file_is_edited() {
    let source = "asm(\".data\\n.globl blob\\nblob: .incbin \\\"blob.bin\\\"\\n\");\n";
    Project::of(&[("main.c", source), ("blob.bin", "first")])
        .step("", "$CC -c main.c", Any)
        .step("printf second >blob.bin", "$CC -c main.c", Any)
        .step("printf third_ >blob.bin", "$CC -c main.c", Any)
        .check();
}

#[test]
fn the_date_is_the_compilers() {
    let build = |epoch: u32| format!("SOURCE_DATE_EPOCH={epoch} $CC -c main.c");
    Project::of(&[("main.c", "char when[] = __DATE__ __TIME__;\n")])
        .step("", &build(1_000_000), Any)
        .step("", &build(2_000_000), Any)
        .step("", &build(1_000_000), Any)
        .check();
}

#[test]
fn a_search_path_that_is_not_utf_8() {
    let build = r"CPATH=$(printf '\377inc'):later $CC -c main.c";
    Project::of(&[("main.c", "#include <v.h>\nint v = V;\n"), ("later/v.h", "#define V 1\n")])
        .step("", build, Any)
        .step("", build, Any)
        .step(r#"d=$(printf '\377inc'); mkdir "$d"; printf '#define V 2\n' >"$d/v.h""#, build, Any)
        .check();
}
