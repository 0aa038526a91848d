//! Places on a grid where sessions leave an element's records: a session has some of its own, and nobody else writes there.
//!
//! A proxy answers from its own copy of an entry once it has one, and need not pass on what is written through it; buildbox-casd
//! does both. So what changes in an entry never reaches who has read it, and what is written hides what others write under the
//! same name. Which places are taken is asked of the CAS, by their Actions: no proxy keeps in mind what is missing.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::entry::Name;
use crate::store::ElementKey;

/// What records go by; the number changes when an older program would misread them.
const KIND: [&str; 2] = ["records", "2"];
/// Places of a day. A machine that may only read hides one of the others' with each of its own, so there are many more
/// than it has builds; asking for two days of them takes some 6 ms.
const SLOTS: u32 = 256;
/// Days back on which records are looked for.
const PAST: u64 = 100;
/// Days by which another machine's clock may be ahead.
const AHEAD: u64 = 2;

/// A place; or, without a slot, the day itself, which is there when something was left on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// Days since 1970.
    pub(super) day: u64,
    pub(super) slot: Option<u32>,
}

impl Place {
    /// What stands for it on the grid.
    pub(super) fn name(&self, element: &ElementKey) -> Name {
        let (day, slot) = (self.day.to_string(), self.slot.map(|slot| slot.to_string()));
        let words = [&element.project, &element.element, &day];
        Name::new(KIND, words.into_iter().chain(&slot).map(String::as_str))
    }

    /// The day that it is on.
    pub(super) fn its_day(&self) -> Self {
        Self { slot: None, ..*self }
    }
}

/// This machine's day.
pub(super) fn today() -> u64 {
    const DAY: Duration = Duration::from_hours(24);
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / DAY.as_secs())
}

/// The days on which records are looked for.
pub(super) fn days(today: u64) -> impl Iterator<Item = Place> {
    (today.saturating_sub(PAST)..=today + AHEAD).map(|day| Place { day, slot: None })
}

/// All places of a day.
pub(super) fn places(day: u64) -> impl Iterator<Item = Place> {
    (0..SLOTS).map(move |slot| Place { day, slot: Some(slot) })
}

/// The last two days among these. Who left something on the last one may not have seen all of the one before.
pub(super) fn last_days(there: &[Place]) -> Vec<u64> {
    let mut days: Vec<u64> = there.iter().map(|place| place.day).collect();
    days.sort_unstable_by(|one, other| other.cmp(one));
    days.dedup();
    days.truncate(2);
    days
}

/// A place to write to: on the last day that anybody's clock has come to, and by chance, as others may choose just now.
pub(super) fn free(today: u64, taken: &[Place]) -> Place {
    let day = taken.iter().map(|place| place.day).fold(today, u64::max);
    let taken: HashSet<&Place> = taken.iter().collect();
    let free: Vec<Place> = places(day).filter(|place| !taken.contains(place)).collect();
    // Where none is left, what another session has left must give way.
    fastrand::choice(free).unwrap_or(Place { day, slot: Some(fastrand::u32(..SLOTS)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: u64 = 20_000;

    #[test]
    fn the_last_two_days_count_however_long_ago() {
        let there = |days: &[u64]| days.iter().map(|&day| Place { day, slot: None }).collect::<Vec<_>>();
        assert_eq!(last_days(&there(&[])), [0; 0]);
        assert_eq!(last_days(&there(&[3, 3])), [3]);
        assert_eq!(last_days(&there(&[3, 90, 7, 90, 50])), [90, 50]);
        assert!(days(TODAY).any(|place| place.day == TODAY - PAST));
        assert!(days(TODAY).any(|place| place.day == TODAY + AHEAD));
        assert!(days(0).any(|place| place.day == 0), "a clock that was never set");
    }

    #[test]
    fn a_free_place_is_found_while_there_is_one() {
        let mut taken: Vec<Place> = places(TODAY - 1).collect();
        for _ in 0..SLOTS {
            let place = free(TODAY, &taken);
            assert!(place.day == TODAY && !taken.contains(&place), "{place:?}");
            taken.push(place);
        }
        let place = free(TODAY, &taken);
        assert!(taken.contains(&place) && place.day == TODAY, "{place:?}");
    }

    /// Else the slower clock's machine would leave its records where nobody looks any more.
    #[test]
    fn who_is_behind_writes_on_the_day_of_who_is_ahead() {
        let ahead = Place { day: TODAY + 1, slot: Some(7) };
        assert_eq!(free(TODAY, &[ahead]).day, TODAY + 1);
        assert_eq!(free(TODAY + 1, &[ahead]).day, TODAY + 1);
        assert_eq!(free(TODAY + 2, &[ahead]).day, TODAY + 2);
    }

    #[test]
    fn each_place_has_a_name_of_its_own() {
        let (one, other) = (ElementKey::new("p", "e"), ElementKey::new("p", "e/1"));
        let places: Vec<Place> = places(1).chain(days(1)).collect();
        let names = |element| places.iter().map(move |place: &Place| place.name(element).action);
        let all: HashSet<_> = names(&one).chain(names(&other)).collect();
        assert_eq!(all.len(), 2 * places.len());
        assert_eq!(places[0].its_day().name(&one).action, Place { day: 1, slot: None }.name(&one).action);
    }
}
