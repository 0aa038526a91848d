//! As long as the shape of a dependency set stays, the compiler reads the same set.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use spec_cc::base::paths::PathId;
use spec_cc::directives::Hazards;
use spec_cc::inputs::files::Files;
use spec_cc::inputs::search;
use spec_cc::inputs::search::{Chain, SearchPath};
use spec_cc::inputs::shape::Shaped;
use spec_cc::inputs::shape::Shapes;
use spec_cc::inputs::shape::set::Set;
use spec_cc::inputs::snapshot::Snapshot;

use super::{MODES, cases, dependencies, write};

/// Where the source and headers may lie.
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

pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    files: Files,
    shapes: Shapes,
}

impl Default for World {
    fn default() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a folder"),
            files: Files::default(),
            shapes: Shapes::default(),
        }
    }
}

impl World {
    fn cwd(&self) -> String {
        self.dir.path().to_str().expect("UTF-8").to_owned()
    }

    pub(super) fn set(&self, names: &BTreeSet<String>) -> Vec<PathId> {
        names.iter().map(|name| search::intern(self.files.paths(), &self.cwd(), name)).collect()
    }

    pub(super) fn shape(&self, set: &[PathId], path: &SearchPath, macros: &str) -> std::io::Result<Shaped> {
        let mut snapshot = Snapshot::new(&self.files);
        let chain = Chain::new(path, &self.cwd(), &mut snapshot);
        let source = search::intern(self.files.paths(), &self.cwd(), "t.c");
        let files = snapshot.siblings(set).map_err(|(_, error)| error)?;
        self.shapes.shape(Set { source, files: &files, chain: &chain, macros }, &mut snapshot)
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
        let world = World::default();
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
        let mut before = dependencies(MODES[0], world.dir.path(), &options, "t.c");
        for (place, change) in changes {
            let old = tree.clone();
            let set = before.as_ref().map(|names| world.set(names));
            let shaped = set.as_ref().and_then(|set| world.shape(set, &path, "").ok());
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
            let now = set.and_then(|set| world.shape(&set, &path, "").ok());
            let after = dependencies(MODES[0], world.dir.path(), &options, "t.c");
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
        let world = World::default();
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
        let read =
            || dependencies(MODES[0], world.dir.path(), &["-Ione", "-Itwo"], "t.c").expect("no errors");
        let before = read();
        let set = world.set(&before);
        let shape = world.shape(&set, &path, "").expect("a shape").shape;
        write(world.dir.path(), place, &edited);
        assert_ne!(before, read(), "{place} decides nothing:\n{source}");
        assert_ne!(world.shape(&set, &path, "").expect("a shape").shape, shape, "{place}:\n{source}");
    }
}
