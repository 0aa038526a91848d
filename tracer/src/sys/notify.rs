//! Calls that a process waits in until its tracer has looked at them (`seccomp_unotify(2)`).
//!
//! A stop of ptrace's would do as well, and does so where [`is_quick`] says no, but takes about twice as long.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use libc::{c_int, c_long, c_ulong, pid_t};

use super::{SystemCall, check, obey};

/// `SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV` of linux/seccomp.h (Linux 5.19): once the tracer has received a call, no signal that is handled interrupts it. Before that
/// one may: see `begin_again`.
const WAIT_KILLABLE: c_ulong = 1 << 5;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP` (Linux 6.6): the tracer runs on the processor that the process leaves, and the other way round.
const SAME_PROCESSOR: u64 = 1;

/// A call that a thread waits in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice {
    id: u64,
    pub(crate) thread: pid_t,
    pub(crate) call: SystemCall,
}

/// Where the kernel tells of the calls of all that obey one filter.
#[derive(Debug)]
pub(crate) struct Listener(OwnedFd);

/// Whether this kernel runs a tracer on the processor that the process leaves, and signals can be kept from ending calls meanwhile
/// (`begin_again`).
pub(crate) fn is_quick() -> bool {
    if !cfg!(target_arch = "x86_64") {
        return false;
    }
    // SAFETY: the structure is plain bytes, and the call fills it with texts that end with a NUL.
    let release = unsafe {
        let mut name: libc::utsname = zeroed();
        libc::uname(&raw mut name);
        name.release
    };
    let release: Vec<u8> = release.iter().take_while(|byte| **byte != 0).map(|byte| *byte as u8).collect();
    is_new(&release)
}

fn is_new(release: &[u8]) -> bool {
    let number = |part: Option<&[u8]>| std::str::from_utf8(part?).ok()?.parse::<u32>().ok();
    let mut parts = release.split(|byte| !byte.is_ascii_digit());
    (number(parts.next()), number(parts.next())) >= (Some(6), Some(6))
}

/// Has this thread, and all that come of it, obey a filter whose calls the listener is told of.
pub(crate) fn listen(filter: &mut [libc::sock_filter]) -> io::Result<OwnedFd> {
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE;
    // SAFETY: the descriptor is new, and owned from here on.
    obey(filter, flags).map(|number| unsafe { OwnedFd::from_raw_fd(number) })
}

impl Listener {
    pub(crate) fn new(descriptor: OwnedFd) -> Self {
        // SAFETY: the call takes an integer. Where it is refused, all goes on, more slowly.
        unsafe { libc::ioctl(descriptor.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SAME_PROCESSOR) };
        Self(descriptor)
    }

    /// The next call; fails if the thread has been killed or interrupted meanwhile.
    pub(crate) fn receive(&self) -> io::Result<Notice> {
        // SAFETY: zeros are valid, and asked for by the call, which fills in the rest.
        let notice = unsafe {
            let mut notice: libc::seccomp_notif = zeroed();
            let done = libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notice);
            check(done.into())?;
            notice
        };
        let data = notice.data;
        let call = SystemCall { architecture: data.arch, number: u64::from(data.nr as u32), args: data.args };
        Ok(Notice { id: notice.id, thread: notice.pid as pid_t, call })
    }

    /// Lets the kernel make the call.
    pub(crate) fn let_go_on(&self, notice: &Notice) {
        let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        let answer = libc::seccomp_notif_resp { id: notice.id, val: 0, error: 0, flags };
        loop {
            // SAFETY: the call reads the structure. It fails for a thread that has gone.
            let sent =
                unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const answer) };
            // The tracer itself was stopped for a while.
            if check(sent.into()).is_ok() || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return;
            }
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Room for one descriptor beside a message (cmsg(3)).
#[repr(C)]
struct Beside {
    header: libc::cmsghdr,
    descriptor: c_int,
}

/// A message of one byte with room beside it.
fn message(byte: &mut libc::iovec, beside: &mut Beside) -> libc::msghdr {
    // SAFETY: zeros are a message without anything.
    let mut message: libc::msghdr = unsafe { zeroed() };
    (message.msg_iov, message.msg_iovlen) = (byte, 1);
    message.msg_control = (&raw mut *beside).cast();
    message.msg_controllen = size_of::<Beside>() as _;
    message
}

fn beside(descriptor: c_int) -> Beside {
    let (level, kind) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
    // SAFETY: plain integers.
    let mut header: libc::cmsghdr = unsafe { zeroed() };
    // SAFETY: arithmetic on integers.
    header.cmsg_len = unsafe { libc::CMSG_LEN(size_of::<c_int>() as u32) } as _;
    (header.cmsg_level, header.cmsg_type) = (level, kind);
    Beside { header, descriptor }
}

/// Gives a descriptor to the other end.
pub(crate) fn send(link: &UnixStream, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let mut text = [0_u8];
    let mut byte = libc::iovec { iov_base: text.as_mut_ptr().cast(), iov_len: 1 };
    let mut beside = beside(descriptor.as_raw_fd());
    let message = message(&mut byte, &mut beside);
    // SAFETY: the message describes what lives here.
    let sent = unsafe { libc::sendmsg(link.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    check(sent as c_long).map(drop)
}

/// What the other end has given; `None` if it has gone without. Fails if what it has given did not arrive.
pub(crate) fn take(link: &UnixStream) -> io::Result<Option<OwnedFd>> {
    let mut text = [0_u8];
    let mut byte = libc::iovec { iov_base: text.as_mut_ptr().cast(), iov_len: 1 };
    let mut beside = beside(-1);
    let mut message = message(&mut byte, &mut beside);
    // SAFETY: the message describes what lives here, and is writable.
    let came = unsafe { libc::recvmsg(link.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) };
    if check(came as c_long)? == 0 {
        return Ok(None);
    }
    let given = message.msg_controllen >= beside.header.cmsg_len
        && beside.header.cmsg_type == libc::SCM_RIGHTS
        && beside.descriptor >= 0;
    // SAFETY: the kernel has opened it for us just now.
    let given = given.then(|| unsafe { OwnedFd::from_raw_fd(beside.descriptor) });
    given.map(Some).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Waits until some of these can be read, or their other ends have gone; tells for each whether it can, and whether it has.
pub(crate) fn wait<const N: usize>(descriptors: [Option<RawFd>; N]) -> [(bool, bool); N] {
    let mut asked = descriptors.map(|descriptor| libc::pollfd {
        // A negative one is left out.
        fd: descriptor.unwrap_or(-1),
        events: libc::POLLIN,
        revents: 0,
    });
    // SAFETY: so many structures are there, and writable.
    unsafe { libc::poll(asked.as_mut_ptr(), N as libc::nfds_t, -1) };
    asked.map(|one| (one.revents & libc::POLLIN != 0, one.revents & libc::POLLHUP != 0))
}

/// Reads what has come to such a descriptor away.
pub(crate) fn drain(descriptor: BorrowedFd<'_>) {
    let mut taken = [0_u8; size_of::<libc::signalfd_siginfo>()];
    // SAFETY: the buffer is writable.
    unsafe { libc::read(descriptor.as_raw_fd(), taken.as_mut_ptr().cast(), taken.len()) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn kernels_are_told_apart() {
        for (release, new) in [
            ("6.6.0", true),
            ("6.18.44-fc", true),
            ("10.0-rc1", true),
            ("6.5.13", false),
            ("5.19.0", false),
            ("4.4.0", false),
            ("", false),
        ] {
            assert_eq!(is_new(release.as_bytes()), new, "{release}");
        }
    }

    #[test]
    fn a_descriptor_goes_from_end_to_end() {
        use std::os::fd::AsFd;
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        send(&theirs, writer.as_fd()).unwrap();
        drop((writer, theirs));
        let given = take(&ours).unwrap().unwrap();
        io::Write::write_all(&mut std::fs::File::from(given), b"x").unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
        assert!(take(&ours).unwrap().is_none(), "the other end has gone");
    }
}
