//! Carrying a change over: when a build's commands differ from their records in one and the same way (another `-O`, a `-D` more,
//! another folder), those that it has not asked for yet are expected to differ so, too.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::changed::{Due, Guess};
use super::{Inner, Session};
use crate::base::digest::Digest;
use crate::command::rewrite::{Rewrite, Words};
use crate::compile::engine::Engine;
use crate::compile::reads::Reads;
use crate::compile::recorded::{Recorded, lasting};
use crate::inputs::shape::Shape;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::life::Launch;
use crate::launch::miss::MissReason;
use crate::session::revive::{given, work};
use crate::store::{Record, RecordId};
use crate::traced::work::Work;

/// Commands without a record whose like is searched for among the records, in one session.
const MOST_SEARCHES: usize = 64;

/// A record's command.
fn words(record: &Record) -> Words {
    Words {
        compiler: record.compiler.clone(),
        directory: record.cwd.clone(),
        args: record.args.clone(),
        environment: lasting(&record.env).cloned().collect(),
    }
}

impl Session {
    /// Takes note of a command that the build asks for as it is not recorded, though `id` may be that of a record.
    pub(crate) fn note_change(&self, engine: &Engine, asked: &impl Recorded, id: RecordId) {
        let Some(recorded) = self.recorded(engine, asked, id) else { return };
        let new = words(&asked.record(id, &self.context.site.root));
        let change = Rewrite::between(&recorded.record(words), &new);
        if change.is_some_and(|change| self.inner().changed.note(change)) {
            self.context.bell.ring();
        }
    }

    /// Takes note of a command that the build asks for as it is recorded.
    pub(crate) fn note_constancy(&self, recorded: &Candidate) {
        if !recorded.is_guessed() && self.inner().changed.note_constancy(&recorded.record(words)) {
            self.context.bell.ring();
        }
    }

    /// The commands that are to be launched in the place of others, since the build's have changed, or have not.
    pub(super) fn changed_commands(&self, engine: &Engine) -> Vec<Arc<Candidate>> {
        let due = self.inner().changed.due.take();
        match due {
            Some(Due::Expect(change)) => self.expect_all(engine, &change),
            Some(Due::TakeBack(guesses)) => self.take_back(engine, guesses),
            None => Vec::new(),
        }
    }

    /// The record that a command without one has changed from: that of what it makes, else the only one of its sources that nobody
    /// has asked for.
    fn recorded<C: Recorded>(&self, engine: &Engine, asked: &C, id: RecordId) -> Option<Arc<Candidate>> {
        let sources = asked.sources();
        {
            let mut inner = self.inner();
            if let Some(candidate) = inner.candidates.get(&id) {
                return Some(Arc::clone(candidate));
            }
            inner.changed.searches += usize::from(!sources.is_empty());
            if sources.is_empty() || inner.changed.searches > MOST_SEARCHES {
                return None;
            }
        }
        let mut alike = self.still_expected();
        if C::TRACED {
            let product = (asked.directory(), asked.product());
            let contents = contents(engine, &sources);
            alike.retain(|other| other.work.product() == product && is_test_of(other, &contents));
        } else {
            let source = |other: &Arc<Candidate>| other.work.compile().and_then(|call| call.sources().pop());
            let wanted = sources.first()?;
            alike.retain(|other| source(other).is_some_and(|other| other.file_name() == wanted.file_name()));
            if alike.iter().any(|other| source(other).as_ref() == Some(wanted)) {
                alike.retain(|other| source(other).as_ref() == Some(wanted));
            }
        }
        // Of several nobody knows which.
        let found = alike.pop();
        found.filter(|_| alike.is_empty())
    }

    /// The commands that the build has not asked for, as far as they are in their places and may be launched.
    fn still_expected(&self) -> Vec<Arc<Candidate>> {
        let mut candidates: Vec<_> = self.inner().candidates.values().cloned().collect();
        let barred =
            |launch: &Launch| matches!(launch, Launch::Not(why) if why.why == MissReason::Quarantined);
        candidates.retain(|candidate| {
            let superseded = candidate.record(|record| record.superseded);
            !superseded && !candidate.is_asked() && !barred(&candidate.launch())
        });
        candidates
    }

    /// Recorded commands whose place is taken by what was only expected, by their names now.
    pub(super) fn displaced(&self) -> HashSet<RecordId> {
        let inner = self.inner();
        let guesses = inner.changed.guesses.iter().filter(|guess| guess.expected.is_guessed());
        guesses.map(|guess| guess.recorded.id()).collect()
    }

    /// Expects the change of all recorded commands that the build has not asked for.
    fn expect_all(&self, engine: &Engine, change: &Rewrite) -> Vec<Arc<Candidate>> {
        let mut snapshot = Snapshot::new(&engine.files);
        let mut expected: Vec<_> = self
            .still_expected()
            .iter()
            .filter_map(|candidate| {
                let changed = self.changed(engine, candidate, change, &mut snapshot)?;
                self.expect(engine, candidate, changed)
            })
            .collect();
        tracing::info!(
            "session {}: {} commands are expected to change as others have",
            self.id,
            expected.len()
        );
        expected.sort_by_key(|candidate| candidate.record(|record| record.order));
        expected
    }

    /// The record of that name, if it is of the command that `is` tells. Another one gives its place.
    pub(crate) fn give_place(&self, id: RecordId, is: impl Fn(&Record) -> bool) -> Option<Arc<Candidate>> {
        let mut inner = self.inner();
        let before = inner.candidates.get(&id).cloned()?;
        let same = before.record(is);
        if !same {
            inner.supersede(&before, &self.context.site.root);
        }
        same.then_some(before)
    }

    /// What a recorded command is after the change.
    fn changed(
        &self,
        engine: &Engine,
        candidate: &Candidate,
        change: &Rewrite,
        snapshot: &mut Snapshot<'_>,
    ) -> Option<Candidate> {
        let old = candidate.record(Record::clone);
        let Words { compiler, directory, args, environment } = change.apply(&words(&old))?;
        let ambient = old.env.iter().filter(|pair| !lasting(std::slice::from_ref(*pair)).any(|_| true));
        let mut env: Vec<_> = ambient.cloned().chain(environment).collect();
        env.sort_unstable();
        let mut record = Record { compiler, args, cwd: directory, env, first: None, ..old };
        let work = work(&engine.toolchains, &record, &self.context, snapshot).ok()?;
        let root = &self.context.site.root;
        if let Work::Compile(call) = &work {
            (record.id, record.source, record.outputs) =
                (call.id(root), call.compile.source.clone(), call.outputs());
        } else if let Work::Traced(traced) = &work {
            let given = candidate.given();
            let content = |path: &Path| {
                given.iter().find(|given| Path::new(&given.path) == path).map(|given| given.content)
            };
            record.id = traced.id(root, content);
        }
        let reads = match &work {
            // What it reads now only a scan can tell, once its source is there.
            Work::Compile(call) => {
                Reads { set: [engine.path(call, &call.compile.source)].into(), shape: Shape::UNKNOWN }
            }
            Work::Traced(_) => candidate.reads(),
        };
        let given = given(&record, &self.context);
        Some(Candidate::new(work, record, reads, given).guessed())
    }

    /// Puts an expected command into the place of a recorded one, unless the build was faster.
    fn expect(
        &self,
        engine: &Engine,
        recorded: &Arc<Candidate>,
        expected: Candidate,
    ) -> Option<Arc<Candidate>> {
        let expected = Arc::new(expected);
        {
            let inner = &mut *self.inner();
            let (id, place) = (recorded.id(), expected.id());
            let taken = id != place && inner.candidates.contains_key(&place);
            if taken || recorded.is_asked() || inner.seen.contains_key(&place) {
                return None;
            }
            inner.supersede(recorded, &self.context.site.root);
            inner.candidates.insert(place, Arc::clone(&expected));
            let guess = Guess { recorded: Arc::clone(recorded), id, expected: Arc::clone(&expected) };
            inner.changed.guesses.push(guess);
        }
        self.context.makes(engine, &expected);
        Some(expected)
    }

    /// Has recorded commands in their places again, where nobody has asked for what was expected there.
    fn take_back(&self, engine: &Engine, guesses: Vec<Guess>) -> Vec<Arc<Candidate>> {
        let mut back = Vec::new();
        for Guess { recorded, id, expected } in guesses {
            let inner = &mut *self.inner();
            if recorded.is_asked() || expected.is_asked() || inner.seen.contains_key(&id) {
                continue;
            }
            inner.supersede(&expected, &self.context.site.root);
            inner.candidates.remove(&recorded.id());
            recorded.reinstate(id);
            inner.candidates.insert(id, Arc::clone(&recorded));
            back.push(recorded);
        }
        for candidate in &back {
            self.context.makes(engine, candidate);
        }
        back
    }
}

/// What is in files, as far as they are there.
fn contents(engine: &Engine, files: &[PathBuf]) -> Vec<Digest> {
    let mut snapshot = Snapshot::new(&engine.files);
    let mut look = |path: &PathBuf| Some(snapshot.look(engine.paths().intern(path.to_str()?)).ok()?.digest);
    files.iter().filter_map(&mut look).collect()
}

/// Whether a command is a configure test that was given files with these contents.
fn is_test_of(candidate: &Candidate, contents: &[Digest]) -> bool {
    let Work::Traced(traced) = &candidate.work else { return false };
    let given = candidate.given();
    let is_given = |content: &Digest| given.iter().any(|given| given.content == *content);
    traced.probe && !contents.is_empty() && contents.iter().all(is_given)
}

impl Inner {
    /// Has a recorded command give its place to another. It stays known by a name of its own, and is not launched.
    pub(crate) fn supersede(&mut self, candidate: &Arc<Candidate>, root: &str) {
        let id = candidate.id();
        let further = match &candidate.work {
            Work::Compile(call) => call.further_id(id, root),
            Work::Traced(traced) => traced.further_id(id, root),
        };
        self.candidates.remove(&id);
        candidate.supersede(further);
        self.candidates.insert(further, Arc::clone(candidate));
    }
}
