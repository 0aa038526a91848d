//! BuildStream: element names from its sandbox, running `bst` and casd on the host, and priming what it is about to build. See
//! `docs/rooms/bst.md`.

mod brought;
mod built_from;
mod casd;
mod forecast;
mod hooked;
mod host;
mod plan;
mod prime;
mod row;
mod sandbox;
mod sandbox_run;
mod trees;

pub use casd::{Casd, Usual};
pub use hooked::{Connected, Hooked};
pub use host::{Host, HostError, branch_cache, default_cache};
pub use plan::{Plan, Told};
pub use prime::{Event, Options, Primer};
pub use row::{Launched, Primed, Row};
pub use sandbox::{BuildRoot, build_root};
pub use sandbox_run::RunError;
