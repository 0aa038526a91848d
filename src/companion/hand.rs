//! The recc backend at the asked path: real compiles are handed to an installed recc.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::ask::{Answer, Lesson, Request};
use super::{Companion, learn};
use crate::backend::recc::Recc;
use crate::inputs::snapshot::Snapshot;
use crate::launch::{Known, Launch, Unready, Wrapper, examine, instantiate};
use crate::settings::{Backend, Policy, Settings};

/// The recc that settings ask for; `None`, said in the log, when they do and there is none.
pub(super) fn wrapper(settings: &Settings, environment: &[(String, String)]) -> Option<Wrapper> {
    if settings.backend() != Backend::Recc {
        return None;
    }
    let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| OsStr::new(path));
    let Some(recc) = Recc::find(settings.get("recc").map(Path::new), path) else {
        tracing::warn!("the backend is recc, and no recc is installed: compilers run alone");
        return None;
    };
    let executes = settings.policy(false) != Policy::CacheOnly;
    Some(Wrapper { recc, settings: settings.for_recc(), executes })
}

/// Hands a compile to recc, once its own launch has ended.
pub(super) fn hand(
    companion: &Arc<Companion>,
    lesson: Box<Lesson>,
    wrapper: &Wrapper,
    request: &Request,
    alive: &mut dyn FnMut() -> bool,
) -> Answer {
    let place = &lesson.session.place;
    let known = lesson.session.inner().knowns.get(&lesson.id).cloned();
    let known = known.filter(|known| lesson.call.is(&known.state().record, &place.root));
    let mut served = None;
    if let Some(known) = &known {
        known.forestall();
        let in_flight = matches!(known.state().launch, Launch::Queued | Launch::Running(_));
        if in_flight && !companion.launcher.join(known, place, alive) {
            return Answer::Bypass("the build has gone".into());
        }
        match is_ready(companion, known, request, &lesson.session.place.root) {
            Ok(ready) => served = Some((ready, in_flight)),
            Err(Unready::Refused(reason)) => {
                lesson.session.inner().accounts.served.bypassed += 1;
                return Answer::Bypass(reason);
            }
            Err(_) => {}
        }
    }
    account(&lesson, known.as_deref(), served);
    let handed = wrapper.compile(&lesson.call, &request.environment);
    if served.is_none() {
        learn_behind(companion, lesson, request);
    }
    Answer::Hand(handed)
}

/// Whether the command's launch has run the very action that is asked for now.
fn is_ready(companion: &Companion, known: &Known, request: &Request, root: &str) -> Result<bool, Unready> {
    let Some(call) = known.work.compile() else { return Ok(false) };
    let reads = known.state().reads.clone();
    let context = request.context(root);
    let mut snapshot = Snapshot::new(&companion.engine.files);
    let instance = instantiate(&companion.engine, &mut snapshot, call, &reads, context)?;
    Ok(matches!(&known.state().launch, Launch::Ready(action, _) if *action == instance.action))
}

/// Counts the compile: recc itself does not say whether it found the result or had it executed.
fn account(lesson: &Lesson, known: Option<&Known>, served: Option<(bool, bool)>) {
    let mut inner = lesson.session.inner();
    let accounts = &mut inner.accounts;
    let Some((known, (true, joined))) = known.zip(served) else {
        accounts.served.executed += 1;
        return;
    };
    *(if joined { &mut accounts.served.joined } else { &mut accounts.served.prefetched }) += 1;
    let mut state = known.state();
    if !state.useful {
        state.useful = true;
        accounts.useful += 1;
        accounts.useful_executed += u64::from(state.executed);
    }
}

/// Records the command by a scan of its own, beside recc's run.
fn learn_behind(companion: &Arc<Companion>, lesson: Box<Lesson>, request: &Request) {
    let (companion, request) = (Arc::clone(companion), request.clone());
    thread::spawn(move || {
        let context = request.context(&lesson.session.place.root);
        match examine(&companion.engine, &lesson.call, context, &request.environment) {
            Ok((reads, _)) => learn::remember(&companion, &lesson, reads, Duration::ZERO),
            Err(why) => tracing::debug!("{} is not recorded: {why}", lesson.call.compile.source),
        }
    });
}
