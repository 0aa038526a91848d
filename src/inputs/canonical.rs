//! Where a path leads when its symbolic links are followed.

use std::path::{Component, Path, PathBuf};

/// Returns `path`, which is absolute, with the links of that part which exists resolved, and without `.`, `..` and doubled
/// slashes in the rest: what C++ calls `weakly_canonical`.
pub fn weakly_canonical(path: &str) -> String {
    let path = Path::new(path);
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, resolved)) = there else {
        return appended(PathBuf::from("/"), path);
    };
    appended(resolved, path.strip_prefix(part).unwrap_or_else(|_| Path::new("")))
}

fn appended(mut folder: PathBuf, rest: &Path) -> String {
    for component in rest.components() {
        match component {
            Component::ParentDir => drop(folder.pop()),
            Component::Normal(name) => folder.push(name),
            _ => {}
        }
    }
    folder.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::weakly_canonical;

    #[test]
    fn follows_links_as_far_as_the_path_exists() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it exists");
        std::fs::create_dir(root.join("a")).expect("made");
        std::os::unix::fs::symlink("a", root.join("b")).expect("linked");
        let root = root.to_str().expect("plain");
        assert_eq!(weakly_canonical(&format!("{root}/b/../b/./x/../y//z")), format!("{root}/a/y/z"));
        assert_eq!(weakly_canonical(&format!("{root}/c/../b/")), format!("{root}/b"));
        assert_eq!(weakly_canonical("/"), "/");
    }
}
