//! The seccomp filter: the kernel stops a process at the calls of a list, and at every call of another machine's.

use libc::sock_filter;

pub(super) use crate::backend::bpf::ARCHITECTURE;
use crate::backend::bpf::{IS, LOAD, RETURN, argument, beginning, step};

/// The flags of `newfstatat(2)`.
const FSTAT_FLAGS: u32 = argument(3);

/// The filter that stops at these calls. Newer kernels remember which calls it always lets pass, and do not run it for them.
///
/// `fstat` of newer C libraries is a `newfstatat` without a path, by the flag `AT_EMPTY_PATH` alone: a third of all stops that a
/// link would make. It passes by that flag, for a filter cannot see texts. Should a program give a path with it, we would not
/// see that it looked; none is known to.
pub(super) fn stopping_at(numbers: &[u32]) -> Vec<sock_filter> {
    let mut filter = beginning(libc::SECCOMP_RET_TRACE).to_vec();
    filter.extend([
        step(IS, libc::SYS_newfstatat as u32, 0, 4),
        step(LOAD, FSTAT_FLAGS, 0, 0),
        step(IS, libc::AT_EMPTY_PATH as u32, 0, 1),
        step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
        step(RETURN, libc::SECCOMP_RET_TRACE, 0, 0),
    ]);
    for number in numbers {
        filter.push(step(IS, *number, 0, 1));
        filter.push(step(RETURN, libc::SECCOMP_RET_TRACE, 0, 0));
    }
    filter.push(step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    filter
}
