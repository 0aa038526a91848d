//! Where a compiler looks for headers: the folders in its order, and the candidates for one `#include`.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use super::directives::{Form, Include, Kind};
use super::paths::{PathId, Paths};

/// The folders that a command, its environment and its compiler name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SearchPath {
    /// Working directory, absolute: what relative folders are relative to.
    pub directory: String,
    /// `-iquote`
    pub quote: Vec<String>,
    /// `-I`, then `CPATH`
    pub include: Vec<String>,
    /// `-isystem`, then the language's variable (`C_INCLUDE_PATH` and the like)
    pub system: Vec<String>,
    /// The compiler's own.
    pub builtin: Vec<String>,
    /// `-idirafter`
    pub after: Vec<String>,
    /// Files that `-include` and `-imacros` name.
    pub forced: Vec<String>,
}

/// A search path in the order the compiler walks it (GCC manual, "Options for Directory Search").
#[derive(Debug)]
pub struct Chain {
    directory: String,
    /// For `#include "…"` only.
    quote: Vec<String>,
    /// For both forms; from here on also `#include <…>`.
    bracket: Vec<String>,
    /// How many at the end of `bracket` belong to the compiler, in which nobody puts precompiled headers.
    builtin: HashSet<String>,
    forced: Vec<String>,
}

impl Chain {
    /// Puts the folders in order and leaves out what the compiler leaves out as a duplicate.
    pub fn new(path: &SearchPath) -> Self {
        let absolute = |folders: &[String]| -> Vec<String> {
            folders.iter().map(|folder| join(&path.directory, folder)).collect()
        };
        let (include, system, builtin, after) =
            (absolute(&path.include), absolute(&path.system), absolute(&path.builtin), absolute(&path.after));
        let mut late: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        for folder in system.into_iter().chain(builtin.iter().cloned()).chain(after) {
            if identity(&folder).is_none_or(|identity| seen.insert(identity)) {
                late.push(folder);
            }
        }
        // A folder that is a system folder too is only searched as such.
        let mut early: Vec<String> = Vec::new();
        for folder in include {
            if identity(&folder).is_none_or(|identity| seen.insert(identity)) {
                early.push(folder);
            }
        }
        early.extend(late);
        Self {
            directory: path.directory.clone(),
            quote: absolute(&path.quote),
            bracket: early,
            builtin: builtin.into_iter().collect(),
            forced: path.forced.clone(),
        }
    }

    /// Every folder, quote folders first.
    pub(super) fn folders(&self) -> impl Iterator<Item = &str> {
        self.quote.iter().chain(&self.bracket).map(String::as_str)
    }

    /// The paths at which the compiler looks for an include of the file `includer`, in order.
    pub(super) fn candidates(&self, paths: &Paths, includer: &str, include: &Include) -> Candidates {
        // Where `#include_next` begins depends on how the includer itself was found: all of the chain is watched.
        let whole = matches!(include.kind, Kind::IncludeNext | Kind::HasIncludeNext);
        let folder = includer.rfind('/').map_or("", |slash| &includer[..slash]);
        self.list(paths, Some(folder).filter(|_| include.form == Form::Quote), &include.name, whole)
    }

    /// The candidates of the files that options include first of all.
    pub(super) fn forced(&self, paths: &Paths) -> Vec<Candidates> {
        self.forced.iter().map(|name| self.list(paths, Some(&self.directory), name, false)).collect()
    }

    /// The candidates for a name that is only known by what it led to.
    pub(super) fn guessed(&self, paths: &Paths, folder: &str, name: &str) -> Candidates {
        self.list(paths, Some(folder), name, true)
    }

    fn list(&self, paths: &Paths, own: Option<&str>, name: &str, whole: bool) -> Candidates {
        let mut ids = Vec::new();
        let mut add = |folder: &str| {
            let path = join(folder, name);
            if !self.builtin.contains(folder) {
                // A precompiled header is taken before the header itself (GCC manual, "Precompiled Headers").
                ids.push(paths.intern(&format!("{path}.gch")));
            }
            ids.push(paths.intern(&path));
        };
        if name.starts_with('/') {
            add("");
        } else {
            let quote = self.quote.iter().filter(|_| own.is_some());
            own.into_iter().for_each(&mut add);
            quote.chain(&self.bracket).for_each(|folder| add(folder));
        }
        Candidates { ids: ids.into(), whole }
    }
}

/// Where one include may be found.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    /// In the compiler's order.
    pub(super) ids: Box<[PathId]>,
    /// Whether those after the first that exists matter as well.
    pub(super) whole: bool,
}

/// `name` in `folder` as text, without collapsing `..`: the kernel resolves that, links included.
pub fn join(folder: &str, name: &str) -> String {
    if name.starts_with('/') {
        return name.to_owned();
    }
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest.trim_start_matches('/');
    }
    if name.is_empty() || name == "." {
        return folder.to_owned();
    }
    format!("{}/{name}", folder.trim_end_matches('/'))
}

fn identity(folder: &str) -> Option<(u64, u64)> {
    fs::metadata(folder).ok().map(|meta| (meta.dev(), meta.ino()))
}
