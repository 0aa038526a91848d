//! Progress: whether a server that takes executions also ends them.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A server that ends none of our executions for so many deadlines of a request, 3 minutes by default, has stopped working: longer
/// than nearly any compile, and than it takes to start another worker. The compiler can always run here instead.
const STANDSTILL: u32 = 6;
/// While it ends others, an execution may take so many deadlines, 10 minutes by default: queues are long at times.
const LONGEST: u32 = 20;

/// The ends of one server's executions.
#[derive(Debug, Default)]
pub(super) struct Progress {
    last: Mutex<Option<Instant>>,
}

/// Why an execution is waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// This one takes too long.
    Lost,
    /// The server ends none.
    Standstill,
}

impl Progress {
    /// An execution has ended.
    pub(super) fn note(&self) {
        *self.last.lock() = Some(Instant::now());
    }

    /// Waits until an execution that begins now is overdue; `deadline` is that of a request.
    pub(super) async fn overdue(&self, deadline: Duration) -> Overdue {
        let begun = Instant::now();
        loop {
            let now = Instant::now();
            let last = self.last.lock().map_or(begun, |last| last.max(begun));
            let standstill = (last + deadline * STANDSTILL).saturating_duration_since(now);
            let longest = (begun + deadline * LONGEST).saturating_duration_since(now);
            if standstill.is_zero() {
                return Overdue::Standstill;
            }
            if longest.is_zero() {
                return Overdue::Lost;
            }
            tokio::time::sleep(standstill.min(longest)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn within<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn nothing_ends() {
        let begun = Instant::now();
        assert_eq!(within(Progress::default().overdue(SECOND / 20)), Overdue::Standstill);
        assert!(begun.elapsed() >= SECOND / 20 * STANDSTILL);
    }

    #[test]
    fn others_end() {
        let progress = Progress::default();
        let begun = Instant::now();
        let overdue = within(async {
            let others = async {
                loop {
                    tokio::time::sleep(SECOND / 20).await;
                    progress.note();
                }
            };
            tokio::select! {
                overdue = progress.overdue(SECOND / 20) => overdue,
                () = others => Overdue::Standstill,
            }
        });
        assert_eq!(overdue, Overdue::Lost);
        assert!(begun.elapsed() >= SECOND);
    }
}
