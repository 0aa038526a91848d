//! Threads, where the system has room for another: a limit (`ulimit -u`, `ulimit -v`) is no reason for the companion to end.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Has `work` done beside what goes on here. False, and `work` is dropped, where no thread is to be had.
pub(crate) fn start(work: impl FnOnce() + Send + 'static) -> bool {
    let started = thread::Builder::new().spawn(work);
    if let Err(error) = &started {
        tracing::debug!("no further thread: {error}");
    }
    started.is_ok()
}

/// Parts of a list are not smaller than this: a thread costs as much as reviving a few records.
const PART: usize = 256;
/// Nor are there more of them.
const PARTS: usize = 4;

/// Has `work` done on the parts of a list at once, on as many cores as there are, four at most; the results are in the order of
/// the parts.
pub(crate) fn split<T: Send, R: Send>(list: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    split_in(cores.min(PARTS).min(list.len() / PART).max(1), list, work)
}

fn split_in<T: Send, R: Send>(count: usize, mut list: Vec<T>, work: impl Fn(Vec<T>) -> R + Sync) -> Vec<R> {
    let size = list.len().div_ceil(count);
    let mut others = Vec::with_capacity(count);
    while list.len() > size {
        others.push(Mutex::new(Some(list.split_off((list.len() - 1) / size * size))));
    }
    let take = |part: &Mutex<Option<Vec<T>>>| {
        let part = part.lock().unwrap_or_else(PoisonError::into_inner).take();
        part.map(&work)
    };
    thread::scope(|scope| {
        let start = |part| thread::Builder::new().spawn_scoped(scope, move || take(part));
        let started: Vec<_> = others.iter().rev().map(|part| (part, start(part))).collect();
        let mut results = vec![work(list)];
        for (part, thread) in started {
            results.extend(match thread.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => resume_unwind(panic),
                // No thread was to be had.
                Err(_) => take(part),
            });
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_worked_on_whole_and_in_order() {
        for (length, count) in [(0, 1), (1, 1), (1, 4), (5, 2), (7, 3), (1000, 4)] {
            let list: Vec<usize> = (0..length).collect();
            let parts = split_in(count, list.clone(), |part| part);
            assert_eq!(parts.concat(), list);
            assert!(parts.len() <= count, "{} parts", parts.len());
        }
    }
}
