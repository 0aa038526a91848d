//! Terminals, and the pseudo-terminals that stand in for them.

use super::{Fd, Result, check};
use core::ffi::c_int;

/// Returns whether the descriptor is a terminal.
pub fn is_terminal(number: c_int) -> bool {
    attributes(number).is_ok()
}

/// Returns a pseudo-terminal of `like`'s size that passes every byte unchanged: our end, and the compiler's.
pub fn pair(like: c_int) -> Result<(Fd, Fd)> {
    // SAFETY: the new descriptor is ours alone.
    let ours =
        check(unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) }).map(Fd)?;
    // SAFETY: the number is a terminal of ours.
    check(unsafe { libc::unlockpt(ours.number()) })?;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // Opened through our end: its name under /dev/pts may belong to another mount of devpts.
    // SAFETY: the argument is a number, and the new descriptor is ours alone.
    let theirs = check(unsafe { libc::ioctl(ours.number(), libc::TIOCGPTPEER, flags) }).map(Fd)?;
    make_raw(&theirs)?;
    copy_size(like, &theirs);
    Ok((ours, theirs))
}

fn attributes(number: c_int) -> Result<libc::termios> {
    // SAFETY: all zeros are a valid `termios`.
    let mut attributes: libc::termios = unsafe { core::mem::zeroed() };
    // SAFETY: the buffer is a `termios`; a bad number is an error, not a fault.
    check(unsafe { libc::tcgetattr(number, &raw mut attributes) })?;
    Ok(attributes)
}

fn make_raw(terminal: &Fd) -> Result<()> {
    let mut attributes = attributes(terminal.number())?;
    // SAFETY: the buffer is a `termios` that tcgetattr filled.
    unsafe { libc::cfmakeraw(&raw mut attributes) };
    // SAFETY: as above.
    check(unsafe { libc::tcsetattr(terminal.number(), libc::TCSANOW, &raw const attributes) }).map(drop)
}

/// The compiler folds its messages to the window's width. Without one it takes its default, so failing is harmless.
fn copy_size(from: c_int, to: &Fd) {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: both calls take a `winsize`.
    unsafe {
        if libc::ioctl(from, libc::TIOCGWINSZ, &raw mut size) == 0 {
            libc::ioctl(to.number(), libc::TIOCSWINSZ, &raw const size);
        }
    }
}
