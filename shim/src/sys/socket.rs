//! Unix sockets: connecting, and frames' bytes with descriptors among them.

use super::{Errno, Fd, Result, check, check_length, retry};
use alloc::vec::Vec;
use core::ffi::c_int;
use core::mem::{size_of, zeroed};
use core::time::Duration;

/// The longest path a unix socket can have (`unix(7)`: `sun_path` holds 108 bytes, the last a NUL).
pub const LONGEST_PATH: usize = 107;
/// The most descriptors that the kernel passes in one message (`SCM_MAX_FD`).
const MOST_DESCRIPTORS: usize = 253;

/// Connects to a listening socket. Every later send and receive gives up after `timeout`, as does the connecting.
pub fn connect(path: &[u8], timeout: Duration) -> Result<Fd> {
    // SAFETY: all zeros are a valid `sockaddr_un`.
    let mut address: libc::sockaddr_un = unsafe { zeroed() };
    address.sun_family = libc::AF_UNIX as libc::sa_family_t;
    if path.is_empty() || path.len() > LONGEST_PATH {
        return Err(Errno(libc::ENAMETOOLONG));
    }
    for (to, &from) in address.sun_path.iter_mut().zip(path) {
        *to = from.cast_signed();
    }
    // SAFETY: the new descriptor is ours alone.
    let socket =
        check(unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) }).map(Fd)?;
    for option in [libc::SO_SNDTIMEO, libc::SO_RCVTIMEO] {
        set_timeout(&socket, option, timeout)?;
    }
    let length = size_of::<libc::sockaddr_un>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `address`.
    check(unsafe { libc::connect(socket.number(), (&raw const address).cast(), length) })?;
    Ok(socket)
}

fn set_timeout(socket: &Fd, option: c_int, timeout: Duration) -> Result<()> {
    let time = libc::timeval {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_usec: libc::suseconds_t::from(timeout.subsec_micros()),
    };
    let length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `time`.
    check(unsafe {
        libc::setsockopt(socket.number(), libc::SOL_SOCKET, option, (&raw const time).cast(), length)
    })
    .map(drop)
}

/// Returns the user who listened at the other end (`SO_PEERCRED`).
pub fn peer_user(socket: &Fd) -> Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `peer`.
    check(unsafe {
        libc::getsockopt(
            socket.number(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    })?;
    Ok(peer.uid)
}

/// Sends everything; `EPIPE` instead of a signal when nobody listens any more.
pub fn send_all(socket: &Fd, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        let sent = retry(|| {
            // SAFETY: the pointer and the length describe `bytes`.
            check_length(unsafe {
                libc::send(socket.number(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL)
            })
        })?;
        bytes = bytes.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Control data as the kernel aligns it, room for [`MOST_DESCRIPTORS`].
#[repr(C)]
struct Control {
    _align: [libc::cmsghdr; 0],
    bytes: [u8; 64 + MOST_DESCRIPTORS * size_of::<c_int>()],
}

/// Receives once into `buffer`, and puts descriptors that came along at the end of `descriptors`.
///
/// Returns how many bytes; 0 when the other side has closed. `EAGAIN` after the socket's timeout.
pub fn receive(socket: &Fd, buffer: &mut [u8], descriptors: &mut Vec<Fd>) -> Result<usize> {
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut control = Control { _align: [], bytes: [0; 64 + MOST_DESCRIPTORS * size_of::<c_int>()] };
    // SAFETY: all zeros are a valid `msghdr`.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control.bytes).cast();
    message.msg_controllen = size_of::<Control>();
    let received = retry(|| {
        // SAFETY: the message describes `part` and `control`, which outlive the call.
        check_length(unsafe { libc::recvmsg(socket.number(), &raw mut message, libc::MSG_CMSG_CLOEXEC) })
    })?;
    // SAFETY: the kernel has just filled the message.
    unsafe { take_descriptors(&message, descriptors) };
    if message.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(Errno(libc::EMSGSIZE));
    }
    Ok(received)
}

/// Takes every passed descriptor out of a received message.
///
/// # Safety
/// `recvmsg` has filled the message, and its control data are still there and were not taken before.
unsafe fn take_descriptors(message: &libc::msghdr, descriptors: &mut Vec<Fd>) {
    // SAFETY: the macros stay within the control data that the kernel wrote; each SCM_RIGHTS entry holds
    // descriptors that are ours from now on.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let data = libc::CMSG_DATA(header);
                let bytes = (*header).cmsg_len.saturating_sub(libc::CMSG_LEN(0) as usize);
                for index in 0..bytes / size_of::<c_int>() {
                    descriptors.push(Fd(descriptor(data.add(index * size_of::<c_int>()))));
                }
            }
            header = libc::CMSG_NXTHDR(message, header);
        }
    }
}

/// # Safety
/// A number's bytes are there; they need not be aligned.
unsafe fn descriptor(bytes: *const u8) -> c_int {
    // SAFETY: the caller's promise; an array of bytes has no alignment.
    c_int::from_ne_bytes(unsafe { bytes.cast::<[u8; size_of::<c_int>()]>().read() })
}
