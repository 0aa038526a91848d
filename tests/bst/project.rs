//! A BuildStream project of a test's own, and what a test does with it.
use crate::base;
use crate::stand::Stand;
use crate::support::shell::ended_well;
use crate::support::{sandbox, tree};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Every project's beginning: the kinds of elements, and the root file system.
const CONF: &str = "\
name: NAME
min-version: 2.4
element-path: elements
plugins:
- {origin: pip, package-name: buildstream-plugins, elements: [autotools, cmake, make, meson]}
";
const BASE: &str = "kind: import\nsources: [{kind: local, path: files/base}]\n";

/// A project below the stand's folder.
pub(crate) struct Project {
    stand: &'static Stand,
    pub(crate) folder: PathBuf,
}

impl Project {
    /// A project with `base.bst`, and `spec-cc.bst` of the tested programs; `conf` is added to its project.conf.
    pub(crate) fn new(stand: &'static Stand, name: &str, conf: &str) -> Self {
        let project = Self { stand, folder: stand.room(name) };
        project.write("project.conf", &format!("{}{conf}", CONF.replace("NAME", name)));
        project.write("elements/base.bst", BASE);
        fs::create_dir_all(project.folder.join("files")).unwrap();
        base::link_into(&stand.base, &project.folder.join("files/base"));
        project.take_packaging();
        project
    }

    /// Copies the files of `packaging/buildstream` into the project, as its guide says, with the tested programs.
    fn take_packaging(&self) {
        let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/buildstream");
        let programs = self.folder.join("files/spec-cc");
        fs::create_dir_all(programs.join("bin")).unwrap();
        for name in ["specctl", "spec-cc"] {
            fs::copy(sandbox::programs().join(name), programs.join("bin").join(name)).unwrap();
        }
        for name in ["spec-c++", "spec-ar"] {
            symlink("spec-cc", programs.join("bin").join(name)).unwrap();
        }
        fs::copy(packaging.join("spec-cc.bst"), self.folder.join("elements/spec-cc.bst")).unwrap();
    }

    /// Writes one file of the project.
    pub(crate) fn write(&self, path: &str, content: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Builds `element`, keeping its build tree; panics with its log when it fails.
    pub(crate) fn build(&self, element: &str) {
        self.bst(&["--cache-buildtrees", "always", "build", element]);
    }

    /// Forgets `element`'s artifact, so that it is built again.
    pub(crate) fn delete(&self, element: &str) {
        self.bst(&["artifact", "delete", element]);
    }

    /// The log of `element`'s last build.
    pub(crate) fn log(&self, element: &str) -> String {
        self.bst(&["artifact", "log", element])
    }

    /// What `script` prints in the build tree that `element`'s build has left.
    pub(crate) fn in_build_tree(&self, element: &str, script: &str) -> String {
        self.bst(&["shell", "--build", "--use-buildtree", element, "--", "sh", "-c", script])
    }

    /// The files of `element`'s artifact, by content.
    pub(crate) fn artifact(&self, element: &str) -> tree::Listing {
        let room = tempfile::tempdir().unwrap();
        let to = room.path().join("artifact");
        self.bst(&["artifact", "checkout", "--deps", "none", "--directory", to.to_str().unwrap(), element]);
        tree::list(&to, |_, _| true)
    }

    /// Runs bst with `arguments`; returns its standard output, and panics with all of it unless it succeeds.
    pub(crate) fn bst(&self, arguments: &[&str]) -> String {
        self.try_bst(arguments).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs bst with `arguments`; the error has what it wrote.
    pub(crate) fn try_bst(&self, arguments: &[&str]) -> Result<String, String> {
        let _turn = self.stand.turn();
        let output = ended_well(&mut self.stand.bst(&self.folder, arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
