//! Compiles at the asked path: served, handed to recc, fetched from a grid or executed there, else run here and learnt from.

use std::sync::Arc;
use std::time::Duration;

use super::answer::{Answer, Asking};
use super::fetch_or_execute::{fetch_or_execute, log_hit};
use super::lesson::CompileLesson;
use super::recc::hand;
use super::served::{self, Alive, At, Served};
use super::traced;
use super::unserved::Unmet;
use crate::compile::call::Call;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::recorded::Recorded;
use crate::grid::moment::Moment;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::miss::Miss;
use crate::session::Session;
use crate::session::companion::Companion;
use crate::session::counts::Way;
use crate::settings::{Mode, Settings};
use crate::store::RecordId;
use crate::toolchain::ToolchainError;

/// How long a compile waits at most until its compiler is known, where a result may be there for it. Else it runs at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers a compile.
pub(super) fn answer(
    companion: &Arc<Companion>,
    session: &Arc<Session>,
    call: Call,
    asking: Asking<'_>,
    settings: &Settings,
    mut snapshot: Snapshot<'_>,
    alive: Alive<'_>,
) -> Answer {
    let active = session.begin(asking.kind, asking.begun);
    let at = At { companion, session, asking };
    let grid = companion.grids.of(settings);
    let recorded = asking.mode != Mode::Learn && is_recorded(at, &call);
    let may_be_there = recorded || grid.is_some() && asking.mode != Mode::Learn;
    let mut patient = || may_be_there && asking.begun.elapsed() < PATIENCE && alive();
    let path = asking.request.variable("PATH");
    let known = match companion.engine.toolchain_while(&mut patient, &call, path, &mut snapshot) {
        Ok(_) => true,
        Err(error @ ToolchainError::Busy { .. }) if recorded => return at.bypass(error.to_string()),
        Err(ToolchainError::Busy { .. }) => false,
        Err(error) => {
            let traced = traced::answer(at, &mut snapshot, alive);
            return traced.unwrap_or_else(|| at.bypass(error.to_string()));
        }
    };
    let unserved = match served::answer(at, &call, call.id(at.root()), snapshot, alive) {
        Ok(answer) => return answer,
        Err(unserved) => unserved,
    };
    let candidate = unserved.candidate.clone();
    let mut lesson = CompileLesson::new(session, call, unserved, grid, active);
    if let Some(wrapper) = session.context.recc.as_deref() {
        return hand(at, lesson, candidate.as_ref(), wrapper, alive);
    }
    if known
        && asking.mode != Mode::Learn
        && lesson.expected.is_none()
        && let Some(grid) = &lesson.grid
    {
        match fetch_or_execute(at, &lesson, candidate.as_deref(), grid, alive) {
            Ok(Some(answer)) => return answer,
            Ok(None) => {}
            Err(Unmet { why, expected }) => (lesson.why, lesson.expected) = (why, expected),
        }
    }
    Answer::Learn(Box::new(lesson))
}

/// Whether a record remembers this very call.
fn is_recorded(at: At<'_>, call: &Call) -> bool {
    let (session, root) = (at.session, at.root());
    let named = call.id(root);
    let is = |id: RecordId| {
        let candidate = session.inner().candidates.get(&id).cloned();
        candidate.is_some_and(|candidate| candidate.record(|record| call.is(record, root)))
    };
    is(named) || is(call.further_id(named, root))
}

impl Served for Call {
    type Instance = Instance;

    fn now(
        &self,
        at: At<'_>,
        candidate: &Candidate,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Instance, Unready> {
        let context = at.asking.request.context(at.root());
        instantiate(&at.companion.engine, snapshot, self, &candidate.reads(), context)
    }

    fn awaits(&self, _at: At<'_>, candidate: &Candidate, now: Result<&Instance, &Unready>) -> bool {
        if let Ok(now) = now {
            candidate.invalidate(&now.keys.own);
        }
        matches!(now, Ok(_) | Err(Unready::Changed | Unready::Missing(_)))
    }

    fn unready(
        &self,
        at: At<'_>,
        (why, miss): (Unready, Miss),
        snapshot: &mut Snapshot<'_>,
        alive: Alive<'_>,
    ) -> Result<Answer, Unmet> {
        match why {
            Unready::Untold(reason) => {
                Ok(traced::answer(at, snapshot, alive).unwrap_or_else(|| at.bypass(reason)))
            }
            Unready::Refused(reason) | Unready::Absent(_, reason) => Ok(at.bypass(reason)),
            Unready::Changed | Unready::Missing(_) => Err(miss.into()),
        }
    }

    fn note(&self, at: At<'_>, now: &Instance, snapshot: &mut Snapshot<'_>) {
        at.session.note(&at.companion.engine, &now.set, now.changed_ns, snapshot);
    }

    fn unfit(&self, at: At<'_>, id: RecordId, why: Miss) -> Result<Answer, Unmet> {
        let which = (id, (self.directory(), self.product()));
        at.session.tell(which, at.asking.asked(), Way::Local, Some(&why));
        Ok(Answer::Bypass(why.detail))
    }

    fn log(&self, at: At<'_>, now: &Instance) {
        if let (Some(log), Some(grid)) = (at.asking.log, at.asking.logged) {
            let moment = Moment::new(&at.companion.engine, now, &[]);
            log_hit(log, grid, &moment.job(self, &at.asking.request.environment));
        }
    }
}
