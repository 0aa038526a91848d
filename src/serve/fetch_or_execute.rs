//! Having a command from the session's grid because the build asks for it now.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::learn;
use super::lesson::Lesson;
use super::race::{First, Here, race};
use super::request::Request;
use super::unmet::Unmet;
use super::verify::Expected;
use crate::base::digest::Digest;
use crate::base::threads;
use crate::cache::outcome::Outcome;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::job::Job;
use crate::compile::perform::{examine, perform};
use crate::compile::reads::Reads;
use crate::grid::moment::Moment;
use crate::grid::remote_actions::Wire;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::{Executed, Grid};
use crate::inputs::snapshot::Snapshot;
use crate::launch::accounts::Way;
use crate::reapi::Cancel;
use crate::recc::log::ReccLog;
use crate::serve::answer::{Answer, Asking};
use crate::session::companion::Companion;
use crate::settings::Policy;

/// How often a build that waits is told that there is still somebody here.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// How a command was had.
pub(super) enum Had {
    /// Its result was there.
    Found(Outcome),
    /// The grid ran it.
    Executed(Executed),
    /// This machine ran it, faster than the grid.
    Here(Outcome),
    /// It is to be run here.
    Nothing,
}

/// Answers a command from the grid; `None` when its compiler has to run here, an error when it has to run to verify what it would
/// have been served.
///
/// `alive` is asked once a second while waiting whether the build still does.
pub(super) fn obtain(
    companion: &Companion,
    lesson: &Lesson,
    grid: &Arc<Grid>,
    asking: Asking<'_>,
    alive: &mut dyn FnMut() -> bool,
) -> Result<Option<Answer>, Unmet> {
    let begun = Instant::now();
    let Asking { request, log, .. } = asking;
    let engine = &companion.engine;
    let call = &lesson.call;
    let context = request.context(&lesson.session.context.site.root);
    let mut snapshot = Snapshot::new(&engine.files);
    let (reads, instance) = match current(companion, lesson, request, &mut snapshot) {
        Ok(current) => current,
        Err(why) => {
            tracing::debug!("{} is not looked up: {why}", call.compile.source);
            return Ok(None);
        }
    };
    if instance.keys.are_barred(&engine.cache) {
        return Ok(None);
    }
    let keys = instance.keys.all();
    if let Some(outcome) = instance.keys.find(&engine.cache) {
        if let Some(log) = log {
            log_hit(log, engine, grid, &instance, (call, &request.environment));
        }
        return finish(companion, lesson, asking, (reads, keys, begun), Had::Found(outcome));
    }
    if instance.incbin {
        return Ok(None);
    }
    let moment = Moment::new(engine, &instance, context.assumed);
    let job = moment.job(call, &request.environment);
    let had = attended(alive, |cancel| {
        let here = |started: &dyn Fn(i32)| {
            let performed = perform(engine, call, &lesson.session.context.site, &reads, true, &[], started)?;
            match performed.learnt.kept {
                Ok(key) if key == job.keys.own.exact => Ok(performed.outcome),
                Ok(_) => Err("an input has changed".to_owned()),
                Err(why) => Err(why.to_string()),
            }
        };
        had(companion, grid, &job, Some(&here), log, cancel)
    });
    match had {
        Some(Ok(had)) => finish(companion, lesson, asking, (reads, keys, begun), had),
        Some(Err(error)) => {
            grid.complain(&call.compile.source, &error);
            Ok(None)
        }
        None => Ok(None),
    }
}

/// What a command reads now, and its instance, by its record or else by a scan.
fn current<'f>(
    companion: &'f Companion,
    lesson: &Lesson,
    request: &Request,
    snapshot: &mut Snapshot<'f>,
) -> Result<(Reads, Instance), String> {
    let engine = &companion.engine;
    let context = request.context(&lesson.session.context.site.root);
    let root = &lesson.session.context.site.root;
    let candidate = lesson.session.inner().candidates.get(&lesson.id).cloned();
    if let Some(candidate) =
        candidate.filter(|candidate| candidate.record(|record| lesson.call.is(record, root)))
    {
        let reads = candidate.reads();
        match instantiate(engine, snapshot, &lesson.call, &reads, context) {
            Ok(instance) => return Ok((reads, instance)),
            Err(Unready::Refused(why) | Unready::Untold(why) | Unready::Absent(_, why)) => return Err(why),
            Err(Unready::Changed | Unready::Missing(_)) => {}
        }
    }
    let examined = examine(engine, &lesson.call, context, &request.environment);
    // What the scan looked at is newer than what the snapshot has seen.
    *snapshot = Snapshot::new(&engine.files);
    examined
}

pub(super) fn had(
    companion: &Companion,
    grid: &Grid,
    job: &Job<'_>,
    here: Option<&Here<'_>>,
    log: Option<&ReccLog>,
    cancel: &Cancel,
) -> Result<Had, Unobtainable> {
    let say = |event: &dyn Fn(&ReccLog)| log.into_iter().for_each(event);
    let wire: Wire = grid.wire(job)?;
    if let Some(outcome) = grid.find(&companion.engine, job, &wire)? {
        say(&|log| log.cache_hit(wire.asked.action));
        return Ok(Had::Found(outcome));
    }
    let policy = grid.policy(job, &wire);
    if matches!(policy, Policy::CacheOnly | Policy::Local) {
        say(&ReccLog::local_in_cache_only);
        return Ok(Had::Nothing);
    }
    say(&|log| log.executing(wire.executable().action));
    let execute = |cancel: &Cancel| grid.execute(&companion.engine, job, &wire, cancel);
    let executed = match here.filter(|_| policy == Policy::Race && companion.engine.executor.available()) {
        None => execute(cancel)?,
        Some(here) => match race(execute, here, cancel)? {
            First::Grid(executed) => executed,
            First::Here(outcome) => {
                if grid.settings().uploads() {
                    grid.keep(&companion.engine, job, &wire, &outcome);
                }
                return Ok(Had::Here(outcome));
            }
        },
    };
    let code = match &executed {
        Executed::Done(_) => 0,
        Executed::Failed { status, .. } => i32::from(*status),
    };
    say(&|log| log.finished(code));
    Ok(Had::Executed(executed))
}

/// Turns what was had into an answer, and records the command; `None` and an error as [`obtain`] gives them.
fn finish(
    companion: &Companion,
    lesson: &Lesson,
    asking: Asking<'_>,
    (reads, keys, begun): (Reads, Vec<Digest>, Instant),
    had: Had,
) -> Result<Option<Answer>, Unmet> {
    let Asking { request, verified, .. } = asking;
    let (way, outcome) = match had {
        Had::Nothing => return Ok(None),
        Had::Found(outcome) => (Way::Cached, outcome),
        Had::Here(outcome) => (Way::Local, outcome),
        Had::Executed(Executed::Done(outcome)) => (Way::Executed, outcome),
        Had::Executed(Executed::Failed { status, stdout, stderr }) => {
            (Way::Executed, Outcome { files: Vec::new(), stdout, stderr, status })
        }
    };
    // A terminal would have got colours and links.
    if request.terminal && (outcome.status != 0 || !outcome.stderr.is_empty()) {
        return Ok(None);
    }
    if verified {
        return Err(Expected { outcome, keys, reads: Some(reads), launched: false }.into());
    }
    if outcome.status != 0 {
        lesson.tell(way);
        let Outcome { status, stdout, stderr, .. } = outcome;
        return Ok(Some(Answer::Fail { status, stdout, stderr }));
    }
    let Some(files) = companion.engine.cache.open(&outcome) else { return Ok(None) };
    lesson.tell(way);
    learn::remember(companion, lesson, reads, begun.elapsed());
    Ok(Some(Answer::Serve(outcome, files)))
}

/// Has recc's log say that the result of an instance was cached, by recc's digest.
pub(super) fn log_hit(
    log: &ReccLog,
    engine: &Engine,
    grid: &Grid,
    instance: &Instance,
    (call, environment): (&Call, &[(String, String)]),
) {
    let moment = Moment::new(engine, instance, &[]);
    // What has no action there has no line either.
    if let Ok(wire) = grid.wire(&moment.job(call, environment)) {
        log.cache_hit(wire.asked.action);
    }
}

/// Does `work` in a thread and asks `alive` meanwhile; `None` when the build has gone, or no thread is to be had. `work` is told by
/// its flag to stop then.
pub(super) fn attended<T: Send>(
    alive: &mut dyn FnMut() -> bool,
    work: impl FnOnce(&Cancel) -> T + Send,
) -> Option<T> {
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
