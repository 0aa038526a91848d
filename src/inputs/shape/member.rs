//! Member: one file of a dependency set, and what its includes mean along one search path.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::base::digest::{Digest, short};
use crate::base::paths::{PathId, PathName};
use crate::directives::{Hazards, Scan};
use crate::inputs::resolve::{self, Resolved};
use crate::inputs::search::Chain;
use crate::inputs::snapshot::Snapshot;

/// What a file adds to a shape, and on which answers of the file system that rests.
#[derive(Debug)]
pub(crate) struct Member {
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
        let resolved = resolve::resolve(&name, main, &scan, chain, snapshot)?;
        let precompiled = if resolved.precompiled { Hazards::PRECOMPILED } else { Hazards::NONE };
        Ok(Self {
            digest: seen.digest,
            hash: hash(&name, &scan, &resolved, chain, snapshot),
            hazards: scan.hazards | precompiled,
            once: once(path, &scan, &resolved),
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

fn once(path: PathId, scan: &Scan, resolved: &Resolved) -> Box<[PathId]> {
    let own = scan.once.then_some(path);
    let mut once: Vec<PathId> = resolved.once.iter().copied().chain(own).collect();
    once.sort_unstable();
    once.dedup();
    once.into()
}

fn probes(resolved: Resolved) -> Box<[(PathId, bool)]> {
    let found = resolved.found.into_iter().flatten().chain(resolved.further).map(|id| (id, true));
    let mut probes: Vec<_> = found.chain(resolved.missed.into_iter().map(|id| (id, false))).collect();
    probes.sort_unstable();
    probes.dedup();
    probes.into()
}
