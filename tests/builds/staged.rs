//! Builds by root without capabilities: no overlay can be had there, and launches run on staged copies of what they read.
use crate::support::project::Expect::{Ahead, Any};
use crate::support::project::{CLEAN_MAKE, Project};

#[test]
fn a_make_build_is_launched_on_copies() {
    Project::six()
        .confined()
        .step("", CLEAN_MAKE, Any)
        .step("make -s clean; sed -i 's/DEEP 3/DEEP 5/' lib/deep.h", &format!("$WAIT; {CLEAN_MAKE}"), Ahead)
        .step(
            "make -s clean; echo '#include \"extra.h\"' >>lib/deep.h",
            &format!("$WAIT; {CLEAN_MAKE}"),
            Ahead,
        )
        .step("make -s clean; sed -i 's/100/200/' lib/extra.h", &format!("$WAIT; {CLEAN_MAKE}"), Ahead)
        .check();
}

#[test]
fn links_and_missing_folders_are_staged() {
    let build = "$WAIT; mkdir -p out/sub; cd out/sub; $CC -MD -I../../include -I../../no/such -c ../../src/one.c -o one.o";
    Project::of(&[(
        "src/one.c",
        "#include <linked.h>\n#include \"beside.h\"\nint one(void) { return LINKED + BESIDE; }\n",
    )])
    .file("src/beside.h", "#define BESIDE 1\n")
    .file("real/deep/linked.h", "#include \"neighbour.h\"\n#define LINKED neighbour()\n")
    .file("real/deep/neighbour.h", "static int neighbour(void) { return 3; }\n")
    .confined()
    .step(
        "ln -s real include; ln -s deep/linked.h real/linked.h; ln -s deep/neighbour.h real/neighbour.h",
        build,
        Any,
    )
    .step("rm -r out; sed -i 's/3/4/' real/deep/neighbour.h", build, Ahead)
    .check();
}

#[test]
fn what_a_build_makes_is_shown_to_a_launch() {
    let build = "$WAIT; echo '#define MADE 1' >made.h; $CC -I. -c main.c; $CC -o main main.o; $WRAP ar rcsD lib.a main.o";
    Project::of(&[("main.c", "#include \"made.h\"\nint main(void) { return MADE; }\n")])
        .confined()
        .step("", build, Any)
        .step("rm -f made.h main.o main lib.a; sed -i 's/return MADE/return MADE + 1/' main.c", build, Ahead)
        .check();
}

#[test]
fn an_archive_that_the_last_build_has_left_is_launched_without_it() {
    let build = "$WAIT; $CC -c main.c; rm -f lib.a; $WRAP ar rcD lib.a main.o";
    Project::of(&[("main.c", "int main(void) { return 0; }\n")])
        .confined()
        .step("", build, Any)
        .step("rm main.o; sed -i 's/0/1/' main.c", build, Ahead)
        .check();
}

/// Only one of the two reads what comes to lie there.
#[test]
fn a_folder_that_a_build_makes_is_shown_to_a_launch() {
    let build = "$WAIT; mkdir made; echo '#define MADE 1' >made/made.h; \
                 for file in a b; do $CC -Wmissing-include-dirs -Werror -Imade -c $file.c; done";
    Project::of(&[("a.c", "#include \"made.h\"\nint a = MADE;\n"), ("b.c", "int b;\n")])
        .confined()
        .step("", build, Any)
        .step("rm -r made *.o; echo 'int c;' | tee -a a.c >>b.c", build, Ahead)
        .check();
}

#[test]
fn an_archive_that_is_changed_in_place_comes_out_right() {
    let build = "$WAIT; $CC -c main.c; rm -f lib.a; cp old.a lib.a; $WRAP ar rcs lib.a main.o";
    Project::of(&[("main.c", "int main(void) { return 0; }\n"), ("old.c", "int old;\n")])
        .confined()
        .step("gcc -c old.c; ar rcs old.a old.o", build, Any)
        .step("rm -f main.o; echo 'int more;' >>main.c", build, Any)
        .check();
}
