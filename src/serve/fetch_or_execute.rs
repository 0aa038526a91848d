//! Having a command from the session's grid because the build asks for it now.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::learn;
use super::lesson::CompileLesson;
use super::race::{Here, race};
use super::served::{Alive, At, Served};
use super::unserved::Unmet;
use super::verify::Expected;
use crate::base::digest::Digest;
use crate::base::threads;
use crate::cache::outcome::Outcome;
use crate::compile::call::Call;
use crate::compile::instance::{Instance, Unready};
use crate::compile::job::Job;
use crate::compile::perform::{examine, perform};
use crate::compile::reads::Reads;
use crate::compile::unperformed::Unperformed;
use crate::grid::Grid;
use crate::grid::moment::Moment;
use crate::grid::remote_actions::RemoteActions;
use crate::grid::unobtainable::Unobtainable;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::reapi::Cancel;
use crate::recc::log::ReccLog;
use crate::session::companion::Companion;
use crate::session::counts::Way;
use crate::settings::Policy;

/// How often a build that waits is told that there is still somebody here.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// A command's result, and how it was obtained; `None` when the command is to be run here.
pub(super) type Obtained = Option<(Way, Outcome)>;

/// Answers a compile from the grid; `None` when its compiler has to run here, an error when it has to run to verify what it would
/// have been served.
pub(super) fn fetch_or_execute(
    at: At<'_>,
    lesson: &CompileLesson,
    candidate: Option<&Candidate>,
    grid: &Grid,
    alive: Alive<'_>,
) -> Result<Option<Answer>, Unmet> {
    let begun = Instant::now();
    let (engine, call) = (&at.companion.engine, &lesson.command);
    let (reads, instance) = match current(at, call, candidate) {
        Ok(current) => current,
        Err(why) => {
            tracing::debug!("{} is not looked up: {why}", call.compile.source);
            return Ok(None);
        }
    };
    if instance.keys.are_barred(&engine.cache) {
        return Ok(None);
    }
    let moment = Moment::new(engine, &instance, &[]);
    let job = moment.job(call, &at.asking.request.environment);
    let found = instance.keys.find(&engine.cache);
    if found.is_none() && instance.is_for_here() {
        return Ok(None);
    }
    let here = |started: &dyn Fn(i32)| {
        let performed = perform(engine, call, &at.session.context.site, &reads, true, &[], started)?;
        match performed.learnt.kept {
            Ok(key) if key == job.keys.own.exact => Ok(performed.outcome),
            Ok(_) => Err(Unperformed::Changed),
            Err(why) => Err(why.into()),
        }
    };
    let obtained = match obtain(at, grid, &job, found, Some(&here), alive) {
        Some(Ok(obtained)) => obtained,
        Some(Err(error)) => {
            grid.complain(&call.compile.source, &error);
            return Ok(None);
        }
        None => return Ok(None),
    };
    let offered = offer(at, obtained, instance.keys.all(), Some(&reads))?;
    Ok(offered.map(|(way, answer)| {
        lesson.tell(way);
        if matches!(&answer, Answer::Serve(outcome, _) if outcome.status == 0) {
            learn::remember(at.companion, lesson, reads, begun.elapsed());
        }
        answer
    }))
}

/// What a compile reads now, and its instance, by its record or else by a scan.
fn current(at: At<'_>, call: &Call, candidate: Option<&Candidate>) -> Result<(Reads, Instance), Unperformed> {
    let engine = &at.companion.engine;
    if let Some(candidate) = candidate {
        let reads = candidate.reads();
        match call.now(at, candidate, &mut Snapshot::new(&engine.files)) {
            Ok(instance) => return Ok((reads, instance)),
            Err(Unready::Changed | Unready::Missing(_)) => {}
            Err(why) => return Err(why.into()),
        }
    }
    let request = at.asking.request;
    examine(engine, call, request.context(at.root()), &request.environment)
}

/// A job's result, `found` in the cache or else on the grid; `None` when the build has gone, or no thread is to be had.
pub(super) fn obtain(
    at: At<'_>,
    grid: &Grid,
    job: &Job<'_>,
    found: Option<Outcome>,
    here: Option<&Here<'_>>,
    alive: Alive<'_>,
) -> Option<Result<Obtained, Unobtainable>> {
    let log = at.asking.log;
    match found {
        None => attended(alive, |cancel| from_grid(at.companion, grid, job, here, log, cancel)),
        Some(outcome) => {
            if let Some(log) = log {
                log_hit(log, grid, job);
            }
            Some(Ok(Some((Way::Cached, outcome))))
        }
    }
}

/// A job's result from the grid: looked up, executed there, or run here as well, as its policy says.
fn from_grid(
    companion: &Companion,
    grid: &Grid,
    job: &Job<'_>,
    here: Option<&Here<'_>>,
    log: Option<&ReccLog>,
    cancel: &Cancel,
) -> Result<Obtained, Unobtainable> {
    let say = |event: &dyn Fn(&ReccLog)| log.into_iter().for_each(event);
    let actions: RemoteActions = grid.actions(job)?;
    if let Some(outcome) = grid.find(&companion.engine, job, &actions)? {
        say(&|log| log.cache_hit(actions.asked.action));
        return Ok(Some((Way::Cached, outcome)));
    }
    let policy = grid.policy(job, &actions);
    if matches!(policy, Policy::CacheOnly | Policy::Local) {
        say(&ReccLog::local_in_cache_only);
        return Ok(None);
    }
    say(&|log| log.executing(actions.executable().action));
    let execute = |cancel: &Cancel| grid.execute(&companion.engine, job, &actions, cancel);
    let here = here.filter(|_| policy == Policy::Race && companion.engine.executor.available());
    let (way, outcome) = match here {
        None => (Way::Executed, execute(cancel)?),
        Some(here) => race(execute, here, cancel)?,
    };
    if way == Way::Executed {
        say(&|log| log.finished(outcome.status.into()));
    } else if grid.settings().uploads() {
        grid.publish(&companion.engine, job, &actions, &outcome);
    }
    Ok(Some((way, outcome)))
}

/// Turns what was obtained into an answer, and says in which way the command is served by it; `None` and an error as
/// [`fetch_or_execute`] gives them.
pub(super) fn offer(
    at: At<'_>,
    obtained: Obtained,
    keys: Vec<Digest>,
    reads: Option<&Reads>,
) -> Result<Option<(Way, Answer)>, Unmet> {
    let Some((way, outcome)) = obtained else { return Ok(None) };
    if at.asking.request.unfit_for(&outcome).is_some() {
        return Ok(None);
    }
    if at.asking.verified {
        return Err(Expected { outcome, keys, reads: reads.cloned(), launched: false }.into());
    }
    let files = at.companion.engine.cache.open(&outcome);
    Ok(files.map(|files| (way, Answer::Serve(outcome, files))))
}

/// Has recc's log say that the result of a job was cached, by recc's digest.
pub(super) fn log_hit(log: &ReccLog, grid: &Grid, job: &Job<'_>) {
    // What has no action there has no line either.
    if let Ok(actions) = grid.actions(job) {
        log.cache_hit(actions.asked.action);
    }
}

/// Does `work` in a thread and asks `alive` meanwhile; `None` when the build has gone, or no thread is to be had. `work` is told by
/// its flag to stop then.
fn attended<T: Send>(alive: Alive<'_>, work: impl FnOnce(&Cancel) -> T + Send) -> Option<T> {
    let cancel = Cancel::default();
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        let flag = cancel.clone();
        threads::start_in(scope, move || drop(sender.send(work(&flag))));
        loop {
            match receiver.recv_timeout(SIGN_OF_LIFE) {
                Ok(done) => return Some(done),
                Err(RecvTimeoutError::Timeout) if alive() => {}
                Err(_) => {
                    cancel.fire();
                    return None;
                }
            }
        }
    })
}
