//! A server that is not there: it must not slow a build's every compile.
use crate::action::client;
use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use spec_cc::backend::reapi::{Code, Endpoint, Retry};
use spec_cc::inputs::digest::Digest;
use std::time::{Duration, Instant};

#[test]
fn calls_fail_at_once_while_the_server_is_down_and_work_when_it_is_back() {
    let mut grid = Grid::start();
    grid.stop();
    let retry = Retry { limit: 2, delay: Duration::from_millis(100) };
    let client = client(&Endpoint { retry, ..grid.endpoint() });
    let error = client.missing(&[Digest::of(b"x")]).unwrap_err();
    assert_eq!((error.code, error.is_transient()), (Code::Unavailable, true), "{error}");
    let begun = Instant::now();
    for _ in 0..100 {
        let error = client.missing(&[Digest::of(b"x")]).unwrap_err();
        assert!(error.text.contains("not tried"), "{error}");
    }
    assert!(begun.elapsed() < Duration::from_millis(100), "{:?}", begun.elapsed());
    grid.resume();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(client.missing(&[Digest::of(b"x")]).unwrap().len(), 1);
}

#[test]
fn a_server_that_hangs_counts_as_down() {
    let grid = Grid::start();
    let client = client(&Endpoint { timeout: Duration::from_millis(200), ..grid.endpoint() });
    grid.fail(Method::FindMissingBlobs, 100, &Fault::Hang);
    assert_eq!(client.missing(&[Digest::of(b"x")]).unwrap_err().code, Code::DeadlineExceeded);
    let begun = Instant::now();
    assert!(client.missing(&[Digest::of(b"x")]).unwrap_err().text.contains("not tried"));
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[test]
fn a_server_that_restarts_between_two_calls_is_not_noticed() {
    let mut grid = Grid::start();
    let client = client(&grid.endpoint());
    let blob = grid.state.put(b"kept");
    for _ in 0..3 {
        assert_eq!(client.missing(&[blob]).unwrap(), []);
        grid.resume();
    }
}

#[test]
fn an_address_nobody_has_is_an_error_that_names_it() {
    let client = client(&Endpoint::new("http://127.0.0.1:1"));
    let error = client.result(&Digest::of(b"x"), &[]).unwrap_err();
    assert!(error.to_string().contains("http://127.0.0.1:1") && error.text.contains("refused"), "{error}");
}

#[test]
fn many_threads_share_one_client() {
    let grid = Grid::start();
    let client = client(&grid.endpoint());
    let blob = grid.state.put(b"kept");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(client.read(&blob).unwrap(), b"kept");
                }
            });
        }
    });
    assert!(grid.calls(Method::GetCapabilities) <= 16, "asked until somebody knows");
}
