//! Which commands are compiles, and what they are understood to be.

use super::{bypass, compile, read_as, reason};
use crate::command::{DepRequest, Kind, Language, Reason, Role, Verdict, Why, quotes_arguments};

fn paths(line: &str) -> Vec<String> {
    compile(line).outputs.into_iter().map(|output| output.path).collect()
}

#[test]
fn an_ordinary_compile() {
    let line = "gcc -DHAVE_CONFIG_H -I. -I ../inc -iquote q -isystem/s -idirafter a -include pre.h -D X='a b' -U Y -L . \
                -Wall -Wp,-D_FORTIFY_SOURCE=2 -g -O2 -std=gnu11 -pthread -MT x.lo -MD -MP -MF .deps/x.Tpo \
                -c src/x.c -fPIC -DPIC -o .libs/x.o -lm";
    let compile = compile(line);
    assert_eq!(compile.language, Language::C);
    assert_eq!(compile.source, "src/x.c");
    assert_eq!(compile.object(), ".libs/x.o");
    assert_eq!(compile.depfile, Some(DepRequest { path: ".deps/x.Tpo".into(), system_headers: true }));
    assert_eq!(compile.search.include, [".", "../inc"]);
    assert_eq!(compile.search.quote, ["q"]);
    assert_eq!(compile.search.system, ["/s"]);
    assert_eq!(compile.search.after, ["a"]);
    assert_eq!(compile.search.forced, ["pre.h"]);
    assert_eq!(compile.search.builtin_key, ["-x", "c"]);
    assert!(!compile.search.nostdinc && !compile.debug_split);
}

#[test]
fn names_are_derived_as_the_manual_says() {
    assert_eq!(paths("gcc -c a/b.c"), ["b.o"]);
    assert_eq!(paths("gcc -c a/b.c -MD"), ["b.o", "b.d"]);
    assert_eq!(paths("gcc -c b.c -MMD -o x/y.o"), ["x/y.o", "x/y.d"]);
    assert_eq!(paths("gcc -c b.c -Wp,-MMD,.b.o.d -o b.o"), ["b.o", ".b.o.d"]);
    assert_eq!(
        paths("gcc -c b.c -g -gsplit-dwarf --coverage -fstack-usage -oq/b.o"),
        ["q/b.o", "q/b.dwo", "q/b.gcno", "q/b.su"]
    );
}

#[test]
fn the_smaller_dependency_set_is_counted_on() {
    assert!(!compile("gcc -c b.c -MMD -MD").depfile.unwrap().system_headers);
    assert!(!compile("gcc -c b.c -Wp,-MMD,d").depfile.unwrap().system_headers);
    assert!(compile("gcc -c b.c -Wp,-MD,d").depfile.unwrap().system_headers);
    assert_eq!(compile("gcc -c b.s -MD").depfile, None);
}

#[test]
fn the_language_is_the_one_in_force_at_the_source() {
    assert_eq!(compile("g++ -c b.c").language, Language::Cxx);
    assert_eq!(compile("gcc -x c++ -c b.c").language, Language::Cxx);
    assert_eq!(compile("g++ -xc -c b.c").language, Language::C);
    assert_eq!(compile("gcc -c b.c -x c++").language, Language::C);
    assert_eq!(compile("gcc -x c++ -x none -c b.c").language, Language::C);
    assert_eq!(compile("gcc -x c -c b").object(), "b.o");
    assert_eq!(reason("gcc -x c-header -c b.c"), Reason::NotASource("b.c".into()));
}

#[test]
fn what_selects_built_in_directories_is_kept_in_order() {
    let key = compile("clang++ -c --target=arm-linux -m32 b.cc -nostdinc++ --sysroot /s -isysroot /t")
        .search
        .builtin_key;
    let expected =
        ["-x", "c++", "--target=arm-linux", "-m32", "-nostdinc++", "--sysroot", "/s", "-isysroot", "/t"];
    assert_eq!(key, expected);
    assert!(compile("gcc -c b.c -nostdinc").search.nostdinc);
}

#[test]
fn kinds() {
    for (line, kind) in [
        ("gcc a.c -o a", Kind::Link),
        ("gcc a.o b.o", Kind::Link),
        ("gcc -E a.c", Kind::Preprocess),
        ("gcc -c -M a.c", Kind::Preprocess),
        ("gcc -S a.c", Kind::Assemble),
        ("gcc -c a.c b.c", Kind::Compile),
        ("gcc -c -fplugin=x a.c", Kind::Compile),
        ("gcc --version", Kind::Probe),
        ("gcc -print-prog-name=ld", Kind::Probe),
        ("gcc -c conftest.c", Kind::Probe),
        ("gcc conftest.c -o conftest", Kind::Probe),
        ("gcc -c -fsyntax-only a.c", Kind::Other),
        ("gcc", Kind::Other),
    ] {
        assert_eq!(bypass(line).kind, kind, "{line}");
    }
}

#[test]
fn what_cannot_be_accounted_for_is_bypassed() {
    for line in [
        "gcc -c",
        "gcc -c -",
        "gcc -x c -c -",
        "gcc -c a.c -o /dev/null",
        "gcc -c a.c -o -",
        "gcc -c a.c -o dir/",
        "gcc -c a.c -MD -MF -",
        "gcc -c a.c -MF x",
        "gcc -c a.c -MD -Wp,-MD,x",
        "gcc -c a.c -o x -o y",
        "gcc -c a.c -o a.c",
        "gcc -c a.c -MD -MF a.o",
        "gcc -c a.h",
        "gcc -c a.o",
        "gcc -c @missing",
        "gcc -c a.c b.o",
        "gcc -c a.c -o",
        "gcc -c a.c -I",
        "gcc -c a.c -I=inc",
        "gcc -c a.c -MD -o .hidden",
        "gcc -c a.c -Wp,-MD,x,-MP",
        "gcc -c a.c -dumpbase x",
        "gcc -c a.c -save-temps=obj",
        "gcc -c a.c -fdump-tree-all",
        "gcc -c a.c -da",
        "gcc -c a.c -B /x",
        "gcc -c a.c -specs=x",
        "gcc -c a.c -wrapper gdb,--args",
        "gcc -c a.c -fprofile-use",
        "gcc -c a.c -fprofile-use=x",
        "gcc -c a.c -fauto-profile",
        "gcc -c a.c -fbranch-probabilities",
        "gcc -c a.c -march=native",
        "gcc -c a.c -mtune=native",
        "clang -c a.c -mcpu=native",
        "gcc -c a.cc -fmodules-ts",
        "clang -c a.c -include-pch x",
        "clang -c a.c -ftime-trace",
        "gcc -c a.c -aux-info x",
        "gcc -c a.c -###",
        "gcc -c a.c -v",
        "gcc -c a.c -H",
        "gcc -c a.c -Q",
        "gcc -c a.c -fopt-info-vec=x",
        "gcc -c a.c -ftime-report",
        "gcc -c a.c -fdiagnostics-format=sarif-file",
        "gcc -c a.c -Wa,-ahl=x",
        "gcc -c a.c -Wp,-I,x",
        "clang -c a.c -Xclang -load",
        "clang -c a.c -mllvm -stats",
        "gcc -c a.c -Xassembler -a",
        "gcc -c a.c -remap",
        "clang -c a.c -emit-llvm",
        "clang -c a.c -fno-integrated-as",
        "clang -c a.c -MJ x",
        "gcc -c a.c --",
        "clang -c a.c --config x",
        "gcc -c a.c -finput-charset=EBCDIC-US",
        "gcc -c a.c -traditional-cpp",
        "clang -c a.c -ObjC",
        "clang -c a.c -serialize-diagnostics x",
        "gcc -c a.c -fnew-in-the-year-2040",
        "gcc -c a.c -freport-bug",
    ] {
        bypass(line);
    }
}

#[test]
fn reasons_name_the_option() {
    let why = |why| move |option: &str| Reason::Option { option: option.into(), why };
    assert_eq!(reason("gcc -c a.c -fplugin=x.so"), why(Why::RunsCode)("-fplugin=x.so"));
    assert_eq!(reason("gcc -c a.c -march=native"), why(Why::ThisMachine)("-march=native"));
    assert_eq!(reason("gcc -c a.c -aux-info x"), why(Why::WritesFiles)("-aux-info x"));
    assert_eq!(
        reason("gcc -c a.c -fplugin=x.so").to_string(),
        "-fplugin=x.so runs code that spec-cc cannot see"
    );
    assert_eq!(reason("gcc -c a.c -fwhat").to_string(), "-fwhat is not an option that spec-cc knows");
}

#[test]
fn outputs_of_clang_that_depend_on_more_are_optional() {
    let dwo = |line| compile(line).outputs.into_iter().find(|output| output.role == Role::Dwo).unwrap();
    assert!(!dwo("gcc -c b.c -gsplit-dwarf").optional);
    assert!(dwo("gcc -c b.c -gsplit-dwarf -g0").optional);
    assert!(dwo("clang -c b.c -gsplit-dwarf").optional);
    assert!(compile("clang -c b.c -g -gsplit-dwarf").debug_split);
}

#[test]
fn what_records_the_arguments_in_the_object() {
    for option in
        ["-frecord-command-line", "-frecord-gcc-switches", "-grecord-command-line", "-fembed-bitcode=all"]
    {
        assert!(quotes_arguments(&compile(&format!("clang -c b.c {option}"))), "{option}");
    }
    assert!(!quotes_arguments(&compile("clang -c b.c -g")));
    assert!(!quotes_arguments(&compile("gcc -c b.c -frecord-gcc-switches")), "GCC leaves out what is added");
}

#[test]
fn named_inputs() {
    assert_eq!(compile("clang -c b.c -fsanitize-ignorelist=x.txt").named_inputs, ["x.txt"]);
    let verdict = read_as("gcc", &["-c", "b.c", "-fsanitize-ignorelist=x.txt"]);
    assert!(matches!(verdict, Verdict::Bypass(_)), "GCC has no such option");
}
