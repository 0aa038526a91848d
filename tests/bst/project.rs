//! A BuildStream project of a test's own, and what a test does with it.
use crate::base;
use crate::buildstream::Machine;
use crate::stand::Stand;
use crate::support::sandbox::{self, Sandbox};
use crate::support::shell::{ended_well, succeed};
use crate::support::tree;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

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
    machine: Machine,
    pub(crate) folder: PathBuf,
}

impl Project {
    /// A project with `base.bst`, and `spec-cc.bst` of the tested programs; `conf` is added to its project.conf.
    pub(crate) fn new(stand: &'static Stand, name: &str, conf: &str) -> Self {
        Self::at(stand, name, conf, stand.room(name))
    }

    /// A project of its own in the folder `name` of this one.
    pub(crate) fn subproject(&self, name: &str, conf: &str) -> Self {
        Self::at(self.stand, name, conf, self.folder.join(name))
    }

    fn at(stand: &'static Stand, name: &str, conf: &str, folder: PathBuf) -> Self {
        let project = Self { stand, machine: stand.machine().clone(), folder };
        project.write("project.conf", &format!("{}{conf}", CONF.replace("NAME", name)));
        project.write("elements/base.bst", BASE);
        fs::create_dir_all(project.folder.join("files")).unwrap();
        base::link_into(&stand.base, &project.folder.join("files/base"));
        project.take_packaging();
        project
    }

    /// The same project, built on `machine`.
    pub(crate) fn on(&self, machine: &Machine) -> Self {
        Self { stand: self.stand, machine: machine.clone(), folder: self.folder.clone() }
    }

    /// The project of `packaging/buildstream/example`, made as its guide says.
    pub(crate) fn example(stand: &'static Stand, name: &str) -> Self {
        let folder = stand.room(name);
        let project = Self { stand, machine: stand.machine().clone(), folder };
        tree::copy(&packaging().join("buildstream/example"), &project.folder);
        let mut make = Command::new(packaging().join("buildstream/make"));
        succeed(make.arg(project.folder.join("spec-cc")).env("SPEC_CC_PROGRAMS", sandbox::programs()));
        base::link_into(&stand.base, &project.folder.join("files/base"));
        project
    }

    /// Takes the files of `packaging/buildstream` and the tested programs into the project itself.
    fn take_packaging(&self) {
        let mut install = Command::new(packaging().join("install"));
        install.arg(self.folder.join("files/spec-cc")).env("SPEC_CC_PROGRAMS", sandbox::programs());
        succeed(&mut install);
        let take = |name: &str, to: &str| {
            fs::copy(packaging().join("buildstream").join(name), self.folder.join(to)).unwrap();
        };
        take("elements/spec-cc.bst", "elements/spec-cc.bst");
        for name in ["spec-cc.yml", "spec-cc-session.yml", "spec-cc-artifact.yml"] {
            take(&format!("include/{name}"), name);
        }
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

    /// Forgets the elements' artifacts, so that they are built again.
    pub(crate) fn delete(&self, elements: &[&str]) {
        self.bst(&[&["artifact", "delete"], elements].concat());
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
        tree::list(self.checkout("none", element).path(), |_, _| true)
    }

    /// The objects of `element`'s artifact, by content; panics when there are none.
    pub(crate) fn objects(&self, element: &str) -> tree::Listing {
        let mut files = self.artifact(element);
        files.retain(|path, _| path.extension().is_some_and(|end| end == "o"));
        assert!(!files.is_empty(), "{element} has no objects");
        files
    }

    /// The files of `element`'s artifact, and of those of its dependencies that `deps` names (`bst artifact checkout`).
    pub(crate) fn checkout(&self, deps: &str, element: &str) -> TempDir {
        let room = tempfile::tempdir().unwrap();
        let to = room.path().to_str().unwrap();
        self.bst(&["artifact", "checkout", "--force", "--deps", deps, "--directory", to, element]);
        room
    }

    /// Runs `specctl SUBCOMMAND` on this project, and returns what it prints.
    pub(crate) fn specctl(&self, subcommand: &[&str], arguments: &[&str]) -> String {
        let output = self.specctl_by(&self.stand.program(), subcommand, arguments);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The same with `bst` in BuildStream's place.
    pub(crate) fn specctl_by(&self, bst: &Path, subcommand: &[&str], arguments: &[&str]) -> Output {
        let _turn = self.stand.turn();
        let own = Sandbox::new();
        succeed(self.command(&own, bst, subcommand).args(arguments))
    }

    /// Runs `specctl SUBCOMMAND` beside others, for who holds the stand's turn; whatever comes of it.
    pub(crate) fn specctl_beside(&self, bst: &Path, subcommand: &[&str], arguments: &[&str]) -> Output {
        let own = Sandbox::new();
        self.command(&own, bst, subcommand).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// The same for bst itself.
    pub(crate) fn bst_beside(&self, arguments: &[&str]) -> Output {
        self.stand.bst(&self.machine, &self.folder, arguments).stdin(Stdio::null()).output().unwrap()
    }

    /// The size that casd has written down of its cache, if it has.
    pub(crate) fn disk_usage(&self) -> Option<Vec<u8>> {
        fs::read(self.machine.cache().join("cas/disk_usage")).ok()
    }

    fn command(&self, own: &Sandbox, bst: &Path, subcommand: &[&str]) -> Command {
        let mut specctl = own.specctl(subcommand);
        self.stand.point(&self.machine, &mut specctl, bst);
        specctl.current_dir(&self.folder);
        specctl
    }

    /// Runs `act` with the number of a specctl that runs, in a process group of its own; it has to end by itself then, and soon.
    pub(crate) fn specctl_running(
        &self,
        subcommand: &[&str],
        arguments: &[&str],
        act: impl FnOnce(u32),
    ) -> ExitStatus {
        let _turn = self.stand.turn();
        let own = Sandbox::new();
        let mut specctl = self.command(&own, &self.stand.program(), subcommand);
        specctl.args(arguments).process_group(0);
        let specctl = specctl.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut specctl = Killed(specctl.unwrap());
        act(specctl.0.id());
        let late = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(status) = specctl.0.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < late, "it runs on");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs bst with `arguments`; returns its standard output, and panics with all of it unless it succeeds.
    pub(crate) fn bst(&self, arguments: &[&str]) -> String {
        self.try_bst(arguments).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs bst with `arguments`; the error has what it wrote.
    pub(crate) fn try_bst(&self, arguments: &[&str]) -> Result<String, String> {
        let _turn = self.stand.turn();
        let output = ended_well(&mut self.stand.bst(&self.machine, &self.folder, arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What is mounted in its machine's folders.
    pub(crate) fn mounts(&self) -> Vec<String> {
        let cache = self.machine.cache().display().to_string();
        let all = fs::read_to_string("/proc/self/mounts").unwrap();
        all.lines().filter(|mount| mount.contains(&cache)).map(str::to_owned).collect()
    }

    /// Runs `act` with the number of a bst that runs with `arguments`; what is left of it then is killed.
    pub(crate) fn running(&self, arguments: &[&str], act: impl FnOnce(u32)) {
        let _turn = self.stand.turn();
        let mut bst = self.stand.bst(&self.machine, &self.folder, arguments);
        let bst = bst.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut bst = Killed(bst);
        act(bst.0.id());
        bst.0.wait().unwrap();
    }
}

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

/// A child that is killed when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
