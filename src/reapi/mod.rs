//! A client of Remote Execution API v2 servers. See `docs/rooms/reapi.md`.

mod address;
mod batch;
mod blob;
mod breaker;
mod cancel;
mod capabilities;
mod client;
mod connections;
mod credentials;
mod download;
mod error;
mod execute;
mod helper;
mod known_blobs;
mod metadata;
mod missing;
mod options;
mod progress;
mod read;
mod resource;
mod retry;
pub(crate) mod round_trip;
mod server;
mod sink;
mod timeouts;
mod upload;
pub(crate) mod window;
mod write;
mod zip;

pub use blob::{Blob, Content};
pub use cancel::Cancel;
pub use capabilities::Offer;
pub use client::Client;
pub use error::GridError;
pub use execute::{Execute, Executed, Heard};
pub use options::{Endpoint, Endpoints, Retry, Tls};
pub use tonic::Code;

/// Servers that allow more than gRPC's 4 MiB a message may send more, but not without end.
const LARGEST_ANSWER: usize = 64 << 20;
