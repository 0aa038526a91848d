//! Suppression: what came of a command's earlier launches, and whether that speaks against another one.

use crate::store::Record;

/// After so many launches in a row that no build asked for, a command is not launched any more as long as it reads the
/// same. One may be an accident and two a coincidence; complete builds that never ask have it forgotten after five.
const PATIENCE: u32 = 3;

/// Whether a command's launches keep being wasted.
pub(super) fn is_suppressed(record: &Record) -> bool {
    record.wasted_in_row >= PATIENCE
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
        let suppressed = |wasted_in_row| is_suppressed(&Record { wasted_in_row, ..Record::default() });
        let mut row = 0;
        for _ in 0..PATIENCE {
            assert!(!suppressed(row));
            row = wasted_in_row(row, Some(false), false, true);
        }
        assert!(suppressed(row));
        assert!(suppressed(wasted_in_row(row, None, false, true)), "not asked for again");
        row = wasted_in_row(row, None, true, true);
        assert!(!suppressed(row));
        assert!(suppressed(wasted_in_row(row, Some(false), true, true)));
        assert_eq!(wasted_in_row(row, Some(true), true, true), 0);
    }

    #[test]
    fn a_build_that_needed_little_says_nothing() {
        assert_eq!(wasted_in_row(2, Some(false), false, false), 2);
        assert_eq!(wasted_in_row(2, Some(false), true, false), 3, "it asked, and the launch was no good");
    }
}
