//! Examining members: what a file adds to a shape, and whether it still does.

use std::io;

use sha2::{Digest as _, Sha256};

use super::member::Member;
use crate::base::digest::short;
use crate::base::paths::{PathId, PathName};
use crate::directives::{Hazards, Kind, Scan};
use crate::inputs::resolve::{self, Resolved};
use crate::inputs::search::Chain;
use crate::inputs::snapshot::Snapshot;

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
            answers: answers(&name, &scan, &resolved, chain, snapshot),
            asked: asked(&scan, &resolved),
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

/// Where each file is that is asked for, if it is there; nothing where none is asked for.
fn answers(
    name: &PathName,
    scan: &Scan,
    resolved: &Resolved,
    chain: &Chain,
    snapshot: &Snapshot<'_>,
) -> Option<[u8; 16]> {
    if !scan.includes.iter().any(|include| include.kind.is_probe()) {
        return None;
    }
    let paths = snapshot.files().paths();
    let mut hasher = Sha256::new();
    chain.hash(name.as_str(), &mut hasher);
    for (include, found) in scan.includes.iter().zip(&resolved.found) {
        if include.kind.is_probe() {
            hasher.update(include.name.as_bytes());
            hasher.update([0]);
            match found {
                Some(id) => chain.hash(paths.get(*id).as_str(), &mut hasher),
                None => chain.hash("", &mut hasher),
            }
        }
    }
    // Of those behind the first it is not kept which include they are of.
    for further in &resolved.further {
        chain.hash(paths.get(*further).as_str(), &mut hasher);
    }
    Some(short(hasher))
}

/// The files that are asked for and there, less those that would be read if somebody did ask.
fn asked(scan: &Scan, resolved: &Resolved) -> Box<[PathId]> {
    let probes = || {
        let probes = scan.includes.iter().zip(&scan.harmless).enumerate();
        probes.filter(|(_, (include, harmless))| include.kind.is_probe() && !**harmless)
    };
    let mut asked: Vec<PathId> = probes().filter_map(|(place, _)| resolved.found[place]).collect();
    // It is not kept which include they are of.
    if probes().any(|(_, (include, _))| include.kind == Kind::HasIncludeNext) {
        asked.extend(&resolved.further);
    }
    asked.into()
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
