//! The compilation database that `specctl export` writes of a build.
use crate::support::project::Project;
use crate::support::shell::succeed;
use serde_json::{Value, json};

/// A configure test, compiles in two folders, one by an absolute path, an archive and a link.
const BUILD: &str = "echo 'int main(void) { return 0; }' >conftest.c; $CC -o conftest conftest.c; $CC -c conftest.c; \
                     $CC -g $FLAGS -I lib -c main.c; cd lib; $CC -c \"$PWD/other.c\" -o \"$PWD/other.o\"; cd ..; \
                     spec-ar cr libother.a lib/other.o; $CC -o main main.o libother.a; $CC -E main.c -Ilib -o main.i";

fn project() -> Project {
    let project = Project::of(&[
        ("main.c", "#include \"other.h\"\nint main(void) { return other(); }\n"),
        ("lib/other.h", "int other(void);\n"),
        ("lib/other.c", "#include \"other.h\"\nint other(void) { return 1; }\n"),
    ]);
    project.lay_out();
    project
}

fn build(project: &Project, flags: &str) {
    succeed(project.session(BUILD).env("FLAGS", flags));
}

fn database(project: &Project) -> Vec<Value> {
    let root = project.tree().display().to_string();
    let database = project.sandbox.json(&["export", "--compile-commands", "--root", &root, "small"]);
    database.as_array().expect("an array").clone()
}

#[test]
fn it_has_the_projects_compiles_as_they_are_run() {
    let project = project();
    build(&project, "-O1");
    build(&project, "-O2");
    let root = project.tree().display().to_string();
    let database = database(&project);
    let compiler = &database[0]["arguments"][0];
    let name = compiler.as_str().and_then(|path| path.rsplit_once('/')).map(|(_, name)| name);
    assert!(matches!(name, Some("gcc" | "cc")), "{compiler}");
    let other = format!("{root}/lib/other");
    assert_eq!(
        database,
        [
            json!({
                "directory": root, "file": "main.c", "output": "main.o",
                "arguments": [compiler, "-g", "-O2", "-I", "lib", "-c", "main.c"],
            }),
            json!({
                "directory": format!("{root}/lib"),
                "file": format!("{other}.c"),
                "output": format!("{other}.o"),
                "arguments": [compiler, "-c", format!("{other}.c"), "-o", format!("{other}.o")],
            }),
        ]
    );
}

#[test]
fn what_is_no_plain_compile_is_called_what_it_is() {
    let project = project();
    build(&project, "-O1");
    build(&project, "-O2");
    let commands = project.sandbox.json(&["show", "small", "--json"]);
    let mut told: Vec<_> = commands
        .as_array()
        .expect("an array")
        .iter()
        .map(|command| format!("{} {} {}", command["outputs"][0], command["kind"], command["superseded"]))
        .collect();
    told.sort();
    let told_here = told.join("\n").replace('"', "").replace(&project.tree().display().to_string(), "ROOT");
    insta::assert_snapshot!(told_here, @r"
    ROOT/lib/other.o compile false
    conftest test false
    conftest.o test false
    libother.a archive false
    main link false
    main.i other false
    main.o compile false
    main.o compile true
    ");
    let listed = project.sandbox.json(&["list", "--json"]);
    let current = told.iter().filter(|line| line.ends_with("false")).count();
    assert_eq!(listed[0]["commands"], current, "{listed}");
}
