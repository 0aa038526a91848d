//! Threads, where the system has room for another: a limit (`ulimit -u`, `ulimit -v`) is no reason for the companion to end.

use std::io;
use std::thread::{self, Scope};

/// Why a launch comes to nothing where no thread can be had.
pub(crate) const NONE: &str = "no thread is to be had";

/// Has `work` done beside what goes on here. False, and `work` is dropped, where no thread is to be had.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> bool {
    is_started(&thread::Builder::new().spawn(work))
}

/// The same for `work` that borrows: `scope` waits for it.
pub(crate) fn start_in<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
) -> bool {
    is_started(&thread::Builder::new().spawn_scoped(scope, work))
}

fn is_started<T>(started: &io::Result<T>) -> bool {
    if let Err(error) = started {
        tracing::debug!("no further thread: {error}");
    }
    started.is_ok()
}
