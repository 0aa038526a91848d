//! Pulse: tells whoever waits for an answer that there is still somebody here, and learns who does not wait any more.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};
use parking_lot::{Mutex, MutexGuard};

/// How often those who wait are told. The shim gives up after [`SILENCE_S`](spec_cc_shim::wire::SILENCE_S).
pub(crate) const BEAT: Duration = Duration::from_millis(500);

/// The connections that wait.
#[derive(Debug, Default)]
pub(crate) struct Pulse(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    by_number: HashMap<u64, Waiter>,
}

#[derive(Debug)]
struct Waiter {
    stream: UnixStream,
    /// What it is told.
    sign: &'static [u8],
    /// No longer than this without news of the work itself: somebody may wait for what hangs.
    until: Instant,
}

/// A connection that waits, until dropped; until then nobody else may write to it.
#[derive(Debug)]
pub(crate) struct Held<'p> {
    pulse: &'p Pulse,
    number: u64,
    credit: Duration,
}

impl Pulse {
    /// Has `stream` be told `sign` for as long as `credit` from now, or from the last time that [`Held::is_wanted`] was asked.
    pub(crate) fn hold(
        &self,
        stream: &UnixStream,
        sign: &'static [u8],
        credit: Duration,
    ) -> io::Result<Held<'_>> {
        let waiter = Waiter { stream: stream.try_clone()?, sign, until: Instant::now() + credit };
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.by_number.insert(number, waiter);
        drop(waiting);
        Ok(Held { pulse: self, number, credit })
    }

    /// Tells everybody once. Never blocks: who does not read what was sent is not told more.
    pub(crate) fn beat(&self) {
        let now = Instant::now();
        self.waiting().by_number.retain(|_, waiter| {
            if now > waiter.until {
                return true;
            }
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            let sent = send(waiter.stream.as_raw_fd(), waiter.sign, flags);
            matches!(sent, Ok(_) | Err(nix::errno::Errno::EAGAIN))
        });
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock()
    }
}

impl Held<'_> {
    /// Whether the other end is still there. Asked now and then by work that goes on, which is then believed to do so.
    pub(crate) fn is_wanted(&self) -> bool {
        let mut waiting = self.pulse.waiting();
        // Without an entry it did not take the last sign.
        let Some(waiter) = waiting.by_number.get_mut(&self.number) else { return false };
        waiter.until = Instant::now() + self.credit;
        !has_hung_up(&waiter.stream)
    }
}

/// Whether the other end is closed; what cannot be asked is not.
fn has_hung_up(stream: &UnixStream) -> bool {
    let mut asked = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    let answered = poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0);
    answered && asked[0].revents().is_some_and(|found| found.contains(PollFlags::POLLHUP))
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.pulse.waiting().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn who_waits_is_told_until_the_answer_and_whose_work_hangs_is_not() {
        let pulse = Pulse::default();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (hanging, mut other) = UnixStream::pair().unwrap();
        let held = pulse.hold(&ours, b"w", Duration::from_mins(1)).unwrap();
        let hangs = pulse.hold(&hanging, b"w", Duration::ZERO).unwrap();
        pulse.beat();
        drop((held, hangs));
        pulse.beat();
        drop((ours, hanging));
        let mut told = (Vec::new(), Vec::new());
        theirs.read_to_end(&mut told.0).unwrap();
        other.read_to_end(&mut told.1).unwrap();
        assert_eq!(told, (b"w".to_vec(), Vec::new()));
    }

    #[test]
    fn who_has_gone_is_noticed() {
        let pulse = Pulse::default();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let held = pulse.hold(&ours, b"w", Duration::from_mins(1)).unwrap();
        pulse.beat();
        assert!(held.is_wanted());
        drop(theirs);
        assert!(!held.is_wanted(), "before it is told anything");
        pulse.beat();
        assert!(!held.is_wanted(), "and after that");
    }
}
