//! Uploads: everything arrives, nothing wrong does, and no more is sent than is needed.
use super::action::{bytes, client, noise};
use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::{Fault, Method};
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Blob, Cancel, Client, Code, Content, Execute, GridError};
use std::fs;
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

/// Larger than a message.
const LARGE: usize = 5 << 20;

fn send(client: &Client, contents: &[&[u8]]) -> Result<(), GridError> {
    client.upload(&contents.iter().map(|content| bytes(content)).collect::<Vec<_>>()).map(drop)
}

#[test]
fn only_what_is_missing_is_sent_and_once() {
    let grid = Grid::start();
    let client = client(&grid.endpoint());
    grid.state.put(b"there");
    send(&client, &[b"there", b"new", b"new", b""]).unwrap();
    assert!(grid.state.get(&Digest::of(b"new")).is_some());
    assert_eq!(grid.calls(Method::BatchUpdateBlobs), 1);
    send(&client, &[b"there", b"new"]).unwrap();
    assert_eq!(grid.calls(Method::BatchUpdateBlobs), 1);
    assert_eq!(grid.calls(Method::FindMissingBlobs), 1, "what was seen lately is not asked for");
    assert_eq!(grid.calls(Method::Write), 0);
}

#[test]
fn what_an_execution_misses_is_sent_again() {
    let grid = Grid::start();
    let client = client(&grid.endpoint());
    let [lost, kept] = [b"lost", b"kept"].map(|content| Digest::of(content));
    send(&client, &[b"lost", b"kept"]).unwrap();
    grid.state.forget(&lost);
    let mut details = ErrorDetails::new();
    details.add_precondition_failure_violation("MISSING", format!("blobs/{lost}"), "");
    let status = Status::with_error_details(Code::FailedPrecondition, "missing", details);
    grid.state.work(move |_| Work::status(&status));
    let error = client.execute(&Digest::of(b"action"), &Execute::default(), &Cancel::new()).unwrap_err();
    assert_eq!(error.missing_blobs(), [lost]);
    send(&client, &[b"lost", b"kept"]).unwrap();
    assert!(grid.state.get(&lost).is_some() && grid.state.get(&kept).is_some());
    assert_eq!(grid.calls(Method::FindMissingBlobs), 2);
}

#[test]
fn a_tiny_limit_means_many_batches_and_streams() {
    let grid = Grid::start();
    grid.state.offer_cache(|cache| cache.max_batch_total_size_bytes = 1000);
    let contents: Vec<_> = (0..10).map(|seed| noise(300, seed)).chain([noise(2000, 99)]).collect();
    let contents: Vec<_> = contents.iter().map(Vec::as_slice).collect();
    send(&client(&grid.endpoint()), &contents).unwrap();
    assert!(contents.iter().all(|content| grid.state.get(&Digest::of(content)).is_some()));
    assert_eq!((grid.calls(Method::BatchUpdateBlobs), grid.calls(Method::Write)), (5, 1));
}

#[test]
fn many_digests_are_asked_in_several_requests() {
    let grid = Grid::start();
    let digests: Vec<_> = (0..90_000_u64).map(|size| Digest { hash: [1; 32], size: size + 1 }).collect();
    assert_eq!(client(&grid.endpoint()).missing(&digests).unwrap(), digests);
    assert_eq!(grid.calls(Method::FindMissingBlobs), 3);
}

#[test]
fn blobs_that_failed_for_a_while_are_sent_again() {
    for fault in [Fault::Blobs(Code::Unavailable), Fault::Silence, Fault::Reset] {
        let grid = Grid::start();
        grid.fail(Method::BatchUpdateBlobs, 2, &fault);
        send(&client(&grid.endpoint()), &[b"a", b"b"]).unwrap();
        assert_eq!(grid.calls(Method::BatchUpdateBlobs), 3, "{fault:?}");
        assert!(grid.state.get(&Digest::of(b"b")).is_some(), "{fault:?}");
    }
}

#[test]
fn a_blob_that_is_refused_fails_the_upload() {
    let grid = Grid::start();
    grid.fail(Method::BatchUpdateBlobs, 1, &Fault::Blobs(Code::InvalidArgument));
    let error = send(&client(&grid.endpoint()), &[b"a"]).unwrap_err();
    assert_eq!((error.code, grid.calls(Method::BatchUpdateBlobs)), (Code::InvalidArgument, 1));
}

#[test]
fn a_blob_above_the_servers_limit_is_not_tried() {
    let grid = Grid::start();
    grid.state.offer_cache(|cache| cache.max_cas_blob_size_bytes = 3);
    let error = send(&client(&grid.endpoint()), &[b"abcd"]).unwrap_err();
    assert!(error.text.contains("larger than the server takes"), "{error}");
}

#[test]
fn a_broken_stream_goes_on_where_it_ended() {
    let content = noise(LARGE, 1);
    for fault in [Fault::ResetAfter(3), Fault::Short(1 << 20)] {
        let grid = Grid::start();
        grid.fail(Method::Write, 1, &fault);
        send(&client(&grid.endpoint()), &[&content]).unwrap();
        assert!(grid.state.get(&Digest::of(&content)).as_ref() == Some(&content), "{fault:?}");
        let calls = (grid.calls(Method::Write), grid.calls(Method::QueryWriteStatus));
        assert_eq!(calls, (2, 1), "{fault:?}");
    }
}

#[test]
fn a_server_that_forgot_the_upload_gets_it_from_the_beginning() {
    let content = noise(LARGE, 2);
    let grid = Grid::start();
    grid.fail(Method::Write, 1, &Fault::ResetAfter(3));
    grid.fail(Method::QueryWriteStatus, 1, &Fault::code(Code::Unimplemented));
    send(&client(&grid.endpoint()), &[&content]).unwrap();
    assert!(grid.state.get(&Digest::of(&content)).as_ref() == Some(&content));
}

#[test]
fn a_compressed_stream_arrives_and_starts_again_when_broken() {
    let mut content = noise(LARGE, 3);
    content.extend_from_slice(&vec![0; LARGE]);
    let grid = Grid::start();
    grid.state.offer_zstd();
    grid.fail(Method::Write, 1, &Fault::ResetAfter(3));
    send(&client(&grid.endpoint()), &[&content, &vec![b'z'; 10_000]]).unwrap();
    assert!(grid.state.get(&Digest::of(&content)).as_ref() == Some(&content));
    assert!(grid.state.get(&Digest::of(&vec![b'z'; 10_000])).is_some());
    assert_eq!(grid.calls(Method::Write), 2);
}

#[test]
fn a_stream_that_hangs_is_given_up() {
    let grid = Grid::start();
    grid.fail(Method::Write, 1, &Fault::Hang);
    let mut endpoint = grid.endpoint();
    endpoint.timeout = std::time::Duration::from_millis(500);
    endpoint.retry.limit = 0;
    let content = noise(LARGE, 4);
    let error = send(&client(&endpoint), &[&content]).unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded);
}

#[test]
fn files_are_sent_and_one_that_changed_is_not() {
    for zstd in [false, true] {
        for size in [10, LARGE] {
            let grid = Grid::start();
            if zstd {
                grid.state.offer_zstd();
            }
            let path = grid.folder().join("input");
            let content = noise(size, 5);
            let blob = Blob { digest: Digest::of(&content), content: Content::File(&path) };
            let client = client(&grid.endpoint());
            let cases = [noise(size, 6), noise(size + 1, 5), noise(size - 1, 5)];
            for other in cases {
                fs::write(&path, &other).unwrap();
                let error = client.upload(&[blob]).unwrap_err();
                let said = error.text.contains("not that of its digest") && error.text.contains("input");
                assert!(said && !error.is_transient(), "{error}");
                assert_eq!(grid.state.get(&blob.digest), None);
                assert_eq!(grid.state.get(&Digest::of(&other)), None);
            }
            fs::remove_file(&path).unwrap();
            assert_eq!(client.upload(&[blob]).unwrap_err().code, Code::FailedPrecondition);
            fs::write(&path, &content).unwrap();
            client.upload(&[blob]).unwrap();
            assert!(grid.state.get(&blob.digest).as_ref() == Some(&content));
        }
    }
}
