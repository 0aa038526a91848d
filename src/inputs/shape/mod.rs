//! Shape: a digest of all that decides which files a command reads.

mod computed;
mod examine;
pub(crate) mod group;
pub(crate) mod member;
mod positions;
pub mod set;
#[cfg(test)]
mod tests;
mod twins;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};
use sha2::{Digest as _, Sha256};

use super::resolve;
use super::search::Chain;
use super::snapshot::Snapshot;
use crate::base::digest::{Digest, hex, short};
use crate::base::paths::PathId;
use crate::directives::{self, Form, Hazards, Include, Kind, Scan};
use crate::inputs::shape::set::{Set, hash_path};
pub(super) use group::Group;
pub(super) use member::Member;
use positions::Positions;

/// Equal shapes, for the same command, environment and compiler: the compiler would read the same set of files.
///
/// It is a digest over the paths of the set (those below the project root relative to it), their fingerprints, and what each of their includes finds today. A header
/// that goes, one that comes to stand before another, and a `__has_include` that changes its answer, change it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shape(pub [u8; 16]);

impl Shape {
    /// Equal to no set's shape: what is read has to be found out anew.
    pub const UNKNOWN: Self = Self([0; 16]);

    /// The shape as seen by a compiler, by its identity: another defines other macros, and so may read other files.
    #[must_use]
    pub fn seen_by(self, compiler: &Digest) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        hasher.update(compiler.hash);
        Self(short(hasher))
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A dependency set as it is now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shaped {
    /// Its shape.
    pub shape: Shape,
    /// All hazards in it; with one of [`Hazards::UNACCOUNTED`] the result must not be cached.
    pub hazards: Hazards,
    /// Over what the files ask for without reading it (`__has_include`), and where that is today; `None` if they ask for nothing. No
    /// file of the set tells it: it belongs into the key.
    pub answers: Option<[u8; 16]>,
    /// Whether they ask for a file that is there and that none of them reads: who has only what they read answers otherwise.
    pub unread: bool,
}

/// Computes shapes, and keeps what each file adds to them; shared between threads.
#[derive(Debug, Default)]
pub struct Shapes {
    chains: RwLock<HashMap<[u8; 16], u32>>,
    members: RwLock<HashMap<u64, Arc<Member>>>,
    positions: Mutex<Positions>,
}

/// Members that are kept at most, at some 500 bytes each: where every command has a search path of its own, each has its own.
const MOST_MEMBERS: usize = 1 << 18;

/// What the groups of a set come to.
#[derive(Default)]
struct Sum {
    hazards: Hazards,
    computed: bool,
    by_content: bool,
    hashes: Vec<[u8; 16]>,
    answers: Vec<[u8; 16]>,
    asked: Vec<PathId>,
}

impl Shapes {
    /// The shape of a set in the snapshot that its files were looked at in.
    ///
    /// Costs one `stat(2)` for each shadow lookup the snapshot was not asked for before, as long as nothing has changed. Fails
    /// when a file of the set cannot be read, or a candidate's existence is not told: then the set has to be found out anew.
    pub fn shape(&self, set: Set<'_>, snapshot: &mut Snapshot<'_>) -> io::Result<Shaped> {
        let groups = self.groups(set, snapshot)?;
        let defined = directives::scan(set.macros.as_bytes());
        // They may stand for, or be, macros that ask.
        self.positions().add(Digest::of(set.macros.as_bytes()), &defined.macros);
        let mut sum = self.sum(&groups, &defined, snapshot);
        let extra = extra(set, &groups, &mut sum, snapshot)?;
        // By value, so that the order does not depend on this process's numbers of paths.
        sum.hashes.sort_unstable();
        let mut hasher = Sha256::new();
        hasher.update(sum.hashes.as_flattened());
        hasher.update(extra);
        sum.answers.sort_unstable();
        let answers =
            (!sum.answers.is_empty()).then(|| short(Sha256::new().chain_update(sum.answers.as_flattened())));
        Ok(Shaped {
            shape: Shape(short(hasher)),
            hazards: sum.hazards,
            answers,
            unread: unread(set, &sum.asked),
        })
    }

    /// The set's groups by their places in the snapshot, each of their members verified in it.
    fn groups(&self, set: Set<'_>, snapshot: &mut Snapshot<'_>) -> io::Result<Vec<usize>> {
        let chain = self.chain(set.chain);
        let mut places = Vec::with_capacity(set.files.len());
        for siblings in set.files {
            let main = siblings.files().iter().any(|file| file.id == set.source).then_some(set.source);
            let key = (chain, siblings.id(), main);
            if let Some(place) = snapshot.groups.place(&key) {
                places.push(place);
                continue;
            }
            let members = siblings.files().iter().map(|file| self.member(chain, file.id, set, snapshot));
            let group = Group::new(members.collect::<io::Result<_>>()?);
            places.push(snapshot.groups.insert(key, group));
        }
        Ok(places)
    }

    /// A member that is true in the snapshot, from memory or anew.
    fn member(
        &self,
        chain: u32,
        file: PathId,
        set: Set<'_>,
        snapshot: &mut Snapshot<'_>,
    ) -> io::Result<Arc<Member>> {
        let main = file == set.source;
        let key = u64::from(chain) << 33 | u64::from(file.0) << 1 | u64::from(main);
        if let Some(member) = snapshot.verified.get(&key) {
            return Ok(Arc::clone(member));
        }
        let known = self.members.read().get(&key).cloned();
        let member = match known {
            Some(known) if known.holds(file, snapshot)? => known,
            _ => {
                let member = Arc::new(Member::new(file, main, set.chain, snapshot)?);
                self.positions().add(member.digest, &member.scan.macros);
                let mut members = self.members.write();
                if members.len() == MOST_MEMBERS {
                    members.clear();
                }
                members.insert(key, Arc::clone(&member));
                member
            }
        };
        snapshot.verified.insert(key, Arc::clone(&member));
        Ok(member)
    }

    fn sum(&self, groups: &[usize], defined: &Scan, snapshot: &mut Snapshot<'_>) -> Sum {
        let positions = self.positions();
        let mut sum = Sum { hashes: Vec::with_capacity(groups.len()), ..Sum::default() };
        let mut reached = Hazards::NONE;
        let mut probes = defined.macros.probes();
        let mut words = defined.macros.words.clone();
        for &place in groups {
            let group = snapshot.groups.at(place);
            sum.hazards |= group.hazards;
            reached |= group.positional(&positions);
            probes |= group.probes;
            words.extend(&group.words);
            sum.computed |= group.computed;
            sum.hashes.push(group.hash);
            sum.answers.extend(&group.answers);
            sum.asked.extend(&group.asked);
        }
        // A file of another command may have brought the macro that asks.
        let asking = Hazards::PROBE | Hazards::PASTED;
        sum.hazards |= defined.hazards | reached.without(asking);
        if !reached.intersection(probes).is_empty() {
            sum.hazards |= Hazards::PROBE;
        }
        if replaces(&words, groups, defined, snapshot) {
            sum.hazards |= Hazards::PROBE;
        }
        let by_text = Hazards::POSITION | Hazards::COUNTER | Hazards::TEXT;
        sum.by_content = !sum.hazards.intersection(by_text).is_empty();
        sum
    }

    fn chain(&self, chain: &Chain) -> u32 {
        if let Some(number) = self.chains.read().get(&chain.key) {
            return *number;
        }
        let mut chains = self.chains.write();
        let next = chains.len() as u32;
        *chains.entry(chain.key).or_insert(next)
    }

    /// Of how many contents the macros are kept.
    pub fn contents(&self) -> usize {
        self.positions().contents()
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.positions.lock()
    }
}

/// Whether some of the files asked for are not in the set.
fn unread(set: Set<'_>, asked: &[PathId]) -> bool {
    if asked.is_empty() {
        return false;
    }
    let read: HashSet<PathId> = set.files().map(|file| file.id).collect();
    asked.iter().any(|file| !read.contains(file))
}

/// Whether a macro of a set is called like one of the words in headers' names.
fn replaces(words: &[u32], groups: &[usize], defined: &Scan, snapshot: &mut Snapshot<'_>) -> bool {
    let is_in = |scan: &Scan| words.iter().any(|word| scan.macros.defined.binary_search(word).is_ok());
    !words.is_empty()
        && (is_in(defined)
            || groups
                .iter()
                .any(|&place| snapshot.groups.at(place).members.iter().any(|member| is_in(&member.scan))))
}

/// What a shape holds besides its members.
fn extra(set: Set<'_>, groups: &[usize], sum: &mut Sum, snapshot: &mut Snapshot<'_>) -> io::Result<[u8; 16]> {
    let mut hasher = Sha256::new();
    forced(set.chain, sum, snapshot, &mut hasher)?;
    twins::hash(set.chain, groups, snapshot, &mut hasher);
    if sum.by_content {
        contents(set, snapshot, &mut hasher)?;
    }
    if sum.computed {
        computed::hash(set, groups, snapshot, &mut hasher)?;
    }
    Ok(short(hasher))
}

/// What is included before the source: `-include`, looked for in the working directory first (GCC manual,
/// "Preprocessor Options"), and `stdc-predef.h`, which GCC includes by itself if there is one.
fn forced(chain: &Chain, sum: &mut Sum, snapshot: &mut Snapshot<'_>, hasher: &mut Sha256) -> io::Result<()> {
    let quoted = |name: &String| Include { kind: Kind::Include, form: Form::Quote, name: name.clone() };
    let predef = Include { kind: Kind::HasInclude, form: Form::Angle, name: "stdc-predef.h".to_owned() };
    for include in chain.forced.iter().map(quoted).chain([predef]) {
        let walk = resolve::walk(&include, &chain.cwd, chain, snapshot)?;
        if include.kind == Kind::Include
            && resolve::precompiled(&include, &chain.cwd, &[".gch", ".pch"], chain, snapshot)?.0
        {
            sum.hazards |= Hazards::PRECOMPILED;
        }
        for &id in walk.found.iter().chain(&walk.further) {
            hash_path(id, chain, snapshot, hasher);
        }
        hasher.update([1]);
    }
    Ok(())
}

fn contents(set: Set<'_>, snapshot: &mut Snapshot<'_>, hasher: &mut Sha256) -> io::Result<()> {
    let mut digests = Vec::new();
    for file in set.files() {
        let mut one = Sha256::new();
        hash_path(file.id, set.chain, snapshot, &mut one);
        one.update(snapshot.look(file.id)?.digest.hash);
        digests.push(short(one));
    }
    digests.sort_unstable();
    hasher.update(digests.as_flattened());
    Ok(())
}
