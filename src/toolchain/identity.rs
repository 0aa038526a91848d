//! What a compiler is.

use super::version;
use crate::base::digest::Digest;
use crate::command::Family;
use crate::inputs::snapshot::Snapshot;
use crate::toolchain::watch::Watch;

/// A compiler that is known.
#[derive(Debug)]
pub struct Toolchain {
    /// Which compiler's options it takes.
    pub family: Family,
    /// The first line of `--version`.
    pub version: String,
    /// Over the contents of every program that runs and every library they load.
    pub identity: Digest,
    /// Whether `-Wa,--MD,FILE` lists the files that `.incbin` and `.include` read (GNU as, "Invoking", `--MD`).
    pub assembler_depfile: bool,
    pub(super) watch: Watch,
}

impl Toolchain {
    /// Whether `__DATE__` and `__TIME__` are what `SOURCE_DATE_EPOCH` says.
    pub fn honours_source_date_epoch(&self) -> bool {
        version::honours_source_date_epoch(self.family, &self.version)
    }

    /// Whether it was this compiler at `since_ns` already (nanoseconds since 1970), as far as times tell.
    pub fn is_older_than(&self, since_ns: i64, snapshot: &Snapshot<'_>) -> bool {
        self.watch.is_older_than(since_ns, snapshot)
    }

    /// Whether all its files are the same still: a `stat(2)` each.
    pub fn unchanged(&self, snapshot: &mut Snapshot<'_>) -> bool {
        self.watch.holds(snapshot)
    }
}
