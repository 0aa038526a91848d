//! Compilers that come, go, change and are not what they seem.
use crate::support::project::Expect::{Any, Hits};
use crate::support::project::Project;
use crate::support::shell::sh;

const BUILD: &str = "$WRAP ./tool -O2 -c main.c";

fn source() -> Project {
    Project::of(&[("main.c", "const char *version = __VERSION__;\n")])
}

#[test]
fn another_compiler_behind_the_same_path() {
    source()
        .step("ln -s /usr/bin/gcc tool", BUILD, Any)
        .step("", BUILD, Any)
        .step("ln -sf /usr/bin/clang tool", BUILD, Any)
        .step("ln -sf /usr/bin/gcc tool", BUILD, Any)
        .check();
}

#[test]
fn a_compiler_that_is_a_script() {
    let script =
        |flags: &str| format!("printf '#!/bin/sh\\nexec gcc {flags} \"$@\"\\n' >tool; chmod +x tool");
    source()
        .step(&script("-DX=1"), BUILD, Any)
        .step("", BUILD, Any)
        .step(&script("-D__VERSION__=0"), BUILD, Any)
        .check();
}

#[test]
fn clang() {
    let build = "$WRAP clang -MD -O2 -g -c main.c -o main.o";
    Project::of(&[("main.c", "#include \"x.h\"\nint value = X;\n"), ("x.h", "#define X 1\n")])
        .edited("echo '#define X 2' >x.h", build)
        .step("rm main.o main.d", build, Hits)
        .check();
}

/// Clang does not say that it would look there.
#[test]
fn a_folder_for_the_target_appears_in_clangs_root() {
    let build = "$WRAP clang --sysroot=root -c main.c";
    Project::of(&[("main.c", "#include <x.h>\nint value = X;\n"), ("root/usr/include/x.h", "#define X 1\n")])
        .edited("mkdir root/usr/include/x86_64-linux-gnu; echo '#define X 2' >root/usr/include/x86_64-linux-gnu/x.h", build)
        .check();
}

#[test]
fn a_compiler_that_dies() {
    let build = "$WRAP ./tool -c main.c; echo $?; kill -0 $$";
    source().step("printf '#!/bin/sh\\nkill -SEGV $$\\n' >tool; chmod +x tool", build, Any).check();
}

#[test]
fn no_compiler() {
    let project = source();
    project.lay_out();
    for (path, status) in [("./absent", 127), ("absent-cc", 127)] {
        let mut command = sh(&project.tree(), &format!("spec-cc {path} -c x.c"));
        project.sandbox.enter(&mut command);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{path}: {said}");
        assert!(said.starts_with("spec-cc: "), "{path}: {said}");
    }
}
