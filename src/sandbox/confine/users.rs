//! Who a job is: in a user namespace, where it takes one to have the others.

use std::ffi::{CStr, CString};
use std::io;

use super::{Users, check};

/// Who we are outside, to be the same inside a user namespace.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) is_root: bool,
    uid_map: CString,
    gid_map: CString,
}

impl Identity {
    /// This process's.
    pub(super) fn current() -> io::Result<Self> {
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        let map = |id: String| CString::new(format!("{id} {id} 1")).map_err(io::Error::from);
        Ok(Self { is_root: uid.is_root(), uid_map: map(uid.to_string())?, gid_map: map(gid.to_string())? })
    }

    /// Writes the maps of the namespace that this process has just got (`user_namespaces(7)`). Makes system calls only.
    ///
    /// Root without capabilities, as in BuildStream's sandbox, may not map itself. Nobody can then make a file on an overlay; in
    /// a bound folder its owner still can.
    pub(super) fn map(&self, users: Users) -> io::Result<()> {
        let map = || {
            write(c"/proc/self/setgroups", c"deny")?;
            write(c"/proc/self/uid_map", &self.uid_map)?;
            write(c"/proc/self/gid_map", &self.gid_map)
        };
        map().or_else(|error| if users == Users::Nobody { Ok(()) } else { Err(error) })
    }
}

fn write(path: &CStr, text: &CStr) -> io::Result<()> {
    // SAFETY: both texts end with a NUL, and the descriptor is ours.
    unsafe {
        let file = check(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC).into())? as libc::c_int;
        let written = check(libc::write(file, text.as_ptr().cast(), text.count_bytes()) as libc::c_long);
        libc::close(file);
        written.map(drop)
    }
}
