//! Links at the asked path: looked up on the grid, executed there, or run here and left there.

use std::path::PathBuf;
use std::sync::Arc;

use super::obtain::{Had, attended, had};
use super::recc_log::ReccLog;
use super::{Answer, Request};
use crate::backend::{Blob, Outcome};
use crate::command::{self, Family, Invocation, Kind};
use crate::companion::Companion;
use crate::companion::session::{Active, Session};
use crate::inputs::private::read_shared;
use crate::launch::{Executed, Grid, LinkCall, Linkage, Unserved, Way, linkage};
use crate::store::RecordId;

/// A link of the build's own whose result will be kept.
pub(in crate::companion) struct LinkLesson {
    /// The command.
    pub call: LinkCall,
    /// What it was to read before it ran.
    pub linkage: Linkage,
    /// Where its result is left for others.
    pub grid: Arc<Grid>,
    /// Its session.
    pub session: Arc<Session>,
    /// Keeps the session from closing before the result is kept.
    pub _active: Active,
}

/// Reads a request as a link, when links are treated and it is one whose files are all known.
pub(in crate::companion) fn read(request: &Request, kind: Kind) -> Option<LinkCall> {
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
        .inspect_err(|why| tracing::debug!("a link is left alone: {why}"))
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
    request: &Request,
    log: Option<&ReccLog>,
    alive: &mut dyn FnMut() -> bool,
) -> Option<Answer> {
    let active = session.begin();
    let engine = &companion.engine;
    let linkage = linkage(engine, &call)
        .inspect_err(|why| tracing::debug!("link of {} is left alone: {why}", call.link.output.path))
        .ok()?;
    let mut found = engine.cache.find(&linkage.key).map(|outcome| (outcome, false));
    if found.is_some()
        && let Some(log) = log
    {
        log.cache_hit(&linkage.key);
    }
    if found.is_none() {
        let job = linkage.job(&call);
        match attended(alive, |cancel| had(companion, &grid, &job, None, log, cancel))? {
            Ok(Had::Found(outcome)) => found = Some((outcome, false)),
            Ok(Had::Executed(Executed::Done(outcome))) => found = Some((outcome, true)),
            Ok(Had::Executed(Executed::Failed { status, stdout, stderr })) if !request.terminal => {
                tell(session, &call, Way::Executed);
                return Some(Answer::Fail { status, stdout, stderr });
            }
            Ok(_) => {}
            Err(error) => tracing::warn!("{} is linked here: {error}", call.link.output.path),
        }
    }
    let opened = found.and_then(|(outcome, executed)| open(companion, outcome, executed, request));
    if let Some((outcome, files, executed)) = opened {
        tell(session, &call, if executed { Way::Executed } else { Way::Cached });
        return Some(Answer::Serve(outcome, files));
    }
    let session = Arc::clone(session);
    Some(Answer::LearnLink(Box::new(LinkLesson { call, linkage, grid, session, _active: active })))
}

/// Counts a link as served.
pub(in crate::companion) fn tell(session: &Session, call: &LinkCall, way: Way) {
    let (directory, output) = (call.directory.as_str(), call.link.output.path.as_str());
    let why = Unserved::Refused.of("links are not launched");
    session.tell(RecordId::of(directory, output), (directory, output), way, Some(&why));
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
pub(in crate::companion) fn keep(
    companion: &Companion,
    lesson: LinkLesson,
    listed: &[u8],
    began_ns: i64,
    outcome: &Outcome,
) -> Result<(), String> {
    let LinkLesson { call, linkage, grid, .. } = lesson;
    let engine = &companion.engine;
    linkage.accounts_for(&call, listed, began_ns)?;
    engine.cache.keep(&linkage.key, outcome).map_err(|error| error.to_string())?;
    if grid.settings().uploads() {
        let job = linkage.job(&call);
        let wire = grid.wire(&job).map_err(|error| error.to_string())?;
        grid.keep(engine, &job, &wire, outcome);
    }
    Ok(())
}
