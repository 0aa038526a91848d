//! Results that are not to be given out, whatever is kept of them.

use std::collections::HashSet;

use parking_lot::RwLock;

use crate::base::digest::Digest;

/// The actions whose results are barred.
#[derive(Debug, Default)]
pub struct Bars(RwLock<HashSet<Digest>>);

impl Bars {
    /// Whether the result of `action` is barred.
    pub fn has(&self, action: &Digest) -> bool {
        self.0.read().contains(action)
    }

    /// Bars these, and no others.
    pub fn set(&self, actions: HashSet<Digest>) {
        *self.0.write() = actions;
    }
}
