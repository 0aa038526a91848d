//! Commands that are traced at the asked path: served when all that they touch is as it was, else run under a tracer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::answer::Answer;
use super::learn::put;
use super::lesson::TracedLesson;
use super::request::Request;
use super::served::{self, Alive, At, Served};
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::command::{Invocation, is_test_source};
use crate::compile::instance::Unready;
use crate::compile::not_kept::Unstorable;
use crate::grid::traced::Wanted;
use crate::inputs::search;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::decide::Instantiated;
use crate::session::companion::Companion;
use crate::settings::Mode;
use crate::traced::Traced;
use crate::traced::observe::{Run, Unlearnt, observe};
use crate::traced::observed::Observed;
use crate::traced::state::{Overrides, Stated, state};
use crate::traced::work::Work;

/// Reads a request as a command to be traced, if that can be done here.
pub(crate) fn read(companion: &Companion, request: &Request) -> Option<Traced> {
    companion.engine.tracer.as_ref()?;
    let directory = request.recorded_directory()?;
    let inv = Invocation {
        compiler: request.compiler.clone(),
        args: request.args.clone(),
        cwd: PathBuf::from(&directory),
    };
    Traced::new(&inv, &request.argv0, &request.environment, &directory)
}

/// Answers a command that is no plain compile; `None` when it is not treated.
pub(super) fn answer(at: At<'_>, snapshot: &mut Snapshot<'_>, alive: Alive<'_>) -> Option<Answer> {
    let At { companion, session, asking } = at;
    let engine = &companion.engine;
    let treated = matches!(asking.mode, Mode::Spec | Mode::Learn) && session.context.recc.is_none();
    let traced = read(companion, asking.request).filter(|_| treated)?;
    let active = session.begin(asking.kind, asking.begun);
    let mut look = |path: &Path| {
        let id = engine.paths().intern(path.to_str()?);
        snapshot.look(id).ok()
    };
    let named = traced.id(at.root(), |path| look(path).map(|seen| seen.digest));
    // What a compile is taken to find does not count here.
    let snapshot = Snapshot::new(&engine.files);
    Some(served::answer(at, &traced, named, snapshot, alive).unwrap_or_else(|unserved| {
        let grid = session.context.grid.clone();
        Answer::Trace(Box::new(TracedLesson::new(session, traced, unserved, grid, active)))
    }))
}

impl Served for Traced {
    type Instance = Stated;

    fn now(&self, at: At<'_>, candidate: &Candidate, snapshot: &mut Snapshot<'_>) -> Result<Stated, Unready> {
        state(&at.companion.engine, snapshot, self, &candidate.reads().set, Overrides::new())
    }

    /// A launch that was shown something else is waited for too: what it touches may be other files than the record says.
    fn awaits(&self, at: At<'_>, _candidate: &Candidate, now: Result<&Stated, &Unready>) -> bool {
        now.is_ok_and(|now| now.find(&at.companion.engine.cache).is_none())
    }

    fn find_afar(&self, at: At<'_>, now: &Stated) -> Option<Outcome> {
        let wanted = Wanted { key: now.key, traced: self, root: at.root() };
        let grid = at.session.context.grid.as_ref()?;
        grid.find_traced(&at.companion.engine.cache, &[wanted]).pop().flatten()
    }

    fn named(&self, outcome: Outcome) -> Outcome {
        Traced::named(self, outcome)
    }
}

/// Learns from a run: stores what it left under the key of all that it touched. An error says why it cannot.
///
/// The build goes on afterwards, and may take its files away.
pub(crate) fn learn(
    companion: &Companion,
    request: &Request,
    lesson: &TracedLesson,
    said: Outcome,
    listed: &Path,
    began_ns: i64,
) -> Result<Observed, Unlearnt> {
    let engine = &companion.engine;
    let TracedLesson { command: traced, session, .. } = lesson;
    if request.shows(&said.stderr) {
        return Err(Unlearnt::because(Unstorable::ForATerminal.to_string()));
    }
    let touched = spec_cc_tracer::read(listed)?;
    let run = Run { touched: &touched, said, began_ns, root: &session.context.site.root };
    // Of a test's files those that were made for it: the first one's before there was a session. What changes elsewhere was not
    // made by the build, be it that somebody has linked a library; nor could a launch be shown it.
    let below = format!("{}/", session.context.site.root);
    let made = |path: &str, changed_ns| {
        let here = path.starts_with(&below);
        let beside = || here || Path::new(path).starts_with(&traced.directory);
        let own = || is_test_source(path, Path::new(&traced.directory));
        if traced.probe { own() || beside() && changed_ns > session.opened_ns() } else { here }
    };
    let observed = observe(engine, traced, run, &Overrides::new(), &Path::to_path_buf, &made)?;
    if traced.probe {
        // A launch will be shown them again.
        for given in &observed.given {
            if engine.cache.blobs.put_path(&traced.absolute(&given.path))? != given.content {
                return Err(Unlearnt::Meanwhile(given.path.clone()));
            }
        }
    }
    observed.key.store(&engine.cache, &observed.outcome)?;
    let quarantined = companion.quarantine.holds(&session.whereabouts.key, &lesson.records);
    if let Some(grid) = lesson.grid.as_ref().filter(|_| !quarantined) {
        grid.publish_traced(&engine.cache, &observed.key, &observed.outcome);
    }
    Ok(observed)
}

/// Records what was learnt.
pub(crate) fn record(
    companion: &Companion,
    lesson: &TracedLesson,
    observed: Observed,
    cpu: Duration,
    wall: Duration,
) {
    let TracedLesson { command: traced, session, .. } = lesson;
    let engine = &companion.engine;
    if !traced.probe {
        // An archiver looks for the archive that it makes.
        let own = |id: &PathId| {
            let mut files = observed.outcome.files.iter();
            files.any(|file| search::intern(engine.paths(), &traced.directory, &file.path) == *id)
        };
        let others: Vec<_> = observed.reads.set.iter().copied().filter(|id| !own(id)).collect();
        session.note(engine, &others, i64::MAX, &mut Snapshot::new(&engine.files));
    }
    let record = traced.record_of(lesson.id(), &session.context.site.root, &observed);
    let work = Work::Traced(traced.clone());
    put(companion, lesson, (work, record, observed.reads, observed.given), (cpu, wall));
}
