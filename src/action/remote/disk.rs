//! What an action depends on of the file system besides what is in the files.

use std::fmt;

/// How many links recc and the kernel follow before they give up (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// Answers about absolute paths, which may hold `..`; the caller may remember them ([`crate::inputs::links`] has them fresh).
#[derive(Clone, Copy)]
pub struct Disk<'a> {
    /// The target of the symbolic link at a path, as the link says it; `None` for what is no link.
    pub link: &'a dyn Fn(&str) -> Option<String>,
    /// Whether it is known that no symbolic link is on the way to a folder, nor in it; in others each file is asked about.
    pub is_plain: &'a dyn Fn(&str) -> bool,
    /// Whether there is a folder at a path.
    pub is_folder: &'a dyn Fn(&str) -> bool,
}

impl fmt::Debug for Disk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

/// What happens on the way along a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'e> {
    /// A link at this path was followed to this target.
    Link(&'e str, &'e str),
    /// The folder at this path was left by `..`.
    Left(&'e str),
}

impl Disk<'_> {
    /// The absolute `path` with links followed, without `.`, `..` and doubled slashes. What does not exist counts as a plain
    /// folder, as with C++'s `weakly_canonical`.
    pub(super) fn resolved(&self, path: &str) -> String {
        let resolved = walk(Some(self), String::new(), path, &mut |_| {});
        if resolved.is_empty() { "/".to_owned() } else { resolved }
    }
}

/// Goes along `path` from the folder `at`, and returns where that leads, without a slash at the end. Links are followed if
/// there is a `disk`.
pub(super) fn walk(
    disk: Option<&Disk<'_>>,
    at: String,
    path: &str,
    tell: &mut dyn FnMut(Event<'_>),
) -> String {
    let mut left = MOST_LINKS;
    let mut at = at;
    let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => {}
            ".." => {
                tell(Event::Left(&at));
                at.truncate(at.rfind('/').unwrap_or(0));
            }
            name => {
                let end = at.len();
                at.push('/');
                at.push_str(name);
                let target = disk.filter(|_| left > 0).and_then(|disk| (disk.link)(&at));
                let Some(target) = target else { continue };
                left -= 1;
                tell(Event::Link(&at, &target));
                at.truncate(if target.starts_with('/') { 0 } else { end });
                todo.extend(target.split('/').rev().map(str::to_owned));
            }
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(path: &str) -> Option<String> {
        let target = match path {
            "/a/l" => "../b/./c",
            "/abs" => "/a/l",
            "/loop" => "loop",
            _ => return None,
        };
        Some(target.to_owned())
    }

    const DISK: Disk<'_> = Disk { link: &link, is_plain: &|_| false, is_folder: &|_| true };

    #[test]
    fn links_are_followed_wherever_they_lead() {
        assert_eq!(DISK.resolved("/abs/../x"), "/b/x");
        assert_eq!(DISK.resolved("/a/./l//y/"), "/b/c/y");
        assert_eq!(DISK.resolved("/../.."), "/");
    }

    #[test]
    fn a_loop_ends() {
        assert_eq!(DISK.resolved("/loop"), "/loop");
    }

    #[test]
    fn what_happens_on_the_way_is_told() {
        let mut told = Vec::new();
        walk(Some(&DISK), "/a".to_owned(), "l/x/../y", &mut |event| told.push(format!("{event:?}")));
        assert_eq!(told, [r#"Link("/a/l", "../b/./c")"#, r#"Left("/a")"#, r#"Left("/b/c/x")"#]);
    }
}
