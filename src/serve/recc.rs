//! The recc backend at the asked path: real compiles are handed to an installed recc.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Asking};
use super::learn;
use super::lesson::CompileLesson;
use super::request::Request;
use super::served::{Alive, At, meet};
use crate::base::threads;
use crate::compile::instance::Unready;
use crate::compile::perform::examine;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::decide::Instantiated;
use crate::launch::life::Launch;
use crate::recc::wrapper::Wrapper;
use crate::session::companion::Companion;
use crate::session::counts::Way;

/// Hands a compile to recc, once its own launch has ended. `candidate` is the record that remembers it.
pub(super) fn hand(
    at: At<'_>,
    mut lesson: CompileLesson,
    candidate: Option<&Arc<Candidate>>,
    wrapper: &Wrapper,
    alive: Alive<'_>,
) -> Answer {
    let At { companion, asking: Asking { request, .. }, .. } = at;
    let mut served = None;
    if let Some(candidate) = candidate {
        let mut snapshot = Snapshot::new(&companion.engine.files);
        let Some(met) = meet(at, &lesson.command, candidate, &mut snapshot, alive) else {
            return Answer::Bypass("the build has gone".into());
        };
        lesson.why = met.miss;
        match met.now {
            Ok(now) => {
                let ready = matches!(&met.launch, Launch::Ready(key, _) if *key == now.key());
                served = Some((ready, met.joined));
            }
            Err(Unready::Refused(reason) | Unready::Untold(reason) | Unready::Absent(_, reason)) => {
                return at.bypass(reason);
            }
            Err(Unready::Changed | Unready::Missing(_)) => {}
        }
    }
    account(&lesson, candidate, served);
    let handed = wrapper.compile(&lesson.command, &request.environment);
    if served.is_none() {
        learn_behind(companion, lesson, request);
    }
    Answer::Hand(handed)
}

/// Counts the compile: recc itself does not say whether it found the result or had it executed.
fn account(lesson: &CompileLesson, candidate: Option<&Arc<Candidate>>, served: Option<(bool, bool)>) {
    let Some((candidate, (true, joined))) = candidate.zip(served) else {
        return lesson.tell(Way::Executed);
    };
    let way = if joined { Way::Joined } else { Way::Prefetched };
    lesson.tell_why(way, None);
    candidate.credit();
}

/// Records the command by a scan of its own, beside recc's run.
fn learn_behind(companion: &Arc<Companion>, lesson: CompileLesson, request: &Request) {
    let (companion, request) = (Arc::clone(companion), request.clone());
    // Without a thread it is recorded another time.
    threads::start(move || {
        let context = request.context(&lesson.session.context.site.root);
        match examine(&companion.engine, &lesson.command, context, &request.environment) {
            Ok((reads, _)) => learn::remember(&companion, &lesson, reads, Duration::ZERO),
            Err(why) => tracing::debug!("{} is not recorded: {why}", lesson.command.compile.source),
        }
    });
}
