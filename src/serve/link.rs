//! Links at the asked path: looked up on the grid, executed there, or run here and left there.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::answer::Answer;
use super::fetch_or_execute::{obtain, offer};
use super::lesson::LinkLesson;
use super::request::Request;
use super::served::{Alive, At, quarantined};
use super::verify::Subject;
use crate::cache::error::CacheError;
use crate::cache::outcome::Outcome;
use crate::command::{self, Family, Invocation, Kind};
use crate::compile::link::call::LinkCall;
use crate::compile::link::error::LinkError;
use crate::compile::link::linkage;
use crate::compile::recorded::templated;
use crate::grid::Grid;
use crate::grid::unobtainable::Unobtainable;
use crate::inputs::private::read_shared;
use crate::launch::miss::{Miss, MissReason};
use crate::session::Session;
use crate::session::companion::Companion;
use crate::session::counts::Way;
use crate::store::RecordId;

impl LinkLesson {
    /// Counts it as run in the build, to verify what it would have been served or because there was nothing to serve.
    pub(crate) fn count(&self, why: Option<&Miss>) {
        let not_launched = not_launched();
        let (output, call) = (self.call.link.output.path.as_str(), &self.call);
        let id = RecordId::of(&call.directory, output);
        let (which, asked) = ((id, (&*call.directory, output)), self.active.asked());
        self.session.tell(which, asked, Way::Local, Some(why.unwrap_or(&not_launched)));
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

/// Answers a link of this kind of command; `None` when it is not treated as one.
pub(super) fn answer(at: At<'_>, grid: Arc<Grid>, kind: Kind, alive: Alive<'_>) -> Option<Answer> {
    let At { companion, session, asking } = at;
    let call = grid.settings().links.then(|| read(asking.request, kind))??;
    let active = session.begin(asking.kind, asking.begun);
    let engine = &companion.engine;
    if let Some(answer) = quarantined(at, &[record(session, &call)]) {
        return Some(answer);
    }
    let linkage = linkage(engine, &call)
        .inspect_err(|why| tracing::debug!("link of {} is bypassed: {why}", call.link.output.path))
        .ok()?;
    if engine.cache.bars.has(&linkage.key) {
        return None;
    }
    let found = engine.cache.find(&linkage.key);
    let obtained = obtain(at, &grid, &linkage.job(&call), found, None, alive)?.unwrap_or_else(|error| {
        tracing::warn!("{} is linked here: {error}", call.link.output.path);
        None
    });
    let expected = match offer(at, obtained, vec![linkage.key], None) {
        Ok(Some((way, answer))) => {
            let output = (call.directory.as_str(), call.link.output.path.as_str());
            let which = (RecordId::of(output.0, output.1), output);
            session.tell(which, asking.asked(), way, Some(&not_launched()));
            return Some(answer);
        }
        Ok(None) => None,
        Err(unmet) => unmet.expected,
    };
    let session = Arc::clone(session);
    Some(Answer::LearnLink(Box::new(LinkLesson { call, linkage, grid, session, expected, active })))
}

fn not_launched() -> Miss {
    MissReason::Refused.of("links are not launched")
}

/// Why the result of a link is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkNotKept {
    /// There is none, or it has messages that are not known.
    #[error("it failed, or its messages were not caught")]
    Failed,
    /// Nobody knows what it read.
    #[error("its linker does not say what it reads")]
    Unlisted,
    /// The linker's list cannot be read.
    #[error(transparent)]
    List(#[from] io::Error),
    /// What it read is not what it was to read.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The cache cannot take it.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The grid cannot take it.
    #[error(transparent)]
    Grid(#[from] Unobtainable),
}

/// Keeps the result of a link that was run here, and leaves it on the grid.
pub(crate) fn store(
    companion: &Companion,
    lesson: LinkLesson,
    listed: &[u8],
    began_ns: i64,
    outcome: &Outcome,
) -> Result<(), LinkNotKept> {
    let LinkLesson { call, linkage, grid, session, .. } = lesson;
    let engine = &companion.engine;
    linkage.accounts_for(&call, listed, began_ns)?;
    engine.cache.store(&linkage.key, outcome)?;
    let quarantined = companion.quarantine.holds(&session.whereabouts.key, &[record(&session, &call)]);
    if grid.settings().uploads() && !quarantined {
        let job = linkage.job(&call);
        let actions = grid.actions(&job)?;
        grid.publish(engine, &job, &actions, outcome);
    }
    Ok(())
}
