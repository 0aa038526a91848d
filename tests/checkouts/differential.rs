//! Random command lines in two folders.
use std::cell::Cell;

use proptest::test_runner::{Config, TestRunner};

use super::bench::{Pair, assert_same};
use super::lines::{FILES, cases};
use crate::support::sandbox::Sandbox;

#[test]
fn a_second_checkout_gets_what_its_compiler_would_have_made() {
    let sandbox = Sandbox::new();
    let cases_wanted = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let config =
        Config { cases: cases_wanted, max_shrink_iters: 20, failure_persistence: None, ..Config::default() };
    let (asked, shared) = (Cell::new(0), Cell::new(0));
    let ran = TestRunner::new(config).run(&cases(), |(roots, lines)| {
        let pair = Pair::new(&sandbox, roots, FILES);
        let wanted = [0, 1].map(|number| pair.plainly(number, &lines));
        for number in [0, 1, 0] {
            let got = pair.with_spec_cc(number, &lines);
            assert_same(&format!("{roots:?}, checkout {number}"), &got, &wanted[number], &lines);
            if number == 1 {
                let (found, stats) = pair.shared();
                shared.set(shared.get() + found);
                asked.set(asked.get() + stats.eligible() as usize);
            }
        }
        Ok(())
    });
    ran.unwrap_or_else(|error| panic!("{error}"));
    let (asked, shared) = (asked.get(), shared.get());
    println!("{shared} of {asked} compiles shared");
    assert!(shared * 10 > asked, "only {shared} of {asked} compiles were shared");
}
