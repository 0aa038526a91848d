//! A server that is not there: it must not slow a build's every compile.
use super::action::client;
use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::{Fault, Method};
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Cancel, Code, Endpoint, Execute, GridError, Retry};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a call gives once the server is tried again; panics when it fails for half a minute.
fn in_the_end<T>(call: impl Fn() -> Result<T, GridError>) -> T {
    let late = Instant::now() + Duration::from_secs(30);
    loop {
        match call() {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < late, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

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
    // Each would have waited for two retries.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    grid.resume();
    assert_eq!(in_the_end(|| client.missing(&[Digest::of(b"x")])).len(), 1);
}

#[test]
fn a_server_that_hangs_counts_as_down() {
    let grid = Grid::start();
    let client = client(&Endpoint { timeout: Duration::from_secs(1), ..grid.endpoint() });
    grid.fail(Method::FindMissingBlobs, 100, &Fault::Hang);
    assert_eq!(client.missing(&[Digest::of(b"x")]).unwrap_err().code, Code::DeadlineExceeded);
    assert!(client.missing(&[Digest::of(b"x")]).unwrap_err().text.contains("not tried"));
}

#[test]
fn a_proxy_whose_server_is_gone_counts_as_down() {
    let grid = Grid::start();
    let client = client(&grid.endpoint());
    grid.fail(Method::FindMissingBlobs, 4, &Fault::code(Code::Unavailable));
    assert_eq!(client.missing(&[Digest::of(b"x")]).unwrap_err().text, "on purpose");
    assert!(client.missing(&[Digest::of(b"x")]).unwrap_err().text.contains("not tried"));
    assert_eq!(grid.calls(Method::FindMissingBlobs), 4);
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
fn an_execution_tells_that_the_server_is_back() {
    let mut grid = Grid::start();
    let action = Digest::of(b"action");
    grid.state.work(|_| Work::Never);
    // A failure that takes no time: the server is left alone for a second.
    let retry = Retry { limit: 0, ..Retry::default() };
    let client = client(&Endpoint { retry, ..grid.endpoint() });
    grid.stop();
    client.result(&action, &[]).unwrap_err();
    grid.resume();
    std::thread::sleep(Duration::from_millis(1500));
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.execute(&action, &Execute::default(), &cancel));
        let begun = Instant::now();
        while grid.calls(Method::Execute) == 0 && begun.elapsed() < Duration::from_secs(5) {
            std::thread::yield_now();
        }
        let came = grid.calls(Method::Execute);
        std::thread::sleep(Duration::from_millis(100));
        let asked = client.result(&action, &[]);
        cancel.fire();
        assert_eq!(waiting.join().unwrap().unwrap_err().code, Code::Cancelled);
        assert_eq!(came, 1, "waited in vain for the execution to reach the server");
        assert_eq!(asked.unwrap(), None);
    });
}

/// Listens on a port, says nothing to the first who comes, and connects the others with the socket.
fn silent_to_the_first(socket: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let _first = listener.accept();
        while let Ok((client, _)) = listener.accept() {
            let server = UnixStream::connect(&socket).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let (mut from, mut to) = (server, client);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    url
}

#[test]
fn a_connection_that_went_dead_is_left() {
    let grid = Grid::start();
    let blob = grid.state.put(b"kept");
    let socket = grid.url().trim_start_matches("unix:").into();
    let client = client(&Endpoint {
        timeout: Duration::from_millis(300),
        ..Endpoint::new(silent_to_the_first(socket))
    });
    assert_eq!(client.missing(&[blob]).unwrap_err().code, Code::DeadlineExceeded);
    assert_eq!(in_the_end(|| client.missing(&[blob])), []);
}

#[test]
fn pings_notice_a_dead_connection_long_before_a_deadline() {
    let grid = Grid::start();
    let blob = grid.state.put(b"kept");
    let socket = grid.url().trim_start_matches("unix:").into();
    let keepalive = Some(Duration::from_millis(200));
    let client = client(&Endpoint { keepalive, ..Endpoint::new(silent_to_the_first(socket)) });
    let begun = Instant::now();
    assert_eq!(client.missing(&[blob]).unwrap(), []);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
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
