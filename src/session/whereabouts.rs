//! Which element a compile belongs to, and where that element's tree begins.

use std::path::{Path, PathBuf};

use crate::bst;
use crate::settings::Settings;
use crate::store::ElementKey;

/// Project of builds that name none.
const LOCAL: &str = "local";

/// What build systems leave at the top of a source or build tree.
const MARKS: &[&str] = &[
    "configure",
    "configure.ac",
    "CMakeLists.txt",
    "CMakeCache.txt",
    "meson.build",
    "build.ninja",
    "Makefile",
    "makefile",
    "GNUmakefile",
];

/// Folders of a build tree in which build systems try compilers, in folders that look like sources and have random names.
const TRIALS: &[&str] = &["CMakeFiles", "meson-private"];

/// An element and the folder that its records' paths are relative to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Whereabouts {
    /// Project and element.
    pub key: ElementKey,
    /// The project root, absolute.
    pub root: PathBuf,
}

/// Works out the element for a compile in `directory`: settings first, then BuildStream's build root, then the
/// project root's folder.
pub fn whereabouts(directory: &Path, settings: &Settings) -> Whereabouts {
    let build_root = bst::build_root(directory);
    let root = settings
        .path("root")
        .or_else(|| build_root.as_ref().map(|found| found.path.clone()))
        .unwrap_or_else(|| project_root(directory, std::env::home_dir().as_deref()));
    let project = settings
        .get("project")
        .map(str::to_owned)
        .or_else(|| build_root.as_ref().map(|found| found.project.clone()))
        .unwrap_or_else(|| LOCAL.to_owned());
    let element = settings
        .get("element")
        .map(str::to_owned)
        .or_else(|| build_root.as_ref().map(|found| found.element.clone()))
        .or_else(|| root.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "root".to_owned());
    Whereabouts { key: ElementKey { project, element }, root }
}

/// The outermost folder around `directory` that a build system left its mark in; a repository's top ends the search.
fn project_root(directory: &Path, home: Option<&Path>) -> PathBuf {
    // Before it has run to its end, CMake leaves no mark but those of its trials.
    let is_for_trials = |folder: &&Path| TRIALS.iter().any(|name| folder.ends_with(name));
    let trials = directory.ancestors().filter(is_for_trials).last();
    let directory = trials.and_then(Path::parent).unwrap_or(directory);
    let mut root = directory;
    for folder in directory.ancestors() {
        if folder.parent().is_none() || Some(folder) == home {
            break;
        }
        if folder.join(".git").exists() {
            return folder.to_owned();
        }
        if MARKS.iter().any(|mark| folder.join(mark).exists()) {
            root = folder;
        }
    }
    root.to_owned()
}

#[cfg(test)]
mod tests {
    use super::project_root;

    #[test]
    fn the_outermost_marked_folder_is_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("pkg");
        let deep = top.join("src/lib");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(project_root(&deep, None), deep, "nothing marked");
        std::fs::write(deep.join("Makefile"), "").unwrap();
        std::fs::write(top.join("configure"), "").unwrap();
        assert_eq!(project_root(&deep, None), top);
        std::fs::create_dir(top.join("src/.git")).unwrap();
        assert_eq!(project_root(&deep, None), top.join("src"), "a repository's top");
    }

    #[test]
    fn a_folder_in_which_a_compiler_is_tried_is_its_build_trees() {
        let folder = tempfile::tempdir().unwrap();
        for below in [
            "CMakeFiles/CMakeScratch/TryCompile-x1y2z3",
            "CMakeFiles/3.25.1/CompilerIdC",
            "meson-private/tmpab12",
        ] {
            let trial = folder.path().join("build").join(below);
            std::fs::create_dir_all(&trial).unwrap();
            std::fs::write(trial.join("CMakeLists.txt"), "").unwrap();
            assert_eq!(project_root(&trial, None), folder.path().join("build"), "{below}");
        }
    }
}
