//! Sharing results between checkouts: a key in which the project root has no name, where that cannot change what is made.

use std::sync::Arc;

use memchr::memmem;

use super::cache_key::CacheKey;
use super::call::Call;
use super::pieces;
use crate::base::digest::Digest;
use crate::base::paths::{PathId, Paths};
use crate::cache::Cache;
use crate::cache::outcome::Outcome;
use crate::command::normalise::{self, MARK};
use crate::command::sharing::{self, Checkout, Sharing, Unshared, below};
use crate::directives::Hazards;
use crate::inputs::siblings::Siblings;
use crate::inputs::snapshot::Snapshot;
use crate::{action, command};

/// What the sections with debug information are called.
const DEBUG: &str = ".debug_";

/// Objects up to this size are taken into memory, bytes: that is quicker, and most are far smaller.
const AT_ONCE: u64 = 4 << 20;

/// Under which keys a call's result may be found and kept.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Stands for everything that the object depends on, the project root included.
    pub own: CacheKey,
    /// The same for every checkout, or why there is no such key.
    pub shared: Result<Shared, Unshared>,
}

/// A key that all checkouts share.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Stands for everything that the object depends on but where the project root lies.
    pub key: CacheKey,
    sharing: Sharing,
    root: String,
}

impl Keys {
    /// The outcome kept under one of the keys, with the paths of this checkout.
    pub fn find(&self, cache: &Cache) -> Option<Outcome> {
        // What is barred under one of them is under none.
        if self.are_barred(cache) {
            return None;
        }
        self.own.find(cache).or_else(|| {
            let shared = self.shared.as_ref().ok()?;
            let found = shared.key.find(cache)?;
            found.renamed(|path| Some(normalise::from_template(path, &shared.root)))
        })
    }

    /// The digests of all of them, the exact one first.
    pub fn all(&self) -> Vec<Digest> {
        let keys = std::iter::once(self.own).chain(self.shared.as_ref().ok().map(|shared| shared.key));
        keys.flat_map(CacheKey::all).collect()
    }

    /// Whether the outcome is not to be given out under any of them.
    pub fn are_barred(&self, cache: &Cache) -> bool {
        self.own.is_barred(cache) || self.shared.as_ref().is_ok_and(|shared| shared.key.is_barred(cache))
    }

    /// Keeps an outcome of this checkout, and for all if nothing in it tells where it was made.
    pub fn store(&self, cache: &Cache, outcome: &Outcome) -> Result<(), crate::cache::error::CacheError> {
        self.own.store(cache, outcome)?;
        let Some(shared) = self.key_for_all(cache, outcome) else { return Ok(()) };
        match outcome.clone().renamed(|path| normalise::to_template(path, &shared.root)) {
            Some(outcome) => shared.key.store(cache, &outcome),
            None => Ok(()),
        }
    }

    /// The key that an outcome of this checkout may go by in others.
    pub fn key_for_all(&self, cache: &Cache, outcome: &Outcome) -> Option<&Shared> {
        self.shared.as_ref().ok().filter(|shared| shared.is_anywhere(cache, outcome))
    }
}

impl Shared {
    /// Whether nothing in an outcome tells where it was made.
    ///
    /// By what is known of the command nothing does. This is for what is not known: assembler directives, for one, have GNU as
    /// write the working directory.
    fn is_anywhere(&self, cache: &Cache, outcome: &Outcome) -> bool {
        // A message may name a path, and be broken into lines by its length.
        if self.sharing.mapped && !outcome.stderr.is_empty() {
            return false;
        }
        // As symbols are made of paths.
        let name: String =
            self.root.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let tells = |bytes: &[u8]| {
            let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
            has(&self.root) || has(&name) || !self.sharing.debug && has(DEBUG)
        };
        let is_clean = |digest: &Digest| {
            if digest.size <= AT_ONCE {
                return cache.blobs.read(digest).ok().flatten().is_some_and(|bytes| !tells(&bytes));
            }
            let blob = cache.blobs.open(digest).ok().flatten();
            let longest = name.len().max(DEBUG.len());
            blob.and_then(|blob| pieces::any(blob.file, longest, tells).ok()) == Some(false)
        };
        !tells(&outcome.stderr) && outcome.files.iter().all(|file| is_clean(&file.digest))
    }
}

/// Everything that decides on an action.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    pub(super) parts: action::Parts<'a>,
    pub(super) files: &'a [Arc<Siblings>],
    /// The project root.
    pub(super) root: &'a str,
    /// What the folders of others were made of.
    pub(super) folders: &'a action::Folders,
    /// What the files say of themselves.
    pub(super) sharing: &'a Result<Sharing, Unshared>,
    /// Whether one of them says what time it is.
    pub(super) clock: bool,
}

impl<'a> Made<'a> {
    fn inputs(&self) -> Vec<action::Input<'a>> {
        self.files.iter().map(|siblings| action::Input::Siblings(siblings)).collect()
    }
}

/// The keys of an action.
pub(super) fn keys(made: Made<'_>) -> Keys {
    let all = made.parts.environment;
    let silent = command::of_outputs(all, made.clock);
    let parts = action::Parts { environment: &silent, ..made.parts };
    let made = Made { parts, ..made };
    let shared = made.sharing.clone().and_then(|sharing| Ok((sharing, shared_digest(made)?)));
    match shared {
        // One tree is enough: the root and all else give the exact key.
        Ok((sharing, key)) => {
            let own = Digest::of(format!("{key} in {}", made.root).as_bytes());
            let shared = Shared { key: CacheKey::new(key, all), sharing, root: made.root.to_owned() };
            Keys { own: CacheKey::new(own, all), shared: Ok(shared) }
        }
        Err(why) => {
            let own = action::digest(&made.parts, &made.inputs(), None, made.folders);
            Keys { own: CacheKey::new(own, all), shared: Err(why) }
        }
    }
}

/// The action's digest with the root taken out of its command and of its inputs' paths.
fn shared_digest(made: Made<'_>) -> Result<Digest, Unshared> {
    let without = |text: &String| {
        normalise::to_template(text, made.root).ok_or_else(|| Unshared::Mentioned(text.clone()))
    };
    let all = |texts: &[String]| texts.iter().map(without).collect::<Result<Vec<_>, _>>();
    let (arguments, outputs) = (all(made.parts.arguments)?, all(made.parts.outputs)?);
    let named = |path: &str| memchr::memchr(b'{', path.as_bytes()).is_some() && path.contains(MARK);
    if named(made.parts.directory) {
        return Err(Unshared::Mentioned(made.parts.directory.to_owned()));
    }
    let mut files = made.files.iter().flat_map(|siblings| siblings.files());
    if let Some(file) = files.find(|file| named(file.path.as_str())) {
        let why = "has a name that stands for the project root";
        return Err(Unshared::File { file: file.path.as_str().to_owned(), why });
    }
    let parts = action::Parts { arguments: &arguments, outputs: &outputs, ..made.parts };
    let renamed = action::Renamed { folder: made.root, name: MARK };
    Ok(action::digest(&parts, &made.inputs(), Some(renamed), made.folders))
}

/// Whether a call that reads `set` leaves the same in every checkout.
pub(super) fn sharing(
    paths: &Paths,
    call: &Call,
    root: &str,
    set: &[PathId],
    hazards: Hazards,
    snapshot: &mut Snapshot<'_>,
) -> Result<Sharing, Unshared> {
    let at = Checkout {
        root,
        directory: &call.directory,
        compiler: &call.compiler,
        environment: &call.environment,
    };
    let sharing = sharing::sharing(&call.compile, at)?;
    let systems = sharing::shortens_names(&call.compile) && hazards.contains(Hazards::SYSTEM);
    if !sharing.mapped && !systems {
        return Ok(sharing);
    }
    for (&id, name) in set.iter().zip(paths.all(set)) {
        let inside = below(name.as_str(), root).is_some();
        let why = if sharing.mapped && !inside && name.as_str().starts_with(root) {
            "lies beside the project root, whose name its own begins with"
        } else if sharing.mapped && hazards.contains(Hazards::LINE) && says(id, Hazards::LINE, snapshot) {
            "says by #line that it is another file"
        } else if systems && inside && says(id, Hazards::SYSTEM, snapshot) {
            "may say that it is a system header: add -fno-canonical-system-headers"
        } else {
            continue;
        };
        return Err(Unshared::File { file: name.as_str().to_owned(), why });
    }
    Ok(sharing)
}

fn says(id: PathId, what: Hazards, snapshot: &mut Snapshot<'_>) -> bool {
    // What cannot be scanned may say anything.
    snapshot.scan(id).map_or(true, |(_, scan)| scan.hazards.contains(what))
}
