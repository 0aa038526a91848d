//! Compiler command lines: one table of options, and what is derived from it. See `docs/rooms/command.md`.
//!
//! Everything here is a function of its arguments. No file is read but response files (`@file`), by the reader that the
//! caller passes to [`read`].

pub(crate) mod driver;
mod environment;
mod family;
mod invocation;
mod language;
mod link;
mod macros;
pub mod normalise;
mod outputs;
mod parse;
mod parsed_options;
mod passthrough;
mod probe;
mod quoting;
mod reason;
pub mod response;
pub mod rewrite;
mod scan;
pub mod sharing;
mod table;
pub(crate) mod temp_names;
#[cfg(test)]
mod tests;
mod traceable;
mod varying;

pub use driver::Driver;
pub use driver::driver;
pub use driver::kind_of_program;
pub use environment::{
    decides, is_ambient, is_of_the_session, keyed, keyed_traced, language, of_outputs, refused,
};
pub use family::Family;
pub use invocation::{Bypass, Compile, DepRequest, Invocation, Kind, Output, Role, Search, Verdict};
pub use language::Language;
pub use link::{Link, read_link};
pub use parse::read;
pub use probe::is_test_source;
pub use quoting::quotes_arguments;
pub use reason::{Reason, Why};
pub use scan::{depfile_args, scan_args};
pub use temp_names::Scratch;
pub use traceable::{Traceable, traceable};
