//! A session as a page for a browser, or as a trace, and what tables and pages say in words.

mod lanes;
mod page;
mod scale;
mod timeline;
mod trace;
pub mod words;

pub use page::page;
pub use trace::trace;
