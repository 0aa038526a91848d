//! Warnings that are worth one line in the log, not one for each compile.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::settings::{Backend, Settings};

/// What was warned of.
#[derive(Debug, Default)]
pub(super) struct Warnings(Mutex<HashSet<String>>);

impl Warnings {
    /// Warns of recc's settings that are not obeyed, once of each.
    pub(super) fn of_settings(&self, settings: &Settings) {
        if settings.backend() == Backend::Recc {
            // recc itself obeys them.
            return;
        }
        for found in settings.unhonoured() {
            if self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(found.name.clone()) {
                tracing::warn!("{} (from {}): {}", found.name, found.source, found.why);
            }
        }
    }
}
