//! The policy `race`: the grid and this machine both run a command, and the first to end serves.

use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;

use crate::base::threads;
use crate::cache::outcome::Outcome;
use crate::compile::unperformed::Unperformed;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::unusable::Unusable;
use crate::reapi::Cancel;
use crate::sandbox::executor::kill;
use crate::session::counts::Way;

/// A run on this machine: it tells its process group, and gives the outcome or why there is none.
pub(super) type Here<'a> = dyn Fn(&dyn Fn(i32)) -> Result<Outcome, Unperformed> + Sync + 'a;

/// Runs both, and ends the one that is not needed any more: who was first, and what it has. The grid's error, when neither succeeds.
pub(super) fn race(
    grid: impl FnOnce(&Cancel) -> Result<Outcome, Unobtainable> + Send,
    here: &Here<'_>,
    cancel: &Cancel,
) -> Result<(Way, Outcome), Unobtainable> {
    let group = Mutex::new(None);
    let (sender, receiver) = channel();
    thread::scope(|scope| {
        let (ours, theirs) = (sender.clone(), sender);
        // Who is first leaves no reader for the other.
        threads::start_in(scope, move || drop(theirs.send((Way::Executed, grid(cancel)))));
        let group = &group;
        threads::start_in(scope, move || {
            let ended = here(&|pid| {
                *group.lock() = Some(pid);
            });
            // Its number may be another's by now.
            *group.lock() = None;
            let _ = ours.send((Way::Local, ended.map_err(|why| Unusable::Here(why.to_string()).into())));
        });
        let mut failed = Err(Unusable::NotRun.into());
        for ended in receiver {
            match ended {
                (Way::Local, Err(why)) => tracing::debug!("raced here: {why}"),
                (_, Err(error)) => failed = Err(error),
                (way, Ok(outcome)) => {
                    if way == Way::Local {
                        cancel.fire();
                    } else if let Some(pid) = *group.lock() {
                        // Before it has begun it runs to its end: its result is good for the next time.
                        kill(pid);
                    }
                    return Ok((way, outcome));
                }
            }
        }
        failed
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    fn refused() -> Unobtainable {
        Unusable::NoObject.into()
    }

    #[test]
    fn the_first_to_succeed_serves_and_the_other_is_ended() {
        let cancel = Cancel::default();
        let slow = |cancel: &Cancel| {
            while !cancel.is_fired() {
                thread::sleep(Duration::from_millis(1));
            }
            Err(refused())
        };
        let first = race(slow, &|_| Ok(Outcome::default()), &cancel);
        assert!(matches!(first, Ok((Way::Local, _))) && cancel.is_fired());
        let failed = AtomicBool::new(false);
        let here = |_: &dyn Fn(i32)| {
            failed.store(true, Ordering::SeqCst);
            Err(Unperformed::Failed)
        };
        let first = race(|_| Ok(Outcome::default()), &here, &Cancel::default());
        assert!(matches!(first, Ok((Way::Executed, _))) && failed.load(Ordering::SeqCst));
    }

    #[test]
    fn when_both_fail_the_grid_says_why() {
        let first = race(|_| Err(refused()), &|_| Err(Unperformed::Failed), &Cancel::default());
        assert!(matches!(first, Err(Unobtainable::Unusable(Unusable::NoObject))));
    }
}
