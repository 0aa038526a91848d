//! The dependency run leaves the user's files alone and lists what the compile reads.

use std::fs;
use std::process::Command;

use super::compile;
use crate::command::scan_args;

#[test]
fn only_what_names_outputs_is_dropped() {
    let line = "gcc -DA -MD -MP -MT t -MF d -o x.o -c a.c -gsplit-dwarf -g -Wa,--noexecstack -Wp,-D_B=1 --coverage -I i";
    assert_eq!(scan_args(&compile(line)), ["-DA", "a.c", "-g", "-Wp,-D_B=1", "-I", "i", "-w"]);
    assert_eq!(scan_args(&compile("gcc -c a.c -Wp,-MD,.a.d")), ["a.c", "-w"]);
}

#[test]
fn real_compilers_list_dependencies_and_write_nothing_else() {
    for compiler in ["gcc", "clang"] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inc")).unwrap();
        fs::write(dir.path().join("inc/h.h"), "#define H 1\n").unwrap();
        fs::write(dir.path().join("a.c"), "#include <h.h>\n#warning noise\nint x = H;\n").unwrap();
        let flags =
            "-Werror -MMD -MP -MF out.d -o out.o -g -gsplit-dwarf -fstack-usage --coverage -Wa,--noexecstack";
        let compile = compile(&format!("{compiler} -c a.c -Iinc {flags}"));
        let run = Command::new(compiler)
            .args(scan_args(&compile))
            .args(["-M", "-MF", "deps"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(
            run.status.success() && run.stdout.is_empty() && run.stderr.is_empty(),
            "{compiler}: {run:?}"
        );
        let mut names: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.c", "deps", "inc"], "{compiler}");
        let deps = fs::read_to_string(dir.path().join("deps")).unwrap();
        assert!(deps.contains("a.c") && deps.contains("inc/h.h"), "{compiler}: {deps}");
    }
}
