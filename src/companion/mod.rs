//! The companion: one process per store, to which shims and `specctl` talk over a unix socket.

pub mod connection;
pub mod control;
pub mod frames;
pub mod private;
pub mod server;
pub mod teach;
