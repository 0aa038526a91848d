//! What a sandbox of BuildStream tells about the element that is being built in it.

use std::path::{Path, PathBuf};

/// The element a folder belongs to, by BuildStream's build root `/buildstream/PROJECT/ELEMENT.bst`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRoot {
    /// The project's name.
    pub project: String,
    /// The element's name, slashes and `.bst` included.
    pub element: String,
    /// The build root itself.
    pub path: PathBuf,
}

/// Reads project and element off a working directory; `None` outside of a BuildStream build root.
///
/// ```
/// let root = spec_cc::bst::build_root("/buildstream/gnome/core/glib.bst/build".as_ref()).unwrap();
/// assert_eq!((root.project.as_str(), root.element.as_str()), ("gnome", "core/glib.bst"));
/// ```
pub fn build_root(directory: &Path) -> Option<BuildRoot> {
    let below = directory.strip_prefix("/buildstream").ok()?;
    let mut parts = below.iter().map(|part| part.to_str());
    let project = parts.next()??.to_owned();
    let mut element = PathBuf::new();
    for part in parts {
        let part = part?;
        element.push(part);
        if Path::new(part).extension().is_some_and(|extension| extension == "bst") {
            let path = Path::new("/buildstream").join(&project).join(&element);
            return Some(BuildRoot { project, element: element.to_str()?.to_owned(), path });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::build_root;

    #[test]
    fn a_folder_elsewhere_is_no_build_root() {
        assert_eq!(build_root("/home/me/buildstream/p/e.bst".as_ref()), None);
        assert_eq!(build_root("/buildstream/p/no-element".as_ref()), None);
    }
}
