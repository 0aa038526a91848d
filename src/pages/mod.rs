//! A session as a page for a browser, as a picture, or as a trace, and what tables and pages say in words.

mod lanes;
mod page;
mod picture;
mod scale;
mod timeline;
mod trace;
pub mod words;

pub use page::page;
pub use picture::picture;
pub use trace::trace;

/// Colours, by the way a command was served: for the page and the picture.
const PALETTE: &str = include_str!("palette.css");
