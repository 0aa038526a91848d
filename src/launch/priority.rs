//! Merit: what came of a command's earlier launches, and what that means for the next one.

use std::cmp::Reverse;

use super::candidate::Known;
use super::work::Work;
use crate::store::Record;

/// After so many launches in a row that no build asked for, a command is not launched any more as long as it reads the
/// same. One may be an accident and two a coincidence; complete builds that never ask have it forgotten after five.
const PATIENCE: u32 = 3;

/// Whether a command's launches keep being wasted.
pub(super) fn is_spent(record: &Record) -> bool {
    record.wasted_in_row >= PATIENCE
}

/// Where a launch stands among those that wait for a core here: the least goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    wasted: bool,
    /// A configure asks for its tests one by one, and all else waits for it.
    after_configure: bool,
    /// How long the chain is that begins with it, in powers of two: with few cores the build's own order is the better one
    /// among those that take about as long, for it asks for the first of them first.
    chain: Reverse<u32>,
    order: u32,
}

/// Where to launch a command among others: behind all of them when its last launch was wasted, else configure tests first,
/// then what the longest chains begin with, and in the last build's order.
pub fn rank(known: &Known) -> Rank {
    let probe = matches!(&known.work, Work::Traced(traced) if traced.probe);
    let state = known.state();
    Rank {
        wasted: state.record.wasted_in_row > 0,
        after_configure: !probe,
        chain: Reverse(if probe { 0 } else { u64::BITS - state.chain_us.leading_zeros() }),
        order: state.record.order,
    }
}

/// How many launches in a row have been wasted after a session, `before` which it were so many.
///
/// `useful` says what became of the session's own launch, if there was one. A build that asks without one gives the command
/// another chance, and one that needed only some commands says nothing of the others.
pub(super) fn wasted_in_row(before: u32, useful: Option<bool>, asked: bool, complete: bool) -> u32 {
    match useful {
        Some(true) => 0,
        Some(false) if asked || complete => before.saturating_add(1),
        None if asked => before.min(PATIENCE - 1),
        _ => before,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row_end_it_and_a_build_that_asks_gives_one_more_chance() {
        let spent = |wasted_in_row| is_spent(&Record { wasted_in_row, ..Record::default() });
        let mut row = 0;
        for _ in 0..PATIENCE {
            assert!(!spent(row));
            row = wasted_in_row(row, Some(false), false, true);
        }
        assert!(spent(row));
        assert!(spent(wasted_in_row(row, None, false, true)), "not asked for again");
        row = wasted_in_row(row, None, true, true);
        assert!(!spent(row));
        assert!(spent(wasted_in_row(row, Some(false), true, true)));
        assert_eq!(wasted_in_row(row, Some(true), true, true), 0);
    }

    #[test]
    fn a_build_that_needed_little_says_nothing() {
        assert_eq!(wasted_in_row(2, Some(false), false, false), 2);
        assert_eq!(wasted_in_row(2, Some(false), true, false), 3, "it asked, and the launch was no good");
    }

    #[test]
    fn who_was_wasted_goes_last() {
        let ranked = |order, wasted, chain| {
            let after_configure = order > 0;
            Rank { wasted, after_configure, chain: Reverse(chain), order }
        };
        assert!(ranked(0, true, 9) > ranked(9, false, 0) && ranked(1, false, 3) < ranked(2, false, 3));
        assert!(ranked(2, false, 4) < ranked(1, false, 3) && ranked(0, false, 0) < ranked(2, false, 4));
    }
}
