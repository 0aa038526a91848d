//! The seccomp filter: the kernel stops a process at the calls of a list, and at every call of another machine's.

use libc::sock_filter;

pub(super) use crate::bpf::ARCHITECTURE;
use crate::bpf::{HAS, IS, IS_FROM, LOAD, RETURN, argument, beginning, step};

use super::calls::Deed;

/// The filter that does `stop` (what a filter returns) at these calls; at those that use an open file only if it is one of
/// `descriptors`. Newer kernels remember which calls it always lets pass, and do not run it for them.
///
/// `fstat` of newer C libraries is a `newfstatat` without a path, by the flag `AT_EMPTY_PATH` alone: a third of all stops that a
/// link would make. It passes by that flag, for a filter cannot see texts. Should a program give a path with it, we would not
/// see that it looked; none is known to.
pub(super) fn stopping_at(calls: &[(u32, Deed)], descriptors: &[u32], stop: u32) -> Vec<sock_filter> {
    let stop_here = step(RETURN, stop, 0, 0);
    let mut filter = beginning(stop).to_vec();
    filter.extend([
        step(IS, libc::SYS_newfstatat as u32, 0, 4),
        step(LOAD, argument(3), 0, 0),
        step(IS, libc::AT_EMPTY_PATH as u32, 0, 1),
        step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0),
        stop_here,
    ]);
    for (number, deed) in calls {
        let deal = match deed {
            Deed::Use(at) => using(*number, *at, descriptors, stop_here),
            _ => vec![stop_here],
        };
        filter.push(step(IS, *number, 0, deal.len() as u8));
        filter.extend(deal);
    }
    filter.push(step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    filter
}

const PASS: sock_filter = step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0);

/// More descriptors than this are not told apart: one instruction cannot skip more than 255.
const MOST: usize = 100;

/// Numbers from here on are those that shells put an open file aside under, to take it back after a redirection.
const PUT_ASIDE: u32 = 10;

/// What to do at a call that uses the open file which its argument `at` names.
fn using(number: u32, at: usize, descriptors: &[u32], stop: sock_filter) -> Vec<sock_filter> {
    let mut deal = match i64::from(number) {
        // Memory without a file.
        libc::SYS_mmap => {
            vec![step(LOAD, argument(3), 0, 0), step(HAS, libc::MAP_ANONYMOUS as u32, 0, 1), PASS]
        }
        libc::SYS_fcntl => vec![
            step(LOAD, argument(1), 0, 0),
            step(IS, libc::F_DUPFD as u32, 2, 0),
            step(IS, libc::F_DUPFD_CLOEXEC as u32, 1, 0),
            PASS,
            step(LOAD, argument(2), 0, 0),
            step(IS_FROM, PUT_ASIDE, 0, 1),
            PASS,
        ],
        _ => Vec::new(),
    };
    if descriptors.len() > MOST {
        deal.push(stop);
        return deal;
    }
    deal.push(step(LOAD, argument(at as u32), 0, 0));
    deal.extend(descriptors.iter().flat_map(|descriptor| [step(IS, *descriptor, 0, 1), stop]));
    deal.push(PASS);
    deal
}
