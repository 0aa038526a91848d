//! Commands that are traced at the asked path: served when all that they touch is as it was, else run under a tracer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::learn::put_into_play;
use super::request::Request;
use super::unmet::{Unmet, quarantined};
use super::verify::{Expected, Subject};
use crate::command::{Invocation, is_test_source, keyed_traced};
use crate::grid::traced::Wanted;
use crate::inputs::snapshot::Snapshot;
use crate::launch::accounts::Way;
use crate::launch::candidate::Candidate;
use crate::launch::miss::{Miss, MissReason};
use crate::launch::state::Launch;
use crate::launch::unserved::unserved;
use crate::launch::work::Work;
use crate::serve::accounts::{account, credit};
use crate::serve::answer::{Answer, Asking};
use crate::serve::lesson::TracedLesson;
use crate::session::Session;
use crate::session::companion::Companion;
use crate::settings::Mode;
use crate::traced::Traced;
use crate::traced::observe::{Run, Unlearnt, observe};
use crate::traced::observed::Observed;
use crate::traced::state::{Overrides, state};

/// What the shim reports of a traced command.
pub(crate) struct Told {
    /// Its exit status.
    pub status: u8,
    /// All that it wrote to standard output.
    pub stdout: Vec<u8>,
    /// All that it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl TracedLesson {
    /// Counts the command as one that the build runs itself.
    pub(crate) fn count(&self) {
        self.count_as(&self.why);
    }

    /// The same, for this reason.
    pub(crate) fn count_as(&self, why: &Miss) {
        let [_, id] = self.records;
        self.session.tell(id, self.product(), Way::Local, Some(why));
    }

    /// Which command it is, asked for under this environment.
    pub(crate) fn subject<'a>(&'a self, environment: &'a [(String, String)]) -> Subject<'a> {
        let (session, records, product) = (&*self.session, self.records, self.product());
        Subject { session, records, product, environment, keyed: keyed_traced }
    }

    fn product(&self) -> (&str, &str) {
        (&self.traced.directory, self.traced.label())
    }
}

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
pub(super) fn answer(
    companion: &Arc<Companion>,
    session: &Arc<Session>,
    asking: Asking<'_>,
    snapshot: &mut Snapshot<'_>,
    alive: &mut dyn FnMut() -> bool,
) -> Option<Answer> {
    let (engine, Asking { request, mode, .. }) = (&companion.engine, asking);
    let treated = matches!(mode, Mode::Spec | Mode::Learn) && session.context.recc.is_none();
    let traced = read(companion, request).filter(|_| treated)?;
    let active = session.begin();
    let root = &session.context.site.root;
    let mut look = |path: &Path| {
        let id = engine.paths().intern(path.to_str()?);
        snapshot.look(id).ok()
    };
    let named = traced.id(root, |path| look(path).map(|seen| seen.digest));
    let id = session.name(named, |record| traced.is(record, root), || traced.further_id(named, root));
    let order = session.see(id);
    if let Some(answer) = quarantined(companion, session, &[named, id], request) {
        return Some(answer);
    }
    let recorded = session.inner().candidates.get(&id).cloned();
    let changed = if recorded.is_some() { MissReason::ChangedCommand } else { MissReason::NewCommand };
    let (mut why, mut expected) = (Miss::from(changed), None);
    if let Some(candidate) =
        recorded.filter(|candidate| mode == Mode::Spec && candidate.record(|record| traced.is(record, root)))
    {
        candidate.ask(order);
        match serve(companion, session, &candidate, &traced, asking, alive) {
            Ok(answer) => return Some(answer),
            Err(unserved) => Unmet { why, expected } = unserved,
        }
    }
    let session = Arc::clone(session);
    Some(Answer::Trace(Box::new(TracedLesson {
        traced,
        terminal: request.terminal,
        session,
        expected,
        why,
        records: [named, id],
        order,
        _active: active,
    })))
}

/// Serves a recorded command from its launch or from the cache; when it has to run, why no launch would do.
fn serve(
    companion: &Companion,
    session: &Arc<Session>,
    candidate: &Arc<Candidate>,
    traced: &Traced,
    asking: Asking<'_>,
    alive: &mut dyn FnMut() -> bool,
) -> Result<Answer, Unmet> {
    let begun = Instant::now();
    let (engine, request) = (&companion.engine, asking.request);
    let key = || {
        let reads = candidate.reads();
        let mut snapshot = Snapshot::new(&engine.files);
        let now = state(engine, &mut snapshot, traced, &reads.set, &Overrides::new());
        now.map(|now| now.key).map_err(|error| unserved(engine, candidate, Err(&error)))
    };
    candidate.mark_overtaken(engine, None);
    let mut joined = false;
    let mut now = key()?;
    let in_flight = candidate.is_in_flight();
    if in_flight && now.find_any(&engine.cache).is_none() {
        joined = true;
        if !companion.launcher.join(candidate, &session.context, alive) {
            return Ok(Answer::Bypass("the build has gone".into()));
        }
        now = key()?;
    }
    let launch = candidate.launch();
    let miss = unserved(engine, candidate, Ok(&now.exact));
    if now.is_barred(&engine.cache) {
        return Err(Miss::from(MissReason::Quarantined).into());
    }
    let there = || {
        // Its launch has looked there.
        let grid = session.context.grid.as_ref().filter(|_| !joined)?;
        let wanted = Wanted { key: now, traced, root: &session.context.site.root };
        grid.find_traced(&engine.cache, &[wanted]).pop().flatten()
    };
    let found = now.find_any(&engine.cache).or_else(there);
    let launched = match launch {
        Launch::Ready(ready, outcome) => ready == now.exact || found.as_ref() == Some(&outcome),
        Launch::Held(ready) => ready == now.exact,
        _ => false,
    };
    let opened = found.and_then(|outcome| Some((engine.cache.open(&outcome)?, outcome)));
    let Some((files, outcome)) = opened else { return Err(miss.into()) };
    if request.terminal && !outcome.stderr.is_empty() {
        // A terminal would have got colours and links.
        return Err(MissReason::Refused.of("its messages go to a terminal").into());
    }
    if !request.apart && !outcome.stdout.is_empty() && !outcome.stderr.is_empty() {
        let why = "nobody knows in which order it wrote to its two streams";
        return Err(MissReason::Refused.of(why).into());
    }
    if asking.verified {
        credit(candidate, launched);
        let reads = Some(candidate.reads());
        return Err(Expected { outcome, keys: now.all().to_vec(), reads, launched }.into());
    }
    account(session, candidate, launched, joined, miss, begun);
    Ok(Answer::Serve(traced.named(outcome), files))
}

/// Learns from a run: stores what it left under the key of all that it touched. An error says why it cannot.
///
/// The build goes on afterwards, and may take its files away.
pub(crate) fn learn(
    companion: &Companion,
    lesson: &TracedLesson,
    told: Told,
    listed: &Path,
    began_ns: i64,
) -> Result<Observed, Unlearnt> {
    let engine = &companion.engine;
    let TracedLesson { traced, session, .. } = lesson;
    if lesson.terminal && !told.stderr.is_empty() {
        return Err("its messages were made for a terminal".to_owned().into());
    }
    let touched = spec_cc_tracer::read(listed).map_err(|error| error.to_string())?;
    let run = Run {
        touched: &touched,
        status: told.status,
        stdout: told.stdout,
        stderr: told.stderr,
        began_ns,
        root: &session.context.site.root,
    };
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
            let stored = engine.cache.blobs.put_path(&traced.absolute(&given.path));
            if stored.map_err(|error| error.to_string())? != given.content {
                return Err(Unlearnt::Meanwhile(given.path.clone()));
            }
        }
    }
    observed.key.keep(&engine.cache, &observed.outcome).map_err(|error| error.to_string())?;
    let quarantined = companion.quarantine.holds(&session.whereabouts.key, &lesson.records);
    if let Some(grid) = session.context.grid.as_ref().filter(|_| !quarantined) {
        grid.keep_traced(&engine.cache, &observed.key, &observed.outcome);
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
    let TracedLesson { traced, records: [_, id], session, order, .. } = lesson;
    let engine = &companion.engine;
    let root = &session.context.site.root;
    let before = session.inner().candidates.get(id).cloned();
    let mut record = traced.record(*id, root, &observed);
    record.order = *order;
    record.cost_us = cpu.as_micros() as u64;
    record.wall_us = wall.as_micros() as u64;
    record.asked = 1;
    if let Some(before) = &before {
        before.record(|old| {
            record.asked += old.asked;
            (record.launched, record.useful, record.wasted) = (old.launched, old.useful, old.wasted);
        });
    }
    if !traced.probe {
        let mut snapshot = Snapshot::new(&engine.files);
        session.note(engine, &observed.reads.set, i64::MAX, &mut snapshot);
    }
    if let Some(store) = &companion.store {
        let inputs = session.inputs(engine, &observed.reads);
        match store.put(&session.whereabouts.key, &record, &inputs) {
            Ok(set) => record.set = set,
            Err(error) => tracing::warn!("{} is not recorded: {error}", traced.label()),
        }
    }
    let candidate = Candidate::new(Work::Traced(traced.clone()), record, observed.reads, observed.given);
    put_into_play(companion, session, candidate, before.as_deref());
}
