//! Executions: staying with an action however the stream breaks, and leaving it when told to.
use super::action::client;
use crate::support::grid::Grid;
use crate::support::grid::execution::Work;
use crate::support::grid::fault::{Fault, Method};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Cancel, Client, Code, Endpoint, Execute, Executed, GridError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

/// How long a client waits for a word where it is to lose patience: far longer than a server takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(1);

fn action() -> Digest {
    Digest::of(b"an action")
}

fn run(client: &Client) -> Result<Executed, GridError> {
    client.execute(&action(), &Execute::default(), &Cancel::new())
}

/// A grid on which the action ends after `time` with exit code 3.
fn grid(time: Duration) -> Grid {
    let grid = Grid::start();
    grid.state.work(move |_| {
        let result = reapi::ActionResult { exit_code: 3, ..Default::default() };
        Work::Done(time, Box::new(reapi::ExecuteResponse { result: Some(result), ..Default::default() }))
    });
    grid
}

#[test]
fn an_execution_ends_with_its_result() {
    let grid = grid(Duration::from_millis(50));
    let client = client(&grid.endpoint());
    let executed = run(&client).unwrap();
    assert_eq!((executed.result.exit_code, executed.cached), (3, false));
    grid.state.cache(action(), executed.result);
    assert!(run(&client).unwrap().cached);
}

#[test]
fn a_stream_that_breaks_is_joined_again() {
    for fault in [Fault::ResetAfter(1), Fault::Short(1)] {
        let grid = grid(2 * PATIENCE);
        grid.fail(Method::Execute, 1, &fault);
        grid.fail(Method::WaitExecution, 1, &fault);
        assert_eq!(run(&client(&grid.endpoint())).unwrap().result.exit_code, 3, "{fault:?}");
        let calls = (grid.calls(Method::Execute), grid.calls(Method::WaitExecution));
        assert_eq!(calls, (1, 2), "{fault:?}");
    }
}

#[test]
fn an_operation_that_the_server_forgot_is_started_again() {
    let grid = grid(Duration::from_millis(100));
    grid.fail(Method::Execute, 1, &Fault::Short(1));
    grid.fail(Method::WaitExecution, 1, &Fault::code(Code::NotFound));
    assert_eq!(run(&client(&grid.endpoint())).unwrap().result.exit_code, 3);
    assert_eq!(grid.calls(Method::Execute), 2);
}

#[test]
fn an_operation_that_is_forgotten_in_silence_is_started_again() {
    let grid = grid(PATIENCE * 3 / 2);
    grid.fail(Method::WaitExecution, 1, &Fault::code(Code::NotFound));
    let client = client(&Endpoint { timeout: PATIENCE, ..grid.endpoint() });
    assert_eq!(run(&client).unwrap().result.exit_code, 3);
    assert_eq!(grid.calls(Method::Execute), 2);
}

#[test]
fn a_stream_that_breaks_every_time_is_given_up() {
    let grid = grid(Duration::from_hours(1));
    grid.fail(Method::Execute, 100, &Fault::Short(1));
    grid.fail(Method::WaitExecution, 100, &Fault::Short(1));
    assert_eq!(run(&client(&grid.endpoint())).unwrap_err().code, Code::Unavailable);
    assert_eq!(grid.calls(Method::Execute) + grid.calls(Method::WaitExecution), 4);
}

#[test]
fn a_refused_execution_is_tried_again_while_that_may_help() {
    let grid = grid(Duration::ZERO);
    grid.fail(Method::Execute, 3, &Fault::code(Code::ResourceExhausted));
    run(&client(&grid.endpoint())).unwrap();
    grid.fail(Method::Execute, 1, &Fault::code(Code::PermissionDenied));
    let error = run(&client(&grid.endpoint())).unwrap_err();
    assert_eq!((error.code, grid.calls(Method::Execute)), (Code::PermissionDenied, 5));
}

#[test]
fn a_silent_execution_is_waited_for_while_its_server_lives() {
    let grid = grid(PATIENCE * 9 / 2);
    let client = client(&Endpoint { timeout: PATIENCE, ..grid.endpoint() });
    assert_eq!(run(&client).unwrap().result.exit_code, 3);
    assert!(grid.calls(Method::WaitExecution) >= 2, "the server was asked whether it lives");
    assert_eq!(grid.calls(Method::Execute), 1);
}

#[test]
fn a_silent_server_that_cannot_be_asked_is_waited_for_too() {
    let grid = grid(PATIENCE * 7 / 2);
    grid.fail(Method::WaitExecution, 100, &Fault::code(Code::Unimplemented));
    let client = client(&Endpoint { timeout: PATIENCE, ..grid.endpoint() });
    assert_eq!(run(&client).unwrap().result.exit_code, 3);
    assert_eq!(grid.calls(Method::Execute), 1);
}

#[test]
fn a_server_that_died_is_noticed() {
    let grid = grid(Duration::from_hours(1));
    grid.fail(Method::WaitExecution, 100, &Fault::Hang);
    let mut endpoint = Endpoint { timeout: PATIENCE, ..grid.endpoint() };
    endpoint.retry.limit = 1;
    let begun = Instant::now();
    assert_eq!(run(&client(&endpoint)).unwrap_err().code, Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
}

#[test]
fn what_is_cancelled_is_called_back() {
    let grid = Grid::start();
    grid.state.work(|_| Work::Never);
    let client = client(&grid.endpoint());
    // Many times: the cancellation is to meet the server's first message on its way, too.
    for round in 0..40 {
        let cancel = Cancel::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| client.execute(&action(), &Execute::default(), &cancel));
            while grid.calls(Method::Execute) == round {
                std::thread::yield_now();
            }
            let begun = Instant::now();
            cancel.fire();
            let error = waiting.join().unwrap().unwrap_err();
            assert_eq!((error.code, error.is_transient()), (Code::Cancelled, false));
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        });
        assert_eq!(grid.state.cancelled().len(), round + 1);
    }
}

#[test]
fn a_server_that_does_not_let_go_does_not_hold_us() {
    let grid = Grid::start();
    grid.state.work(|_| Work::Never);
    grid.fail(Method::CancelOperation, 1, &Fault::Hang);
    let cancel = Cancel::new();
    cancel.fire();
    let begun = Instant::now();
    let endpoint = Endpoint { timeout: 5 * PATIENCE, ..grid.endpoint() };
    let error = client(&endpoint).execute(&action(), &Execute::default(), &cancel).unwrap_err();
    assert_eq!(error.code, Code::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[test]
fn many_executions_do_not_hold_up_a_call() {
    let grid = Grid::start();
    grid.state.work(|_| Work::Never);
    let client = client(&grid.endpoint());
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        for _ in 0..250 {
            scope.spawn(|| client.execute(&action(), &Execute::default(), &cancel));
        }
        let begun = Instant::now();
        while grid.calls(Method::Execute) < 250 && begun.elapsed() < Duration::from_mins(2) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let asked = client.result(&Digest::of(b"other"), &[]);
        cancel.fire();
        assert_eq!(grid.calls(Method::Execute), 250, "waited in vain for all executions to reach the server");
        assert_eq!(asked.unwrap(), None);
    });
    assert_eq!(grid.state.cancelled().len(), 250);
}

#[test]
fn missing_inputs_are_named() {
    let lost = Digest::of(b"lost");
    for code in [Code::FailedPrecondition, Code::NotFound, Code::Internal] {
        let mut details = ErrorDetails::new();
        details.add_precondition_failure_violation("MISSING", format!("blobs/{lost}"), "");
        let status = Status::with_error_details(code, "inputs are missing", details);
        let grid = Grid::start();
        grid.state.work(move |_| Work::status(&status));
        let error = run(&client(&grid.endpoint())).unwrap_err();
        assert_eq!((error.code, error.missing_blobs()), (code, &[lost][..]));
        assert_eq!(grid.calls(Method::Execute), 1);
    }
}

#[test]
fn a_lost_worker_is_replaced() {
    let grid = Grid::start();
    let runs = AtomicUsize::new(0);
    grid.state.work(move |_| {
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            Work::status(&Status::unavailable("the worker went away"))
        } else {
            Work::result(reapi::ActionResult::default())
        }
    });
    run(&client(&grid.endpoint())).unwrap();
    assert_eq!(grid.calls(Method::Execute), 2);
}

#[test]
fn ends_that_are_none_are_errors() {
    use bazel_remote_apis::google::rpc;
    let failed = rpc::Status { code: Code::PermissionDenied as i32, ..Default::default() };
    let cases = [
        (Work::response(reapi::ExecuteResponse::default()), Code::DataLoss),
        (Work::Failed(failed), Code::PermissionDenied),
        (Work::status(&Status::deadline_exceeded("ran for too long")), Code::DeadlineExceeded),
    ];
    for (work, code) in cases {
        let grid = Grid::start();
        grid.state.work(move |_| work.clone());
        assert_eq!(run(&client(&grid.endpoint())).unwrap_err().code, code);
    }
}

#[test]
fn without_a_server_for_executions_there_are_none() {
    let grid = Grid::start();
    let mut endpoints = super::action::everything(&grid.endpoint());
    endpoints.execution = None;
    assert_eq!(run(&Client::new(&endpoints).unwrap()).unwrap_err().code, Code::Unimplemented);
}
