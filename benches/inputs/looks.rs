//! Looks: what the system calls cost by which an unchanged input is recognised, and those that could take their place.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use spec_cc::base::paths::PathId;
use spec_cc::inputs::files::Files;

use crate::sets::Compile;
use crate::{median, print};

pub(crate) fn measure() -> Result<()> {
    let compile = Compile::large()?;
    let set = compile.set();
    let each = |time: Duration| format!("{:.2} µs", time.as_secs_f64() * 1e6 / set.len() as f64);
    let stats = median(41, || set.iter().filter(|id| compile.files().stat(**id).is_ok()).count())?;
    print(&format!("stat of one of {} inputs", set.len()), &each(stats));
    let looks = median(41, || set.iter().filter(|id| compile.files().look(**id).is_ok()).count())?;
    print("stat and digest known by it", &each(looks));
    let mounts = median(41, || set.iter().filter(|id| is_read_only(compile.files(), **id)).count())?;
    print("statvfs of one, to learn whether its mount is read-only", &each(mounts));
    let table = File::open("/proc/self/mountinfo")?;
    let polls = median(41, || set.iter().filter(|_| mounts_changed(&table)).count())?;
    print("poll of /proc/self/mountinfo, once a snapshot", &each(polls));
    Ok(())
}

fn is_read_only(files: &Files, id: PathId) -> bool {
    let name = files.paths().get(id);
    let flags = nix::sys::statvfs::statvfs(Path::new(name.as_str())).map(|found| found.flags());
    flags.is_ok_and(|flags| flags.contains(nix::sys::statvfs::FsFlags::ST_RDONLY))
}

fn mounts_changed(table: &File) -> bool {
    let mut fds = [PollFd::new(table.as_fd(), PollFlags::POLLPRI)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}
