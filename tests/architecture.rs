//! Architecture: the rooms of `docs/design.md` against the imports in `src/`, seen through re-exports.

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree};

/// The most lines of a room, tests aside: what somebody can read in an afternoon.
const LONGEST_ROOM: usize = 4000;
/// The most files that may import one another in a circle.
const LONGEST_CIRCLE: usize = 2;

/// A module by the names that lead to it, `[]` for the crate itself.
type Name = Vec<String>;

/// The crate's modules: one a file.
struct Modules(BTreeMap<Name, Module>);

struct Module {
    file: PathBuf,
    /// Lines, tests aside.
    lines: usize,
    /// What it gives names to by `use`, public or not: its children see both.
    uses: HashMap<String, Name>,
    /// All absolute paths in it but those of its re-exports and tests.
    paths: BTreeSet<Name>,
}

#[test]
fn rooms_use_only_those_above_them() {
    let rooms = rooms_of_the_design();
    let place = |room: &str| rooms.iter().position(|known| known == room);
    let modules = Modules::read();
    let mut wrong = Vec::new();
    for (name, module) in modules.0.iter().filter(|(name, _)| !name.is_empty()) {
        let own = place(&name[0]).unwrap_or_else(|| panic!("docs/design.md has no room {}", name[0]));
        for used in modules.used_by(module).iter().filter(|used| !used.is_empty()) {
            if place(&used[0]).is_none_or(|used| used > own) {
                wrong.push(format!("{} uses {}", module.file.display(), used.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_of_the_design_is_there() {
    for room in rooms_of_the_design() {
        assert!(source().join(&room).is_dir(), "src/{room}/ is in docs/design.md alone");
    }
}

#[test]
fn no_more_than_two_files_import_one_another() {
    let modules = Modules::read();
    let mut graph = DiGraphMap::<&str, ()>::new();
    for (name, module) in &modules.0 {
        for used in modules.used_by(module).iter().filter(|used| *used != name) {
            graph.add_edge(modules.file(name), modules.file(used), ());
        }
    }
    let circles: Vec<_> =
        tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > LONGEST_CIRCLE).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn no_room_is_too_long_to_be_read() {
    let mut rooms: BTreeMap<String, usize> = BTreeMap::new();
    for (name, module) in Modules::read().0.iter().filter(|(name, _)| !name.is_empty()) {
        *rooms.entry(name[0].clone()).or_default() += module.lines;
    }
    let long: Vec<_> = rooms.iter().filter(|(_, lines)| **lines > LONGEST_ROOM).collect();
    assert!(long.is_empty(), "{long:?}");
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rooms in the design's table, the one that may use none of the others first.
fn rooms_of_the_design() -> Vec<String> {
    let design = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design.md")).unwrap();
    let table = design.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let rooms: Vec<String> = table.map_while(row).collect();
    assert!(rooms.len() > 10, "docs/design.md has no table of rooms: {rooms:?}");
    rooms
}

impl Modules {
    /// Reads `src/`, tests aside.
    fn read() -> Self {
        let mut modules = BTreeMap::new();
        read_below(&source(), &mut modules);
        Self(modules)
    }

    fn file(&self, name: &Name) -> &str {
        self.0[name].file.to_str().unwrap()
    }

    /// The modules in which what `module` names is defined.
    fn used_by(&self, module: &Module) -> BTreeSet<Name> {
        module.paths.iter().map(|path| self.home(path, 0)).collect()
    }

    /// The module in which what a path names is defined.
    fn home(&self, path: &[String], followed: usize) -> Name {
        assert!(followed < 20, "re-exports without end at {path:?}");
        let long = (0..=path.len()).rev().find(|long| self.0.contains_key(&path[..*long])).unwrap();
        let (name, rest) = path.split_at(long);
        match rest.first().and_then(|first| self.0[name].uses.get(first)) {
            Some(further) => self.home(&[further.as_slice(), &rest[1..]].concat(), followed + 1),
            None => name.to_vec(),
        }
    }
}

fn read_below(folder: &Path, modules: &mut BTreeMap<Name, Module>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_below(&path, modules);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let (name, text) = (name_of(&path), fs::read_to_string(&path).unwrap());
            if !name.iter().any(|part| part == "tests" || part == "main") {
                modules.insert(name.clone(), read_module(&path, &name, &text));
            }
        }
    }
}

fn name_of(path: &Path) -> Name {
    let below = path.strip_prefix(source()).unwrap().with_extension("");
    let mut name: Name = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if name.last().is_some_and(|last| last == "mod") || name == ["lib"] {
        name.pop();
    }
    name
}

fn read_module(path: &Path, name: &Name, text: &str) -> Module {
    let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let children = file.items.iter().filter_map(|item| match item {
        Item::Mod(child) => Some(child.ident.to_string()),
        _ => None,
    });
    let mut reader = Reader {
        name: name.clone(),
        children: children.collect(),
        module: Module {
            file: path.strip_prefix(source()).unwrap().to_owned(),
            lines: text.split("#[cfg(test)]").next().unwrap().lines().count(),
            uses: HashMap::new(),
            paths: BTreeSet::new(),
        },
    };
    reader.visit_file(&file);
    reader.module
}

struct Reader {
    name: Name,
    children: BTreeSet<String>,
    module: Module,
}

impl Reader {
    /// The path from the crate's root; `None` for one that leads out of the crate, or names something of this very file.
    fn absolute(&self, path: &[String]) -> Option<Name> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let (base, rest) = match path.first()?.as_str() {
            "crate" | "spec_cc" => (Vec::new(), &path[1..]),
            "self" => (self.name.clone(), &path[1..]),
            "super" => (self.name[..self.name.len().checked_sub(ups)?].to_vec(), &path[ups..]),
            first if self.children.contains(first) => (self.name.clone(), path),
            _ => return None,
        };
        Some([base.as_slice(), rest].concat())
    }

    fn leaves(tree: &UseTree, before: &[String], leaves: &mut Vec<(Name, String)>) {
        let with = |name: &dyn ToString| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => Self::leaves(&path.tree, &with(&path.ident), leaves),
            UseTree::Name(name) if name.ident == "self" => {
                leaves.push((before.to_vec(), before.last().cloned().unwrap_or_default()));
            }
            UseTree::Name(name) => leaves.push((with(&name.ident), name.ident.to_string())),
            UseTree::Rename(name) => leaves.push((with(&name.ident), name.rename.to_string())),
            UseTree::Glob(_) => leaves.push((before.to_vec(), "*".to_owned())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| Self::leaves(tree, before, leaves)),
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|what| what == "test")
    })
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let mut leaves = Vec::new();
        Self::leaves(&item.tree, &[], &mut leaves);
        for (path, name) in leaves {
            let Some(path) = self.absolute(&path) else { continue };
            if matches!(item.vis, syn::Visibility::Inherited) {
                self.module.paths.insert(path.clone());
            }
            self.module.uses.insert(name, path);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Name = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1 {
            self.module.paths.extend(self.absolute(&parts));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        // What a macro is given need not be Rust; where it names this crate, it does so by its root.
        let text = called.tokens.to_string().replace(' ', "");
        for path in text.split("crate::").skip(1) {
            let end = path.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(path.len());
            self.module.paths.insert(path[..end].split("::").map(str::to_owned).collect());
        }
    }
}
