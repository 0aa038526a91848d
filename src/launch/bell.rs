//! Bell: wakes the thread that watches a session's files.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};

/// Something to poll for, and to ring from any thread. Without descriptors to be had it is never heard.
#[derive(Debug)]
pub struct Bell(Option<EventFd>);

impl Default for Bell {
    fn default() -> Self {
        let made = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC);
        Self(made.inspect_err(|error| tracing::debug!("no bell: {error}")).ok())
    }
}

impl Bell {
    /// Wakes who polls, now or the next time.
    pub fn ring(&self) {
        // It fails when it has been rung some 2^64 times.
        let _ = self.0.as_ref().map(|bell| bell.write(1));
    }

    /// Takes back all rings; whether there was one.
    pub fn silence(&self) -> bool {
        self.0.as_ref().is_some_and(|bell| bell.read().is_ok())
    }

    /// What becomes readable when it is rung.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(AsFd::as_fd)
    }
}
