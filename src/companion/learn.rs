//! Learning: what a compile of the build's own read and left behind.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use super::Companion;
use super::ask::{Lesson, Request};
use crate::backend::Outcome;
use crate::inputs::digest::Digest;
use crate::launch::{
    Call, Context, Evidence, Known, NotKept, Reads, Side, conclude, examine, scan, templated,
};
use crate::store::{Record, SetId};

/// What the shim reports of a compile it ran.
#[derive(Debug)]
pub(super) struct Report {
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
pub(super) struct Taken {
    outcome: Result<Outcome, String>,
    dependencies: Option<Vec<u8>>,
    assembled: Option<Vec<u8>>,
}

/// Copies outputs and depfiles away. The shim waits for this, so nothing else is done here.
pub(super) fn take(
    companion: &Companion,
    call: &Call,
    side: &Side,
    report: &Report,
    terminal: bool,
) -> Taken {
    let outcome = match &report.stderr {
        _ if report.printed => Err("it printed on its standard output".to_owned()),
        None => Err("its messages were not caught".to_owned()),
        Some(stderr) if terminal && !stderr.is_empty() => {
            Err("its messages were made for a terminal".to_owned())
        }
        Some(stderr) => outputs(companion, call, stderr),
    };
    let read = |path: &std::path::PathBuf| fs::read(path).ok();
    Taken {
        outcome,
        dependencies: side.dependencies.as_ref().and_then(read),
        assembled: side.assembled.as_ref().and_then(read),
    }
}

fn outputs(companion: &Companion, call: &Call, stderr: &[u8]) -> Result<Outcome, String> {
    let mut outcome = Outcome { files: Vec::new(), stderr: stderr.to_vec() };
    for output in &call.compile.outputs {
        let path = call.absolute(&output.path);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => outcome
                .add(&companion.engine.cache, &output.path, &path)
                .map_err(|error| error.to_string())?,
            _ if output.optional => {}
            _ => return Err(format!("it left no {}", output.path)),
        }
    }
    Ok(outcome)
}

/// Records a compile: what it read, what it cost, and its result.
pub(super) fn learn(
    companion: &Companion,
    request: &Request,
    lesson: &Lesson,
    side: &Side,
    taken: Taken,
    began_ns: i64,
    report: &Report,
) {
    let Lesson { call, session, .. } = lesson;
    match lesson_of(companion, request, lesson, side, taken, began_ns) {
        Ok(reads) => {
            let known = record(companion, lesson, reads, report);
            session.inner().knowns.insert(lesson.id, known);
        }
        Err(why) => tracing::info!("{} in {} is not recorded: {why}", call.compile.source, call.directory),
    }
}

fn lesson_of(
    companion: &Companion,
    request: &Request,
    lesson: &Lesson,
    side: &Side,
    taken: Taken,
    began_ns: i64,
) -> Result<Reads, NotKept> {
    let engine = &companion.engine;
    let call = &lesson.call;
    let dependencies = match (taken.dependencies, &side.dependencies) {
        (Some(text), _) => text,
        (None, Some(path)) => {
            return Err(NotKept::Unaccountable(format!("no dependencies in {}", path.display())));
        }
        (None, None) => scan(engine, call, &lesson.session.place.environment_of(call))?,
    };
    if side.assembled.is_some() && taken.assembled.is_none() {
        return Err(NotKept::Unaccountable("the assembler did not say what it read".into()));
    }
    let evidence = Evidence { began_ns, dependencies, assembled: taken.assembled, outcome: taken.outcome };
    let context = Context { path: request.variable("PATH") };
    let learnt = conclude(engine, call, context, evidence)?;
    if let Err(why) = &learnt.kept {
        tracing::info!("result of {} in {} is not kept: {why}", call.compile.source, call.directory);
    }
    Ok(learnt.reads)
}

/// Puts the record into the store, and into play.
fn record(companion: &Companion, lesson: &Lesson, reads: Reads, report: &Report) -> Arc<Known> {
    let Lesson { call, id, session, order, .. } = lesson;
    let root = &session.place.root;
    let before = session.inner().knowns.get(id).cloned();
    let old = before.as_ref().map(|known| known.state().record.clone());
    let mut record = Record {
        id: *id,
        compiler: call.compiler.clone(),
        args: call.compile.args.iter().map(|arg| templated(arg, root)).collect(),
        cwd: templated(&call.directory, root),
        env: call.environment.iter().map(|(name, value)| (name.clone(), templated(value, root))).collect(),
        source: call.compile.source.clone(),
        outputs: call.outputs(),
        set: SetId::default(),
        shape: reads.shape.0,
        order: *order,
        cost_us: report.cpu.as_micros() as u64,
        wall_us: report.wall.as_micros() as u64,
        asked: old.as_ref().map_or(0, |old| old.asked) + 1,
        launched: old.as_ref().map_or(0, |old| old.launched),
        useful: old.as_ref().map_or(0, |old| old.useful),
        wasted: old.as_ref().map_or(0, |old| old.wasted),
        unseen_builds: 0,
    };
    if let Some(store) = &companion.store {
        let inputs = session.inputs(&companion.engine, &reads);
        match store.put(&session.whereabouts.key, &record, &inputs) {
            Ok(set) => record.set = set,
            Err(error) => tracing::warn!("{} is not recorded: {error}", record.source),
        }
    }
    let known = Known::new(call.clone(), record, reads);
    if let Some(before) = before {
        known.inherit(&before);
    }
    Arc::new(known)
}

/// What a call reads now, and its action: for `specctl explain`.
pub(super) struct Look {
    /// The action's digest.
    pub action: Digest,
    /// Every file it reads.
    pub inputs: Vec<String>,
}

/// Scans a call and computes its action; an error says why it is not cached.
pub(super) fn look(companion: &Companion, request: &Request, call: &Call) -> Result<Look, String> {
    let engine = &companion.engine;
    let context = Context { path: request.variable("PATH") };
    let (reads, instance) = examine(engine, call, context, &request.environment)?;
    let inputs = reads.set.iter().map(|&id| engine.name(id)).collect();
    Ok(Look { action: instance.action, inputs })
}
