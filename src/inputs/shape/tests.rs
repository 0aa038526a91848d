//! What changes a shape and what does not.

use super::*;
use crate::base::digest::Digest;
use crate::inputs::files::Files;
use crate::inputs::search::{self, SearchPath};

/// A folder with a dependency set in it; the search path is `one`, then `two`.
struct World {
    dir: tempfile::TempDir,
    files: Files,
    shapes: Shapes,
    forced: Vec<String>,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let world = Self { dir, files: Files::default(), shapes: Shapes::default(), forced: vec![] };
        for folder in ["one", "two"] {
            std::fs::create_dir(world.dir.path().join(folder)).expect("made");
        }
        for (name, text) in files {
            world.write(name, text);
        }
        world
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).expect("written");
    }

    fn id(&self, name: &str) -> PathId {
        search::intern(self.files.paths(), self.dir.path().to_str().expect("UTF-8"), name)
    }

    fn shape_in(&self, names: &[&str], snapshot: &mut Snapshot<'_>) -> io::Result<Shaped> {
        let include = vec!["one".to_owned(), "two".to_owned()];
        let path = SearchPath { include, forced: self.forced.clone(), ..SearchPath::default() };
        let chain = Chain::new(&path, self.dir.path().to_str().expect("UTF-8"), snapshot);
        let files: Vec<PathId> = names.iter().map(|name| self.id(name)).collect();
        let siblings = snapshot.siblings(&files).map_err(|(_, error)| error)?;
        self.shapes.shape(Set { source: files[0], files: &siblings, chain: &chain, macros: "" }, snapshot)
    }

    fn shape(&self, names: &[&str]) -> Shaped {
        self.shape_in(names, &mut Snapshot::new(&self.files)).expect("a shape")
    }
}

const SET: [&str; 2] = ["t.c", "two/a.h"];

fn world() -> World {
    World::new(&[("t.c", "#include \"a.h\"\nint t;\n"), ("two/a.h", "int a;\n")])
}

#[test]
fn text_and_order_do_not_count() {
    let world = world();
    let shape = world.shape(&SET);
    world.write("two/a.h", "int b;\n\n");
    world.write("t.c", "#include \"a.h\"\n");
    assert_eq!(world.shape(&SET), shape);
    let files = [world.id("two/a.h"), world.id("t.c")];
    let mut snapshot = Snapshot::new(&world.files);
    let path = SearchPath { include: vec!["one".into(), "two".into()], ..SearchPath::default() };
    let chain = Chain::new(&path, world.dir.path().to_str().expect("UTF-8"), &mut snapshot);
    let siblings = snapshot.siblings(&files).expect("all are there");
    let turned = Set { source: files[1], files: &siblings, chain: &chain, macros: "" };
    assert_eq!(world.shapes.shape(turned, &mut snapshot).expect("a shape"), shape);
}

#[test]
fn is_the_same_in_another_process() {
    let world = world();
    let shape = world.shape(&SET);
    let files = Files::default();
    // Other numbers for the same paths.
    files.paths().intern("/somewhere/else");
    let other = World { dir: world.dir, files, shapes: Shapes::default(), forced: vec![] };
    assert_eq!(other.shape(&SET), shape);
}

#[test]
fn a_shadowing_header_counts() {
    let world = world();
    let shape = world.shape(&SET);
    for name in ["one/a.h", "a.h"] {
        world.write(name, "");
        assert_ne!(world.shape(&SET), shape, "{name}");
        std::fs::remove_file(world.dir.path().join(name)).expect("removed");
        assert_eq!(world.shape(&SET), shape);
    }
}

#[test]
fn a_missing_member_is_an_error() {
    let world = world();
    std::fs::remove_file(world.dir.path().join("two/a.h")).expect("removed");
    let error = world.shape_in(&SET, &mut Snapshot::new(&world.files)).expect_err("no shape");
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_prediction_stands_for_a_missing_member() {
    let world = world();
    let shape = world.shape(&SET);
    std::fs::remove_file(world.dir.path().join("two/a.h")).expect("removed");
    let mut snapshot = Snapshot::new(&world.files);
    snapshot.assume(world.id("two/a.h"), Digest::of(b"int a;\n"));
    assert_eq!(world.shape_in(&SET, &mut snapshot).expect("a shape"), shape);
    let mut snapshot = Snapshot::new(&world.files);
    let (digest, _) = world.files.learn(b"#define A\n");
    snapshot.assume(world.id("two/a.h"), digest);
    assert_ne!(world.shape_in(&SET, &mut snapshot).expect("a shape"), shape);
    // Nothing of it outlives its snapshot.
    assert!(world.shape_in(&SET, &mut Snapshot::new(&world.files)).is_err());
}

#[test]
fn an_answer_to_has_include_counts() {
    let world = World::new(&[("t.c", "#if __has_include(<b.h>)\n#endif\n")]);
    let shape = world.shape(&["t.c"]);
    world.write("two/b.h", "");
    assert_ne!(world.shape(&["t.c"]), shape);
}

#[test]
fn twins_count_by_content() {
    let text = "#pragma once\nint a;\n";
    let world =
        World::new(&[("t.c", "#include <a.h>\n#include <b.h>\n"), ("one/a.h", text), ("two/b.h", text)]);
    // GCC takes them for one file and does not list the second.
    let set = ["t.c", "one/a.h"];
    let shape = world.shape(&set);
    world.write("two/b.h", "#pragma once\nint b;\n");
    assert_ne!(world.shape(&set), shape);
    // Apart, their text does not count.
    let apart = world.shape(&set);
    world.write("two/b.h", "#pragma once\nint c;\n");
    assert_eq!(world.shape(&set), apart);
}

#[test]
fn a_precompiled_header_is_a_hazard() {
    let mut world = world();
    assert_eq!(world.shape(&SET).hazards, Hazards::NONE);
    world.write("two/a.h.gch", "");
    assert_eq!(world.shape(&SET).hazards, Hazards::PRECOMPILED);
    std::fs::remove_file(world.dir.path().join("two/a.h.gch")).expect("removed");
    world.forced = vec!["f.h".to_owned()];
    world.write("f.h", "");
    assert_eq!(world.shape(&SET).hazards, Hazards::NONE);
    world.write("f.h.pch", "");
    assert_eq!(world.shape(&SET).hazards, Hazards::PRECOMPILED);
}

#[test]
fn a_forced_header_is_looked_for_in_the_working_directory_first() {
    let mut world = world();
    world.forced = vec!["f.h".to_owned()];
    world.write("two/f.h", "");
    let shape = world.shape(&["t.c", "two/a.h", "two/f.h"]);
    world.write("f.h", "");
    assert_ne!(world.shape(&["t.c", "two/a.h", "two/f.h"]), shape);
}

#[test]
fn a_computed_include_may_be_shadowed() {
    let world = World::new(&[("t.c", "#define A <a.h>\n#include A\n"), ("two/a.h", "")]);
    let shape = world.shape(&SET);
    world.write("one/a.h", "");
    assert_ne!(world.shape(&SET), shape);
}

#[test]
fn with_positions_in_conditions_all_text_counts() {
    let world = World::new(&[
        ("t.c", "#include \"a.h\"\n#if A > 3\n#endif\n"),
        ("two/a.h", "#define A B\n#define B __LINE__\n"),
    ]);
    let shape = world.shape(&SET);
    assert_eq!(shape.hazards, Hazards::POSITION);
    world.write("t.c", "#include \"a.h\"\n\n#if A > 3\n#endif\n");
    assert_ne!(world.shape(&SET).shape, shape.shape);
}

#[test]
fn another_compiler_sees_another_shape() {
    let [one, other] = ["gcc 12", "gcc 13"].map(|compiler| Digest::of(compiler.as_bytes()));
    let shape = Shape([7; 16]);
    assert_eq!(shape.seen_by(&one), shape.seen_by(&one));
    assert_ne!(shape.seen_by(&one), shape.seen_by(&other));
    assert_ne!(shape.seen_by(&one), Shape([8; 16]).seen_by(&one));
}
