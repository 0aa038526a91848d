//! Inputs that the build makes itself, after its launches were issued.
use crate::support::project::Expect::{Ahead, Any};
use crate::support::project::{Expect, Project};

/// A build whose header comes late, as from a configure script, and a compile right behind it.
///
/// What an earlier build left is taken away before a session opens, as a sandbox does.
const LATE: &str = "$WAIT; sed s/VALUE/$(cat value)/ config.in >config.h; \
                    $CC -O2 -c main.c; $CC -O2 -c other.c";

fn project() -> Project {
    Project::of(&[
        ("main.c", "#include \"config.h\"\nint value = X;\n"),
        ("other.c", "#include \"config.h\"\n#include <stdio.h>\nint other(int x) { return x * X; }\n"),
        ("config.in", "#define X VALUE\n"),
        ("value", "1"),
    ])
}

fn edits(build: &str, edits: &[(&str, Expect)]) {
    let begun = project().step("", build, Any);
    let step = |project: Project, (change, expect): &(&str, Expect)| {
        project.step(&format!("rm -f config.h main.o other.o; {change}"), build, *expect)
    };
    edits.iter().fold(begun, step).check();
}

/// Launches that wait for a header come too late here: the compile asks as soon as it is there.
#[test]
fn what_was_made_last_time_is_foretold() {
    edits(
        LATE,
        &[
            ("", Ahead),
            ("sed -i 's/value = X/value = X + 1/' main.c", Ahead),
            ("sed -i 's/x \\* X/x + X/' other.c", Ahead),
        ],
    );
}

#[test]
fn a_wrong_guess_costs_nothing_but_the_launch() {
    edits(
        LATE,
        &[
            ("echo 2 >value; sed -i 's/value = X/value = X + 1/' main.c", Any),
            ("sed -i 's/value = X/value = X + 2/' main.c", Ahead),
            ("echo 3 >value", Any),
            ("echo 4 >value", Any),
        ],
    );
}

/// The header is there for a while before it is read, as when a configure script goes on.
#[test]
fn after_a_wrong_guess_it_is_launched_again() {
    let early = LATE.replace("config.h; $CC -O2 -c main.c", "config.h; $WAIT; $CC -O2 -c main.c");
    assert_ne!(early, LATE);
    edits(
        &early,
        &[("echo 2 >value", Ahead), ("echo 3 >value; sed -i 's/value = X/value = X + 1/' main.c", Ahead)],
    );
}

/// The guess comes true at first, and then a script goes on with the file; or the file is there from before.
#[test]
fn what_is_made_in_steps_is_launched_on_its_last_state() {
    let steps = "echo '#define X 1' >config.h; $WAIT; echo '#define X '$(cat value) >config.h; \
                 echo '#define Y' >>config.h; $WAIT; $CC -O2 -c main.c; $CC -O2 -c other.c";
    project()
        .step("", LATE, Any)
        .step("rm config.h *.o; echo 2 >value", steps, Ahead)
        .step("rm *.o; echo 3 >value", steps, Ahead)
        .check();
}

/// Who writes it takes a break.
#[test]
fn a_file_counts_once_it_is_closed() {
    let slowly = "exec 3>config.h; echo '#define Y 0' >&3; $WAIT; sed s/VALUE/$(cat value)/ config.in >&3; \
                  exec 3>&-; $WAIT; $CC -O2 -c main.c; $CC -O2 -c other.c";
    let project = project().step("", LATE, Any).step("rm config.h *.o; echo 2 >value", slowly, Ahead);
    project.check();
    let wasted = project.sandbox.stats("small").number("wasted");
    assert!(wasted.abs() < 0.5, "launched on half a file");
}

/// The folder of a header that is made otherwise is made, too.
#[test]
fn a_wrong_guess_in_a_new_folder_is_seen() {
    let build = "$WAIT; mkdir -p out; cp value out/x.h; $WAIT; cd out; $CC -I. -c ../main.c";
    Project::of(&[("main.c", "#include <x.h>\nint value = X;\n"), ("value", "#define X 1\n")])
        .step("", build, Any)
        .step("rm -r out; echo '#define X 2' >value", build, Ahead)
        .step("rm -r out; echo '#define X 3' >value; touch main.c", build, Ahead)
        .check();
}

#[test]
fn a_source_is_made_too() {
    let build = "$WAIT; mkdir -p out/sub; sed s/NAME/$(cat name)/ make.in >out/sub/made.c; \
                 cp plain.h out/sub/made.h; cd out; $CC -MD -Isub -I.. -c sub/made.c -o sub/made.o";
    Project::of(&[
        ("make.in", "#include \"made.h\"\n#include \"lib.h\"\nint NAME = MADE + LIB;\n"),
        ("plain.h", "#define MADE 4\n"),
        ("lib.h", "#define LIB 4\n"),
        ("name", "first"),
    ])
    .step("", build, Any)
    .step("rm -rf out; sed -i 's/4/5/' lib.h", build, Ahead)
    .step("rm -rf out; echo second >name", build, Any)
    .step("rm -rf out; sed -i 's/4/6/' plain.h", build, Any)
    .check();
}

/// ninja makes the folder of an object just before its compile, and meson has it searched for headers; its configuration makes others.
#[test]
fn a_folder_that_is_yet_to_be_made_is_not_missed() {
    let build = "sleep 1.5; mkdir -p out/a.p made; cp x.in made/x.h; $CC -Wmissing-include-dirs -Werror -Iout/a.p -Imade -c a.c -o out/a.p/a.o; \
                 $CC -Wmissing-include-dirs -Werror -Imade -c c.c -o out/c.o; $CC -Wmissing-include-dirs -Iout -Inone -c b.c -o out/b.o";
    Project::of(&[
        ("a.c", "#include \"x.h\"\nint a = X;\n"),
        ("b.c", "int b;\n"),
        ("c.c", "int c;\n"),
        ("x.in", "#define X 1\n"),
    ])
    .step("", build, Any)
    .step("rm -r out made; sed -i 's/= X/= X + 1/' a.c; echo 'int d;' >>c.c", build, Expect::AheadBut(1))
    .step("rm -r out made; sed -i '1i #include <stddef.h>' a.c c.c", build, Expect::AheadBut(1))
    .check();
}

/// Nothing that a build makes is in it to tell that it will be there.
#[test]
fn a_folder_that_stays_empty_is_waited_for() {
    let build = "$WAIT; mkdir made; $WAIT; $CC -Wmissing-include-dirs -Werror -Imade -c a.c";
    Project::of(&[("a.c", "int a;\n")])
        .step("", build, Any)
        .step("rm -r made a.o; echo 'int b;' >>a.c", build, Ahead)
        .check();
}

/// A depfile has `config.h` for what `-I.` finds as `./config.h`: coming out as foretold, it changes nothing.
#[test]
fn a_true_guess_is_not_given_up() {
    let build = "sleep 1.5; cp value config.h; sleep 1.5; $CC -I. -MD -MF main.d -c sub/main.c; $CC -I./. -c sub/more.c";
    let project = Project::of(&[
        ("sub/main.c", "#include <config.h>\nint value = X;\n"),
        ("sub/more.c", "#include <config.h>\nint more = X;\n"),
        ("value", "#define X 1\n"),
    ]);
    let project = project.step("", build, Any).step("rm config.h *.o *.d", build, Ahead);
    project.check();
    assert_eq!(project.sandbox.stats("small").number("mispredicted") as u32, 0, "given up");
}

/// autotools spell a header above from a folder below, and each folder in its own way.
#[test]
fn one_file_under_two_names_is_foretold() {
    let build = "$WAIT; cp value config.h; cd sub; $CC -I.. -I. -c main.c; cd ../more; $CC -I../sub -I../sub/.. -c more.c";
    Project::of(&[
        ("sub/main.c", "#include <config.h>\nint value = X;\n"),
        ("more/more.c", "#include <config.h>\nint more = X;\n"),
        ("value", "#define X 1\n"),
    ])
    .step("", build, Any)
    .step("rm config.h */*.o; sed -i 's/= X/= X + 1/' */*.c", build, Ahead)
    .step("rm config.h */*.o; sed -i '1i #include <stddef.h>' */*.c", build, Ahead)
    .check();
}

/// A source is edited while a session is open, so that it passes for something that the build makes.
#[test]
fn an_edit_in_the_midst_of_a_build_is_no_prediction() {
    let build = "mkdir -p out; $WAIT; cp -r value late.h; cd out; $CC -I.. -c ../main.c";
    let late = "$WAIT; mkdir -p out; cd out; $CC -I.. -c ../main.c";
    Project::of(&[
        ("main.c", "#include <late.h>\nint value = X;\n"),
        ("late.h", "#define X 0\n"),
        ("value", "#define X 1\n"),
    ])
    .step("", build, Any)
    .step("rm -r out; echo '#define X 2' >late.h", late, Ahead)
    .step("rm -r out; echo '#define X 3' >late.h", late, Ahead)
    .check();
}

/// A header that comes with the sources, and that configure rewrites, as zlib's does with `zconf.h`.
const REWRITTEN: &str = "$WAIT; sed s/0/$(cat value)/ x.h >x.new; mv x.new x.h; \
                         $CC -O2 -c main.c; $CC -O2 -c other.c";

/// As [`REWRITTEN`], in two steps, of which the first is there for a while.
const IN_STEPS: &str = "$WAIT; sed s/0/9/ x.h >x.new; mv x.new x.h; $WAIT; sed s/9/$(cat value)/ x.h >x.new; mv x.new x.h; \
                        $CC -O2 -c main.c; $CC -O2 -c other.c";

/// Puts that header back.
const BACK: &str = "rm *.o; echo '#define X 0' >x.h;";

fn rewritten(other: &str) -> Project {
    Project::of(&[
        ("main.c", "#include \"x.h\"\nint value = X;\n"),
        (
            "other.c",
            &format!("#include \"{other}\"\n#include <stdio.h>\nint other(int x) {{ return x * X; }}\n"),
        ),
        ("x.h", "#define X 0\n"),
        ("value", "1"),
    ])
}

/// The time of it tells at first, as a sandbox stages all files alike; then its content.
#[test]
fn what_is_there_and_made_anew_is_foretold() {
    let edit = "sed -i 's/value = X/value = X + 1/' main.c";
    rewritten("x.h")
        .step("", REWRITTEN, Any)
        .step(&format!("{BACK} touch -d @1000000000 x.h; {edit}"), REWRITTEN, Ahead)
        .step(&format!("{BACK} {edit}"), REWRITTEN, Ahead)
        .step(&format!("{BACK} echo 2 >value; {edit}"), REWRITTEN, Any)
        .step(&format!("{BACK} {edit}"), REWRITTEN, Ahead)
        .step("rm *.o; touch x.h", REWRITTEN, Ahead)
        .check();
}

/// The step between is known from the last time.
#[test]
fn what_is_made_anew_in_steps_is_foretold() {
    let edit = "sed -i 's/value = X/value = X + 1/' main.c";
    rewritten("x.h")
        .step("", IN_STEPS, Any)
        .step(&format!("{BACK} touch -d @1000000000 x.h; {edit}"), IN_STEPS, Any)
        .step(&format!("{BACK} {edit}"), IN_STEPS, Ahead)
        .check();
}

/// The guess goes with the first command that reads the header as it was, and is not made the next time.
#[test]
fn what_is_not_made_anew_this_time_is_compiled_as_it_is() {
    let as_it_is = "$WAIT; $CC -O2 -c main.c; $CC -O2 -c other.c";
    let edit = "sed -i 's/value = X/value = X + 1/' main.c";
    rewritten("x.h")
        .step("", REWRITTEN, Any)
        .step(&format!("{BACK} {edit}"), REWRITTEN, Any)
        .step(&format!("{BACK} {edit}"), as_it_is, Any)
        .step(&format!("{BACK} {edit}"), as_it_is, Ahead)
        .check();
}

/// What is launched on the content to come is not the result for what is there, whatever name it has.
#[test]
fn a_wrong_guess_is_not_taken_for_what_another_name_leads_to() {
    let as_it_is = "$WAIT; $CC -O2 -c main.c; $CC -O2 -c other.c";
    let edit = "sed -i 's/x . X/x + 3 * X/' other.c";
    rewritten("another.h")
        .step("ln -s x.h another.h", REWRITTEN, Any)
        .step(&format!("{BACK} touch -d @1000000000 x.h; {edit}"), as_it_is, Any)
        .step(&format!("{BACK} {edit}; sed -i 's/3 /4 /' other.c"), REWRITTEN, Any)
        .step(&format!("{BACK} sed -i 's/4 /5 /' other.c"), as_it_is, Any)
        .check();
}

/// What is made hides a header that is there: a guess without it would read the other.
#[test]
fn what_is_made_hides_another_header() {
    let build = "$WAIT; mkdir made; cp value made/x.h; $CC -Imade -Iplain -c main.c";
    Project::of(&[
        ("main.c", "#include <x.h>\nint value = X;\n"),
        ("plain/x.h", "#define X 1\n"),
        ("value", "#define X 2\n"),
    ])
    .step("", build, Any)
    .step("rm -rf made main.o; sed -i 's/value = X/value = X + 1/' main.c", build, Ahead)
    .step(
        "rm -rf made main.o; echo '#define X 3' >value; sed -i 's/value = X/value = X + 1/' main.c",
        build,
        Any,
    )
    .step("rm -rf made main.o", "$WAIT; $CC -Imade -Iplain -c main.c", Any)
    .check();
}

/// It is found, and where it is found is compared, though a condition keeps it from being read.
#[test]
fn a_header_that_nobody_reads_is_foretold_as_long_as_it_is_made() {
    let build = "$WAIT; cp value late.h; $CC -c main.c";
    let without = "$WAIT; $CC -c main.c";
    let project = Project::of(&[
        ("main.c", "#if LATE\n#include \"late.h\"\n#endif\nint value = 0;\n"),
        ("value", "#define X 1\n"),
    ])
    .step("", build, Any)
    .step("rm late.h main.o; sed -i 's/= 0/= 1/' main.c", build, Ahead)
    .step("rm late.h main.o; sed -i 's/= 1/= 2/' main.c", build, Ahead)
    .step("rm late.h main.o; sed -i 's/= 2/= 3/' main.c", without, Any)
    .step("rm main.o; sed -i 's/= 3/= 4/' main.c", without, Ahead);
    project.check();
    assert_eq!(
        project.sandbox.stats("small").number("wasted") as u32,
        0,
        "launched on a header that is no more"
    );
}

/// As nettle's are, by m4: the assembler lists what it was made of.
#[test]
fn an_assembler_source_is_made_too() {
    let build = "$WAIT; sed 's/MADE/\t.file \"made.asm\"/' made.asm >made.s; $CC -c made.s";
    let project = Project::of(&[("made.asm", "MADE\nf:\n\tret\n")]);
    // So that it has to be run ahead, not only found.
    let results = project.sandbox.path("cache/ac");
    let forget = move || std::fs::remove_dir_all(&results).expect("forget all results");
    project.step("", build, Any).step("rm made.o made.s", build, Ahead).before(forget).check();
}
