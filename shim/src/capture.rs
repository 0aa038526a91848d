//! One output stream of the compiler: passed on at once, byte for byte, and kept.

use crate::sys::{Errno, Fd, Result, STDOUT, file, terminal};
use alloc::vec::Vec;
use core::ffi::c_int;

/// The most that a pipe can hold without privilege (`/proc/sys/fs/pipe-max-size`): what may be left at the end.
const MOST_LEFT: usize = 1 << 20;

/// A stream between the compiler and one of our own standard descriptors.
#[derive(Debug)]
pub(crate) struct Capture {
    from: Option<Fd>,
    to: c_int,
    keep: usize,
    left: Option<usize>,
    skip: usize,
    forwards: bool,
    /// What came, up to the limit.
    pub(crate) bytes: Vec<u8>,
    /// Whether anything came.
    pub(crate) seen: bool,
    /// Whether `bytes` is all that the compiler wrote, and all of it went where it should.
    pub(crate) whole: bool,
    /// Why not all of it went there, if it was not that nobody reads it.
    pub(crate) lost: Option<Errno>,
}

impl Capture {
    /// Returns a capture in front of the descriptor `to`, which keeps up to `keep` bytes, and the compiler's end: a
    /// terminal where `to` is one, a pipe otherwise.
    pub(crate) fn open(to: c_int, keep: usize) -> Result<(Self, Fd)> {
        let (ours, theirs) = if terminal::is_terminal(to) { terminal::pair(to)? } else { file::pipe()? };
        let bytes = Vec::new();
        let capture = Self {
            from: Some(ours),
            to,
            keep,
            left: None,
            skip: 0,
            forwards: true,
            bytes,
            seen: false,
            whole: true,
            lost: None,
        };
        Ok((capture, theirs))
    }

    /// Returns one that keeps nothing and does not pass on the first bytes, `skip` of them: they are there already.
    pub(crate) fn open_behind(to: c_int, skip: usize) -> Result<(Self, Fd)> {
        let (capture, theirs) = Self::open(to, 0)?;
        Ok((Self { skip, ..capture }, theirs))
    }

    /// Returns the descriptor to wait for; none after the end.
    pub(crate) fn descriptor(&self) -> Option<c_int> {
        self.from.as_ref().map(Fd::number)
    }

    /// From now on takes only what may be there already: the compiler is gone, but a process it left behind may
    /// write on for ever.
    pub(crate) fn finish(&mut self) {
        self.left.get_or_insert(MOST_LEFT);
    }

    /// Gives up what may still come.
    pub(crate) fn abandon(&mut self) {
        if self.from.take().is_some() {
            self.whole = false;
        }
    }

    /// Passes on what is there. Call when the descriptor is readable.
    pub(crate) fn pass_on(&mut self, buffer: &mut [u8]) {
        let Some(from) = &self.from else { return };
        match file::read(from, buffer) {
            // A terminal says EIO when nobody has it open any more.
            Ok(0) | Err(Errno(libc::EIO)) => self.from = None,
            Ok(length) => self.take(buffer.get(..length).unwrap_or_default()),
            Err(_) => self.abandon(),
        }
    }

    fn forward(&mut self, bytes: &[u8]) {
        let skipped = bytes.len().min(self.skip);
        self.skip -= skipped;
        match file::write_all(self.to, bytes.get(skipped..).unwrap_or_default()) {
            Ok(()) => {}
            // Nobody reads it: the compiler is to find that out as it would have without us.
            Err(Errno(libc::EPIPE)) => self.abandon(),
            Err(error) => {
                (self.forwards, self.whole, self.lost) = (false, false, Some(error));
                // Without its messages a compiler goes on. Without its output it cannot, and learns of it this way.
                if self.to == STDOUT {
                    self.abandon();
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.seen = true;
        let kept = bytes.len().min(self.keep - self.bytes.len());
        self.whole &= kept == bytes.len() || self.keep == 0;
        self.bytes.extend_from_slice(bytes.get(..kept).unwrap_or_default());
        if self.forwards {
            self.forward(bytes);
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(bytes.len());
            if *left == 0 {
                self.abandon();
            }
        }
    }
}
