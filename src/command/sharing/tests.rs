//! Commands and whether they can be shared.
