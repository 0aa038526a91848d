//! The key of a result: a command that says nothing leaves the same whatever its messages would have looked like.

use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::cache::Cache;
use crate::cache::error::CacheError;
use crate::cache::outcome::Outcome;

/// Under what a command's result is found and kept. Both digests stand for everything that decides on what it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheKey {
    /// Besides, for all that decides on how its messages look. It names the command's launch, and its result on a grid.
    pub exact: Digest,
    /// For nothing else: a result without messages is kept under this.
    pub silent: Digest,
}

impl CacheKey {
    /// The key of a command that, saying nothing, is `silent`, in an environment with these variables.
    pub fn new(silent: Digest, environment: &[Variable]) -> Self {
        Self { exact: Digest::of(format!("{silent} said with {environment:?}").as_bytes()), silent }
    }

    /// One for a result of which it is not known what decides on its messages.
    pub fn undivided(key: Digest) -> Self {
        Self { exact: key, silent: key }
    }

    /// Both digests.
    pub fn all(self) -> [Digest; 2] {
        [self.exact, self.silent]
    }

    /// Whether the outcome is not to be given out.
    pub fn is_barred(&self, cache: &Cache) -> bool {
        self.all().iter().any(|key| cache.bars.has(key))
    }

    /// The digest that an outcome is kept under.
    pub fn of(&self, outcome: &Outcome) -> Digest {
        if outcome.is_silent() { self.silent } else { self.exact }
    }

    /// The outcome of a compile, if it is here.
    pub fn find(&self, cache: &Cache) -> Option<Outcome> {
        self.choose(|key| cache.find(key))
    }

    /// The outcome of any command, if it is here, however it ended.
    pub fn find_any(&self, cache: &Cache) -> Option<Outcome> {
        self.choose(|key| cache.find_any(key))
    }

    /// Keeps an outcome.
    pub fn store(&self, cache: &Cache, outcome: &Outcome) -> Result<(), CacheError> {
        cache.store(&self.of(outcome), outcome)
    }

    /// What `find` has under one of the digests.
    fn choose(&self, find: impl Fn(&Digest) -> Option<Outcome>) -> Option<Outcome> {
        let silent = || find(&self.silent).filter(|outcome| self.of(outcome) == self.silent);
        silent().or_else(|| find(&self.exact).filter(|outcome| self.of(outcome) == self.exact))
    }
}
