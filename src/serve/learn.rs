//! Learning: what a compile of the build's own read and left behind.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::lesson::{CompileLesson, Lesson};
use super::request::Request;
use super::served::Served;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::compile::call::Call;
use crate::compile::conclude::{Evidence, Learnt, conclude};
use crate::compile::not_kept::{NotKept, Unstorable};
use crate::compile::perform::{SideChannel, scan};
use crate::compile::reads::Reads;
use crate::compile::recorded::Recorded;
use crate::grid::publish_compile::publish_compile;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::session::companion::Companion;
use crate::store::{Given, Record};
use crate::traced::work::Work;

/// What the shim reports of a compile it ran.
#[derive(Debug)]
pub(crate) struct Report {
    /// Raw wait status: 0 is success.
    pub status: i32,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// What it printed on its standard error; `None` when that was not caught whole.
    pub stderr: Option<Vec<u8>>,
    /// Whether it printed on its standard output.
    pub printed: bool,
}

/// What was taken over from the build tree before the build could go on and change it.
pub(crate) struct Taken {
    outcome: Result<Outcome, Unstorable>,
    dependencies: Option<Vec<u8>>,
    assembled: Option<Vec<u8>>,
}

/// Copies outputs and depfiles away. The shim waits for this, so nothing else is done here.
pub(crate) fn take(
    companion: &Companion,
    call: &Call,
    side: &SideChannel,
    report: &Report,
    request: &Request,
) -> Taken {
    let outcome = match &report.stderr {
        _ if report.printed => Err(Unstorable::Printed),
        None => Err(Unstorable::Uncaught),
        Some(stderr) if request.shows(stderr) => Err(Unstorable::ForATerminal),
        Some(stderr) => outputs(companion, call, stderr),
    };
    let read = |path: &std::path::PathBuf| fs::read(path).ok();
    Taken {
        outcome,
        dependencies: side.dependencies.as_ref().and_then(read),
        assembled: side.assembled.as_ref().and_then(read),
    }
}

fn outputs(companion: &Companion, call: &Call, stderr: &[u8]) -> Result<Outcome, Unstorable> {
    let mut outcome = Outcome { stderr: stderr.to_vec(), ..Outcome::default() };
    for output in &call.compile.outputs {
        let path = call.absolute(&output.path);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => outcome.add(&companion.engine.cache, &output.path, &path)?,
            _ if output.optional => {}
            _ => return Err(Unstorable::Missing(output.path.clone())),
        }
    }
    Ok(outcome)
}

/// Records a compile: what it read, what it cost, and its result. Gives what it read, and why its result is not kept if it is not.
/// An error says why not even what it read can be told.
pub(crate) fn learn(
    companion: &Companion,
    request: &Request,
    lesson: &CompileLesson,
    side: &SideChannel,
    taken: Taken,
    began_ns: i64,
    report: &Report,
) -> Result<(Arc<[PathId]>, Option<NotKept>), NotKept> {
    let call = &lesson.command;
    let learnt = lesson_of(companion, request, lesson, side, taken, began_ns);
    let Learnt { reads, found, kept } = learnt.inspect_err(|why| {
        tracing::info!("{} in {} is not recorded: {why}", call.compile.source, call.directory);
    })?;
    let mut snapshot = Snapshot::new(&companion.engine.files);
    lesson.session.note(&companion.engine, &found, i64::MAX, &mut snapshot);
    let set = Arc::clone(&reads.set);
    record(companion, lesson, reads, report.cpu, report.wall);
    if let Ok(key) = &kept {
        share(companion, request, lesson, key);
    }
    Ok((set, kept.err()))
}

fn lesson_of(
    companion: &Companion,
    request: &Request,
    lesson: &CompileLesson,
    side: &SideChannel,
    taken: Taken,
    began_ns: i64,
) -> Result<Learnt, NotKept> {
    let engine = &companion.engine;
    let call = &lesson.command;
    let dependencies = match (taken.dependencies, &side.dependencies) {
        (Some(text), _) => text,
        (None, Some(path)) => {
            return Err(NotKept::Unaccountable(format!("no dependencies in {}", path.display())));
        }
        (None, None) => scan(engine, call, &[], &lesson.session.context.site.environment_of(call))?,
    };
    if side.assembled.is_some() && taken.assembled.is_none() {
        return Err(NotKept::Unaccountable("the assembler did not say what it read".into()));
    }
    let evidence = Evidence {
        began_ns,
        toolchain: side.toolchain.clone(),
        dependencies: Some(dependencies),
        staged: None,
        assembled: taken.assembled,
        outcome: taken.outcome,
    };
    let context = request.context(&lesson.session.context.site.root);
    let learnt = conclude(engine, call, context, evidence)?;
    if let Err(why) = &learnt.kept {
        tracing::info!("result of {} in {} is not kept: {why}", call.compile.source, call.directory);
    }
    Ok(learnt)
}

/// Leaves the result of a compile that was kept under `key` on the grid, for others.
fn share(companion: &Companion, request: &Request, lesson: &CompileLesson, key: &Digest) {
    let Some(grid) = lesson.grid.as_ref().filter(|grid| grid.takes_results()) else { return };
    let CompileLesson { command: call, session, records, .. } = lesson;
    if companion.quarantine.holds(&session.whereabouts.key, records) {
        return;
    }
    let Some(candidate) = session.inner().candidates.get(&lesson.id()).cloned() else { return };
    let reads = candidate.reads();
    let context = request.context(&session.context.site.root);
    let left = publish_compile(&companion.engine, grid, call, &reads, context, &request.environment, key);
    if let Err(why) = left {
        tracing::debug!("result of {} is not left on the grid: {why}", call.compile.source);
    }
}

/// Records a command that was had without running it here; what it took stands for its cost until more is known.
pub(super) fn remember(companion: &Companion, lesson: &CompileLesson, reads: Reads, took: Duration) {
    let candidate = lesson.session.inner().candidates.get(&lesson.id()).cloned();
    let root = &lesson.session.context.site.root;
    if candidate.is_some_and(|candidate| {
        candidate.record(|record| lesson.command.is(record, root)) && candidate.reads() == reads
    }) {
        return;
    }
    let mut snapshot = Snapshot::new(&companion.engine.files);
    lesson.session.note(&companion.engine, &reads.set, i64::MAX, &mut snapshot);
    record(companion, lesson, reads, took, took);
}

fn record(companion: &Companion, lesson: &CompileLesson, reads: Reads, cpu: Duration, wall: Duration) {
    let call = &lesson.command;
    let record = Record {
        source: call.compile.source.clone(),
        outputs: call.outputs(),
        shape: reads.shape.0,
        ..call.record(lesson.id(), &lesson.session.context.site.root)
    };
    let work = Work::Compile(Box::new(call.clone()));
    put(companion, lesson, (work, record, reads, Vec::new()), (cpu, wall));
}

/// Puts the record of a command that the build itself has just given into the store, and into play.
pub(super) fn put<C: Served>(
    companion: &Companion,
    lesson: &Lesson<C>,
    (work, mut record, reads, given): (Work, Record, Reads, Vec<Given>),
    (cpu, wall): (Duration, Duration),
) {
    let Lesson { command, session, .. } = lesson;
    let (engine, root) = (&companion.engine, &session.context.site.root);
    let before = session.give_place(record.id, |before| command.is(before, root));
    let [named, id] = lesson.records;
    record.first = Some(named).filter(|named| *named != id);
    record.order = lesson.order;
    record.cost_us = cpu.as_micros() as u64;
    record.wall_us = wall.as_micros() as u64;
    record.asked = 1;
    if let Some(before) = &before {
        before.record(|old| {
            record.asked += old.asked;
            record.mispredicted = old.mispredicted;
            (record.launched, record.useful, record.wasted) = (old.launched, old.useful, old.wasted);
            // What reads other files than before is another matter, as is all that a traced command touches.
            if record.traced.is_none() && old.shape == record.shape {
                record.wasted_in_row = old.wasted_in_row;
            }
        });
    }
    if let Some(store) = &companion.store {
        match store.put(&session.whereabouts.key, &record, &session.inputs(engine, &reads)) {
            Ok(set) => record.set = set,
            Err(error) => tracing::warn!("{} is not recorded: {error}", record.source),
        }
    }
    let candidate = Candidate::new(work, record, reads, given).of_build(before.as_deref());
    let candidate = Arc::new(candidate);
    session.context.makes(engine, &candidate);
    session.inner().candidates.insert(candidate.id(), candidate);
    session.changes.note();
}
