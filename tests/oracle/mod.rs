//! What the compiler is seen to open and to miss, by strace, is what spec-cc knows that it reads and would read.
//!
//! Two real packages and a small project of traps. Every regular file that a compile's processes opened for reading is
//! among the recorded inputs, or the compiler's own; a file that appears where they looked in vain changes what is served.

mod misses;
mod reads;
mod trace;
mod traps;
