//! Computed: the shadow lookups of includes whose names only macros know.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::base::digest::short;
use crate::inputs::search::Chain;
use crate::inputs::shape::set::{Set, hash_path};
use crate::inputs::snapshot::Snapshot;

/// Adds where the files of the set would be shadowed, had a computed include named them.
///
/// An include whose name only a macro knows has found one of the set's files. Its name is that file's path less a
/// directory of the search path, or less the folder of the including file, which is always looked in first.
pub(super) fn hash(
    set: Set<'_>,
    groups: &[usize],
    snapshot: &mut Snapshot<'_>,
    hasher: &mut Sha256,
) -> io::Result<()> {
    let paths = Arc::clone(snapshot.files().paths());
    let mut folders: Vec<String> = Vec::new();
    for (siblings, &place) in set.files.iter().zip(groups) {
        if snapshot.groups.at(place).computed {
            folders.extend(siblings.files().first().map(|file| file.path.folder().to_owned()));
        }
    }
    folders.sort_unstable();
    folders.dedup();
    let mut present = Vec::new();
    for file in set.files() {
        for name in names(file.path.as_str(), set.chain) {
            let dirs = set.chain.dirs.iter().map(|dir| dir.path.as_str());
            for dir in dirs.chain(folders.iter().map(String::as_str)) {
                let id = paths.intern(&format!("{dir}/{name}"));
                if snapshot.readable(id)? {
                    let mut one = Sha256::new();
                    hash_path(id, set.chain, snapshot, &mut one);
                    present.push(short(one));
                }
            }
        }
    }
    present.sort_unstable();
    present.dedup();
    hasher.update(present.as_flattened());
    Ok(())
}

/// The names by which a file can be included along a chain; all ends of its path where no directory holds it.
fn names<'p>(path: &'p str, chain: &Chain) -> Vec<&'p str> {
    let below =
        |dir: &str| path.strip_prefix(dir)?.strip_prefix('/').map(|name| name.trim_start_matches('/'));
    let mut names: Vec<&str> = chain.dirs.iter().filter_map(|dir| below(&dir.path)).collect();
    if names.is_empty() {
        names = path.match_indices('/').map(|(at, _)| &path[at + 1..]).collect();
    }
    names.sort_unstable();
    names.dedup();
    names
}
