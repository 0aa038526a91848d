//! Whether there is room for what is written next.

use std::fs;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::statvfs::statvfs;

use crate::store::{Result, StoreError};

/// An error if the disk is too full for sled, or this process may not write files as long as sled's.
pub(crate) fn check_room(dir: &Path) -> Result<()> {
    let refused = |errno: Errno| StoreError::io(dir, "write to the store")(errno.into());
    let stat = statvfs(dir).map_err(|errno| StoreError::io(dir, "ask for free space")(errno.into()))?;
    if stat.blocks_available() * stat.fragment_size() < ROOM {
        return Err(refused(Errno::ENOSPC));
    }
    let long = getrlimit(Resource::RLIMIT_FSIZE).map_or(u64::MAX, |(soft, _)| soft);
    let length = if long == u64::MAX { 0 } else { fs::metadata(dir.join("db")).map_or(0, |meta| meta.len()) };
    if long < length.saturating_add(ROOM) { Err(refused(Errno::EFBIG)) } else { Ok(()) }
}

/// sled grows its file by segments and does not survive every refusal, so it is not asked to write without this many bytes.
pub(crate) const ROOM: u64 = 16 << 20;
