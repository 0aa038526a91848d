//! As long as the shape and the files of a set stay, probes by macros get the same answers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use proptest::prelude::*;
use spec_cc::directives::Hazards;
use spec_cc::inputs::search::SearchPath;

use super::shapes::World;
use super::{MODES, cases, dependencies, write};

/// Where headers may lie; `1` is what `linux` is in GNU mode.
const PLACES: [&str; 15] = [
    "a.h",
    "b.h",
    "c.h",
    "one/a.h",
    "one/b.h",
    "two/a.h",
    "two/b.h",
    "two/c.h",
    "two/sub/b.h",
    "two/linux/b.h",
    "two/1/b.h",
    "three/b.h",
    "four/a.h",
    "four/b.h",
    "four/c.h",
];

/// Macros that ask, macros that pass on, and macros that names are made of.
const DEFINITIONS: [&str; 28] = [
    "HAS(x) __has_include(x)",
    "HAS(x) __has_include(x)",
    "HAS(x) (__has_include ( x ))",
    "HAS(x) __has_include_next(x)",
    "HAS __has_include",
    "HAS(x) PASS(x)",
    "HAS(...) __has_include(__VA_ARGS__)",
    "HAS(x) __has_include(<x>)",
    "HAS(x) __has_include(#x)",
    "HAS(b) __has_include(<b.h>)",
    "PASS(x) __has_include(x)",
    "PASS(x) HAS(x)",
    "PASS(x) HAS (x) && 1",
    "FIXED __has_include(<b.h>)",
    "FIXED __has_include(\"b.h\")",
    "FIXED HAS(<b.h>)",
    "FIXED HAS(NAME)",
    "ID(x) x",
    "CAT(x, y) x##y",
    "HALF(x) HA##x",
    "OPERATOR(x) __has_##x",
    "OTHER(x, y) x ## S(y)",
    "NAME <b.h>",
    "NAME \"c.h\"",
    "NAME <sub/b.h>",
    "b c",
    "b linux/b",
    "AND && HAS",
];

/// Conditions, each with the macros that it needs.
const CONDITIONS: [(&str, &str); 27] = [
    ("HAS", "HAS(<b.h>)"),
    ("HAS", "HAS(\"b.h\")"),
    ("HAS", "HAS( <c.h> ) || HAS(\"c.h\")"),
    ("HAS", "!HAS(<sub/b.h>)"),
    ("HAS", "HAS(<linux/b.h>)"),
    ("HAS", "HAS(b)"),
    ("HAS", "HAS(b.h)"),
    ("HAS NAME", "HAS(NAME)"),
    ("HAS ID", "ID(HAS)(<b.h>)"),
    ("HAS ID", "ID(HAS(<b.h>))"),
    ("HAS ID NAME", "HAS(ID(NAME))"),
    ("PASS", "PASS(<b.h>)"),
    ("PASS", "PASS(\"c.h\")"),
    ("PASS NAME", "PASS(NAME)"),
    ("FIXED", "FIXED"),
    ("FIXED ID", "ID(FIXED)"),
    ("ID", "ID(__has_include(<b.h>))"),
    ("ID", "ID(__has_include(\"b.h\"))"),
    ("ID", "ID(__has_include(<linux/b.h>))"),
    ("ID", "__has_include(<linux/b.h>) && ID(1)"),
    ("CAT HAS NAME", "CAT(HA, S)(NAME)"),
    ("CAT HAS", "CAT(HA, S)(<c.h>)"),
    ("CAT NAME", "CAT(__has_, include)(NAME)"),
    ("OPERATOR NAME", "OPERATOR(include)(NAME)"),
    ("HALF HAS NAME", "HALF(S)(NAME)"),
    ("OTHER HAS NAME", "OTHER(HA, NAME)"),
    ("AND HAS NAME", "1 AND(NAME)"),
];

/// What does no harm: a result with these is kept.
const KEPT: [&str; 6] = [
    "#define HAS_TYPE(x) struct __has_##x\n#define CAT(x, y) x##y\n#if CAT(1, 2)\nint a;\n#endif\n",
    "#define HAS(x) __has_include(x)\n#ifdef HAS\n#if defined(HAS) && HAS(<b.h>) || HAS ( \"sub/b.h\" )\nint a;\n#endif\n#endif\n",
    "#define HAS __has_include\n#if HAS(<b.h>)\nint a;\n#endif\n",
    "#define HAS(x) __has_include_next(x)\n#if HAS(<b.h>)\nint a;\n#endif\n",
    "#define PASS(x) HAS(x)\n#define HAS(x) __has_include(#x)\n#define CAT(x, y) x##y\n#define X_(x) X_##x\n#if X_(b)\nint a;\n#endif\n",
    "#define FIXED __has_include(<b.h>)\n#if FIXED\nint a;\n#endif\n",
];

fn condition(needs: &str, condition: &str, number: usize) -> String {
    let needs: Vec<String> = needs.split(' ').map(|name| format!("defined({name})")).collect();
    format!("#if {}\n#if {condition}\nint v{number};\n#endif\n#endif\n", needs.join(" && "))
}

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(&DEFINITIONS[..]).prop_map(|text| {
            let name = text.split([' ', '(']).next().expect("a name");
            format!("#undef {name}\n#define {text}\n")
        }),
        4 => (0..CONDITIONS.len()).prop_map(|at| condition(CONDITIONS[at].0, CONDITIONS[at].1, at)),
        1 => prop::sample::select(vec!["#include <a.h>\n", "#include \"c.h\"\n", "#include_next <a.h>\n"]).prop_map(str::to_owned),
    ]
}

fn file_of(lines: &[String]) -> String {
    format!("#if __INCLUDE_LEVEL__ < 4\n{}#endif\n", lines.concat())
}

const OPTIONS: [&str; 6] = ["-iquote", "three", "-iquote", "four", "-Ione", "-Itwo"];

fn search_path() -> SearchPath {
    let strings = |list: [&str; 2]| list.map(str::to_owned).to_vec();
    SearchPath {
        quote: strings(["three", "four"]),
        include: strings(["one", "two"]),
        ..SearchPath::default()
    }
}

fn preprocessed(world: &World, mode: &[&str], options: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new(mode[0]);
    command.args(&mode[1..]).args(["-w", "-E", "-P"]).args(options).arg("t.c").current_dir(world.dir.path());
    let output = command.output().expect("the compiler runs");
    output.status.success().then_some(output.stdout)
}

fn new_world(tree: &BTreeMap<&str, String>) -> World {
    let world = World::default();
    for empty in ["one", "two/sub", "two/linux", "two/1", "three", "four"] {
        std::fs::create_dir_all(world.dir.path().join(empty)).expect("made");
    }
    for (name, text) in tree {
        write(world.dir.path(), name, text);
    }
    world
}

/// Has each place that the set does not have come or go; gives how many changed what the compiler makes of the source, and whether
/// the result would have been kept.
fn check(
    tree: &BTreeMap<&str, String>,
    mode: &[&str],
    macros: &[&str],
) -> Result<(usize, bool), TestCaseError> {
    let world = new_world(tree);
    let options: Vec<&str> = OPTIONS.iter().chain(macros).copied().collect();
    let definitions: String =
        macros.iter().map(|one| format!("#define {}\n", one[2..].replacen('=', " ", 1))).collect();
    let read = |world: &World| dependencies(mode, world.dir.path(), &options, "t.c");
    let (Some(names), Some(text)) = (read(&world), preprocessed(&world, mode, &options)) else {
        return Ok((0, false));
    };
    let names: BTreeSet<String> = names.into_iter().filter(|name| !name.starts_with('/')).collect();
    let set = world.set(&names);
    let shape = |world: &World| world.shape(&set, &search_path(), &definitions).ok();
    let before = shape(&world).expect("a shape");
    let kept = before.hazards.intersection(Hazards::UNACCOUNTED).is_empty();
    let mut changes = 0;
    for place in PLACES.into_iter().filter(|place| !names.contains(*place)) {
        let path = world.dir.path().join(place);
        let here = tree.get(place);
        match here {
            Some(_) => std::fs::remove_file(&path).expect("removed"),
            None => write(world.dir.path(), place, ""),
        }
        let after = preprocessed(&world, mode, &options);
        let now = shape(&world);
        if after.is_some() && after.as_ref() != Some(&text) {
            changes += 1;
            prop_assert!(
                !kept || now.is_none_or(|now| now.shape != before.shape),
                "{} {:?} {:?}\n{:#?}",
                place,
                mode,
                macros,
                tree
            );
        }
        match here {
            Some(text) => write(world.dir.path(), place, text),
            None => std::fs::remove_file(&path).expect("removed"),
        }
    }
    Ok((changes, kept))
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn equal_shapes_get_the_same_answers(
        source in prop::collection::vec(line(), 1..8),
        headers in prop::collection::vec((prop::sample::select(&PLACES[..]), prop::collection::vec(line(), 0..4)), 0..6),
        mode in prop::sample::select(vec![MODES[0], MODES[3], MODES[5], MODES[6]]),
        macros in prop::sample::select(vec![&[][..], &["-Db=c"], &["-DNAME=<c.h>"], &["-DPASS(x)=HAS(x)"]]),
    ) {
        let mut tree: BTreeMap<&str, String> = headers.iter().map(|(name, lines)| (*name, file_of(lines))).collect();
        tree.insert("t.c", file_of(&source));
        check(&tree, mode, macros)?;
    }
}

/// Each condition after each pair of definitions, in the source or in headers of other folders.
#[test]
fn every_condition_is_met_or_refused() {
    let (mut decided, mut turn) = (0, 0);
    for (at, (needs, text)) in CONDITIONS.iter().enumerate() {
        let condition = condition(needs, text, at);
        let wanted: Vec<&str> = needs.split(' ').collect();
        let choices = wanted.iter().map(|name| -> Vec<&str> {
            DEFINITIONS.into_iter().filter(|text| text.split([' ', '(']).next() == Some(name)).collect()
        });
        let mut sources = vec![String::new()];
        for choice in choices {
            let add = |text: &String| -> Vec<String> {
                choice.iter().map(|one| format!("{text}#define {one}\n")).collect()
            };
            sources = sources.iter().flat_map(add).collect();
        }
        // Of many, one in three, others for each condition.
        let some = sources.iter().skip(at % 3 % sources.len()).step_by(if sources.len() > 6 { 3 } else { 1 });
        for definitions in some.filter(|text| !text.contains(" PASS(")) {
            // Clang where GCC has had its turn.
            turn += 1;
            let ways = [(MODES[0], "t.c"), (MODES[0], "two/a.h"), (MODES[5], "two/a.h")];
            for (mode, place) in ways.into_iter().skip(turn % 3).take(1) {
                let include = if place == "t.c" { "" } else { "#include <a.h>\n" };
                let mut tree = BTreeMap::from([("t.c", format!("{include}{condition}"))]);
                if place == "t.c" {
                    tree.insert(place, format!("{definitions}{condition}"));
                } else {
                    tree.insert(place, definitions.clone());
                }
                decided += check(&tree, mode, &[]).unwrap_or_else(|error| panic!("{error}")).0;
            }
        }
    }
    assert!(decided > 50, "the conditions ask for files: {decided}");
}

#[test]
fn probes_of_literal_names_are_kept() {
    for text in KEPT {
        for mode in [MODES[0], MODES[5]] {
            let tree =
                BTreeMap::from([("t.c", format!("#include <a.h>\n{text}")), ("two/a.h", text.to_owned())]);
            let (_, kept) = check(&tree, mode, &[]).unwrap_or_else(|error| panic!("{error}"));
            assert!(kept, "{text}");
        }
    }
}

/// A file that includes the next of its name, found in a folder for quotes: the next such folder comes first.
#[test]
fn the_next_folder_may_be_one_for_quotes() {
    let next = "#include_next <b.h>\n#if __has_include_next(<a.h>)\nint a;\n#endif\n";
    let tree = BTreeMap::from([
        ("t.c", "#include \"b.h\"\n".to_owned()),
        ("three/b.h", next.to_owned()),
        ("two/b.h", String::new()),
    ]);
    let (changes, kept) = check(&tree, MODES[0], &[]).unwrap_or_else(|error| panic!("{error}"));
    assert!(kept && changes >= 1, "{changes}");
}
