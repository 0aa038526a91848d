//! The shape of a dependency set: what decides which files a command reads, short of running its preprocessor.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

use super::digest::Digest;
use super::files::{Files, Seen};
use super::paths::PathId;
use super::search::{Candidates, Chain, SearchPath};

/// Stands for the directives of every file in a dependency set and for where each of their includes is found.
///
/// Equal shapes mean that the compiler reads the same files for the same command and environment: what it reads
/// depends on the directives it meets and on which candidate paths exist, and on nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub [u8; 16]);

/// Works shapes out, and keeps the candidates of each file's includes.
#[derive(Debug, Default)]
pub struct Shapes {
    chains: Mutex<HashMap<SearchPath, (u32, Arc<Chain>)>>,
    lookups: RwLock<HashMap<(u32, PathId), Arc<Lookups>>>,
}

/// A chain and the number it is known by.
#[derive(Debug, Clone)]
pub struct NumberedChain {
    number: u32,
    chain: Arc<Chain>,
}

/// The candidates of all includes of one file on one chain.
#[derive(Debug)]
struct Lookups {
    digest: Digest,
    includes: Vec<Candidates>,
}

/// What exists, each path looked at once. Short-lived: it is the truth of one moment.
pub struct Snapshot<'a> {
    files: &'a Files,
    exists: Vec<u8>,
    seen: HashMap<PathId, Seen>,
}

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;

impl<'a> Snapshot<'a> {
    /// Nothing looked at yet.
    pub fn new(files: &'a Files) -> Self {
        Self { files, exists: vec![UNKNOWN; files.paths().count()], seen: HashMap::new() }
    }

    /// The content of a file.
    pub fn look(&mut self, id: PathId) -> io::Result<Seen> {
        if let Some(seen) = self.seen.get(&id) {
            return Ok(seen.clone());
        }
        let seen = self.files.look(id)?;
        *self.mark(id) = PRESENT;
        self.seen.insert(id, seen.clone());
        Ok(seen)
    }

    /// Whether there is something other than a folder at a path.
    fn exists(&mut self, id: PathId) -> bool {
        if *self.mark(id) == UNKNOWN {
            let present = self.files.stat(id).is_ok_and(|stamp| !stamp.is_folder());
            *self.mark(id) = if present { PRESENT } else { ABSENT };
        }
        *self.mark(id) == PRESENT
    }

    fn mark(&mut self, id: PathId) -> &mut u8 {
        if id.index() >= self.exists.len() {
            self.exists.resize(id.index() + 1024, UNKNOWN);
        }
        &mut self.exists[id.index()]
    }
}

impl Shapes {
    /// The chain of a search path, made once.
    pub fn chain(&self, path: SearchPath) -> NumberedChain {
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        let number = chains.len() as u32;
        let (number, chain) =
            chains.entry(path).or_insert_with_key(|path| (number, Arc::new(Chain::new(path)))).clone();
        NumberedChain { number, chain }
    }

    /// The shape of a dependency set now. Paths below `root` count as relative to it.
    pub fn shape(
        &self,
        snapshot: &mut Snapshot<'_>,
        chain: &NumberedChain,
        set: &[PathId],
        root: &str,
    ) -> io::Result<Shape> {
        let mut parts = Vec::with_capacity(set.len() + 1);
        let mut computed = Vec::new();
        for &id in set {
            let seen = snapshot.look(id)?;
            let name = snapshot.files.paths().get(id);
            let lookups = self.lookups(snapshot.files, chain, id, &seen);
            let mut hash = Sha256::new();
            hash.update(name.strip_prefix(root).unwrap_or(&name).as_bytes());
            hash.update([0]);
            hash.update(seen.scan.fingerprint);
            for candidates in &lookups.includes {
                walk(snapshot, candidates, &mut hash);
            }
            parts.push(hash.finalize());
            if seen.scan.computed_include {
                computed.push(name);
            }
        }
        let mut hash = Sha256::new();
        for candidates in chain.chain.forced(snapshot.files.paths()) {
            walk(snapshot, &candidates, &mut hash);
        }
        for includer in computed {
            guess(snapshot, &chain.chain, set, &includer, &mut hash);
        }
        parts.push(hash.finalize());
        // By value, so that the place of the root among other paths does not matter.
        parts.sort_unstable();
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part));
        let mut shape = Shape::default();
        shape.0.copy_from_slice(&hash.finalize()[..16]);
        Ok(shape)
    }

    fn lookups(&self, files: &Files, chain: &NumberedChain, id: PathId, seen: &Seen) -> Arc<Lookups> {
        let key = (chain.number, id);
        if let Some(found) = self.lookups.read().unwrap_or_else(PoisonError::into_inner).get(&key)
            && found.digest == seen.digest
        {
            return Arc::clone(found);
        }
        let name = files.paths().get(id);
        let includes = seen
            .scan
            .includes
            .iter()
            .map(|include| chain.chain.candidates(files.paths(), &name, include))
            .collect();
        let made = Arc::new(Lookups { digest: seen.digest, includes });
        self.lookups.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(&made));
        made
    }
}

/// Adds where an include is found: the place in its list of candidates.
fn walk(snapshot: &mut Snapshot<'_>, candidates: &Candidates, hash: &mut Sha256) {
    let mut place = u16::MAX;
    for (number, &id) in candidates.ids.iter().enumerate() {
        if snapshot.exists(id) {
            place = number as u16;
            if !candidates.whole {
                break;
            }
            hash.update(place.to_le_bytes());
        }
    }
    hash.update(place.to_le_bytes());
}

/// Adds where the headers of a set would be found by a file whose includes are macros: any name under which the
/// search path leads to a header in the set may be the one.
fn guess(snapshot: &mut Snapshot<'_>, chain: &Chain, set: &[PathId], includer: &str, hash: &mut Sha256) {
    let paths = Arc::clone(snapshot.files.paths());
    let own = includer.rfind('/').map_or("", |slash| &includer[..slash]);
    for &id in set {
        let header = paths.get(id);
        for folder in std::iter::once(own).chain(chain.folders()) {
            if let Some(name) = header.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) {
                walk(snapshot, &chain.guessed(&paths, own, name), hash);
            }
        }
    }
}
