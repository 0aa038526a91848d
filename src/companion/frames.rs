//! Frames between the companion and what connects to it.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use spec_cc_shim::wire::{self, Reply};

use crate::sandbox::scratch::SideFolder;
use crate::session::companion::Companion;

/// The same for a shim: the frame of [`Reply::Wait`].
pub(super) const WAIT: [u8; 5] = [1, 0, 0, 0, 19];
/// Longest request of `specctl`, bytes: an imported element.
const LONGEST_CONTROL: usize = 1 << 30;

/// A compile's request is seldom longer, bytes: its arguments and environment.
const ORDINARY: usize = 64 << 10;

pub(super) fn read_frame(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > LONGEST_CONTROL {
        return Err(io::Error::other("frame too long"));
    }
    // Beyond that it grows as bytes arrive: a length alone costs nothing.
    let mut frame = Vec::with_capacity(length.min(ORDINARY));
    stream.take(length as u64).read_to_end(&mut frame)?;
    if frame.len() == length { Ok(frame) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Has the shim run its command, and takes its report. The shim holds on to the side folder meanwhile, whatever becomes of us.
pub(super) fn run(
    companion: &Companion,
    stream: &mut UnixStream,
    run: wire::Run,
    side: &SideFolder,
) -> io::Result<wire::Report> {
    let frame = Reply::Run(run).encode().map_err(io::Error::other)?;
    companion.launcher.busy(true);
    let report = pass(stream, &frame, &[side.lock().as_raw_fd()]).and_then(|()| {
        // A compile may take hours; should the shim die, the connection ends.
        stream.set_read_timeout(None)?;
        read_frame(stream)
    });
    companion.launcher.busy(false);
    match wire::Request::decode(&report?) {
        Ok(wire::Request::Report(report)) => Ok(report),
        _ => Err(io::Error::other("no report")),
    }
}

pub(super) fn reply(stream: &mut UnixStream, reply: &Reply) -> io::Result<()> {
    stream.write_all(&reply.encode().map_err(io::Error::other)?)
}

/// Sends a frame and descriptors with it.
pub(super) fn pass(stream: &mut UnixStream, frame: &[u8], descriptors: &[RawFd]) -> io::Result<()> {
    let rights = [ControlMessage::ScmRights(descriptors)];
    let sent = sendmsg::<()>(
        stream.as_raw_fd(),
        &[IoSlice::new(frame)],
        if descriptors.is_empty() { &[] } else { &rights },
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    stream.write_all(frame.get(sent..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_for_shims_is_a_frame() {
        assert_eq!(Reply::Wait.encode().unwrap(), WAIT);
    }
}
