//! Threads, where the system has room for another: a limit (`ulimit -u`, `ulimit -v`) is no reason for the companion to end.

use std::thread;

/// Has `work` done beside what goes on here. False, and `work` is dropped, where no thread is to be had.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> bool {
    let started = thread::Builder::new().spawn(work);
    if let Err(error) = &started {
        tracing::debug!("no further thread: {error}");
    }
    started.is_ok()
}
