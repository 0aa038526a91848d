//! The action as it goes to a server, with the bytes that recc gives it.

mod arguments;
mod build;
mod decoded;
mod disk;
mod environment;
mod layout;
mod link;
mod mirror;
mod not_remote;
mod options;
mod paths;
mod patterns;
mod places;
mod products;
mod program;
#[cfg(test)]
mod tests;
mod trail;

pub use build::{Asked, Built, File, Input, build};
pub use decoded::decoded;
pub use disk::Disk;
pub use layout::Layout;
pub use link::{Libraries, link_inputs, link_query, linker_command, linker_folders};
pub use mirror::{Node, Nodes, mirrored};
pub use not_remote::NotRemote;
pub use patterns::Patterns;
