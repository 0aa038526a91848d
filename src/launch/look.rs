//! A look at a recorded command: whether it is to be launched on the files as they are, and whether its launch still stands.

use super::candidate::Candidate;
use super::context::SessionContext;
use super::decide::{Against, Command, Instantiated, NotReady, On, decide, ready};
use super::life::{Decision, Launch};
use super::miss::{Miss, MissReason};
use super::state::Round;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::inputs::snapshot::Snapshot;
use crate::traced::work::Work;

/// Why traced commands are not run ahead.
pub(super) const NO_TRACE: &str = "neither a tracer nor a private view of the build tree can be had";

/// What a look at a command has come to.
pub(super) enum Looked {
    /// It is launched; its key, if it is looked up by that first.
    Issue(Option<CacheKey>),
    /// It is not launched, or need not be.
    Decided(Decision),
}

/// What a look at a command comes to.
pub(super) fn look_at(
    engine: &Engine,
    candidate: &Candidate,
    round: Round,
    context: &SessionContext,
    snapshot: &mut Snapshot<'_>,
) -> Looked {
    match &candidate.work {
        work if let Some(why) = never(engine, work, context) => Looked::Decided(Decision::Not(why)),
        // It is looked at together with others, right before it goes to the grid.
        Work::Compile(_) if context.grid.is_some() => Looked::Issue(None),
        Work::Compile(call) => look_at_command(engine, candidate, &**call, round, context, snapshot),
        Work::Traced(traced) => look_at_command(engine, candidate, traced, round, context, snapshot),
    }
}

/// Why commands of that kind are not launched in a session, if they are not.
fn never(engine: &Engine, work: &Work, context: &SessionContext) -> Option<Miss> {
    if context.recc.as_ref().is_some_and(|wrapper| !wrapper.executes) {
        return Some(MissReason::NotLaunching.of("recc's server executes nothing"));
    }
    if work.compile().is_none() {
        let runs = context.recc.is_none() && (context.grid.is_some() || can_trace(engine));
        return (!runs).then(|| MissReason::Refused.of(NO_TRACE));
    }
    let runs = context.grid.is_some() || engine.executor.available();
    (!runs).then(|| MissReason::NotLaunching.of("no private view of the build tree can be had"))
}

fn look_at_command<C: Command>(
    engine: &Engine,
    candidate: &Candidate,
    command: &C,
    round: Round,
    context: &SessionContext,
    snapshot: &mut Snapshot<'_>,
) -> Looked {
    let predicted = context.predicted(snapshot);
    // A traced command is compared with what is there in the end.
    if candidate.work.compile().is_some() {
        candidate.predict(round, &predicted);
    }
    let on = On { candidate, context, predicted: &predicted };
    let instance = match ready(engine, snapshot, command, on) {
        Ok(instance) => instance,
        Err(NotReady::Wait(file)) => return Looked::Decided(Decision::Wait(file)),
        Err(NotReady::Scan(_)) => return Looked::Issue(None),
        Err(NotReady::Refuse(why)) => return Looked::Decided(Decision::Not(MissReason::Refused.of(why))),
    };
    let against = Against::issuing(command, on, &instance);
    let decided = decide(engine, context, &instance, against);
    decided.map_or_else(|| Looked::Issue(instance.looked_up_as()), Looked::Decided)
}

/// Whether traced commands can be run ahead of the build.
pub(super) fn can_trace(engine: &Engine) -> bool {
    engine.tracer.is_some() && engine.executor.available()
}

/// Gives a launch up that was made on another content of the files in `changed`, which the build has just written.
pub fn revise(
    engine: &Engine,
    candidate: &Candidate,
    context: &SessionContext,
    changed: &[PathId],
    snapshot: &mut Snapshot<'_>,
) {
    if candidate.check_prediction(&context.predictions, snapshot).is_some() {
        return;
    }
    let round = candidate.round();
    let outdated = match candidate.launch() {
        Launch::Ready(done, _) | Launch::Held(done) => {
            key(engine, candidate, context, snapshot).is_none_or(|now| now != done)
        }
        // It is asked for what it has found there only in the end.
        Launch::Running(_) if candidate.work.compile().is_none() => false,
        // Whatever it has found there, or will find, is not known.
        Launch::Running(_) => {
            let (set, predicted) = (candidate.reads().set, candidate.predicted());
            let is_predicted = |path: &PathId| predicted.iter().any(|one| one.path == *path);
            set.iter().any(|path| changed.contains(path) && !is_predicted(path))
        }
        Launch::Failed(_) => true,
        Launch::Unseen | Launch::Not(_) | Launch::Pending(_) | Launch::Queued => false,
    };
    if outdated {
        candidate.give_up(round);
    }
}

/// The key of a command now, if it has one.
fn key(
    engine: &Engine,
    candidate: &Candidate,
    context: &SessionContext,
    snapshot: &mut Snapshot<'_>,
) -> Option<Digest> {
    let predicted = context.predicted(snapshot);
    let on = On { candidate, context, predicted: &predicted };
    match &candidate.work {
        Work::Compile(call) => Some(call.instantiate(engine, snapshot, on).ok()?.key()),
        Work::Traced(traced) => Some(traced.instantiate(engine, snapshot, on).ok()?.key()),
    }
}
