//! What a served command adds to its session's accounts.

use std::time::Instant;

use crate::launch::accounts::Way;
use crate::launch::candidate::Known;
use crate::launch::miss::Miss;
use crate::session::Session;

pub(crate) fn account(
    session: &Session,
    known: &Known,
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
    session.tell(known.id(), (known.work.directory(), known.work.product()), way, why.as_ref());
    credit(known, launched);
    let cost_us = {
        let state = known.state();
        // On a busy machine most of the elapsed time is others'.
        state.record.cost_us.min(state.record.wall_us)
    };
    session.inner().accounts.saved_s += cost_us as f64 / 1e6 - begun.elapsed().as_secs_f64();
}

/// Counts the launch of a command that the build asks for as useful, if that is what serves it.
pub(crate) fn credit(known: &Known, launched: bool) {
    if launched {
        known.credit();
    }
}
