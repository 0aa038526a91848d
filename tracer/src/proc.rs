//! Where a process is to be found in `/proc`, which may be that of an outer namespace and know it by another number.

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::AsRawFd;
use std::sync::{Mutex, OnceLock, PoisonError};

use libc::pid_t;

use super::sys;

/// The number by which `/proc` knows a process or thread of ours; the same where it is our own namespace's. Where it cannot be had, as of
/// a thread before Linux 6.9, it is 0, which is nobody's.
pub(super) fn number(pid: pid_t) -> pid_t {
    static FOREIGN: OnceLock<bool> = OnceLock::new();
    if *FOREIGN.get_or_init(is_foreign) { outer(pid).unwrap_or(0) } else { pid }
}

/// Whether `/proc` is that of another namespace than this process's.
fn is_foreign() -> bool {
    let shown = fs::read_link("/proc/self").ok();
    let shown = shown.and_then(|shown| shown.to_str()?.parse().ok());
    shown.is_some_and(|shown: u32| shown != std::process::id())
}

/// What was asked so far.
static KNOWN: Mutex<BTreeMap<pid_t, pid_t>> = Mutex::new(BTreeMap::new());

/// Forgets a process that has ended: its number may become another's.
pub(super) fn forget(pid: pid_t) {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
}

/// Asks by a descriptor of the process: what `/proc` says of that is in its own numbers (`pidfd_open(2)`).
fn outer(pid: pid_t) -> Option<pid_t> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(&number) = known.get(&pid) {
        return Some(number);
    }
    let descriptor = sys::process_descriptor(pid).ok()?;
    let said = fs::read_to_string(format!("/proc/self/fdinfo/{}", descriptor.as_raw_fd())).ok()?;
    let number = said.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    let number = number.filter(|&number: &pid_t| number > 0)?;
    known.insert(pid, number);
    Some(number)
}
