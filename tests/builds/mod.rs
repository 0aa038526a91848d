//! Small projects, end to end: exit status, messages and files are the compiler's own, whatever happens.

mod below;
mod compilers;
mod edits;
mod exported;
mod faults;
mod flags;
mod kills;
mod merit;
mod outputs;
mod predictions;
mod report;
mod staged;
mod traced;
mod verify;
mod why;
