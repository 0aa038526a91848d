//! Command lines that nobody wrote.
use super::grammar::case;
use super::stand::Stand;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Cases for each compiler, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 25;
/// At least this share of the commands that are repeated with nothing changed must be served, or the test shows little.
const SERVED: f64 = 0.2;

fn check(compiler: &'static str) {
    let stand = Stand::new();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(config).run(&case(compiler), |case| stand.check(&case).map_err(TestCaseError::fail));
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let tally = stand.tally();
    eprintln!("{compiler}: {tally:?}");
    assert!(tally.served as f64 >= SERVED * tally.repeated as f64, "too few were served: {tally:?}");
}

#[test]
fn gcc() {
    check("gcc");
}

#[test]
fn gxx() {
    check("g++");
}

#[test]
fn clang() {
    check("clang");
}

#[test]
fn clangxx() {
    check("clang++");
}
