//! The system calls the shim makes, each behind a safe function. In the library no other module holds `unsafe`.

pub mod file;
pub mod process;
pub mod signal;
pub mod socket;
pub mod stream;
pub mod terminal;

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::c_int;
use core::time::Duration;

/// Standard output.
pub const STDOUT: c_int = 1;
/// Standard error.
pub const STDERR: c_int = 2;

/// An error number of the system (`errno(3)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub c_int);

/// What a system call gives.
pub type Result<T> = core::result::Result<T, Errno>;

impl Errno {
    /// Returns the error of the call that has just failed.
    fn last() -> Self {
        // SAFETY: the C library's errno is always readable by its own thread.
        Self(unsafe { *libc::__errno_location() })
    }
}

/// Returns `value`, or the last error when it is -1.
fn check(value: c_int) -> Result<c_int> {
    if value == -1 { Err(Errno::last()) } else { Ok(value) }
}

/// Returns `value` as a length, or the last error when it is negative.
fn check_length(value: isize) -> Result<usize> {
    usize::try_from(value).map_err(|_| Errno::last())
}

/// Returns `call`'s value, called again for as long as signals interrupt it.
fn retry<T>(mut call: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            other => return other,
        }
    }
}

/// Returns the bytes as the C library wants them; `EINVAL` when they hold a NUL.
pub fn c_string(bytes: &[u8]) -> Result<CString> {
    CString::new(bytes).map_err(|_| Errno(libc::EINVAL))
}

/// A descriptor of ours, closed when dropped.
#[derive(Debug)]
pub struct Fd(c_int);

impl Fd {
    /// Returns the number, which stays ours.
    pub fn number(&self) -> c_int {
        self.0
    }

    /// Closes the descriptor, and returns what the file system had still to say about what was written.
    pub fn close(self) -> Result<()> {
        let number = self.0;
        core::mem::forget(self);
        // SAFETY: the number is ours, and nothing uses it after this.
        check(unsafe { libc::close(number) }).map(drop)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the number is ours, and nothing uses it after this.
        unsafe { libc::close(self.0) };
    }
}

/// Waits until one of the descriptors can be read or has ended, at most `timeout` (for ever without one).
///
/// Returns one flag per descriptor; none is set when the time is over. `EINTR` when a signal came.
pub fn wait_readable(descriptors: &[c_int], timeout: Option<Duration>) -> Result<Vec<bool>> {
    wait(descriptors, libc::POLLIN, timeout)
}

/// Waits until the descriptor takes bytes again.
pub fn wait_writable(descriptor: c_int) -> Result<()> {
    retry(|| wait(&[descriptor], libc::POLLOUT, None)).map(drop)
}

fn wait(descriptors: &[c_int], events: i16, timeout: Option<Duration>) -> Result<Vec<bool>> {
    let mut polled: Vec<_> = descriptors.iter().map(|&fd| libc::pollfd { fd, events, revents: 0 }).collect();
    let milliseconds = timeout.map_or(-1, |t| c_int::try_from(t.as_millis()).unwrap_or(c_int::MAX));
    // SAFETY: the pointer and the count describe `polled`.
    check(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, milliseconds) })?;
    Ok(polled.iter().map(|p| p.revents != 0).collect())
}

/// Returns the time since an arbitrary start, never going back.
pub fn now() -> Duration {
    clock(libc::CLOCK_MONOTONIC)
}

/// Returns the time since 1970, as files are stamped with it.
pub fn wall_clock() -> Duration {
    clock(libc::CLOCK_REALTIME)
}

fn clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is writable; both clocks always exist, and on an error the time stays zero.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Sleeps, unless a signal comes.
pub fn sleep(time: Duration) {
    // Nothing is polled, so only the time or a signal ends it.
    let _ = wait(&[], 0, Some(time));
}
