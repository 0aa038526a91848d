//! The sled store: records by element, dependency sets, pruning, import and export.
