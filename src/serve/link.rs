//! Links at the asked path: looked up on the grid, executed there, or run here and left there.

use std::path::PathBuf;
use std::sync::Arc;

use super::fetch_or_execute::{Had, attended, had};
use super::request::Request;
use super::unmet::quarantined;
use super::verify::{Expected, Subject};
use crate::cache::cas::Blob;
use crate::cache::outcome::Outcome;
use crate::command::{self, Family, Invocation, Kind};
use crate::compile::call::templated;
use crate::compile::link::call::LinkCall;
use crate::compile::link::{Linkage, linkage};
use crate::grid::{Executed, Grid};
use crate::inputs::private::read_shared;
use crate::launch::accounts::Way;
use crate::launch::miss::{Miss, MissReason};
use crate::serve::answer::{Answer, Asking};
use crate::serve::lesson::LinkLesson;
use crate::session::companion::Companion;
use crate::session::{Active, Session};
use crate::store::RecordId;

impl LinkLesson {
    /// Counts it as run in the build, to verify what it would have been served or because there was nothing to serve.
    pub(crate) fn count(&self, why: Option<&Miss>) {
        let not_launched = not_launched();
        let (output, call) = (self.call.link.output.path.as_str(), &self.call);
        let id = RecordId::of(&call.directory, output);
        self.session.tell(id, (&call.directory, output), Way::Local, Some(why.unwrap_or(&not_launched)));
    }

    /// Which command it is.
    pub(crate) fn subject(&self) -> Subject<'_> {
        let record = record(&self.session, &self.call);
        Subject {
            session: &self.session,
            records: [record, record],
            product: (&self.call.directory, &self.call.link.output.path),
            environment: &self.call.environment,
            keyed: command::keyed,
        }
    }
}

/// The name that its record would have.
fn record(session: &Session, call: &LinkCall) -> RecordId {
    let root = &session.context.site.root;
    RecordId::of(&templated(&call.directory, root), &templated(&call.link.output.path, root))
}

/// Reads a request as a link, when links are treated and it is one whose files are all known.
pub(crate) fn read(request: &Request, kind: Kind) -> Option<LinkCall> {
    if kind != Kind::Link {
        return None;
    }
    let directory = request.directory.to_str()?.to_owned();
    let invocation = Invocation {
        compiler: request.compiler.clone(),
        args: request.args.clone(),
        cwd: PathBuf::from(&directory),
    };
    let link = command::read_link(&invocation, Family::Gcc, &read_shared)
        .inspect_err(|why| tracing::debug!("a link is bypassed: {why}"))
        .ok()?;
    let compiler = request.compiler.to_str()?.to_owned();
    Some(LinkCall { compiler, link, environment: request.environment.clone(), directory })
}

/// Answers a link; `None` when it is to run as if there were no companion.
pub(super) fn answer(
    companion: &Companion,
    session: &Arc<Session>,
    grid: Arc<Grid>,
    call: LinkCall,
    asking: Asking<'_>,
    alive: &mut dyn FnMut() -> bool,
) -> Option<Answer> {
    let Asking { request, log, verified, .. } = asking;
    let active = session.begin();
    let engine = &companion.engine;
    if let Some(answer) = quarantined(companion, session, &[record(session, &call)], request) {
        return Some(answer);
    }
    let linkage = linkage(engine, &call)
        .inspect_err(|why| tracing::debug!("link of {} is bypassed: {why}", call.link.output.path))
        .ok()?;
    if engine.cache.bars.has(&linkage.key) {
        return None;
    }
    let mut found = engine.cache.find(&linkage.key).map(|outcome| (outcome, false));
    if found.is_some()
        && let Some(log) = log
    {
        // What has no action there has no line either.
        if let Ok(wire) = grid.wire(&linkage.job(&call)) {
            log.cache_hit(wire.asked.action);
        }
    }
    if found.is_none() {
        let job = linkage.job(&call);
        match attended(alive, |cancel| had(companion, &grid, &job, None, log, cancel))? {
            Ok(Had::Found(outcome)) => found = Some((outcome, false)),
            Ok(Had::Executed(Executed::Done(outcome))) => found = Some((outcome, true)),
            Ok(Had::Executed(Executed::Failed { status, stdout, stderr })) if !request.terminal => {
                if verified {
                    let outcome = Outcome { files: Vec::new(), stdout, stderr, status };
                    return Some(learn(session, grid, (call, linkage), Some(outcome), active));
                }
                tell(session, &call, Way::Executed);
                return Some(Answer::Fail { status, stdout, stderr });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("{} is linked here: {error}", call.link.output.path),
        }
    }
    let opened = found.and_then(|(outcome, executed)| open(companion, outcome, executed, request));
    if let Some((outcome, files, executed)) = opened {
        if verified {
            return Some(learn(session, grid, (call, linkage), Some(outcome), active));
        }
        tell(session, &call, if executed { Way::Executed } else { Way::Cached });
        return Some(Answer::Serve(outcome, files));
    }
    Some(learn(session, grid, (call, linkage), None, active))
}

/// Has a link run here; `outcome` is what it would have been served.
fn learn(
    session: &Arc<Session>,
    grid: Arc<Grid>,
    (call, linkage): (LinkCall, Linkage),
    outcome: Option<Outcome>,
    active: Active,
) -> Answer {
    let session = Arc::clone(session);
    let keys = vec![linkage.key];
    let expected = outcome.map(|outcome| Box::new(Expected { outcome, keys, reads: None, launched: false }));
    Answer::LearnLink(Box::new(LinkLesson { call, linkage, grid, session, expected, _active: active }))
}

fn not_launched() -> Miss {
    MissReason::Refused.of("links are not launched")
}

/// Counts a link as served.
fn tell(session: &Session, call: &LinkCall, way: Way) {
    let (directory, output) = (call.directory.as_str(), call.link.output.path.as_str());
    let id = RecordId::of(directory, output);
    session.tell(id, (directory, output), way, Some(&not_launched()));
}

fn open(
    companion: &Companion,
    outcome: Outcome,
    executed: bool,
    request: &Request,
) -> Option<(Outcome, Vec<Blob>, bool)> {
    // A terminal would have got colours.
    if request.terminal && !outcome.stderr.is_empty() {
        return None;
    }
    let files = companion.engine.cache.open(&outcome)?;
    Some((outcome, files, executed))
}

/// Keeps the result of a link that was run here, and leaves it on the grid.
pub(crate) fn keep(
    companion: &Companion,
    lesson: LinkLesson,
    listed: &[u8],
    began_ns: i64,
    outcome: &Outcome,
) -> Result<(), String> {
    let LinkLesson { call, linkage, grid, session, .. } = lesson;
    let engine = &companion.engine;
    linkage.accounts_for(&call, listed, began_ns)?;
    engine.cache.keep(&linkage.key, outcome).map_err(|error| error.to_string())?;
    let quarantined = companion.quarantine.holds(&session.whereabouts.key, &[record(&session, &call)]);
    if grid.settings().uploads() && !quarantined {
        let job = linkage.job(&call);
        let wire = grid.wire(&job).map_err(|error| error.to_string())?;
        grid.keep(engine, &job, &wire, outcome);
    }
    Ok(())
}
