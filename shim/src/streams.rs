//! Whether what is written to the standard streams arrives. Where it may not, only the compiler itself can say what it makes
//! of that: some fail, some do not, clang aborts.

use crate::sys::stream::{self, Kind};
use crate::sys::{STDERR, STDOUT};
use core::ffi::c_int;

/// Free space that a file needs to take whatever a compiler prints, bytes. What prints more on a disk with no more than that is
/// found out when it does.
const ROOM: u64 = 4 << 20;

/// Returns whether standard output and standard error, if `open`, take what is written there, as far as that can be foreseen.
pub(crate) fn are_sound([_, output, error]: [bool; 3]) -> bool {
    output && error && takes_bytes(STDOUT) && takes_bytes(STDERR)
}

fn takes_bytes(number: c_int) -> bool {
    stream::is_writable(number)
        && match stream::kind(number) {
            Ok(Kind::Passage) => true,
            Ok(Kind::File) => {
                stream::is_size_unlimited() && stream::free_bytes(number).is_none_or(|free| free >= ROOM)
            }
            Ok(Kind::Device) | Err(_) => false,
        }
}
