//! Folders: the kernel's word on files that come, change and go (inotify(7)).

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};

use crate::base::paths::PathId;
use crate::launch::bell::Bell;

/// Reads of events at a time, 4 KiB each: what comes faster is read the next time.
const READS: usize = 64;

/// Folders that are tried for one file.
const STEPS: usize = 200;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// It was made, and may be empty yet.
    Begun(PathId),
    /// It was closed by somebody who could write, or moved here.
    Written(PathId),
    /// It was removed or moved away.
    Gone(PathId),
    /// Folders came or went, or events were lost: cover the files again, and look at them.
    Folders,
}

/// What a name in a watched folder means.
#[derive(Debug, Clone, Copy)]
enum Named {
    File(PathId),
    /// A folder on the way to a file.
    Folder,
}

/// The folders in which files are awaited; for a folder that is missing, the nearest above it.
pub(super) struct Folders {
    inotify: Option<Inotify>,
    names: HashMap<(WatchDescriptor, OsString), Vec<Named>>,
    watched: HashSet<WatchDescriptor>,
}

impl Folders {
    /// Watches nothing yet.
    pub(super) fn new() -> Self {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC);
        let inotify =
            inotify.inspect_err(|error| tracing::info!("files are polled for, inotify: {error}")).ok();
        Self { inotify, names: HashMap::new(), watched: HashSet::new() }
    }

    /// Watches for these files alone from now on; false when the kernel will not tell of all.
    pub(super) fn cover<'a>(&mut self, files: impl Iterator<Item = (PathId, &'a str)>) -> bool {
        let Some(inotify) = &self.inotify else { return false };
        let before = std::mem::take(&mut self.watched);
        self.names.clear();
        let mut all = true;
        for (id, path) in files {
            match nearest(inotify, Path::new(path)) {
                Some((folder, name, direct)) => {
                    let named = if direct { Named::File(id) } else { Named::Folder };
                    self.names.entry((folder, name)).or_default().push(named);
                    self.watched.insert(folder);
                }
                None => all = false,
            }
        }
        for folder in before.difference(&self.watched) {
            // It fails for a folder that has gone.
            let _ = inotify.rm_watch(*folder);
        }
        all
    }

    /// Waits until the kernel has news, the bell rings or the time is over.
    pub(super) fn wait(&self, bell: &Bell, time: Duration) {
        let descriptors = self.inotify.iter().map(AsFd::as_fd).chain(bell.descriptor());
        let mut waiting: Vec<_> =
            descriptors.map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN)).collect();
        // Rounded up: what is due in half a millisecond must not be asked for all the while.
        let timeout = PollTimeout::try_from(time + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut waiting, timeout);
    }

    /// What has happened since it was last asked, in order.
    pub(super) fn news(&self) -> Vec<News> {
        let Some(inotify) = &self.inotify else { return Vec::new() };
        let reads = (0..READS).map_while(|_| inotify.read_events().ok());
        reads.flatten().flat_map(|event| self.meaning(&event)).collect()
    }

    fn meaning(&self, event: &InotifyEvent) -> Vec<News> {
        let is = |flags: AddWatchFlags| event.mask.intersects(flags);
        if is(AddWatchFlags::IN_Q_OVERFLOW) {
            return vec![News::Folders];
        }
        if is(AddWatchFlags::IN_IGNORED | AddWatchFlags::IN_MOVE_SELF) {
            let ours = self.watched.contains(&event.wd);
            return ours.then_some(News::Folders).into_iter().collect();
        }
        let Some(name) = &event.name else { return Vec::new() };
        let named = self.names.get(&(event.wd, name.clone())).into_iter().flatten();
        let news = named.map(|named| match *named {
            Named::Folder => News::Folders,
            Named::File(_) if is(AddWatchFlags::IN_ISDIR) => News::Folders,
            Named::File(id) if is(AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO) => {
                News::Written(id)
            }
            Named::File(id) if is(AddWatchFlags::IN_CREATE) => News::Begun(id),
            Named::File(id) => News::Gone(id),
        });
        news.collect()
    }
}

/// Watches the folder of a path, or the nearest there is above it: that folder, the name in it that leads to the path, and
/// whether that is the path's own. `None` when the kernel refuses.
fn nearest(inotify: &Inotify, path: &Path) -> Option<(WatchDescriptor, OsString, bool)> {
    const FLAGS: AddWatchFlags = AddWatchFlags::IN_CREATE
        .union(AddWatchFlags::IN_CLOSE_WRITE)
        .union(AddWatchFlags::IN_MOVED_TO)
        .union(AddWatchFlags::IN_MOVED_FROM)
        .union(AddWatchFlags::IN_DELETE)
        .union(AddWatchFlags::IN_MOVE_SELF)
        .union(AddWatchFlags::IN_ONLYDIR);
    let mut below = path;
    let mut found = None;
    // A tree that changes all the while is left to the safety poll.
    for _ in 0..STEPS {
        let Some(folder) = below.parent() else { break };
        let name = below.components().next_back()?.as_os_str().to_owned();
        match inotify.add_watch(folder, FLAGS) {
            Ok(wd) => {
                found = Some((wd, name, below == path));
                // What was missing may have come before its folder was watched.
                if below == path || !below.is_dir() {
                    break;
                }
                below = path;
            }
            Err(Errno::ENOENT | Errno::ENOTDIR) => below = folder,
            Err(error) => {
                tracing::debug!("{} is polled, inotify: {error}", folder.display());
                return None;
            }
        }
    }
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::base::paths::Paths;

    /// What is told of a file below a new folder when `act` is done there.
    fn told(file: &str, act: impl Fn(&Path)) -> Vec<&'static str> {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join(file).to_str().unwrap().to_owned();
        let id = Paths::default().intern(&path);
        let mut folders = Folders::new();
        assert!(folders.cover([(id, path.as_str())].into_iter()));
        act(room.path());
        let name = |news| match news {
            News::Begun(_) => "begun",
            News::Written(_) => "written",
            News::Gone(_) => "gone",
            News::Folders => "folders",
        };
        folders.news().into_iter().map(name).collect()
    }

    #[test]
    fn a_file_is_whole_when_it_is_closed_or_moved_here() {
        let write = |room: &Path| std::fs::write(room.join("config.h"), "1").unwrap();
        assert_eq!(told("config.h", write), ["begun", "written"]);
        let rename = |room: &Path| {
            std::fs::write(room.join("other"), "1").unwrap();
            std::fs::rename(room.join("other"), room.join("config.h")).unwrap();
            std::fs::remove_file(room.join("config.h")).unwrap();
        };
        assert_eq!(told("config.h", rename), ["written", "gone"]);
    }

    #[test]
    fn a_folder_on_the_way_is_told_of() {
        assert_eq!(
            told("out/sub/../x.h", |room| std::fs::create_dir(room.join("out")).unwrap()),
            ["folders"]
        );
        assert!(told("out/x.h", |room| std::fs::write(room.join("x.h"), "1").unwrap()).is_empty());
    }
}
