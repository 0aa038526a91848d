//! What a test needs and a machine may lack.
use std::io::Write as _;

/// Set where everything is to be had that can be installed or fetched, as by `tests/run`: there a missing peer is a failure.
const REQUIRED: &str = "SPEC_CC_TEST_REQUIRE_PEERS";

/// What is missing here, and how that was found.
#[derive(Debug, Clone)]
pub(crate) enum Missing {
    /// A program that `tests/run` installs, or that tests fetch.
    Peer(String),
    /// Something that this kernel has not, or does not allow here. There is nothing to install.
    Kernel(String),
}

impl Missing {
    /// Says aloud that the running test is left out; panics instead where it is a peer that is missing, and peers are required.
    ///
    /// Each test that returns for lack of something has called this.
    pub(crate) fn skip(&self) {
        let (Self::Peer(what) | Self::Kernel(what)) = self;
        let required = std::env::var_os(REQUIRED).is_some_and(|value| !value.is_empty());
        assert!(!(required && matches!(self, Self::Peer(_))), "{what}, and {REQUIRED} is set");
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // To the terminal itself: the harness hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "\nSKIPPED, NOT TESTED: {test}: {what}\n");
    }
}
