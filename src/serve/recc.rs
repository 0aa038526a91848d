//! The recc backend at the asked path: real compiles are handed to an installed recc.

use std::sync::Arc;
use std::time::Duration;

use super::learn;
use super::lesson::{Lesson, tell};
use super::request::Request;
use crate::base::threads;
use crate::compile::call::Call;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::perform::examine;
use crate::inputs::snapshot::Snapshot;
use crate::launch::accounts::Way;
use crate::launch::candidate::Candidate;
use crate::launch::state::Launch;
use crate::launch::unserved::unserved;
use crate::recc::wrapper::Wrapper;
use crate::serve::answer::Answer;
use crate::session::companion::Companion;

/// Hands a compile to recc, once its own launch has ended.
pub(super) fn hand(
    companion: &Arc<Companion>,
    mut lesson: Box<Lesson>,
    wrapper: &Wrapper,
    request: &Request,
    alive: &mut dyn FnMut() -> bool,
) -> Answer {
    let context = Arc::clone(&lesson.session.context);
    let candidate = lesson.session.inner().candidates.get(&lesson.id).cloned();
    let candidate =
        candidate.filter(|candidate| candidate.record(|record| lesson.call.is(record, &context.site.root)));
    let mut served = None;
    if let Some(candidate) = &candidate {
        candidate.mark_overtaken(&companion.engine, None);
        let in_flight = candidate.is_in_flight();
        if in_flight && !companion.launcher.join(candidate, &context, alive) {
            return Answer::Bypass("the build has gone".into());
        }
        let now = now(companion, &lesson.call, candidate, request, &context.site.root);
        let launch = candidate.launch();
        lesson.why = unserved(&companion.engine, candidate, now.as_ref().map(|now| &now.action));
        match now {
            Ok(now) => {
                let ready = matches!(&launch, Launch::Ready(action, _) if *action == now.action);
                served = Some((ready, in_flight));
            }
            Err(Unready::Refused(reason) | Unready::Untold(reason) | Unready::Absent(_, reason)) => {
                lesson.session.bypass(&reason, &request.args);
                return Answer::Bypass(reason);
            }
            Err(_) => {}
        }
    }
    account(&lesson, candidate.as_deref(), served);
    let handed = wrapper.compile(&lesson.call, &request.environment);
    if served.is_none() {
        learn_behind(companion, lesson, request);
    }
    Answer::Hand(handed)
}

/// The command's instance now.
fn now(
    companion: &Companion,
    call: &Call,
    candidate: &Candidate,
    request: &Request,
    root: &str,
) -> Result<Instance, Unready> {
    let reads = candidate.reads();
    let mut snapshot = Snapshot::new(&companion.engine.files);
    instantiate(&companion.engine, &mut snapshot, call, &reads, request.context(root))
}

/// Counts the compile: recc itself does not say whether it found the result or had it executed.
fn account(lesson: &Lesson, candidate: Option<&Candidate>, served: Option<(bool, bool)>) {
    let Some((candidate, (true, joined))) = candidate.zip(served) else {
        return lesson.tell(Way::Executed);
    };
    let way = if joined { Way::Joined } else { Way::Prefetched };
    tell(&lesson.session, lesson.id, &lesson.call, way, None);
    candidate.credit();
}

/// Records the command by a scan of its own, beside recc's run.
fn learn_behind(companion: &Arc<Companion>, lesson: Box<Lesson>, request: &Request) {
    let (companion, request) = (Arc::clone(companion), request.clone());
    // Without a thread it is recorded another time.
    threads::start(move || {
        let context = request.context(&lesson.session.context.site.root);
        match examine(&companion.engine, &lesson.call, context, &request.environment) {
            Ok((reads, _)) => learn::remember(&companion, &lesson, reads, Duration::ZERO),
            Err(why) => tracing::debug!("{} is not recorded: {why}", lesson.call.compile.source),
        }
    });
}
