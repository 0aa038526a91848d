//! How the commands that a build asks for differ from their records, and what that lets one expect of the others.

use std::sync::Arc;

use crate::command::rewrite::{Rewrite, Words};
use crate::launch::candidate::Candidate;
use crate::store::RecordId;

/// Commands that must have changed in one way before others are expected to.
const ENOUGH: usize = 2;

/// Commands that have not changed so, though they could have, after which it is not expected any more.
const REFUTED: usize = 2;

/// Changes that are carried over in one session: with each the records are gone through.
const MOST_CHANGES: usize = 8;

/// What a session's commands say of how they have changed.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// The latest change, and how many commands have made it.
    latest: Option<(Rewrite, usize)>,
    /// The change that is expected of the others, and how many commands have not made it.
    expected: Option<(Rewrite, usize)>,
    /// What is to be done about it.
    pub(super) due: Option<Due>,
    changes: usize,
    /// Commands without a record whose like was searched for.
    pub(super) searches: usize,
    /// What stands in the places of recorded commands.
    pub(super) guesses: Vec<Guess>,
}

/// What is to be done about a change.
#[derive(Debug)]
pub(super) enum Due {
    /// All that the build has not asked for is expected to change so.
    Expect(Rewrite),
    /// These are not expected any more.
    TakeBack(Vec<Guess>),
}

/// A recorded command, and the one that is expected in its place.
#[derive(Debug)]
pub(super) struct Guess {
    pub(super) recorded: Arc<Candidate>,
    /// The recorded command's name before.
    pub(super) id: RecordId,
    pub(super) expected: Arc<Candidate>,
}

impl Changed {
    /// Takes note of a change; true when it is to be expected of other commands from now on.
    pub(super) fn note(&mut self, change: Rewrite) -> bool {
        let (change, seen) = match self.latest.take() {
            Some((latest, seen)) => match latest.agreed(&change) {
                Some(agreed) => (agreed, seen + 1),
                None => (change, 1),
            },
            None => (change, 1),
        };
        self.latest = Some((change.clone(), seen));
        let expected = seen == ENOUGH && self.changes < MOST_CHANGES;
        if expected {
            self.changes += 1;
            self.expected = Some((change.clone(), 0));
            self.due = Some(Due::Expect(change));
        }
        expected
    }

    /// Takes note of a command that could have changed, and has not; true when the change is no longer expected of others.
    pub(super) fn note_constancy(&mut self, command: &Words) -> bool {
        let could = |change: &Rewrite| change.apply(command).is_some();
        let Some((change, against)) = &mut self.expected else {
            self.latest.take_if(|(change, _)| could(change));
            return false;
        };
        *against += usize::from(could(change));
        let refuted = *against >= REFUTED;
        if refuted {
            (self.expected, self.latest) = (None, None);
            self.due = Some(Due::TakeBack(std::mem::take(&mut self.guesses)));
        }
        refuted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Words {
        let args = line.split(' ').map(str::to_owned).collect();
        Words { compiler: "cc".into(), directory: "{root}".into(), args, environment: Vec::new() }
    }

    fn note(changed: &mut Changed, old: &str, new: &str) -> bool {
        changed.note(Rewrite::between(&words(old), &words(new)).expect("a change"))
    }

    #[test]
    fn two_that_change_alike_are_followed_until_two_do_not() {
        let mut changed = Changed::default();
        assert!(!note(&mut changed, "-O2 a.c", "-O1 a.c"));
        assert!(!note(&mut changed, "-O2 b.c", "-O3 b.c"), "that is another change");
        assert!(note(&mut changed, "-O2 c.c", "-O3 c.c"));
        assert!(matches!(changed.due.take(), Some(Due::Expect(_))));
        assert!(!changed.note_constancy(&words("-Os d.c")), "it could not have changed so");
        assert!(!changed.note_constancy(&words("-O2 e.c")));
        assert!(changed.note_constancy(&words("-O2 f.c")));
        assert!(matches!(changed.due.take(), Some(Due::TakeBack(_))));
    }

    #[test]
    fn one_that_could_have_changed_ends_what_only_one_has() {
        let mut changed = Changed::default();
        assert!(!note(&mut changed, "-O2 a.c", "-O1 a.c"));
        changed.note_constancy(&words("-O2 b.c"));
        assert!(!note(&mut changed, "-O2 c.c", "-O1 c.c"));
    }
}
