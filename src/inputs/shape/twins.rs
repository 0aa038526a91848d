//! Twins: files of equal content that say `#pragma once`.

use sha2::{Digest as _, Sha256};

use crate::base::digest::{Digest, short};
use crate::base::paths::PathId;
use crate::inputs::search::Chain;
use crate::inputs::shape::set::hash_path;
use crate::inputs::snapshot::Snapshot;

/// Adds the twins in a set, and those its files look for.
///
/// GCC takes two for one when time, size and content are equal, and skips the second (`check_file` in
/// libcpp's `files.cc`); Clang when they are one inode. Then a change in either makes the other be read.
pub(super) fn hash(chain: &Chain, groups: &[usize], snapshot: &mut Snapshot<'_>, hasher: &mut Sha256) {
    let mut files: Vec<PathId> = Vec::new();
    for &place in groups {
        files.extend(&snapshot.groups.at(place).once);
    }
    files.sort_unstable();
    files.dedup();
    let mut contents: Vec<(Digest, PathId)> =
        files.into_iter().filter_map(|id| Some((snapshot.look(id).ok()?.digest, id))).collect();
    contents.sort_unstable();
    let mut parts: Vec<[u8; 16]> = Vec::new();
    for group in contents.chunk_by(|one, two| one.0 == two.0).filter(|group| group.len() > 1) {
        parts.extend(group.iter().map(|&(digest, id)| twin(digest, id, group, chain, snapshot)));
    }
    parts.sort_unstable();
    hasher.update(parts.as_flattened());
    hasher.update([2]);
}

/// One of several files of equal content: its path, its time, and which of the others are the same inode.
fn twin(
    digest: Digest,
    id: PathId,
    group: &[(Digest, PathId)],
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(digest.hash);
    hash_path(id, chain, snapshot, &mut hasher);
    let stamp = snapshot.stat(id).ok();
    hasher.update(stamp.map_or(0, |stamp| stamp.mtime_ns).to_le_bytes());
    for &(_, other) in group {
        let same = stamp.zip(snapshot.stat(other).ok()).is_some_and(|(one, two)| one.same_file(&two));
        if same {
            hash_path(other, chain, snapshot, &mut hasher);
        }
    }
    short(hasher)
}
