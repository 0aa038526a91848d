//! Sources with traps for who shares objects between folders, and command lines that spring them.
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// The files of a checkout.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("Makefile", ""),
    (
        "inc/h.h",
        "#include <assert.h>\nstatic inline const char *here(int x) { assert(x > 1); return __FILE__; }\n",
    ),
    ("inc/sys.h", "#pragma GCC system_header\n#include \"deep.h\"\n"),
    ("inc/deep.h", "static const char *deep = __FILE__; const char *get_deep(void) { return deep; }\n"),
    ("inc2/only.h", "static inline const char *only(void) { return __FILE__; }\n"),
    ("{base}/a-beside/beside.h", "static inline const char *beside(void) { return __FILE__; }\n"),
    ("src/plain.c", "struct s { int a, b; }; int plain(struct s *s) { return s->a * s->b; }\n"),
    (
        "src/file.c",
        "#include \"h.h\"\nconst char *f(int x) { return x ? __FILE__ : __BASE_FILE__; }\nconst char *g(void) { return __builtin_FILE(); }\nconst char *i(int x) { return here(x); }\n",
    ),
    ("src/warns.c", "#include \"h.h\"\nint w(void) { int unused; return 0; }\n"),
    ("src/line.c", "#line 7 \"gen.y\"\nconst char *l(void) { return __FILE__; }\n"),
    ("src/said.c", "#line 7 \"{base}/bb/gen.y\"\nconst char *l(void) { return __FILE__; }\n"),
    ("src/said2.c", "#line 7 \"{base}/a/gen.y\"\nconst char *l(void) { return __FILE__; }\n"),
    (
        "src/loc.c",
        "__asm__(\".file 1 \\\"q.c\\\"\\n.loc 1 1\\n\"); int loc(void) { __asm__(\".loc 1 2\"); return 1; }\n",
    ),
    ("src/system.c", "#include \"sys.h\"\nint s(void) { return deep[0]; }\n"),
    (
        "src/beside.c",
        "#if __has_include(\"beside.h\")\n#include \"beside.h\"\n#else\n#define beside() 0\n#endif\nconst char *b(void) { return beside(); }\n",
    ),
    (
        "src/other.c",
        "#if __has_include(\"{base}/a/inc/h.h\")\n#include \"{base}/a/inc/h.h\"\nconst char *o(void) { return here(4); }\n#else\nint o;\n#endif\n",
    ),
    (
        "src/ctor.cpp",
        "extern \"C\" int puts(const char *); extern \"C\" int rand();\nnamespace { struct s { s() { puts(__FILE__); } } one; }\nstatic int local = rand();\nint use() { static int n = rand(); return n + local; }\n",
    ),
    (
        "src/hidden.cpp",
        "extern \"C\" int puts(const char *); extern \"C\" int rand();\nnamespace { struct s { s() { puts(\"x\"); } } one; }\n",
    ),
    (
        "src/place.cpp",
        "#include \"h.h\"\n#ifdef __clang__\n#define FILE_NAME __builtin_FILE\n#else\n#include <source_location>\n#define FILE_NAME std::source_location::current().file_name\n#endif\ntemplate <class T> struct t { static T v; }; template <class T> T t<T>::v = T();\nint at(const char *name = FILE_NAME()) { return *name + t<int>::v; }\nint c() { auto f = [](int x) { return here(x); }; return at() + *f(3); }\n",
    ),
];

const SOURCES: &[&str] = &[
    "plain.c",
    "file.c",
    "file.c",
    "warns.c",
    "line.c",
    "said.c",
    "said2.c",
    "loc.c",
    "system.c",
    "beside.c",
    "other.c",
    "ctor.cpp",
    "hidden.cpp",
    "place.cpp",
];

/// Where headers are looked for.
const SEARCH: &[&str] = &[
    "-I{up}inc",
    "-I{up}inc",
    "-I{q}/inc",
    "-I {q}/inc",
    "-iquote {up}inc",
    "-isystem {up}inc",
    "-isystem {q}/inc",
    "-isystem {up}sub/../sub/../sub/../inc",
    "-I{up}sub/../sub/../sub/../inc",
    "-idirafter {up}sub/../sub/../inc -fno-canonical-system-headers",
];

/// Flags that are to go well with sharing, and flags that are not.
const FLAGS: &[&str] = &[
    "-O2",
    "-g",
    "-g",
    "-g1",
    "-g3",
    "-ggdb",
    "-gdwarf-4",
    "-Wall",
    "-fPIC",
    "-pthread",
    "-fno-common",
    "-ffunction-sections",
    "-flto -frandom-seed=x",
    "--coverage -frandom-seed=x",
    "-fstack-usage",
    "-gsplit-dwarf",
    "-frecord-gcc-switches",
    "-grecord-gcc-switches",
    "-fno-canonical-system-headers",
    "-DROOT='\"{q}\"'",
    "-DX=1",
    "-fsanitize=undefined",
    "-finstrument-functions",
    "-gz",
    "-Wa,--noexecstack",
    "-Wa,--compress-debug-sections",
    "-fdebug-types-section",
    "-fmessage-length=50",
    "-Wp,-MD,{up}out/{n}.wp",
    "-fembed-bitcode",
    "-fdebug-compilation-dir=.",
    "-ffile-compilation-dir=.",
    "-fdiagnostics-absolute-paths",
    "-fdiagnostics-format=json",
    "-include {up}inc2/only.h",
    "-include {q}/inc2/only.h",
    "-I{q}/inc2",
    "-I'{base}/a-beside'",
    "-save-temps=obj",
    "-funique-internal-linkage-names",
    "-fworking-directory",
];

/// Where the maps lead from, and to.
const OLD: &[&str] = &[
    "{q}",
    "{q}",
    "{q}/",
    "{q}/src",
    "{q}/inc",
    "'{base}'",
    "'{base}/a'",
    "",
    "{up}src",
    "/usr/include",
    ".",
];
const NEW: &[&str] = &[".", ".", ".", "", "/proj", "{q}", "{q}/new", "'{base}/bb'", "src"];

const DEPFILE: &[&str] =
    &["", "", "", "-MD", "-MMD -MF {up}out/{n}.dep", "-MD -MP -MF {q}/out/{n}.dep", "-MD -MT {q}/t"];
const OUTPUT: &[&str] = &["{up}out/{n}.o", "{up}out/{n}.o", "{q}/out/{n}.o"];
const VARIABLES: &[&str] =
    &["", "", "", "", "CPATH={up}inc ", "C_INCLUDE_PATH={q}/inc ", "CPATH={q}/inc2 ", "PWD=/ "];

/// Names of both roots: of other lengths, one the beginning of the other, with a blank, linked, one in the other.
const ROOTS: &[[&str; 2]] = &[
    ["a", "bb"],
    ["bb", "a"],
    ["a", "a-longer-name/of/some/folders"],
    ["a-longer-name/of/some/folders", "b"],
    ["r", "rr"],
    ["with a blank", "without"],
    ["a", "and a blank"],
    ["link>a-real-folder-behind-it", "bb"],
    ["a", "a-link-of-a-long-name-to-it>b"],
    ["a", "a/sub/in"],
];

/// One of what goes well with sharing, or now and then one of all.
fn mostly(
    good: &'static [&'static str],
    all: &'static [&'static str],
) -> impl Strategy<Value = &'static str> {
    prop_oneof![7 => select(good), 1 => select(all)]
}

/// A few maps of any kind, or `useful` ones.
fn maps(useful: &'static [&'static str]) -> impl Strategy<Value = String> {
    let map = (select(vec!["file", "file", "debug", "macro"]), select(OLD), select(NEW))
        .prop_map(|(kind, old, new)| format!("-f{kind}-prefix-map={old}={new}"));
    let any = prop::collection::vec(map, 1..3).prop_map(|maps| maps.join(" "));
    prop_oneof![3 => select(useful).prop_map(str::to_owned), 1 => any.clone(), 1 => (select(useful), any).prop_map(|(one, more)| format!("{one} {more}"))]
}

/// A style of command lines that is shared, from which each line departs a little.
struct Style {
    folder: &'static [&'static str],
    search: &'static [&'static str],
    maps: &'static [&'static str],
    flags: &'static [&'static str],
    depfile: &'static [&'static str],
}

/// Nothing is spelled absolutely.
const RELATIVE: Style = Style {
    folder: &["{up}src/", "{up}./src/"],
    search: &["-I{up}inc", "-iquote {up}inc", "-I{up}sub/../sub/../inc"],
    maps: &[""],
    flags: &["", "-O2", "-Wall -O1", "-fPIC", "-pthread -DX=1", "-ffunction-sections"],
    depfile: &["", "-MD", "-MMD -MP -MF {up}out/{n}.dep"],
};

/// What is spelled absolutely is mapped, the working directory too.
const MAPPED: Style = Style {
    folder: &["{up}src/", "{q}/src/"],
    search: &["-I{q}/inc", "-I{up}inc", "-iquote {q}/inc"],
    maps: &[
        "-ffile-prefix-map={q}=.",
        "-fmacro-prefix-map={q}=m -fdebug-prefix-map={q}=/d",
        "-ffile-prefix-map={q}=.",
    ],
    flags: &["", "-g", "-ggdb -O1", "-O2", "-g1 -fPIC"],
    depfile: &[""],
};

/// A command line, run by `sh`; its outputs have the line's number.
fn line(style: &'static Style) -> impl Strategy<Value = String> {
    let sources = prop_oneof![
        select(&["plain.c", "file.c", "file.c", "ctor.cpp", "hidden.cpp", "place.cpp"][..]),
        select(SOURCES)
    ];
    let place = (sources, select(style.folder), any::<bool>(), any::<bool>());
    let more = prop_oneof![4 => Just(vec![]), 1 => subsequence(FLAGS, 1..3)];
    let options = (select(style.flags), more, mostly(style.search, SEARCH), maps(style.maps));
    let outputs = (mostly(style.depfile, DEPFILE), select(OUTPUT), mostly(&[""], VARIABLES));
    (place, options, outputs).prop_map(
        |((source, folder, sub, clang), (flags, more, search, maps), (dep, out, variable))| {
            let compiler = match (clang, source.ends_with("pp")) {
                (true, true) => "clang++ -std=c++20",
                (true, false) => "clang",
                (false, true) => "g++ -std=c++20",
                (false, false) => "gcc",
            };
            let (cd, up) = if sub { ("cd sub; ", "../") } else { ("", "") };
            let words = [flags, &more.join(" "), search, &maps, dep].join(" ");
            format!("{cd}{variable}CC {compiler} {words} -c {folder}{source} -o {out}")
                .replace("{up}", up)
                .replace("'\"{q}\"'", "'\"{root}\"'")
                .replace("{q}", "'{root}'")
        },
    )
}

/// Two roots, and command lines for both.
pub(crate) fn cases() -> impl Strategy<Value = ([&'static str; 2], Vec<String>)> {
    (select(ROOTS), prop::collection::vec(prop_oneof![line(&RELATIVE), line(&MAPPED)], 8))
}
