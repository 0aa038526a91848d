//! Warnings that are worth one line in the log, not one for each compile.

use std::collections::HashSet;

use parking_lot::Mutex;

use crate::settings::{Backend, Settings};

/// What was warned of.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Mutex<HashSet<String>>);

impl Warnings {
    /// Warns of recc's settings that are not obeyed, once of each.
    pub(crate) fn of_settings(&self, settings: &Settings) {
        for problem in settings.problems() {
            if self.is_new(problem) {
                tracing::warn!("{problem}");
            }
        }
        if settings.backend() == Backend::Recc {
            if settings.verify().is_ok_and(|share| share > 0.0) && self.is_new("verify") {
                tracing::warn!("nothing is verified with the backend recc: it serves what it has by itself");
            }
            // recc itself obeys them.
            return;
        }
        for found in settings.unhonoured() {
            if self.is_new(&found.name) {
                tracing::warn!("{} (from {}): {}", found.name, found.source, found.why);
            }
        }
    }

    fn is_new(&self, name: &str) -> bool {
        self.0.lock().insert(name.to_owned())
    }
}
