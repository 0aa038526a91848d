//! What a served command adds to its session's accounts.

use std::time::Instant;

use crate::launch::accounts::Way;
use crate::launch::candidate::Candidate;
use crate::launch::miss::Miss;
use crate::session::Session;

pub(crate) fn account(
    session: &Session,
    candidate: &Candidate,
    launched: bool,
    joined: bool,
    miss: Miss,
    begun: Instant,
) {
    let (way, why) = match (launched, joined) {
        (true, true) => (Way::Joined, None),
        (true, false) => (Way::Prefetched, None),
        (false, _) => (Way::Cached, Some(miss)),
    };
    session.tell(candidate.id(), (candidate.work.directory(), candidate.work.product()), way, why.as_ref());
    credit(candidate, launched);
    // On a busy machine most of the elapsed time is others'.
    let cost_us = candidate.record(|record| record.cost_us.min(record.wall_us));
    session.inner().accounts.saved_s += cost_us as f64 / 1e6 - begun.elapsed().as_secs_f64();
}

/// Counts the launch of a command that the build asks for as useful, if that is what serves it.
pub(crate) fn credit(candidate: &Candidate, launched: bool) {
    if launched {
        candidate.credit();
    }
}
