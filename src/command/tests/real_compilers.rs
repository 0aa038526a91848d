//! The outputs that are declared are the files that gcc, g++ and clang leave behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::compile;

const SOURCE: &str = "#include \"h.h\"\nint f(int x) { return x + ONE; }\n";

/// Arguments that both families accept, less the compiler.
const COMMON: &[&str] = &[
    "-c s/b.c",
    "-c ./s/b.c",
    "-c s/b.two.c",
    "-c s/b.c -o b.o",
    "-c s/b.c -o o.x/y.o",
    "-c s/b.c -oo.x/y",
    "-c s/b.c -o o.x/y.r.lo",
    "-c s/b.c -o ./o.x/../y.o",
    "-c s/b.c -MD",
    "-c s/b.c -MMD -MP",
    "-c s/b.c -MD -o o.x/y.o",
    "-c s/b.c -MD -o o.x/y",
    "-c s/b.c -MD -o o.x/y.r.lo",
    "-c s/b.c -MMD -o q.",
    "-c s/b.c -MD -MF dep -MT t -MQ u",
    "-c s/b.c -MD -MFdep -MTt",
    "-c s/b.c -MD -MF one -MF o.x/two",
    "-c s/b.c -MD -MMD",
    "-c s/b.c -Wp,-MD,o.x/.b.o.d",
    "-c s/b.c -Wp,-MMD,.b.d -o o.x/b.o",
    "-c s/b.c -Wp,-D_FORTIFY_SOURCE=2,-UX -O2",
    "-c s/b.two.c -MD",
    "-c s/b.c -g -gsplit-dwarf",
    "-c s/b.c -gsplit-dwarf",
    "-c s/b.c -gsplit-dwarf -g0",
    "-c s/b.c -g -gsplit-dwarf -o o.x/y.o",
    "-c s/b.c -g -gsplit-dwarf -o o.x/y",
    "-c s/b.two.c -g -gsplit-dwarf -MD",
    "-c s/b.c --coverage",
    "-c s/b.c -coverage -o o.x/y.o",
    "-c s/b.c -ftest-coverage",
    "-c s/b.c -ftest-coverage -fno-test-coverage",
    "-c s/b.c -fprofile-arcs",
    "-c s/b.c -fprofile-generate",
    "-c s/b.c -fprofile-generate=elsewhere",
    "-c s/b.c -fstack-usage",
    "-c s/b.c -fstack-usage -o o.x/y.r.o",
    "-c s/empty.c -g -gsplit-dwarf --coverage -fstack-usage -MD",
    "-c s/b.c -flto -fstack-usage -g -gsplit-dwarf --coverage",
    "-c s/b.c -g -gsplit-dwarf --coverage -fstack-usage -MD -o o.x/y.o",
    "-c s/p.i",
    "-c s/p.i -MD -fstack-usage",
    "-c s/p.ii -MMD -o o.x/p.o",
    "-x c -c s/noext",
    "-x c -c s/noext -MD -g -gsplit-dwarf",
    "-x c -c s/b.two.c -x none",
    "-c s/x.cc -MD -std=c++17 -fno-exceptions",
    "-c s/x.C -o o.x/x.o",
    "-c s/b.c -include s/h.h -imacros s/h.h -I s -I. -iquotes -isystems -idirafter s",
    "-c s/b.c -DX -D Y=1 -U Z -UW -L . -L/lib -lm -l m -pthread -w -pedantic -std=c99 -ansi",
    "-c s/b.c -O2 -fPIC -fno-strict-aliasing -fstack-protector-strong -fvisibility=hidden -ffast-math",
    "-c s/b.c -Wall -Wextra -Werror=format -Wno-unused -Wa,--noexecstack -Wl,-z,now -pipe",
    "-c s/b.c -ffile-prefix-map=/a=/b -fdebug-prefix-map=/a=/b -fmacro-prefix-map=/a=/b -g3 -gdwarf-4 -gz",
    "-c s/b.c -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer",
    "-c s/b.c -m64 -mavx2 -march=x86-64 -mtune=generic -mno-red-zone -mcmodel=small",
    "-c s/b.c -fopenmp -pg -ffunction-sections -fdata-sections -fcommon -fno-builtin-printf",
    "-c s/b.c -fdiagnostics-color=always -fmax-errors=2 -fno-plt",
];

/// Arguments for GCC alone.
const GCC: &[&str] = &[
    "-c s/a.s",
    "-c s/a.s -MD -g",
    "-c s/a.s -MD -gsplit-dwarf -fstack-usage --coverage",
    "-c s/t.S -MD",
    "-c s/t.S -MD -gsplit-dwarf -fstack-usage -o o.x/t.o",
    "-x assembler-with-cpp -c s/a.s -MD",
    "-c s/b.c -fcallgraph-info",
    "-c s/b.c -fcallgraph-info=su,da -o o.x/y.o",
    "-c s/b.c -fcallgraph-info -fstack-usage -gsplit-dwarf",
    "-c s/b.c -fopt-info -O2 -fanalyzer --param inline-unit-growth=10 --param=max-inline-insns-single=5",
    "-c s/b.c --output=o.x/y.o",
    "-c s/b.c -flto=auto -ffat-lto-objects -fstack-usage",
    "-c s/b.c -grecord-gcc-switches -fcf-protection -fstack-clash-protection -fipa-pta -fno-tree-vectorize",
];

/// Arguments for clang alone.
const CLANG: &[&str] = &[
    "-c s/b.c -g -gsplit-dwarf=single",
    "-c s/b.c -g -gsplit-dwarf=split -o o.x/y.o",
    "-c s/b.c -flto=thin",
    "-c s/b.c -Qunused-arguments -fcolor-diagnostics -fno-crash-diagnostics -fintegrated-as",
    "-c s/b.c -fprofile-instr-generate -fcoverage-mapping",
    "-c s/b.c -fsanitize=address -fsanitize-ignorelist=s/ignore.txt",
    "-c s/b.c --target=x86_64-pc-linux-gnu -Rpass=inline -O2",
    "-c s/b.c -Xclang -fno-pch-timestamp",
];

fn lay_out(dir: &Path) {
    fs::create_dir(dir.join("s")).unwrap();
    fs::create_dir(dir.join("o.x")).unwrap();
    for (name, text) in [
        ("h.h", "#define ONE 1\n"),
        ("b.c", SOURCE),
        ("b.two.c", SOURCE),
        ("noext", SOURCE),
        ("x.cc", SOURCE),
        ("x.C", SOURCE),
        ("empty.c", ""),
        ("p.i", "int f(int x) { return x; }\n"),
        ("p.ii", "int f(int x) { return x; }\n"),
        ("a.s", "\t.text\n"),
        ("t.S", "#include \"h.h\"\n\t.text\n"),
        ("ignore.txt", "fun:f\n"),
    ] {
        fs::write(dir.join("s").join(name), text).unwrap();
    }
}

fn files(dir: &Path, below: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(dir.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(dir, &format!("{name}/")));
        } else {
            found.insert(name);
        }
    }
    found
}

/// `path` without `.` and `..` parts, so that names can be compared.
fn plain(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| *part != ".") {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn check(compiler: &str, args: &str) -> Result<(), String> {
    let line = format!("{compiler} {args}");
    let compile = compile(&line);
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path());
    let before = files(dir.path(), "");
    let run = Command::new(compiler).args(&compile.args).current_dir(dir.path()).output().unwrap();
    if !run.status.success() {
        return Err(format!("{line}: {}", String::from_utf8_lossy(&run.stderr)));
    }
    let written: BTreeSet<String> = files(dir.path(), "").difference(&before).cloned().collect();
    let declared: BTreeSet<String> = compile.outputs.iter().map(|output| plain(&output.path)).collect();
    let certain = compile.outputs.iter().filter(|output| !output.optional).map(|output| plain(&output.path));
    let missing: Vec<_> = certain.filter(|path| !written.contains(path)).collect();
    let undeclared: Vec<_> = written.difference(&declared).collect();
    if missing.is_empty() && undeclared.is_empty() {
        return Ok(());
    }
    Err(format!("{line}: not written {missing:?}, not declared {undeclared:?}"))
}

fn check_all(compiler: &str, lists: &[&[&str]]) {
    let lines = lists.iter().flat_map(|list| list.iter());
    let failures: Vec<String> = lines.filter_map(|args| check(compiler, args).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn gcc_writes_what_is_declared() {
    check_all("gcc", &[COMMON, GCC]);
}

#[test]
fn gxx_writes_what_is_declared() {
    check_all("g++", &[COMMON, GCC]);
}

#[test]
fn clang_writes_what_is_declared() {
    check_all("clang", &[COMMON, CLANG]);
}

#[test]
fn clangxx_writes_what_is_declared() {
    check_all("clang++", &[CLANG]);
}
