//! One call: which failures it survives, and how long it takes.
use super::action::client;
use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Code, Endpoint};
use std::time::{Duration, Instant};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

const GET: Method = Method::GetActionResult;

fn action() -> Digest {
    Digest::of(b"an action")
}

/// A grid with a result of [`action`].
fn grid() -> Grid {
    let grid = Grid::start();
    grid.state.cache(action(), reapi::ActionResult { exit_code: 7, ..Default::default() });
    grid
}

#[test]
fn no_result_is_no_error() {
    let grid = grid();
    let client = client(&grid.endpoint());
    assert_eq!(client.result(&Digest::of(b"other"), &[]).unwrap(), None);
    assert_eq!(client.result(&action(), &[]).unwrap().unwrap().exit_code, 7);
    assert_eq!(grid.calls(GET), 2);
}

#[test]
fn failures_that_may_pass_are_tried_again() {
    use Code::{Aborted, DeadlineExceeded, Internal, ResourceExhausted, Unavailable, Unknown};
    for code in [Unavailable, DeadlineExceeded, ResourceExhausted, Aborted, Internal, Unknown] {
        let grid = grid();
        grid.fail(GET, 3, &Fault::code(code));
        assert!(client(&grid.endpoint()).result(&action(), &[]).unwrap().is_some(), "{code:?}");
        assert_eq!(grid.calls(GET), 4, "{code:?}");
    }
}

#[test]
fn a_failure_that_stays_is_told_with_its_call_and_server() {
    let grid = grid();
    grid.fail(GET, 100, &Fault::code(Code::ResourceExhausted));
    let error = client(&grid.endpoint()).result(&action(), &[]).unwrap_err();
    assert_eq!((error.code, error.is_transient()), (Code::ResourceExhausted, true));
    assert_eq!(grid.calls(GET), 4, "one more than the limit of retries");
    let text = error.to_string();
    assert_eq!(text, format!("{}: GetActionResult: ResourceExhausted: on purpose", grid.url()));
}

#[test]
fn failures_that_will_not_pass_are_not_tried_again() {
    use Code::{FailedPrecondition, InvalidArgument, PermissionDenied, Unauthenticated, Unimplemented};
    for code in [Unauthenticated, PermissionDenied, InvalidArgument, FailedPrecondition, Unimplemented] {
        let grid = grid();
        grid.fail(GET, 1, &Fault::code(code));
        let error = client(&grid.endpoint()).result(&action(), &[]).unwrap_err();
        assert_eq!((error.code, error.is_transient(), grid.calls(GET)), (code, false, 1));
    }
}

#[test]
fn a_broken_connection_is_made_again() {
    let grid = grid();
    grid.fail(GET, 2, &Fault::Reset);
    assert!(client(&grid.endpoint()).result(&action(), &[]).unwrap().is_some());
    assert_eq!(grid.calls(GET), 3);
}

#[test]
fn the_server_says_when_to_come_back() {
    let grid = grid();
    let details = ErrorDetails::with_retry_info(Some(Duration::from_millis(300)));
    let busy = Status::with_error_details(Code::Unavailable, "busy", details);
    grid.fail(GET, 1, &Fault::Status(busy));
    let begun = Instant::now();
    assert!(client(&grid.endpoint()).result(&action(), &[]).unwrap().is_some());
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_late_answer_is_waited_for_and_a_hung_call_is_not() {
    let grid = grid();
    let endpoint = Endpoint { timeout: Duration::from_secs(3), ..grid.endpoint() };
    let client = client(&endpoint);
    grid.fail(GET, 1, &Fault::Delay(Duration::from_millis(100)));
    assert!(client.result(&action(), &[]).unwrap().is_some());
    grid.fail(GET, 1, &Fault::Hang);
    let begun = Instant::now();
    let error = client.result(&action(), &[]).unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded);
    assert!(begun.elapsed() < Duration::from_secs(6), "no second wait: {:?}", begun.elapsed());
}

#[test]
fn no_setting_of_time_is_too_large() {
    let grid = grid();
    let (timeout, keepalive) = (Duration::MAX, Some(Duration::MAX));
    let client = client(&Endpoint { timeout, keepalive, ..grid.endpoint() });
    assert!(client.result(&action(), &[]).unwrap().is_some());
    client.upload(&[super::action::bytes(&vec![1; 5 << 20])]).unwrap();
}

#[test]
fn every_request_says_who_asks_and_about_what() {
    let grid = grid();
    let client = client(&grid.endpoint());
    client.result(&action(), &[]).unwrap();
    client.missing(&[action()]).unwrap();
    let metadata = |method| {
        let headers = grid.state.plan.calls(method).remove(0);
        let value = headers.get_bin("build.bazel.remote.execution.v2.requestmetadata-bin").unwrap().clone();
        reapi::RequestMetadata::decode(value.to_bytes().unwrap()).unwrap()
    };
    let (about, other) = (metadata(GET), metadata(Method::FindMissingBlobs));
    assert_eq!(about.tool_details.unwrap().tool_name, "spec-cc");
    assert_eq!((about.action_id, other.action_id), (action().hex(), String::new()));
    assert_eq!(about.tool_invocation_id, other.tool_invocation_id);
    assert!(!about.tool_invocation_id.is_empty());
}

#[test]
fn a_result_can_be_written_unless_the_server_refuses() {
    let grid = grid();
    let client = client(&grid.endpoint());
    let result = reapi::ActionResult { exit_code: 9, ..Default::default() };
    client.update_result(&action(), &result).unwrap();
    assert_eq!(grid.state.cached(&action()), Some(result.clone()));
    grid.fail(Method::UpdateActionResult, 1, &Fault::code(Code::PermissionDenied));
    assert_eq!(client.update_result(&action(), &result).unwrap_err().code, Code::PermissionDenied);
}
