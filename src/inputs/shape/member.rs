//! Member: one file of a dependency set, and what its includes mean along one search path.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::inputs::digest::{Digest, short};
use crate::inputs::directives::{Hazards, Include, Kind, Scan};
use crate::inputs::paths::{PathId, PathName};
use crate::inputs::resolve::{self, Resolved};
use crate::inputs::search::Chain;
use crate::inputs::snapshot::Snapshot;

/// What a file adds to a shape, and on which answers of the file system that rests.
#[derive(Debug)]
pub(in crate::inputs) struct Member {
    pub digest: Digest,
    pub scan: Arc<Scan>,
    /// Over the path, the fingerprint and what each include finds.
    pub hash: [u8; 16],
    pub hazards: Hazards,
    /// The file itself and those that it finds, as far as they say `#pragma once`.
    pub once: Box<[PathId]>,
    probes: Box<[(PathId, bool)]>,
}

impl Member {
    /// Scans a file and resolves its includes; for a command's main source (`main`) precompiled headers count too.
    pub(super) fn new(
        path: PathId,
        main: bool,
        chain: &Chain,
        snapshot: &mut Snapshot<'_>,
    ) -> io::Result<Self> {
        let name = snapshot.files().paths().get(path);
        let (seen, scan) = snapshot.scan(path)?;
        let mut resolved = resolve::resolve(&name, &scan, chain, snapshot)?;
        let mut hazards = scan.hazards;
        if main && precompiled(&name, &scan, chain, snapshot, &mut resolved)? {
            hazards |= Hazards::PRECOMPILED;
        }
        Ok(Self {
            digest: seen.digest,
            hash: hash(&name, &scan, &resolved, chain, snapshot),
            hazards,
            once: once(path, &resolved, snapshot),
            probes: probes(resolved),
            scan,
        })
    }

    /// Whether the file and all it looks for are as they were.
    pub(super) fn holds(&self, path: PathId, snapshot: &mut Snapshot<'_>) -> io::Result<bool> {
        if snapshot.look(path)?.digest != self.digest {
            return Ok(false);
        }
        for &(probe, found) in &self.probes {
            if snapshot.readable(probe)? != found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether one of the main file's includes may be replaced by a precompiled header (`.gch` beside it).
///
/// GCC looks for one at the first include of a compile only (GCC manual, "Precompiled Headers").
fn precompiled(
    name: &PathName,
    scan: &Scan,
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
    resolved: &mut Resolved,
) -> io::Result<bool> {
    for include in scan.includes.iter().filter(|include| include.kind == Kind::Include) {
        if precompiled_include(include, name.folder(), &[".gch"], chain, snapshot, resolved)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a candidate of an include, up to the one it finds, has a precompiled form; it may be a folder of them.
pub(super) fn precompiled_include(
    include: &Include,
    folder: &str,
    suffixes: &[&str],
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
    resolved: &mut Resolved,
) -> io::Result<bool> {
    let paths = snapshot.files().paths();
    for (path, decides) in resolve::candidates(include, folder, chain) {
        for suffix in suffixes {
            let id = paths.intern(&format!("{path}{suffix}"));
            if snapshot.stat(id).is_ok() {
                return Ok(true);
            }
            resolved.missed.push(id);
        }
        if decides && snapshot.readable(paths.intern(&path))? {
            break;
        }
    }
    Ok(false)
}

fn hash(
    name: &PathName,
    scan: &Scan,
    resolved: &Resolved,
    chain: &Chain,
    snapshot: &Snapshot<'_>,
) -> [u8; 16] {
    let paths = snapshot.files().paths();
    let mut hasher = Sha256::new();
    let mut text = |text: &str| chain.hash(text, &mut hasher);
    text(name.as_str());
    for found in &resolved.found {
        match found {
            Some(id) => text(paths.get(*id).as_str()),
            None => text(""),
        }
    }
    for further in &resolved.further {
        text(paths.get(*further).as_str());
    }
    hasher.update(scan.fingerprint);
    short(hasher)
}

fn once(path: PathId, resolved: &Resolved, snapshot: &mut Snapshot<'_>) -> Box<[PathId]> {
    let found = resolved.found.iter().flatten().chain(&resolved.further).copied();
    let mut found: Vec<PathId> = found.chain([path]).collect();
    found.sort_unstable();
    found.dedup();
    // What cannot be read is not in the set: then its condition keeps the compiler from it as well.
    found.retain(|id| snapshot.scan(*id).is_ok_and(|(_, scan)| scan.once));
    found.into()
}

fn probes(resolved: Resolved) -> Box<[(PathId, bool)]> {
    let found = resolved.found.into_iter().flatten().chain(resolved.further).map(|id| (id, true));
    let mut probes: Vec<_> = found.chain(resolved.missed.into_iter().map(|id| (id, false))).collect();
    probes.sort_unstable();
    probes.dedup();
    probes.into()
}
