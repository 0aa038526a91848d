//! BuildStream: what its sandbox tells, and how it is run on the host.

mod casd;
mod host;
mod sandbox;

pub use casd::{Casd, casd_of};
pub use host::{Host, HostError, branch_cache, default_cache};
pub use sandbox::{BuildRoot, build_root};
