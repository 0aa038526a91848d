//! Where the companion listens, and where its store is: the shim and the companion must find the same places.

use crate::sys::file;
use crate::sys::socket::LONGEST_PATH;
use crate::wire::Bytes;
use alloc::vec::Vec;
use core::fmt;

/// The permission bits that give anyone but the owner access.
const OTHERS: u32 = 0o077;

/// Why no socket can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceError {
    /// This folder is not a folder, not ours, or open to others, and cannot be made.
    NotPrivate(Bytes),
    /// `SPEC_CC_SOCKET` has so many bytes: more than a socket's path may have (`sockaddr_un`, unix(7)).
    TooLong(usize),
}

impl fmt::Display for PlaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPrivate(folder) => {
                write!(f, "{} is not a private folder of this user", folder.escape_ascii())
            }
            Self::TooLong(length) => {
                write!(f, "SPEC_CC_SOCKET is a path of {length} bytes: a socket's has at most {LONGEST_PATH}")
            }
        }
    }
}

impl core::error::Error for PlaceError {}

/// Returns the store's path: `SPEC_CC_STORE`, else `spec-cc/store` in the user's cache folder
/// (`XDG_CACHE_HOME`, else `~/.cache`), else, or where a build sandbox has a home that cannot be written, in `/tmp`.
/// `variable` looks up the environment.
pub fn store(variable: impl Fn(&str) -> Option<Bytes>, user: u32) -> Bytes {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(path) = set("SPEC_CC_STORE") {
        return path;
    }
    if let Some(cache) = set("XDG_CACHE_HOME") {
        return join(&cache, b"spec-cc/store");
    }
    let at_home =
        set("HOME").map(|home| join(&home, b".cache/spec-cc")).filter(|folder| file::is_writable(folder));
    join(&at_home.unwrap_or_else(|| shared(user)), b"store")
}

/// Returns the path of the companion's socket: `SPEC_CC_SOCKET`, else in a private folder, which is made, under
/// `XDG_RUNTIME_DIR` when that is ours, else under `/tmp`; there its name is a key of the store's path, so that
/// each store has its own companion. Where `XDG_RUNTIME_DIR` is too long for a socket's path, it is under `/tmp`, too.
pub fn socket(variable: impl Fn(&str) -> Option<Bytes>, user: u32) -> Result<Bytes, PlaceError> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if let Some(path) = set("SPEC_CC_SOCKET") {
        if path.len() <= LONGEST_PATH {
            return Ok(path);
        }
        return Err(PlaceError::TooLong(path.len()));
    }
    let name = key(&store(&variable, user));
    if let Some(runtime) = set("XDG_RUNTIME_DIR") {
        let folder = join(&runtime, b"spec-cc");
        let fits = folder.len() + 1 + name.len() <= LONGEST_PATH;
        let ours = file::stat(&runtime).is_ok_and(|stat| stat.is_folder() && stat.uid == user);
        if fits && ours {
            return inside(folder, &name, user);
        }
    }
    inside(shared(user), &name, user)
}

/// Returns an error when `store`, which [`store`] gave, is in `/tmp` and could be another user's.
pub fn check_store(store: &[u8], user: u32) -> Result<(), PlaceError> {
    let folder = shared(user);
    if store == join(&folder, b"store") { inside(folder, b"store", user).map(drop) } else { Ok(()) }
}

fn shared(user: u32) -> Bytes {
    alloc::format!("/tmp/spec-cc-{user}").into_bytes()
}

fn inside(folder: Bytes, name: &[u8], user: u32) -> Result<Bytes, PlaceError> {
    // An existing one is looked at next; any other failure shows there as well.
    let _ = file::make_folder(&folder, 0o700);
    // Not following links: whoever may write to /tmp could have put one there before us.
    match file::lstat(&folder) {
        Ok(stat) if stat.is_folder() && stat.uid == user && stat.mode & OTHERS == 0 => {
            Ok(join(&folder, name))
        }
        _ => Err(PlaceError::NotPrivate(folder)),
    }
}

fn key(path: &[u8]) -> Bytes {
    alloc::format!("{:016x}.sock", fnv1a(path)).into_bytes()
}

/// FNV-1a, 64 bits (draft-eastlake-fnv): short, the same everywhere, and no secret depends on it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Returns `name` in `folder`, or `name` itself when it is absolute.
pub fn join(folder: &[u8], name: &[u8]) -> Bytes {
    if name.first() == Some(&b'/') {
        return name.to_vec();
    }
    let mut path = Vec::with_capacity(folder.len() + 1 + name.len());
    path.extend_from_slice(folder);
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// Returns the folder that a path names something in.
pub(crate) fn parent(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(0) => b"/",
        Some(end) => path.get(..end).unwrap_or_default(),
        None => b".",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<Bytes> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes().to_vec())
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("place-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn text(path: Bytes) -> String {
        String::from_utf8(path).unwrap()
    }

    fn me() -> u32 {
        crate::sys::process::user()
    }

    #[test]
    fn the_store_follows_the_first_variable_set() {
        let home = scratch("home");
        let home = home.to_str().unwrap();
        let all = [("SPEC_CC_STORE", "/s"), ("XDG_CACHE_HOME", "/x"), ("HOME", home)];
        assert_eq!(text(store(with(&all), 7)), "/s");
        assert_eq!(text(store(with(&all[1..]), 7)), "/x/spec-cc/store");
        assert_eq!(text(store(with(&all[2..]), 7)), format!("{home}/.cache/spec-cc/store"));
        for no_home in ["", "/dev/null"] {
            assert_eq!(text(store(with(&[("HOME", no_home)]), 7)), "/tmp/spec-cc-7/store", "{no_home}");
        }
    }

    #[test]
    fn the_key_is_fnv_1a() {
        // Vectors of draft-eastlake-fnv, section 5.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn each_store_has_its_socket_in_a_private_folder() {
        let runtime = scratch("runtime");
        let runtime = runtime.to_str().unwrap();
        let one = text(socket(with(&[("XDG_RUNTIME_DIR", runtime), ("SPEC_CC_STORE", "/a")]), me()).unwrap());
        let two = text(socket(with(&[("XDG_RUNTIME_DIR", runtime), ("SPEC_CC_STORE", "/b")]), me()).unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with(&format!("{runtime}/spec-cc/")));
        let mode = fs::metadata(format!("{runtime}/spec-cc")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_path_too_long_is_refused_and_a_folder_too_long_passed_over() {
        let long = format!("/{}", "x".repeat(200));
        assert_eq!(socket(with(&[("SPEC_CC_SOCKET", &long)]), me()), Err(PlaceError::TooLong(201)));
        let path = text(socket(with(&[("XDG_RUNTIME_DIR", &long), ("SPEC_CC_STORE", "/a")]), me()).unwrap());
        assert!(path.starts_with(&format!("/tmp/spec-cc-{}/", me())) && path.len() < 108, "{path}");
    }

    #[test]
    fn a_folder_open_to_others_or_behind_a_link_is_refused() {
        let runtime = scratch("open");
        let folder = runtime.join("spec-cc");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
        let env = [("XDG_RUNTIME_DIR", runtime.to_str().unwrap())];
        let refused = Err(PlaceError::NotPrivate(folder.to_str().unwrap().into()));
        assert_eq!(socket(with(&env), me()), refused);

        fs::remove_dir(&folder).unwrap();
        let elsewhere = scratch("elsewhere");
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(&elsewhere, &folder).unwrap();
        assert_eq!(socket(with(&env), me()), refused);
    }
}
