//! Dependency sets: their identity, and their bytes.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::base::digest::short;

/// The identity of a dependency set: its paths, whatever their numbers in the element's table.
///
/// The sum, modulo 2^128, of the first half of each path's SHA-256. A sum can be checked against the paths at every
/// load for one addition an input, where hashing the paths again would cost more than reading the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SetId(pub [u8; 16]);

impl SetId {
    /// The identity of the set of paths with these `marks`; each path counts once.
    pub(super) fn of(marks: impl Iterator<Item = u128>) -> Self {
        Self(marks.fold(0, u128::wrapping_add).to_le_bytes())
    }
}

impl fmt::Display for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One path's share in a [`SetId`].
pub(super) fn mark(path: &str) -> u128 {
    u128::from_le_bytes(short(Sha256::new().chain_update(path)))
}

/// Strictly ascending numbers as bytes: varints of the gap before each run of consecutive numbers, doubled, plus one
/// when the run's further length follows. Headers that are included together were first seen together, so runs are long.
pub(super) fn encode(numbers: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(numbers.len());
    let mut next = 0;
    let mut at = 0;
    while let Some(&first) = numbers.get(at) {
        let run = 1 + numbers[at..].windows(2).take_while(|pair| pair[0] + 1 == pair[1]).count();
        let gap = u64::from(first) - next;
        put_varint(&mut bytes, gap << 1 | u64::from(run > 1));
        if run > 1 {
            put_varint(&mut bytes, run as u64 - 2);
        }
        next = u64::from(first) + run as u64;
        at += run;
    }
    bytes
}

/// The numbers that `bytes` encode, all below `limit`; `None` if the bytes are no set of such numbers.
pub(super) fn decode(bytes: &[u8], limit: usize) -> Option<Vec<u32>> {
    let limit = u64::try_from(limit).ok()?.min(u64::from(u32::MAX));
    let mut numbers = Vec::new();
    let mut rest = bytes;
    let mut next = 0u64;
    while !rest.is_empty() {
        let head = take_varint(&mut rest)?;
        let further = if head & 1 == 1 { take_varint(&mut rest)?.checked_add(1)? } else { 0 };
        let first = next.checked_add(head >> 1)?;
        let last = first.checked_add(further)?;
        if last >= limit {
            return None;
        }
        numbers.extend(first as u32..=last as u32);
        next = last + 1;
    }
    Some(numbers)
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (&byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(set in proptest::collection::btree_set(0..5000u32, 0..400)) {
            let numbers: Vec<u32> = set.into_iter().collect();
            prop_assert_eq!(decode(&encode(&numbers), 5000), Some(numbers));
        }

        #[test]
        fn any_bytes_give_ascending_numbers_below_the_limit_or_nothing(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Some(numbers) = decode(&bytes, 1000) {
                prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert!(numbers.iter().all(|&n| n < 1000));
            }
        }
    }

    #[test]
    fn a_run_costs_two_bytes_and_a_huge_one_is_refused() {
        let run: Vec<u32> = (7..100).collect();
        assert_eq!(encode(&run).len(), 2);
        let huge = [1, 0xff, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(decode(&huge, 1 << 20), None);
        assert_eq!(decode(&[1], 1000), None, "a run without its length");
    }

    #[test]
    fn identity_depends_on_the_paths_alone() {
        let id = |paths: &[&str]| SetId::of(paths.iter().map(|path| mark(path)));
        assert_eq!(id(&["a.c", "b.h"]), id(&["b.h", "a.c"]));
        let all: BTreeSet<SetId> =
            [&["a.c", "b.h"][..], &["a.c"], &[], &["a.c", "b.h", "c.h"]].into_iter().map(id).collect();
        assert_eq!(all.len(), 4);
    }
}
