//! Private paths: those that mean another file to each process, such as `/dev/stdin`, by whatever name they are reached.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use super::links::{Links, LinksNow};

/// The kernel follows no more links than that (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// Tells private paths at one moment.
#[derive(Debug)]
pub struct Private<'l> {
    links: &'l LinksNow<'l>,
    folders: RefCell<HashMap<String, Option<String>>>,
}

impl<'l> Private<'l> {
    /// As the links are now.
    pub fn new(links: &'l LinksNow<'l>) -> Self {
        Self { links, folders: RefCell::default() }
    }

    /// Whether an absolute path is one, or a link on its way is.
    pub fn is(&self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let known = self.folders.borrow().get(folder).cloned();
        let folder = known.unwrap_or_else(|| {
            let walked = self.walk(String::new(), folder);
            self.folders.borrow_mut().insert(folder.to_owned(), walked.clone());
            walked
        });
        folder.and_then(|folder| self.walk(folder, name)).is_none()
    }

    /// Where a path leads from a folder without links; `None` if there is a private one on the way.
    fn walk(&self, mut at: String, path: &str) -> Option<String> {
        let mut left: Vec<String> = parts(path).collect();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or_default());
                continue;
            }
            let next = format!("{at}/{part}");
            if is_private(&next) {
                return None;
            }
            match self.links.link(&next).filter(|_| links < MOST_LINKS) {
                Some(target) => {
                    links += 1;
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(parts(&target));
                }
                None => at = next,
            }
        }
        Some(at)
    }
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> impl Iterator<Item = String> {
    path.rsplit('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned)
}

/// Whether a path without links is one (proc(5)).
fn is_private(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/proc/") else {
        return matches!(path, "/dev/stdin" | "/dev/stdout" | "/dev/stderr" | "/dev/fd");
    };
    matches!(name, "self" | "thread-self") || name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The bytes of an ordinary file that is the same to whoever asks for it.
///
/// # Errors
/// As `open(2)` fails; `InvalidInput` for what is private, and for pipes, devices and folders.
pub fn read_shared(path: &Path) -> io::Result<Vec<u8>> {
    let refuse = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    let links = Links::default();
    let now = links.now();
    if path.to_str().is_none_or(|path| Private::new(&now).is(path)) {
        return refuse("it is another file to each process");
    }
    if !fs::metadata(path)?.is_file() {
        return refuse("not a regular file");
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn private_paths_are_known_by_any_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
        for (name, target) in [
            ("in", "/dev/stdin"),
            ("again", "in"),
            ("dev", "/dev"),
            ("me", "/proc/self"),
            ("null", "/dev/null"),
            ("loop", "loop"),
        ] {
            symlink(target, path(name)).expect("linked");
        }
        fs::create_dir(path("sub")).expect("made");
        fs::write(path("sub/a.c"), "").expect("written");
        symlink("sub", path("link")).expect("linked");
        let links = Links::default();
        let now = links.now();
        let private = Private::new(&now);
        for name in
            ["in", "again", "dev/stdin", "dev/fd/3", "me/fd/0", "sub/../in", "dev/../proc/self/cwd/a.c"]
        {
            assert!(private.is(&path(name)), "{name}");
        }
        for name in ["sub/a.c", "link/a.c", "null", "loop", "missing", "dev/null", "sub/../link/a.c"] {
            assert!(!private.is(&path(name)), "{name}");
        }
        assert!(
            private.is("/proc/1/fd/0") && private.is("/proc/thread-self/fd/0") && private.is("/dev/fd/0")
        );
        assert!(!private.is("/proc/cpuinfo") && !private.is("/dev/null") && !private.is("/"));
        assert!(private.is(&format!("{}/../../../../../dev/stdin", path(""))));
    }

    #[test]
    fn what_is_no_file_is_not_read() {
        let dir = tempfile::tempdir().expect("a folder");
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for path in [pipe.as_path(), dir.path(), Path::new("/dev/stdin"), Path::new("/dev/null")] {
            assert_eq!(read_shared(path).map_err(|error| error.kind()), Err(io::ErrorKind::InvalidInput));
        }
        let missing = read_shared(&dir.path().join("none"));
        assert_eq!(missing.map_err(|error| error.kind()), Err(io::ErrorKind::NotFound));
    }
}
