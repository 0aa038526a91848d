//! The action as it goes to a server, with the bytes that recc gives it.

mod layout;

pub use layout::Layout;
