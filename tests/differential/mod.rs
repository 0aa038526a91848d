//! Differential test: whatever the command line, spec-cc and the bare compiler leave the same files, messages and exit status.
//!
//! Each case is run on a fresh tree, again with nothing changed, and again after each of its changes, each time by the bare
//! compiler and by spec-cc in the same folder. A few hundred cases by default; `PROPTEST_CASES=5000` for a thorough
//! search, that many for each of the four compilers.

mod case;
mod changes;
mod collected;
mod generated;
mod grammar;
mod observables;
mod observed;
mod stand;
mod traps;
mod yard;
