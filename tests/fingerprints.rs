//! Equal fingerprints and equal shapes mean equal dependency sets: checked against the real compilers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use spec_cc::inputs::directives::{self, Hazards};
use spec_cc::inputs::files::Files;
use spec_cc::inputs::search::{self, Chain, SearchPath};
use spec_cc::inputs::shape::{Set, Shaped, Shapes};
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::inputs::{depfile, paths::PathId};

/// Few by default, since each takes up to 14 compiler runs; `PROPTEST_CASES=2000` for a thorough search.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    ProptestConfig {
        cases,
        max_global_rejects: 100 * cases.max(1000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Ways to read the same text; they disagree about comments, trigraphs, digraphs, raw strings and separators.
const MODES: [&[&str]; 7] = [
    &["gcc", "-std=gnu17", "-xc"],
    &["gcc", "-std=c90", "-xc"],
    &["gcc", "-std=c99", "-xc"],
    &["gcc", "-std=gnu++20", "-xc++"],
    &["gcc", "-xassembler-with-cpp"],
    &["clang", "-std=gnu17", "-xc"],
    &["clang", "-std=c++20", "-xc++"],
];

/// What one compiler reads for `t.c` in a folder; `None` when it finds errors.
fn dependencies(mode: &[&str], dir: &Path, options: &[&str]) -> Option<BTreeSet<String>> {
    let output = Command::new(mode[0])
        .args(&mode[1..])
        .args(["-w", "-M", "-MT", "t"])
        .args(options)
        .arg("t.c")
        .current_dir(dir)
        .output()
        .expect("the compiler runs");
    let names = depfile::parse(&output.stdout).expect("a depfile");
    output.status.success().then(|| names.into_iter().filter(|name| !name.starts_with("/usr/lib")).collect())
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// Pieces of text that mislead a lexer, with enough plain ones between them.
fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "#include \"a.h\"\n",
        "#include <b.h>\n",
        "# /*x*/ include \"c.h\" // y\n",
        "%:include \"d.h\"\n",
        "#define X 1\n",
        "#define X 0\n",
        "#undef X\n",
        "#if X\n",
        "#if 0\n",
        "#ifdef X\n",
        "#else\n",
        "#endif\n",
        "#endif\n",
        "\n",
        "\n",
        "int a;\n",
        "f(",
        ")",
        "/*",
        "*/",
        "/* x */",
        "//",
        "// x\n",
        "/",
        "*",
        "\"",
        "\"s\"",
        "\\\"",
        "'",
        "'\"'",
        "'x'",
        "\\\n",
        "\\ \n",
        "\\\r\n",
        "\r\n",
        "R\"(",
        ")\"",
        "R\"x(",
        ")x\"",
        "u8R\"(a)\"",
        "R",
        "1'000",
        "1'0/*",
        "0x1p-3",
        "don't\n",
        "#",
        "%:",
        "??=include \"a.h\"\n",
        "??/\n",
        "??/",
        "#error x /*\n",
        "#pragma once\n",
        "#pragma x /* y\n",
        "#define Y \"/*\n",
        "#define Z 'a /* b */\n",
        "_Pragma(\"once\")",
        "include \"d.h\"\n",
        "# include\\\n \"c.h\"\n",
        "\t",
        " ",
        "\x0c",
        "L'/*'",
        "\u{e9}",
        "#include \"a//b.h\"\n",
        "#include <x/*y.h>\n",
        "#if __has_include(\"a.h\") /*\n*/\n",
        "#ifndef __has_include /*",
        "#line 3\n",
        "#ident \"x\"\n",
        "#warning it's /*\n",
    ];
    prop::sample::select(pieces).prop_map(str::to_owned)
}

#[derive(Debug, Clone)]
enum Edit {
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index),
    Replace(prop::sample::Index, String),
    Swap(prop::sample::Index),
}

impl Edit {
    fn apply(&self, pieces: &[String]) -> Vec<String> {
        let mut edited = pieces.to_vec();
        match self {
            Self::Insert(at, piece) => edited.insert(at.index(pieces.len() + 1), piece.clone()),
            Self::Remove(at) => drop(edited.remove(at.index(pieces.len()))),
            Self::Replace(at, piece) => edited[at.index(pieces.len())].clone_from(piece),
            Self::Swap(at) => {
                let at = at.index(pieces.len());
                edited.swap(at, (at + 1) % pieces.len());
            }
        }
        edited
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        3 => (index(), piece()).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => index().prop_map(Edit::Remove),
        3 => (index(), piece()).prop_map(|(at, piece)| Edit::Replace(at, piece)),
        1 => index().prop_map(Edit::Swap),
    ]
}

proptest! {
    #![proptest_config(cases())]

    /// Whatever is done to a text, as long as its fingerprint stays, every compiler includes the same files.
    #[test]
    fn equal_fingerprints_include_the_same(
        pieces in prop::collection::vec(piece(), 2..14),
        edits in prop::collection::vec(edit(), 12),
    ) {
        let text = pieces.concat();
        let scan = directives::scan(text.as_bytes());
        let edited = edits.iter().map(|edit| edit.apply(&pieces).concat())
            .find(|edited| *edited != text && directives::scan(edited.as_bytes()).fingerprint == scan.fingerprint);
        prop_assume!(edited.is_some());
        let edited = edited.unwrap_or_default();
        let dir = tempfile::tempdir().expect("a folder");
        for header in ["a.h", "b.h", "c.h", "d.h", "x/*y.h", "a/b.h"] {
            write(dir.path(), header, "");
        }
        for mode in MODES {
            write(dir.path(), "t.c", &text);
            let Some(before) = dependencies(mode, dir.path(), &["-I."]) else { continue };
            write(dir.path(), "t.c", &edited);
            if let Some(after) = dependencies(mode, dir.path(), &["-I."]) {
                prop_assert_eq!(&before, &after, "{:?}\n{}\n---\n{}", mode, text, edited);
                for read in before.iter().filter(|name| name.contains(".h") && !name.starts_with("/usr")) {
                    let named = scan.includes.iter().any(|include| read.ends_with(&include.name));
                    prop_assert!(named || scan.computed_include, "{} is not in {:?}\n{}", read, scan.includes, text);
                }
            }
        }
    }
}

/// What may hide the next line from a compiler in some language, or lay it open in another.
const TRAPS: [&str; 52] = [
    "/*",
    "//*",
    "// /*",
    "\"/*",
    "'/*",
    "R\"(",
    "R\"x(",
    "\"\\\"/*",
    "1'0/*",
    "1'0'/*",
    "u8R\"(",
    "// \\",
    "// \\ ",
    "// ??/",
    "\"\\",
    "/\\\n*",
    "#define X /*",
    "#define X '/*",
    "#warning x /*",
    "#warning it's /*",
    "#include <x/*y.h>",
    "#if 0",
    "#pragma x /*",
    "\"\" /*",
    "L'\"' /*",
    "R\"(/*)\"",
    "FR\"(",
    "int a; /*",
    "%: /*",
    "\r",
    "a \\",
    "??/",
    "'\\'/*'",
    "'",
    "\"",
    "0x1'a/*",
    "*//*",
    "/*/",
    "*/",
    ")\"",
    ")x\"",
    "//*/",
    "*??/\n/",
    "*\\\n/",
    "*/)\"",
    "#ident \"x\" /*",
    "#line 3 /*",
    "# /*",
    "/**/",
    "#endif",
    "x",
    "#else",
];

fn traps() -> impl Strategy<Value = String> {
    let trap = (prop::sample::select(&TRAPS[..]), prop::sample::select(&["\n", "\n", "\n", " ", ""][..]));
    prop::collection::vec(trap, 1..5)
        .prop_map(|traps| traps.into_iter().flat_map(|(trap, end)| [trap, end]).collect())
}

proptest! {
    #![proptest_config(cases())]

    /// A directive that does not count in the fingerprint is none in any language.
    #[test]
    fn what_is_hidden_is_hidden_from_all_compilers(before in traps(), after in traps()) {
        let text = |header: &str| format!("{before}\n#include <{header}>\n{after}\n");
        let fingerprint = |header: &str| directives::scan(text(header).as_bytes()).fingerprint;
        prop_assume!(fingerprint("a.h") == fingerprint("b.h"));
        let dir = tempfile::tempdir().expect("a folder");
        for header in ["a.h", "x/*y.h"] {
            write(dir.path(), header, "");
        }
        write(dir.path(), "t.c", &text("a.h"));
        for mode in MODES {
            let read = dependencies(mode, dir.path(), &["-I."]).unwrap_or_default();
            prop_assert!(!read.iter().any(|name| name.ends_with("a.h")), "{:?}\n{}", mode, text("a.h"));
        }
    }
}

const PLACES: [&str; 12] = [
    "t.c",
    "a.h",
    "b.h",
    "one/a.h",
    "one/b.h",
    "one/c.h",
    "two/a.h",
    "two/b.h",
    "two/sub/a.h",
    "three/c.h",
    "four/a.h",
    "four/b.h",
];

/// Pieces of a header: how one includes another, and what decides whether it does.
const LINES: [&str; 36] = [
    "#include \"a.h\"\n",
    "#include <a.h>\n",
    "#include \"b.h\"\n",
    "#include <b.h>\n",
    "#include <c.h>\n",
    "#include \"c.h\"\n",
    "#include_next <a.h>\n",
    "#include_next <b.h>\n",
    "#include_next \"a.h\"\n",
    "#include \"sub/a.h\"\n",
    "#include \"../b.h\"\n",
    "#if __has_include(<b.h>)\n#include <b.h>\n#endif\n",
    "#if __has_include(\"c.h\")\n#define C\n#endif\n",
    "#if __has_include_next(<a.h>)\n#include_next <a.h>\n#endif\n",
    "#if __has_include_next(<a.h>)\n#include_next <a.h>\n#endif\n",
    "#ifdef C\n#include <c.h>\n#endif\n",
    "#ifdef C\n#include <c.h>\n#endif\n",
    "#define H <b.h>\n#include H\n#undef H\n",
    "#define Q \"a.h\"\n#include Q\n#undef Q\n",
    "#define L __LINE__\n",
    "#if L > 6\n#include <c.h>\n#endif\n",
    "#if __LINE__ > 4\n#include <c.h>\n#endif\n",
    "#pragma once\n",
    "#pragma once\n",
    "#if __COUNTER__ > 1\n#include \"b.h\"\n#endif\n",
    "#define N (__COUNTER__ > 2)\n",
    "#if N\n#include \"c.h\"\n#endif\n",
    "#define C\n",
    "#undef C\n",
    "#define P _Pragma(\"push_macro(\\\"C\\\")\")\n",
    "#define U _Pragma(\"pop_macro(\\\"C\\\")\")\n",
    "int x;\n",
    "int z = __COUNTER__;\n",
    "P\n",
    "U\n",
    "\n",
];

/// Where the lines that are no directives begin.
const TEXT: usize = 31;

fn content() -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(&LINES[..]), 0..5)
}

/// The depth is limited, so that nothing includes itself for ever.
fn file_of(lines: &[&str]) -> String {
    format!("#if __INCLUDE_LEVEL__ < 4\n{}#endif\n", lines.concat())
}

/// What happens to a file.
#[derive(Debug, Clone)]
enum Change {
    Write(prop::sample::Index),
    Remove,
    InsertText(prop::sample::Index, &'static str),
}

fn change() -> impl Strategy<Value = (&'static str, Change)> {
    let text = (any::<prop::sample::Index>(), prop::sample::select(&LINES[TEXT..]));
    let change = prop_oneof![
        3 => any::<prop::sample::Index>().prop_map(Change::Write),
        1 => Just(Change::Remove),
        3 => text.prop_map(|(at, line)| Change::InsertText(at, line)),
    ];
    (prop::sample::select(&PLACES[..]), change)
}

struct World {
    dir: tempfile::TempDir,
    files: Files,
    shapes: Shapes,
}

impl World {
    fn cwd(&self) -> String {
        self.dir.path().to_str().expect("UTF-8").to_owned()
    }

    fn set(&self, names: &BTreeSet<String>) -> Vec<PathId> {
        names.iter().map(|name| search::intern(self.files.paths(), &self.cwd(), name)).collect()
    }

    fn shape(&self, set: &[PathId], path: &SearchPath) -> std::io::Result<Shaped> {
        let mut snapshot = Snapshot::new(&self.files);
        let chain = Chain::new(path, &self.cwd(), &mut snapshot);
        let source = search::intern(self.files.paths(), &self.cwd(), "t.c");
        self.shapes.shape(Set { source, files: set, chain: &chain }, &mut snapshot)
    }
}

fn builtin() -> Vec<String> {
    [
        "/usr/lib/gcc/x86_64-linux-gnu/12/include",
        "/usr/local/include",
        "/usr/include/x86_64-linux-gnu",
        "/usr/include",
    ]
    .map(str::to_owned)
    .to_vec()
}

proptest! {
    #![proptest_config(cases())]

    /// As long as the shape of a set stays, the compiler reads the same set, whatever happened to the files.
    #[test]
    fn equal_shapes_read_the_same(
        source in content(),
        // Few contents for many files, so that some are equal.
        pool in prop::collection::vec(content(), 4),
        places in prop::collection::vec((prop::sample::select(&PLACES[1..]), any::<prop::sample::Index>()), 4..11),
        changes in prop::collection::vec(change(), 8),
        forced in prop::option::weighted(0.2, prop::sample::select(vec!["a.h", "c.h"])),
    ) {
        let world = World { dir: tempfile::tempdir().expect("a folder"), files: Files::default(), shapes: Shapes::default() };
        let mut tree: BTreeMap<&str, Vec<&str>> = places.into_iter().map(|(place, pick)| (place, pick.get(&pool).clone())).collect();
        tree.insert("t.c", source);
        for empty in ["one", "two/sub", "three", "four"] {
            std::fs::create_dir_all(world.dir.path().join(empty)).expect("made");
        }
        for (name, lines) in &tree {
            write(world.dir.path(), name, &file_of(lines));
        }
        let path = SearchPath {
            quote: vec!["three".into()],
            include: ["one", "two", "./one", "four"].map(str::to_owned).to_vec(),
            builtin: builtin(),
            forced: forced.iter().map(|&name| name.to_owned()).collect(),
            ..SearchPath::default()
        };
        let mut options = vec!["-iquote", "three", "-Ione", "-Itwo", "-I./one", "-Ifour"];
        options.extend(forced.iter().flat_map(|name| ["-include", name]));
        let mut before = dependencies(MODES[0], world.dir.path(), &options);
        for (place, change) in changes {
            let old = tree.clone();
            let set = before.as_ref().map(|names| world.set(names));
            let shaped = set.as_ref().and_then(|set| world.shape(set, &path).ok());
            match &change {
                Change::Write(pick) => drop(tree.insert(place, pick.get(&pool).clone())),
                Change::Remove if place != "t.c" => drop(tree.remove(place)),
                Change::InsertText(at, line) if tree.contains_key(place) => {
                    let lines = tree.entry(place).or_default();
                    lines.insert(at.index(lines.len() + 1), line);
                }
                _ => continue,
            }
            match tree.get(place) {
                Some(lines) => write(world.dir.path(), place, &file_of(lines)),
                None => drop(std::fs::remove_file(world.dir.path().join(place))),
            }
            let now = set.and_then(|set| world.shape(&set, &path).ok());
            let after = dependencies(MODES[0], world.dir.path(), &options);
            if let (Some(one), Some(two)) = (shaped, now)
                && one.shape == two.shape
                && two.hazards.intersection(Hazards::UNACCOUNTED).is_empty()
                && after.is_some()
            {
                prop_assert_eq!(&before, &after, "{}: {:?}\n{:#?}", place, change, old);
            }
            before = after;
        }
    }
}

/// Edits of text alone that make GCC read other files; chance does not find them soon enough.
#[test]
fn text_that_decides_what_is_read_changes_the_shape() {
    let once = "#pragma once\n#include \"in.h\"\n";
    let line = "#define L __LINE__\n#define M L\nint x;\n#if M > 4\n#include <c.h>\n#endif\n";
    let cases = [
        // Of two equal files the second is skipped, until they differ.
        ("#include <a.h>\n#include <b.h>\n", once, once, "two/b.h", format!("{once}int y;\n")),
        (line, "", "", "t.c", line.replace("int x;\n", "int x;\n\n")),
    ];
    for (source, one, two, place, edited) in cases {
        let world = World {
            dir: tempfile::tempdir().expect("a folder"),
            files: Files::default(),
            shapes: Shapes::default(),
        };
        for (name, text) in [
            ("t.c", source),
            ("one/a.h", one),
            ("two/b.h", two),
            ("one/c.h", ""),
            ("one/in.h", ""),
            ("two/in.h", ""),
        ] {
            write(world.dir.path(), name, text);
        }
        // GCC compares times before contents, and a compile after a checkout finds them equal.
        for name in ["one/a.h", "two/b.h"] {
            let file = std::fs::File::options().write(true).open(world.dir.path().join(name)).expect("open");
            file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_321_009_871))
                .expect("set");
        }
        let include = vec!["one".to_owned(), "two".to_owned()];
        let path = SearchPath { include, builtin: builtin(), ..SearchPath::default() };
        let read = || dependencies(MODES[0], world.dir.path(), &["-Ione", "-Itwo"]).expect("no errors");
        let before = read();
        let set = world.set(&before);
        let shape = world.shape(&set, &path).expect("a shape").shape;
        write(world.dir.path(), place, &edited);
        assert_ne!(before, read(), "{place} decides nothing:\n{source}");
        assert_ne!(world.shape(&set, &path).expect("a shape").shape, shape, "{place}:\n{source}");
    }
}

/// The same, with the headers that everybody includes.
#[test]
fn real_headers_keep_their_fingerprints_when_only_text_changes() {
    let dir = tempfile::tempdir().expect("a folder");
    let headers: Vec<PathBuf> = [
        "stdio.h",
        "stdlib.h",
        "string.h",
        "time.h",
        "unistd.h",
        "x86_64-linux-gnu/sys/types.h",
        "pthread.h",
    ]
    .iter()
    .map(|name| Path::new("/usr/include").join(name))
    .collect();
    for header in headers {
        let text = std::fs::read_to_string(&header).expect("a system header");
        let scan = directives::scan(text.as_bytes());
        let edited =
            text.replace("extern ", "extern /* #include <nothing.h> */ ").replace("*/\n", "*/\n\n// it's\n");
        assert_ne!(edited, text);
        assert_eq!(scan.fingerprint, directives::scan(edited.as_bytes()).fingerprint, "{}", header.display());
        let read = |text: &str| {
            write(dir.path(), "t.c", text);
            dependencies(MODES[0], dir.path(), &[])
        };
        assert_eq!(read(&text), read(&edited), "{}", header.display());
    }
}
