//! Threads, where the system has room for another: a limit (`ulimit -u`, `ulimit -v`) is no reason for the companion to end.

use std::num::NonZero;
use std::thread;

/// Has `work` done beside what goes on here. False, and `work` is dropped, where no thread is to be had.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> bool {
    let started = thread::Builder::new().spawn(work);
    if let Err(error) = &started {
        tracing::debug!("no further thread: {error}");
    }
    started.is_ok()
}

/// Has glibc's allocator keep one arena a core instead of eight (`mallopt(3)`, `M_ARENA_MAX`): each of many threads that work
/// by turns keeps what it has freed in its own, which took a tenth of the memory of opening 10,000 commands on two cores.
pub fn share_memory() {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    // SAFETY: changes a setting of the allocator, and no memory.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX)) };
}
