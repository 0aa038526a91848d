//! Search: the directories a compiler looks for headers in, in its order.

use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::snapshot::Snapshot;
use super::stamp::Stamp;
use crate::base::digest::short;
use crate::base::paths::{PathId, Paths};

/// The directories as the command, the environment and the compiler give them, and the files it includes unasked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPath {
    /// `-iquote`, for `"…"` only.
    pub quote: Vec<String>,
    /// `-I`, then those in `CPATH`.
    pub include: Vec<String>,
    /// `-isystem`, then those in `C_INCLUDE_PATH` or the language's like.
    pub system: Vec<String>,
    /// `-idirafter`.
    pub after: Vec<String>,
    /// The compiler's own.
    pub builtin: Vec<String>,
    /// The names after `-include` and `-imacros`.
    pub forced: Vec<String>,
}

/// A search path made absolute, without the directories that the compiler drops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub(super) cwd: String,
    pub(super) dirs: Vec<Dir>,
    /// Where the directories for `<…>` begin; those before are for `"…"` only.
    pub(super) angle: usize,
    pub(super) forced: Vec<String>,
    given: Given,
    /// Those of them that are not there.
    missing: Vec<String>,
    /// The project root, or empty: paths below it count relative to it, so that all checkouts' shapes are the same.
    root: String,
    /// The compiler's own directories.
    own: Vec<String>,
    /// Names the chain in caches.
    pub(super) key: [u8; 16],
}

/// What the directories given by the command and the environment are: compilers complain of some that are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Given {
    /// Directories, all of them.
    Directories,
    /// Some are not there, which `-Wmissing-include-dirs` reports.
    Missing,
    /// Some are something else, which GCC reports in any case.
    SomethingElse,
}

/// One directory of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dir {
    /// Without a slash at its end, so empty for the root.
    pub path: String,
    /// Whether what is found here ends the search; it does not where GCC and Clang disagree about the directory.
    pub decides: bool,
}

impl Chain {
    /// The directories in GCC's order (GCC manual, "Search Path"): quote, include, system, builtin, after.
    ///
    /// Relative ones are joined to `cwd` as text. Of directories that are the same (device and inode) the first in a
    /// chain stays, except that a system directory makes an earlier `-I` of it void ("Directory Options", `-I`;
    /// `remove_duplicates` in GCC's `incpath.cc`). Directories that do not exist stay: they may appear.
    pub fn new(search: &SearchPath, cwd: &str, snapshot: &mut Snapshot<'_>) -> Self {
        let mut known = |dirs: &[&[String]]| -> Vec<Known> {
            dirs.iter()
                .flat_map(|dirs| dirs.iter())
                .map(|dir| Known::new(&absolute(cwd, dir), snapshot))
                .collect()
        };
        let given = [&search.quote, &search.include, &search.system, &search.after];
        let given = known(&given.map(Vec::as_slice));
        let missing =
            given.iter().filter(|dir| dir.given == Given::Missing).map(|dir| dir.path.clone()).collect();
        let given = given.iter().map(|dir| dir.given).max();
        let system = unique(known(&[&search.system, &search.builtin, &search.after]));
        let mut include = unique(known(&[&search.include]));
        include.retain(|dir| !dir.is_in(&system));
        let quote = unique(known(&[&search.quote]));
        let chain = |dir: &Known, decides: bool| Dir { path: dir.path.clone(), decides };
        // GCC drops a quote directory that is a system directory too, Clang does not.
        let mut dirs: Vec<Dir> = quote.iter().map(|dir| chain(dir, !dir.is_in(&system))).collect();
        let angle = dirs.len();
        dirs.extend(include.iter().chain(&system).map(|dir| chain(dir, true)));
        let key = key(cwd, &dirs, angle, &search.forced);
        Self {
            cwd: cwd.trim_end_matches('/').to_owned(),
            dirs,
            angle,
            forced: search.forced.clone(),
            given: given.unwrap_or(Given::Directories),
            missing,
            root: String::new(),
            own: search.builtin.clone(),
            key,
        }
    }

    /// The directories, there or not, each without a slash at its end.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.dirs.iter().map(|dir| dir.path.as_str())
    }

    /// What the directories that the command and the environment name are, the oddest counting for all.
    pub fn given(&self) -> Given {
        self.given
    }

    /// The directories that the command and the environment name and that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &Path> {
        self.missing.iter().map(Path::new)
    }

    /// The chain of a command in a checkout at `root`.
    #[must_use]
    pub fn below(mut self, root: &str) -> Self {
        self.key = short(Sha256::new().chain_update(self.key).chain_update(root));
        root.trim_end_matches('/').clone_into(&mut self.root);
        self
    }

    /// Adds a path to a digest that is the same in all checkouts.
    pub(super) fn hash(&self, path: &str, hasher: &mut Sha256) {
        let inside =
            path.strip_prefix(&self.root).filter(|rest| !self.root.is_empty() && rest.starts_with('/'));
        // No absolute path begins as the mark does.
        match inside {
            Some(rest) => hasher.update(["{root}", rest].concat()),
            None => hasher.update(path),
        }
        hasher.update([0]);
    }

    /// Whether one of the compiler's own directories is `root` or below it.
    pub fn has_own_below(&self, root: &str) -> bool {
        self.own.iter().any(|dir| Path::new(dir).starts_with(root))
    }
}

/// A path joined to a working directory as text; absolute ones stay as they are.
pub fn absolute(cwd: &str, path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", cwd.trim_end_matches('/')) }
}

/// A file's number from the name a depfile gives it.
pub fn intern(paths: &Paths, cwd: &str, name: &str) -> PathId {
    if name.starts_with('/') { paths.intern(name) } else { paths.intern(&absolute(cwd, name)) }
}

/// A directory's path without `.` and without slashes at its end. Depfiles have no `./` in front either, and what is assumed to be
/// there is assumed under the names that they have.
fn dotless(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| *part != ".").collect();
    parts.join("/").trim_end_matches('/').to_owned()
}

#[derive(Debug)]
struct Known {
    path: String,
    stamp: Option<Stamp>,
    given: Given,
}

impl Known {
    fn new(path: &str, snapshot: &mut Snapshot<'_>) -> Self {
        let path = dotless(path);
        let id = snapshot.files().paths().intern(if path.is_empty() { "/" } else { &path });
        let found = snapshot.stat(id);
        let given = match &found {
            Ok(stamp) if stamp.is_dir() => Given::Directories,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Given::Missing,
            _ => Given::SomethingElse,
        };
        Self { stamp: found.ok(), given, path }
    }

    fn is(&self, other: &Self) -> bool {
        match (&self.stamp, &other.stamp) {
            (Some(one), Some(two)) => one.same_file(two),
            _ => self.path == other.path,
        }
    }

    fn is_in(&self, dirs: &[Self]) -> bool {
        dirs.iter().any(|dir| dir.is(self))
    }
}

fn unique(dirs: Vec<Known>) -> Vec<Known> {
    let mut kept: Vec<Known> = Vec::with_capacity(dirs.len());
    for dir in dirs {
        if !dir.is_in(&kept) {
            kept.push(dir);
        }
    }
    kept
}

fn key(cwd: &str, dirs: &[Dir], angle: usize, forced: &[String]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    };
    field(cwd);
    for (at, dir) in dirs.iter().enumerate() {
        field(&dir.path);
        field(match (at < angle, dir.decides) {
            (true, true) => "quote",
            (true, false) => "maybe",
            (false, _) => "angle",
        });
    }
    field("forced");
    for name in forced {
        field(name);
    }
    short(hasher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::files::Files;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|&text| text.to_owned()).collect()
    }

    fn chain(search: &SearchPath, cwd: &str) -> (Vec<String>, usize) {
        let files = Files::default();
        let chain = Chain::new(search, cwd, &mut Snapshot::new(&files));
        (chain.dirs.into_iter().map(|dir| dir.path).collect(), chain.angle)
    }

    #[test]
    fn orders_and_joins_as_text() {
        let search = SearchPath {
            quote: strings(&["q"]),
            include: strings(&["../i", "/abs/", ".", "./i/."]),
            system: strings(&["s"]),
            after: strings(&["a"]),
            builtin: strings(&["/b"]),
            forced: vec![],
        };
        let expected = ["/w/q", "/w/../i", "/abs", "/w", "/w/i", "/w/s", "/b", "/w/a"];
        assert_eq!(chain(&search, "/w"), (strings(&expected), 1));
    }

    #[test]
    fn tells_what_is_no_directory() {
        let dir = tempfile::tempdir().expect("a folder");
        let cwd = dir.path().to_str().expect("UTF-8");
        std::fs::write(dir.path().join("file"), "").expect("written");
        let files = Files::default();
        let given = |include: &[&str], builtin: &[&str]| {
            let search =
                SearchPath { include: strings(include), builtin: strings(builtin), ..SearchPath::default() };
            Chain::new(&search, cwd, &mut Snapshot::new(&files)).given()
        };
        assert_eq!(given(&["."], &["none"]), Given::Directories);
        assert_eq!(given(&[".", "none"], &[]), Given::Missing);
        assert_eq!(given(&["none", "file"], &[]), Given::SomethingElse);
        assert_eq!(given(&["file/below"], &[]), Given::SomethingElse);
    }

    #[test]
    fn drops_duplicates_as_gcc_does() {
        let dir = tempfile::tempdir().expect("a folder");
        let cwd = dir.path().to_str().expect("UTF-8");
        for name in ["one", "two", "sys"] {
            std::fs::create_dir(dir.path().join(name)).expect("made");
        }
        std::os::unix::fs::symlink("sys", dir.path().join("link")).expect("linked");
        let search = SearchPath {
            include: strings(&["one", "link", "two", "./one", "none", "none"]),
            builtin: strings(&["sys", "two/../sys"]),
            ..SearchPath::default()
        };
        let expected = ["one", "two", "none", "sys"].map(|name| format!("{cwd}/{name}"));
        assert_eq!(chain(&search, cwd), (expected.to_vec(), 0));
    }
}
