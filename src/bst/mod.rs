//! BuildStream: element names from its sandbox, and running `bst` and casd on the host. See `docs/rooms/bst.md`.

mod casd;
mod host;
mod sandbox;

pub use casd::{Casd, casd_of};
pub use host::{Host, HostError, branch_cache, default_cache};
pub use sandbox::{BuildRoot, build_root};
