//! Commands that change all in one way, and back.
use crate::support::project::Expect::{Ahead, AheadBut, Any, Hits};
use crate::support::project::Project;
use crate::support::shell::succeed;

/// Compiles one after another with the flags of a file. After the first two somebody waits, as a build with more to do would.
const BUILD: &str = "for file in one two three four five six; do \
                     [ $file != three ] || $WAIT; $CC $(cat flags) -Ilib -c src/$file.c -o $file.o; done";

fn project() -> Project {
    let sources = ["one", "two", "three", "four", "five", "six"];
    let sources = sources.map(|name| {
        let text = format!("#include \"deep.h\"\n#ifdef MORE\n#include \"more.h\"\n#endif\nint {name}(void) {{ return DEEP; }}\n");
        (format!("src/{name}.c"), text)
    });
    let mut files =
        vec![("lib/deep.h", "#define DEEP 1\n"), ("lib/more.h", "extern int more;\n"), ("flags", "-O2")];
    files.extend(sources.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    Project::of(&files)
}

#[test]
fn what_is_expected_of_others_is_launched_after_two() {
    project()
        .step("", BUILD, Any)
        .step("rm *.o; echo -O1 >flags", BUILD, AheadBut(2))
        .step("rm *.o; echo -O1 -DMORE >flags", BUILD, AheadBut(2))
        .step("rm *.o; echo 'int last;' >>src/six.c", BUILD, Ahead)
        .check();
}

#[test]
fn another_folder_is_expected_of_others_too() {
    let moved = BUILD.replace("src/$file.c -o", "source/$file.c -o out/");
    assert_ne!(moved, BUILD);
    let build = BUILD.replace("-o $file.o", "-o out/$file.o");
    let moved = build.replace("src/", "source/");
    project()
        .step("mkdir out", &build, Any)
        .step("rm out/*; mv src source", &moved, AheadBut(2))
        .step("rm out/*; mkdir other", &moved.replace("out/", "other/"), AheadBut(2))
        .check();
}

/// The results are there, whether a launch or the cache has them.
#[test]
fn a_flag_that_comes_back_finds_its_results() {
    project()
        .step("", BUILD, Any)
        .step("rm *.o; echo -O1 >flags", BUILD, Any)
        .step("rm *.o; echo -O2 >flags", BUILD, Hits)
        .step("rm *.o; echo -O1 >flags", BUILD, Hits)
        .step("rm *.o", BUILD, Ahead)
        .check();
}

#[test]
fn a_flag_that_comes_back_is_in_the_cache() {
    project()
        .set("SPEC_CC_MODE", "cache")
        .step("", BUILD, Any)
        .step("rm *.o; echo -O1 >flags", BUILD, Any)
        .step("rm *.o; echo -O2 >flags", BUILD, Hits)
        .check();
}

/// Two have other flags than before, and the others have not: those are launched as they were.
#[test]
fn what_only_some_have_changed_is_not_kept_from_the_others() {
    let own = BUILD.replace("$(cat flags)", "$(cat flags $file.flags 2>/dev/null)");
    let waits = own.replace("[ $file != three ]", "[ $file = one -o $file = two -o $file = four ]");
    project()
        .step("", &own, Any)
        .step(
            "rm *.o; echo -DX | tee one.flags >two.flags; echo 'int last;' >>src/six.c",
            &waits,
            AheadBut(2),
        )
        .check();
}

/// A build that ends after two: the others stay recorded as they were, and are launched so.
#[test]
fn what_was_only_expected_is_not_remembered() {
    let two =
        BUILD.replace("in one two three four five six", "in one two").replace("; done", "; done; $WAIT");
    assert_ne!(two, BUILD);
    let project = project().step("", BUILD, Any).step("rm *.o; echo -O1 >flags", &two, Any).step(
        "rm *.o; echo -O2 >flags; echo 'int last;' | tee -a src/three.c >>src/six.c",
        BUILD,
        AheadBut(2),
    );
    project.check();
    let shown = succeed(&mut project.sandbox.specctl(&["show", "small", "--json"])).stdout;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert_eq!(shown.matches("\"superseded\":true").count(), 2, "those of the two: {shown}");
}
