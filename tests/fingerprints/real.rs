//! The same, with real headers and sources: any file that a real compile reads is edited in any way.
//!
//! `PROPTEST_CASES=2000 cargo test --test it fingerprints::real -- --nocapture` searches thoroughly, and says how exact fingerprints are.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{TestCaseError, TestRunner};
use spec_cc::directives;
use spec_cc::directives::Hazards;
use spec_cc::directives::Scan;
use spec_cc::inputs::files::Files;
use spec_cc::inputs::search;
use spec_cc::inputs::search::{Chain, SearchPath};
use spec_cc::inputs::shape::Shaped;
use spec_cc::inputs::shape::Shapes;
use spec_cc::inputs::shape::set::Set;
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::toolchain::Toolchains;

use super::edits::{Edit, edit};
use super::{cases, dependencies};
use crate::support::sources::Source;

const C_HEADERS: [&str; 24] = [
    "stdio.h",
    "stdlib.h",
    "string.h",
    "time.h",
    "unistd.h",
    "pthread.h",
    "math.h",
    "tgmath.h",
    "wchar.h",
    "locale.h",
    "signal.h",
    "setjmp.h",
    "stdatomic.h",
    "limits.h",
    "inttypes.h",
    "sys/types.h",
    "sys/socket.h",
    "sys/stat.h",
    "netinet/in.h",
    "netdb.h",
    "linux/if.h",
    "linux/fs.h",
    "emmintrin.h",
    "elf.h",
];

const CXX_HEADERS: [&str; 20] = [
    "vector",
    "string",
    "iostream",
    "map",
    "regex",
    "thread",
    "future",
    "filesystem",
    "ranges",
    "format",
    "cmath",
    "stdlib.h",
    "math.h",
    "functional",
    "random",
    "ext/hash_map",
    "tr1/memory",
    "experimental/any",
    "parallel/algorithm",
    "csignal",
];

/// A compiler, how it is to read, and where it looks.
struct Mode {
    command: Vec<&'static str>,
    path: SearchPath,
    options: Vec<String>,
}

/// Real headers and sources, each a link to the real file until it is edited.
struct World {
    dir: tempfile::TempDir,
    files: Arc<Files>,
    shapes: Shapes,
    c: Vec<Mode>,
    cxx: Vec<Mode>,
    c_sources: Vec<String>,
    cxx_sources: Vec<String>,
}

/// What is compiled in one case.
#[derive(Debug, Clone)]
enum Subject {
    C(Vec<&'static str>),
    Cxx(Vec<&'static str>),
    PackageC(Index),
    PackageCxx(Index),
}

fn subject() -> impl Strategy<Value = Subject> {
    let headers = |of: &'static [&'static str]| prop::collection::vec(prop::sample::select(of), 1..4);
    prop_oneof![
        3 => headers(&C_HEADERS).prop_map(Subject::C),
        1 => headers(&CXX_HEADERS).prop_map(Subject::Cxx),
        2 => any::<Index>().prop_map(Subject::PackageC),
        1 => any::<Index>().prop_map(Subject::PackageCxx),
    ]
}

impl World {
    fn new() -> Self {
        let files = Arc::new(Files::default());
        let mut world = Self {
            dir: tempfile::tempdir().expect("a folder"),
            shapes: Shapes::default(),
            c: vec![],
            cxx: vec![],
            c_sources: vec![],
            cxx_sources: vec![],
            files,
        };
        let luajit = Source::Crate { name: "luajit-src", version: "210.7.4", folder: "luajit2" }.fetch();
        let yaml = Source::Debian("yaml-cpp").fetch();
        for (from, to) in [
            (Path::new("/usr/include"), "usr/include"),
            (&luajit.join("src"), "c"),
            (&yaml.join("src"), "cxx/src"),
            (&yaml.join("include"), "cxx/include"),
        ] {
            world.mirror(from, to);
        }
        world.c_sources = world.sources("c", ".c");
        world.cxx_sources = world.sources("cxx/src", ".cpp");
        world.c = vec![
            world.mode(&["gcc", "-std=gnu17"], &["c"]),
            world.mode(&["gcc", "-std=c99"], &["c"]),
            world.mode(&["clang", "-std=gnu17"], &["c"]),
        ];
        world.cxx = vec![
            world.mode(&["g++", "-std=gnu++20"], &["cxx/include"]),
            world.mode(&["clang++", "-std=c++17"], &["cxx/include"]),
        ];
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn mirror(&self, from: &Path, to: &str) {
        let to = self.path(to);
        std::fs::create_dir_all(&to).expect("made");
        let status = Command::new("cp").arg("-rsT").arg(from).arg(&to).status().expect("cp runs");
        assert!(status.success(), "{}", from.display());
    }

    fn sources(&self, folder: &str, suffix: &str) -> Vec<String> {
        let names = std::fs::read_dir(self.path(folder)).expect("a folder").flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok());
        let mut sources: Vec<String> =
            names.filter(|name| name.ends_with(suffix)).map(|name| format!("{folder}/{name}")).collect();
        sources.sort();
        sources
    }

    fn mode(&self, command: &[&'static str], include: &[&str]) -> Mode {
        let env = |name: &str| (name == "PATH").then(|| OsString::from("/usr/bin:/bin"));
        let compiler = Path::new("/usr/bin").join(command[0]);
        let builtin =
            Toolchains::new(Arc::clone(&self.files)).builtin_dirs(&compiler, &[], Path::new("/"), &env);
        let mut system = Vec::new();
        for real in builtin.expect("directories").iter() {
            let Ok(real) = std::fs::canonicalize(real) else { continue };
            let mirrored = real.to_str().expect("UTF-8").trim_start_matches('/').to_owned();
            if !self.path(&mirrored).exists() {
                self.mirror(&real, &mirrored);
            }
            system.push(mirrored);
        }
        let mut options: Vec<String> = ["-nostdinc", "-MG"].map(str::to_owned).to_vec();
        if command[0].starts_with('g') {
            // The mirror's names are wanted, not those its links lead to.
            options.push("-fno-canonical-system-headers".to_owned());
        }
        options.extend(include.iter().map(|dir| format!("-I{dir}")));
        options.extend(system.iter().flat_map(|dir| ["-isystem".to_owned(), dir.clone()]));
        let include = include.iter().map(|&dir| dir.to_owned()).collect();
        let path = SearchPath { include, system, ..SearchPath::default() };
        Mode { command: command.to_vec(), path, options }
    }

    /// The modes to read a subject in, and its source.
    fn prepare(&self, subject: &Subject) -> (&[Mode], String) {
        let write = |name: &str, headers: &[&str]| {
            let text: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
            std::fs::write(self.path(name), text).expect("written");
            name.to_owned()
        };
        match subject {
            Subject::C(headers) => (&self.c, write("t.c", headers)),
            Subject::Cxx(headers) => (&self.cxx, write("t.cc", headers)),
            Subject::PackageC(at) => (&self.c, at.get(&self.c_sources).clone()),
            Subject::PackageCxx(at) => (&self.cxx, at.get(&self.cxx_sources).clone()),
        }
    }

    /// What a mode reads; `None` when it finds errors.
    fn reads(&self, mode: &Mode, source: &str) -> Option<BTreeSet<String>> {
        let options: Vec<&str> = mode.options.iter().map(String::as_str).collect();
        dependencies(&mode.command, self.dir.path(), &options, source)
    }

    fn shape(&self, mode: &Mode, source: &str, names: &BTreeSet<String>) -> Option<Shaped> {
        let cwd = self.dir.path().to_str().expect("UTF-8");
        let intern = |name: &str| search::intern(self.files.paths(), cwd, name);
        let mut snapshot = Snapshot::new(&self.files);
        let chain = Chain::new(&mode.path, cwd, &mut snapshot);
        let there = names.iter().filter(|name| self.path(name).exists());
        let files: Vec<_> = there.map(|name| intern(name)).collect();
        let files = snapshot.siblings(&files).ok()?;
        self.shapes
            .shape(Set { source: intern(source), files: &files, chain: &chain, macros: "" }, &mut snapshot)
            .ok()
    }
}

/// A file put in a link's place, and the link put back in the end.
struct Edited {
    path: PathBuf,
    link: Option<PathBuf>,
}

impl Edited {
    fn new(path: PathBuf) -> Self {
        let link = std::fs::read_link(&path).ok();
        Self { path, link }
    }

    /// Never written in place: the link leads out of the world.
    fn write(&self, text: &[u8]) {
        std::fs::remove_file(&self.path).expect("removed");
        std::fs::write(&self.path, text).expect("written");
    }
}

impl Drop for Edited {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            let _ = std::fs::remove_file(&self.path);
            let _ = std::os::unix::fs::symlink(link, &self.path);
        }
    }
}

/// How often each kind of edit was tried, and what came of it.
#[derive(Default)]
struct Tally {
    tried: u32,
    same: u32,
    compared: u32,
    /// The fingerprint changed although every compiler read the same.
    needless: u32,
}

/// One compile in one mode before any edit.
struct Before<'w> {
    mode: &'w Mode,
    reads: BTreeSet<String>,
    shaped: Shaped,
}

struct Case<'w> {
    world: &'w World,
    source: String,
    member: String,
    text: Vec<u8>,
    scan: Scan,
    before: Vec<Before<'w>>,
}

impl<'w> Case<'w> {
    fn new(world: &'w World, subject: &Subject, member: Index) -> Option<Self> {
        let (modes, source) = world.prepare(subject);
        let reads = world.reads(&modes[0], &source)?;
        let members: Vec<&String> =
            reads.iter().filter(|name| !name.contains("..") && world.path(name).exists()).collect();
        let member = (*member.get(&members)).clone();
        let text = std::fs::read(world.path(&member)).ok()?;
        let before = modes.iter().filter_map(|mode| {
            let reads = world.reads(mode, &source)?;
            let shaped = world.shape(mode, &source, &reads)?;
            Some(Before { mode, reads, shaped })
        });
        let before = before.collect();
        Some(Self { world, source, member, scan: directives::scan(&text), text, before })
    }

    fn check(&self, edit: &Edit, tally: &mut Tally) -> Result<(), TestCaseError> {
        let edited = edit.apply(&self.text);
        tally.tried += 1;
        let same = directives::scan(&edited).fingerprint == self.scan.fingerprint;
        tally.same += u32::from(same);
        if edited == self.text || !(same || edit.kind.of_text) {
            return Ok(());
        }
        let file = Edited::new(self.world.path(&self.member));
        file.write(&edited);
        let mut unchanged = true;
        for before in &self.before {
            let Some(after) = self.world.reads(before.mode, &self.source) else {
                unchanged = false;
                continue;
            };
            unchanged &= after == before.reads;
            let Some(shaped) = self.world.shape(before.mode, &self.source, &before.reads) else { continue };
            let accounted = shaped.hazards.intersection(Hazards::UNACCOUNTED).is_empty();
            if same && accounted && shaped.shape == before.shaped.shape {
                tally.compared += 1;
                prop_assert_eq!(
                    &before.reads,
                    &after,
                    "{:?} of {} for {}: {} at\n{}",
                    before.mode.command,
                    self.member,
                    self.source,
                    edit.kind.name,
                    difference(&self.text, &edited)
                );
            }
        }
        tally.needless += u32::from(!same && unchanged);
        Ok(())
    }
}

/// Where two texts differ, with some context.
fn difference(one: &[u8], two: &[u8]) -> String {
    let start = one.iter().zip(two).take_while(|(one, two)| one == two).count();
    let tail =
        one[start..].iter().rev().zip(two[start..].iter().rev()).take_while(|(one, two)| one == two).count();
    let around = |text: &[u8]| {
        let range = start.saturating_sub(200)..(text.len() - tail + 200).min(text.len());
        String::from_utf8_lossy(&text[range]).into_owned()
    };
    format!("{}\n--- became\n{}", around(one), around(two))
}

/// Whatever is done to a real file, as long as its fingerprint and the shape stay, every compiler reads the same files.
#[test]
fn equal_shapes_of_real_files_read_the_same() {
    let world = World::new();
    let tallies: RefCell<BTreeMap<&str, Tally>> = RefCell::default();
    let strategy = (subject(), any::<Index>(), prop::collection::vec(edit(), 8));
    let result = TestRunner::new(cases()).run(&strategy, |(subject, member, edits)| {
        let Some(case) = Case::new(&world, &subject, member) else {
            return Err(TestCaseError::reject("the compiler finds errors"));
        };
        for edit in edits {
            case.check(&edit, tallies.borrow_mut().entry(edit.kind.name).or_default())?;
        }
        Ok(())
    });
    println!("{:28} {:>6} {:>6} {:>9} {:>9}", "edit", "tried", "same", "compared", "needless");
    for (name, tally) in tallies.take() {
        println!(
            "{name:28} {:>6} {:>6} {:>9} {:>9}",
            tally.tried, tally.same, tally.compared, tally.needless
        );
    }
    if let Err(error) = result {
        panic!("{error}");
    }
}
