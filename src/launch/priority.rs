//! Priority: which launch goes first.

use std::cmp::Reverse;

use super::candidate::Candidate;

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
pub fn rank(candidate: &Candidate) -> Rank {
    let probe = candidate.work.is_probe();
    let (wasted_in_row, order) = candidate.record(|record| (record.wasted_in_row, record.order));
    Rank {
        wasted: wasted_in_row > 0,
        after_configure: !probe,
        chain: Reverse(if probe { 0 } else { u64::BITS - candidate.chain_us().leading_zeros() }),
        order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
