//! What servers say they can do, and what is made of it.
use super::action::client;
use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::digest_function::Value::{Blake3, Sha1, Sha256};
use spec_cc::reapi::{Client, Code, Endpoints};

#[test]
fn an_offer_is_asked_for_until_it_is_known() {
    let grid = Grid::start();
    let client = client(&grid.endpoint());
    grid.fail(Method::GetCapabilities, 1, &Fault::code(Code::PermissionDenied));
    assert_eq!(client.offer().unwrap_err().code, Code::PermissionDenied);
    let offer = client.offer().unwrap();
    client.offer().unwrap();
    assert_eq!(grid.calls(Method::GetCapabilities), 2);
    assert!(offer.execute && offer.update && !offer.zstd && !offer.zstd_batch, "{offer:?}");
}

#[test]
fn a_limit_of_none_is_that_of_a_message() {
    let limit = |stated| {
        let grid = Grid::start();
        grid.state.offer_cache(|cache| cache.max_batch_total_size_bytes = stated);
        client(&grid.endpoint()).offer().unwrap().max_batch
    };
    let message = 4 << 20;
    assert!((message - 100_000..message).contains(&limit(0)), "{}", limit(0));
    assert_eq!(limit(-1), limit(0));
    assert_eq!(limit(65_536), 65_536);
    assert_eq!(limit(1 << 40), limit(0), "gRPC has its own limit");
}

#[test]
fn a_server_without_sha256_is_refused() {
    let grid = Grid::start();
    grid.state.offer_cache(|cache| cache.digest_functions = vec![Blake3 as i32, Sha1 as i32]);
    let error = client(&grid.endpoint()).offer().unwrap_err();
    assert!(error.text.contains("SHA256") && error.text.contains("BLAKE3, SHA1"), "{error}");
    assert!(!error.is_transient());
}

#[test]
fn an_executor_without_sha256_is_refused() {
    let grid = Grid::start();
    grid.state.offer(|all| {
        all.execution_capabilities.as_mut().unwrap().digest_function = Blake3 as i32;
    });
    assert!(client(&grid.endpoint()).offer().unwrap_err().text.contains("SHA256"));
    grid.state.offer(|all| {
        let functions = vec![Blake3 as i32, Sha256 as i32];
        all.execution_capabilities.as_mut().unwrap().digest_functions = functions;
    });
    assert!(client(&grid.endpoint()).offer().unwrap().execute);
}

#[test]
fn what_is_disabled_is_known() {
    let grid = Grid::start();
    grid.state.offer(|all| all.execution_capabilities.as_mut().unwrap().exec_enabled = false);
    grid.state.offer_cache(|cache| cache.action_cache_update_capabilities = None);
    let offer = client(&grid.endpoint()).offer().unwrap();
    assert!(!offer.execute && !offer.update, "{offer:?}");
}

#[test]
fn each_service_answers_for_itself() {
    let [cas, action_cache, execution] = [Grid::start(), Grid::start(), Grid::start()];
    cas.state.offer_cache(|cache| {
        cache.action_cache_update_capabilities = None;
        cache.max_batch_total_size_bytes = 1000;
    });
    cas.state.offer(|all| all.execution_capabilities = None);
    let endpoints = Endpoints {
        cas: cas.endpoint(),
        action_cache: action_cache.endpoint(),
        execution: Some(execution.endpoint()),
    };
    let offer = Client::new(&endpoints).unwrap().offer().unwrap();
    assert!(offer.execute && offer.update && offer.max_batch == 1000, "{offer:?}");
    let offer = Client::new(&Endpoints { execution: None, ..endpoints }).unwrap().offer().unwrap();
    assert!(!offer.execute);
    assert_eq!(execution.calls(Method::GetCapabilities), 1);
}

#[test]
fn a_priority_is_what_the_server_takes() {
    let grid = Grid::start();
    assert_eq!(client(&grid.endpoint()).offer().unwrap().priority(-7), -7, "it names none");
    let range = |min_priority, max_priority| reapi::priority_capabilities::PriorityRange {
        min_priority,
        max_priority,
    };
    grid.state.offer(|all| {
        let priorities = vec![range(-3, 0), range(10, 20), range(9, 1)];
        let stated = Some(reapi::PriorityCapabilities { priorities });
        all.execution_capabilities.as_mut().unwrap().execution_priority_capabilities = stated;
    });
    let offer = client(&grid.endpoint()).offer().unwrap();
    assert_eq!([-7, -2, 0, 15, 99].map(|wanted| offer.priority(wanted)), [-3, -2, 0, 15, 20]);
    // The nearest is that of compiles themselves.
    assert_eq!(offer.priority(1), 0);
}
