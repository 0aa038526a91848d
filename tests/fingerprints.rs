//! Equal fingerprints and equal shapes mean equal dependency sets: checked against the real compilers.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
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

/// What may hide the next line from a compiler, in some language, and what may end that.
fn hiding() -> impl Strategy<Value = (String, String)> {
    let open = vec![
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
        "#error x /*",
        "#error it's /*",
        "#include <x/*y.h>",
        "#if 0 // /*",
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
        "/ *",
        "*//*",
    ];
    let close =
        vec!["*/", ")\"", ")x\"", "", "\"", "*/ \"", "//*/", "*??/\n/", "*\\\n/", "'", "*/)\"", "#endif"];
    (prop::sample::select(open), prop::sample::select(close))
        .prop_map(|(open, close)| (open.to_owned(), close.to_owned()))
}

proptest! {
    #![proptest_config(cases())]

    /// A directive that does not count in the fingerprint is none in any language.
    #[test]
    fn what_is_hidden_is_hidden_from_all_compilers((open, close) in hiding(), rest in prop::collection::vec(piece(), 0..3)) {
        let text = |header: &str| format!("{open}\n#include <{header}>\n{close}\n{}", rest.concat());
        let (one, two) = (text("a.h"), text("b.h"));
        if directives::scan(one.as_bytes()).fingerprint != directives::scan(two.as_bytes()).fingerprint {
            return Ok(());
        }
        let dir = tempfile::tempdir().expect("a folder");
        for header in ["a.h", "b.h", "c.h", "d.h", "x/*y.h", "a/b.h"] {
            write(dir.path(), header, "");
        }
        for mode in MODES {
            write(dir.path(), "t.c", &one);
            let Some(before) = dependencies(mode, dir.path(), &["-I."]) else { continue };
            write(dir.path(), "t.c", &two);
            prop_assert_eq!(Some(before), dependencies(mode, dir.path(), &["-I."]), "{:?}\n{}", mode, one);
        }
    }
}

/// A folder of headers that include one another, and what may happen to it.
#[derive(Debug, Clone)]
struct Tree {
    files: Vec<(&'static str, String)>,
}

const PLACES: [&str; 11] = [
    "t.c",
    "a.h",
    "b.h",
    "one/a.h",
    "one/b.h",
    "one/c.h",
    "two/a.h",
    "two/b.h",
    "two/c.h",
    "two/sub/a.h",
    "three/c.h",
];

fn header_line() -> impl Strategy<Value = String> {
    let lines = vec![
        "#include \"a.h\"\n",
        "#include <a.h>\n",
        "#include \"b.h\"\n",
        "#include <b.h>\n",
        "#include <c.h>\n",
        "#include \"c.h\"\n",
        "#include_next <a.h>\n",
        "#include_next <b.h>\n",
        "#include \"sub/a.h\"\n",
        "#include \"../b.h\"\n",
        "#if __has_include(<b.h>)\n#include <b.h>\n#endif\n",
        "#if __has_include(\"c.h\")\n#define C\n#endif\n",
        "#ifdef C\n#include <c.h>\n#endif\n",
        "#define H <b.h>\n#include H\n#undef H\n",
        "#define Q \"a.h\"\n#include Q\n#undef Q\n",
        "#define L __LINE__\n",
        "#if L > 4\n#include <c.h>\n#endif\n",
        "#pragma once\n",
        "#pragma once\n",
        "int x;\n",
        "int y;\n",
        "\n",
        "#define C\n",
        "#if __COUNTER__ > 1\n#include \"b.h\"\n#endif\n",
        "int z = __COUNTER__;\n",
        "#define P _Pragma(\"push_macro(\\\"C\\\")\")\n",
        "#define U _Pragma(\"pop_macro(\\\"C\\\")\")\n",
        "P\n",
        "U\n",
        "#undef C\n",
    ];
    prop::sample::select(lines).prop_map(str::to_owned)
}

fn content() -> impl Strategy<Value = String> {
    // A depth limit, so that nothing includes itself for ever.
    prop::collection::vec(header_line(), 0..5)
        .prop_map(|lines| format!("#if __INCLUDE_LEVEL__ < 5\n{}#endif\n", lines.concat()))
}

fn tree() -> impl Strategy<Value = Tree> {
    let first = content().prop_map(|text| ("t.c", text));
    let others = prop::collection::vec((prop::sample::select(&PLACES[1..]), content()), 3..9);
    (first, others).prop_map(|(first, others)| Tree { files: std::iter::once(first).chain(others).collect() })
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
        tree in tree(),
        changes in prop::collection::vec((prop::sample::select(&PLACES[..]), prop::option::weighted(0.7, content())), 6),
        forced in prop::option::of(prop::sample::select(vec!["a.h", "c.h"])),
    ) {
        let world = World { dir: tempfile::tempdir().expect("a folder"), files: Files::default(), shapes: Shapes::default() };
        for (name, text) in &tree.files {
            write(world.dir.path(), name, text);
        }
        for empty in ["one", "two/sub", "three"] {
            std::fs::create_dir_all(world.dir.path().join(empty)).expect("made");
        }
        let path = SearchPath {
            quote: vec!["three".into()],
            include: vec!["one".into(), "two".into(), "./one".into()],
            builtin: builtin(),
            forced: forced.iter().map(|&name| name.to_owned()).collect(),
            ..SearchPath::default()
        };
        let mut options = vec!["-iquote", "three", "-Ione", "-Itwo", "-I./one"];
        options.extend(forced.iter().flat_map(|name| ["-include", name]));
        for (place, change) in changes {
            let Some(before) = dependencies(MODES[0], world.dir.path(), &options) else { continue };
            let set = world.set(&before);
            let shaped = world.shape(&set, &path).expect("a shape");
            let old = std::fs::read(world.dir.path().join(place)).ok();
            match &change {
                Some(text) => write(world.dir.path(), place, text),
                None => drop(std::fs::remove_file(world.dir.path().join(place))),
            }
            let now = world.shape(&set, &path).ok();
            if now.is_some_and(|now| now.shape == shaped.shape && now.hazards.intersection(Hazards::UNACCOUNTED).is_empty())
                && let Some(after) = dependencies(MODES[0], world.dir.path(), &options)
            {
                prop_assert_eq!(before, after, "{}: {:?} to {:?}", place, old.map(String::from_utf8), change);
            }
        }
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
