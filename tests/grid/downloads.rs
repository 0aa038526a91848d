//! Downloads: what comes is what was asked for, or nothing comes.
use super::action::{client, noise, store};
use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Code, Endpoint};
use std::time::Duration;

/// Larger than a message.
const LARGE: usize = 5 << 20;

/// Grids without and with compression.
fn grids() -> [Grid; 2] {
    let grids = [Grid::start(), Grid::start()];
    grids[1].state.offer_zstd();
    grids
}

#[test]
fn blobs_come_in_batches_and_streams() {
    for grid in grids() {
        let contents = [b"small".to_vec(), vec![0; 10_000], noise(LARGE, 1), vec![7; LARGE], Vec::new()];
        let digests: Vec<_> = contents.iter().map(|content| grid.state.put(content)).collect();
        let client = client(&grid.endpoint());
        let (store, _folder) = store();
        client.download(&digests, &store).unwrap();
        for (digest, content) in digests.iter().zip(&contents) {
            assert!(store.read(digest).unwrap().as_ref() == Some(content), "{digest}");
            assert!(&client.read(digest).unwrap() == content, "{digest}");
        }
    }
}

#[test]
fn what_is_here_is_not_fetched() {
    let grid = Grid::start();
    let (store, _folder) = store();
    let blob = store.put_bytes(b"here").unwrap();
    client(&grid.endpoint()).download(&[blob, Digest::of(b"")], &store).unwrap();
    assert_eq!(grid.calls(Method::BatchReadBlobs), 0);
    assert!(store.read(&Digest::of(b"")).unwrap().is_some());
}

#[test]
fn wrong_bytes_under_a_digest_are_refused_and_not_kept() {
    let small = b"right".to_vec();
    let large = noise(LARGE, 1);
    let wrong = |content: &[u8]| {
        let mut same_size = content.to_vec();
        same_size[0] ^= 1;
        [same_size, [content, b"more"].concat(), b"x".repeat(content.len() * 20)]
    };
    for grid in grids() {
        for right in [&small, &large] {
            let digest = Digest::of(right);
            for other in wrong(right) {
                grid.state.put_as(digest, &other);
                let (store, folder) = store();
                let error = client(&grid.endpoint()).download(&[digest], &store).unwrap_err();
                assert_eq!((error.code, error.is_transient()), (Code::DataLoss, false), "{error}");
                assert_eq!(store.read(&digest).unwrap(), None);
                assert_eq!(store.read(&Digest::of(&other)).unwrap(), None);
                assert!(client(&grid.endpoint()).read(&digest).is_err());
                drop(folder);
            }
        }
    }
}

#[test]
fn fewer_bytes_than_the_blob_has_are_refused() {
    for grid in grids() {
        for right in [b"right".to_vec(), noise(LARGE, 1)] {
            let digest = Digest::of(&right);
            grid.state.put_as(digest, &right[..right.len() / 2]);
            let (store, _folder) = store();
            client(&grid.endpoint()).download(&[digest], &store).unwrap_err();
            assert_eq!(store.read(&digest).unwrap(), None);
        }
    }
}

#[test]
fn a_stream_that_breaks_or_ends_early_goes_on() {
    for fault in [Fault::ResetAfter(3), Fault::Short(100_000), Fault::Short(0), Fault::Reset] {
        for grid in grids() {
            let content = noise(LARGE, 1);
            let digest = grid.state.put(&content);
            grid.fail(Method::Read, 2, &fault);
            let (store, _folder) = store();
            client(&grid.endpoint()).download(&[digest], &store).unwrap();
            assert!(store.read(&digest).unwrap() == Some(content), "{fault:?}");
            assert_eq!(grid.calls(Method::Read), 3, "{fault:?}");
        }
    }
}

#[test]
fn blobs_that_failed_for_a_while_are_asked_for_again() {
    for fault in [Fault::Blobs(Code::Unavailable), Fault::Silence, Fault::Reset] {
        let grid = Grid::start();
        let digest = grid.state.put(b"a");
        grid.fail(Method::BatchReadBlobs, 2, &fault);
        let (store, _folder) = store();
        client(&grid.endpoint()).download(&[digest], &store).unwrap();
        assert_eq!(grid.calls(Method::BatchReadBlobs), 3, "{fault:?}");
    }
}

#[test]
fn what_the_server_lacks_is_named() {
    let grid = Grid::start();
    let there = grid.state.put(b"there");
    let lost = Digest::of(b"lost");
    let (store, _folder) = store();
    let client = client(&grid.endpoint());
    let error = client.download(&[there, lost], &store).unwrap_err();
    assert_eq!((error.code, error.missing_blobs()), (Code::NotFound, &[lost][..]));
    let large = Digest { size: 10 << 20, ..lost };
    assert_eq!(client.download(&[large], &store).unwrap_err().code, Code::NotFound);
}

#[test]
fn a_stream_that_hangs_is_given_up() {
    let grid = Grid::start();
    let digest = grid.state.put(&noise(LARGE, 1));
    grid.fail(Method::Read, 1, &Fault::Hang);
    let mut endpoint = Endpoint { timeout: Duration::from_millis(500), ..grid.endpoint() };
    endpoint.retry.limit = 0;
    assert_eq!(client(&endpoint).read(&digest).unwrap_err().code, Code::DeadlineExceeded);
}

#[test]
fn nobody_is_talked_into_holding_everything_in_memory() {
    let grid = Grid::start();
    let vast = Digest { hash: [1; 32], size: u64::MAX };
    assert_eq!(client(&grid.endpoint()).read(&vast).unwrap_err().code, Code::OutOfRange);
}

#[test]
fn a_stream_without_end_is_left_where_the_blob_ends() {
    for grid in grids() {
        let digest = grid.state.put(&noise(LARGE, 1));
        grid.fail(Method::Read, 10, &Fault::Endless);
        let (store, _folder) = store();
        let client = client(&grid.endpoint());
        assert_eq!(client.read(&digest).unwrap_err().code, Code::DataLoss);
        assert_eq!(client.download(&[digest], &store).unwrap_err().code, Code::DataLoss);
        assert_eq!(store.read(&digest).unwrap(), None);
    }
}
