//! Batches: which blobs go into one message, and which are too large for any.

use crate::base::digest::Digest;

/// What a blob costs in a message beside its content: its digest, field tags and a status.
const OVERHEAD: u64 = 160;

/// A division of blobs, by their places in the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Division {
    /// Each fits into a message.
    pub(super) batches: Vec<Vec<usize>>,
    /// Each is larger than a message may be.
    pub(super) large: Vec<usize>,
}

/// Divides blobs, in their order, into messages of at most `limit` bytes.
pub(super) fn divide(blobs: &[Digest], limit: u64) -> Division {
    let mut division = Division::default();
    let mut batch = Vec::new();
    let mut filled = 0;
    for (place, blob) in blobs.iter().enumerate() {
        let cost = blob.size.saturating_add(OVERHEAD);
        if cost > limit {
            division.large.push(place);
            continue;
        }
        if filled + cost > limit {
            division.batches.push(std::mem::take(&mut batch));
            filled = 0;
        }
        batch.push(place);
        filled += cost;
    }
    if !batch.is_empty() {
        division.batches.push(batch);
    }
    division
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sized(sizes: &[u64]) -> Vec<Digest> {
        sizes.iter().map(|size| Digest { hash: [0; 32], size: *size }).collect()
    }

    #[test]
    fn batches_are_filled_in_order_and_large_blobs_go_alone() {
        let limit = 3 * OVERHEAD + 30;
        let division = divide(&sized(&[10, 10, limit, 10, 10, u64::MAX]), limit);
        assert_eq!(division, Division { batches: vec![vec![0, 1, 3], vec![4]], large: vec![2, 5] });
    }

    #[test]
    fn a_tiny_limit_leaves_only_streams() {
        assert_eq!(divide(&sized(&[1, 2]), 1), Division { batches: vec![], large: vec![0, 1] });
        assert_eq!(divide(&[], 1), Division::default());
    }
}
