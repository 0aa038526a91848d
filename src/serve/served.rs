//! The one way in which a command that a record may remember is served, a compile or a traced one: from its launch, or from the cache.

use std::sync::Arc;

use super::answer::{Answer, Asking};
use super::unserved::{Unmet, Unserved};
use super::verify::Expected;
use super::why_not::unserved;
use crate::cache::outcome::Outcome;
use crate::compile::instance::Unready;
use crate::compile::recorded::Recorded;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::Candidate;
use crate::launch::decide::Instantiated;
use crate::launch::life::Launch;
use crate::launch::miss::{Miss, MissReason};
use crate::session::Session;
use crate::session::companion::Companion;
use crate::session::counts::Way;
use crate::settings::Mode;
use crate::store::RecordId;

/// Asks once a second while somebody waits whether the shim still does.
pub(crate) type Alive<'a> = &'a mut dyn FnMut() -> bool;

/// Who asks, and in which session.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub companion: &'a Arc<Companion>,
    pub session: &'a Arc<Session>,
    pub asking: Asking<'a>,
}

impl<'a> At<'a> {
    /// The project root.
    pub(super) fn root(self) -> &'a str {
        &self.session.context.site.root
    }

    /// Has the command run alone.
    pub(super) fn bypass(self, reason: String) -> Answer {
        self.session.bypass(&reason, &self.asking.request.args, self.asking.asked());
        Answer::Bypass(reason)
    }
}

/// A command as a build asks for it: what differs between a compile and a traced command.
pub(crate) trait Served: Recorded {
    /// It on the files of one moment.
    type Instance: Instantiated;

    /// It on the files as they are, when it reads what its record says.
    fn now(
        &self,
        at: At<'_>,
        candidate: &Candidate,
        snapshot: &mut Snapshot<'_>,
    ) -> Result<Self::Instance, Unready>;

    /// Whether the build waits for its launch, should that be in flight. One that is of no use to it is ended.
    fn awaits(&self, at: At<'_>, candidate: &Candidate, now: Result<&Self::Instance, &Unready>) -> bool;

    /// What is to be done when it cannot be instantiated, for this reason, and so its launch does not serve it.
    fn unready(
        &self,
        _at: At<'_>,
        (_why, miss): (Unready, Miss),
        _snapshot: &mut Snapshot<'_>,
        _alive: Alive<'_>,
    ) -> Result<Answer, Unmet> {
        Err(miss.into())
    }

    /// Takes note of an instance.
    fn note(&self, _at: At<'_>, _now: &Self::Instance, _snapshot: &mut Snapshot<'_>) {}

    /// Its result in a place where its launch would have looked, but for the cache.
    fn find_afar(&self, _at: At<'_>, _now: &Self::Instance) -> Option<Outcome> {
        None
    }

    /// What is to be done when a result is not for who asks.
    fn unfit(&self, _at: At<'_>, _id: RecordId, why: Miss) -> Result<Answer, Unmet> {
        Err(why.into())
    }

    /// Says in recc's log that it is served.
    fn log(&self, _at: At<'_>, _now: &Self::Instance) {}

    /// An outcome with the command's own names in it.
    fn named(&self, outcome: Outcome) -> Outcome {
        outcome
    }
}

/// Serves a command from its launch or from the cache; `named` is its record's name by what it makes. When its compiler has to run,
/// what there is to know of it.
pub(super) fn answer<'a, C: Served>(
    at: At<'a>,
    command: &C,
    named: RecordId,
    snapshot: Snapshot<'a>,
    alive: Alive<'_>,
) -> Result<Answer, Unserved> {
    let (session, root) = (at.session, at.root());
    let id = session.name(named, |record| command.is(record, root), || command.further_id(named, root));
    let order = session.see(id);
    let records = [named, id];
    if let Some(answer) = quarantined(at, &records) {
        return Ok(answer);
    }
    let recorded = session.inner().candidates.get(&id).cloned();
    let why = if recorded.is_some() { MissReason::ChangedCommand } else { MissReason::NewCommand };
    let candidate = recorded.filter(|candidate| candidate.record(|record| command.is(record, root)));
    if at.asking.mode == Mode::Spec {
        match &candidate {
            Some(candidate) => session.note_constancy(candidate),
            None => session.note_change(&at.companion.engine, command, id),
        }
    }
    let mut unmet = Unmet::from(Miss::from(why));
    if let Some(candidate) = candidate.as_ref().filter(|_| at.asking.mode != Mode::Learn) {
        candidate.ask(order);
        // recc serves by itself.
        if session.context.recc.is_none() {
            match serve(at, command, candidate, snapshot, alive) {
                Ok(answer) => return Ok(answer),
                Err(why) => unmet = why,
            }
        }
    }
    Err(Unserved { records, order, candidate, unmet })
}

/// A command and its launch, once that has ended or is of no use.
pub(super) struct Met<I> {
    pub now: Result<I, Unready>,
    pub launch: Launch,
    /// Whether the build has waited for the launch.
    pub joined: bool,
    /// Why the launch does not serve the command, if it does not.
    pub miss: Miss,
}

/// Instantiates a command and waits for its launch if that is in flight; `None` when the build has gone meanwhile.
pub(super) fn meet<'a, C: Served>(
    at: At<'a>,
    command: &C,
    candidate: &Arc<Candidate>,
    snapshot: &mut Snapshot<'a>,
    alive: Alive<'_>,
) -> Option<Met<C::Instance>> {
    let engine = &at.companion.engine;
    let context = &at.session.context;
    // A configure test may well come before what configure makes.
    if candidate.work.compile().is_some() && context.predictions.refute(&candidate.reads().set, snapshot) {
        context.bell.ring();
    }
    let mispredicted = candidate.check_prediction(&context.predictions, snapshot);
    candidate.mark_overtaken(engine, mispredicted);
    let mut now = command.now(at, candidate, snapshot);
    let joined = command.awaits(at, candidate, now.as_ref()) && candidate.is_in_flight();
    if joined {
        if !at.companion.launcher.join(candidate, &at.session.context, alive) {
            return None;
        }
        *snapshot = Snapshot::new(&engine.files);
        now = command.now(at, candidate, snapshot);
    }
    let miss = unserved(engine, candidate, now.as_ref().map(Instantiated::key));
    Some(Met { now, launch: candidate.launch(), joined, miss })
}

fn serve<'a, C: Served>(
    at: At<'a>,
    command: &C,
    candidate: &Arc<Candidate>,
    mut snapshot: Snapshot<'a>,
    alive: Alive<'_>,
) -> Result<Answer, Unmet> {
    let At { companion, asking, .. } = at;
    let cache = &companion.engine.cache;
    let Some(met) = meet(at, command, candidate, &mut snapshot, alive) else {
        return Ok(Answer::Bypass("the build has gone".into()));
    };
    let Met { now, launch, joined, miss } = met;
    let now = match now {
        Ok(now) => now,
        Err(why) => return command.unready(at, (why, miss), &mut snapshot, alive),
    };
    command.note(at, &now, &mut snapshot);
    if now.is_barred(cache) {
        return Err(Miss::from(MissReason::Quarantined).into());
    }
    let found = match &launch {
        Launch::Ready(ready, outcome) if *ready == now.key() => Some(outcome.clone()),
        _ => now.find(cache).or_else(|| {
            // Its launch has looked there.
            if joined { None } else { command.find_afar(at, &now) }
        }),
    };
    let launched = match &launch {
        // On another terminal or day it may have come to the same.
        Launch::Ready(ready, outcome) => *ready == now.key() || found.as_ref() == Some(outcome),
        Launch::Held(held) => *held == now.key(),
        _ => false,
    };
    // A blob that has gone meanwhile means a compile.
    let opened = found.and_then(|outcome| Some((cache.open(&outcome)?, outcome)));
    let Some((files, outcome)) = opened else { return Err(miss.into()) };
    if let Some(why) = asking.request.unfit_for(&outcome) {
        return command.unfit(at, candidate.id(), MissReason::Refused.of(why));
    }
    if asking.verified {
        if launched {
            candidate.credit();
        }
        let reads = Some(candidate.reads());
        return Err(Expected { outcome, keys: now.keys(), reads, launched }.into());
    }
    command.log(at, &now);
    account(at, candidate, (launched, joined), miss);
    Ok(Answer::Serve(command.named(outcome), files))
}

/// Counts a command as served.
fn account(
    At { session, asking, .. }: At<'_>,
    candidate: &Candidate,
    (launched, joined): (bool, bool),
    miss: Miss,
) {
    let (way, why) = match (launched, joined) {
        (true, true) => (Way::Joined, None),
        (true, false) => (Way::Prefetched, None),
        (false, _) => (Way::Cached, Some(miss)),
    };
    let asked = asking.asked();
    session.tell((candidate.id(), candidate.work.product()), asked, way, why.as_ref());
    if launched {
        candidate.credit();
    }
    // On a busy machine most of the elapsed time is others'.
    let (cpu_us, cost_us) = candidate.record(|record| (record.cost_us, record.cost_us.min(record.wall_us)));
    let waited_s = asking.begun.elapsed().as_secs_f64();
    let accounts = &mut session.inner().accounts;
    accounts.saved_s += cost_us as f64 / 1e6 - waited_s;
    accounts.saved_cpu_s += cpu_us as f64 / 1e6;
    accounts.waited_s += waited_s;
}

/// The answer to a command that has one of these names, if that is in quarantine.
pub(super) fn quarantined(at: At<'_>, records: &[RecordId]) -> Option<Answer> {
    let holds = at.companion.quarantine.holds(&at.session.whereabouts.key, records);
    holds.then(|| at.bypass(MissReason::Quarantined.to_string()))
}
