//! A way to build a package: a project of its own, and what its element's compiler is.
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::base;
use crate::package::{Library, Package, Sources};
use crate::project::Project;
use crate::stand::Stand;
use crate::support::peers::Peers;
use crate::support::shell::{sh, succeed};
use crate::support::tree::Listing;

const ELEMENT: &str = "package.bst";

/// What project.conf has for spec-cc, as the guide in `packaging/buildstream` says.
const INCLUDE: &str = "(@): [spec-cc.yml]\n";
/// The socket's place and settings as recc's own tests have them, for a server that keeps results and executes nothing.
const SOCKET: &str = "\
sandbox:
  remote-apis-socket: {path: '%{install-root}/.reapi.sock', action-cache-enable-update: true}
";
const RECC: &str = "  RECC_SERVER: 'unix:%{install-root}/.reapi.sock'
  RECC_DEPS_GLOBAL_PATHS: 1
  RECC_NO_PATH_REWRITE: 1
  RECC_LINK: 1
  RECC_CACHE_ONLY: 1
  RECC_CACHE_UPLOAD_LOCAL_BUILD: 1
";
/// recc by the loader beside it: a script around it would cost another process.
const RECC_COMPILER: &str = "/opt/recc/loader --library-path /opt/recc/lib /opt/recc/recc ";

/// What an element's commands took, seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    pub(crate) configure: f64,
    pub(crate) make: f64,
}

impl Took {
    pub(crate) fn both(self) -> f64 {
        self.configure + self.make
    }
}

pub(crate) struct Way {
    pub(crate) name: &'static str,
    project: Project,
    sources: Sources,
}

impl Way {
    /// The ways by their names: the compiler alone, spec-cc without launches, the real recc, and spec-cc.
    pub(crate) const NAMES: [&str; 4] = ["plain", "cache", "recc", "spec"];

    /// One of them, for a package.
    pub(crate) fn new(stand: &'static Stand, name: &'static str, package: &'static Package) -> Result<Self> {
        let is_recc = name == "recc";
        let conf = if is_recc { "" } else { INCLUDE };
        let project = Project::new(stand, &format!("{}-{name}", package.name), conf);
        if !package.needs.is_empty() {
            let base = project.folder.join("files/base");
            fs::remove_dir_all(&base)?;
            base::link_into(&base::provide_with(package.needs).map_err(anyhow::Error::msg)?, &base);
        }
        let sources = Sources::lay_out(package, &project.folder.join("files"));
        let mut depends = vec!["base.bst", if is_recc { "recc.bst" } else { "spec-cc.bst" }];
        if let Some(library) = package.below {
            project.write("elements/below.bst", &below(library));
            depends.push("below.bst");
        }
        project.write(&format!("elements/{ELEMENT}"), &element(package, &depends.join(", "), is_recc));
        let way = Self { name, project, sources };
        if is_recc {
            way.take_recc()?;
        }
        Ok(way)
    }

    /// Brings recc, with all that it needs in the sandbox.
    fn take_recc(&self) -> Result<()> {
        let peers = Peers::get().context("recc cannot be had")?;
        let (root, to) =
            (peers.bin().with_file_name("root"), self.project.folder.join("files/recc/opt/recc"));
        let script = format!(
            "mkdir -p {to} && cd {root}/usr && cp bin/recc {to} && lib=$(dirname lib/*/ld-linux*) && cp -L $lib/ld-linux* {to}/loader && \
             mkdir {to}/lib && find $lib -maxdepth 1 -name '*.so*' -exec cp -L -t {to}/lib {{}} +",
            to = to.display(),
            root = root.display()
        );
        succeed(&mut sh(&self.project.folder, &script));
        self.project.write("elements/recc.bst", "kind: import\nsources: [{kind: local, path: files/recc}]\n");
        Ok(())
    }

    /// Edits, builds, and gives the times and what was made. No way's edit is another's.
    pub(crate) fn build(&self, edit: &str) -> Result<(Took, Listing)> {
        self.sources.edit(&format!("{}_{edit}", self.name))?;
        let option = if self.name == "recc" { vec![] } else { vec!["--option", "spec_cc", self.name] };
        self.project.bst(&[option.as_slice(), &["build", ELEMENT]].concat());
        let log = self.project.log(ELEMENT);
        let times: Vec<f64> =
            log.lines().filter_map(|line| line.strip_prefix("AT ")?.trim().parse().ok()).collect();
        let [begun, configured, made] = times[..] else { anyhow::bail!("no times in the log:\n{log}") };
        let took = Took { configure: configured - begun, make: made - configured };
        Ok((took, self.project.artifact(ELEMENT)))
    }

    /// What the last build's session counted once it was closed; nothing where there was none.
    pub(crate) fn said(&self) -> Option<String> {
        let log = self.project.log(ELEMENT);
        let line = log.lines().find_map(|line| line.strip_prefix("STATS "))?;
        let stats: Value = serde_json::from_str(line).ok()?;
        if stats["compiles"] == 0 {
            return None;
        }
        let fields = ["compiles", "served", "unserved", "launched", "useful", "precision", "recall"];
        Some(fields.map(|field| format!("{field} {}", stats[field])).join(", "))
    }
}

fn element(package: &Package, depends: &str, is_recc: bool) -> String {
    let (wrapper, settings, socket) = if is_recc { (RECC_COMPILER, RECC, SOCKET) } else { ("", "", "") };
    format!(
        "kind: manual\nbuild-depends: [{depends}]\nsources: [{{kind: local, path: files/{name}}}]\n{socket}\
         environment:\n  CC: '{wrapper}gcc'\n  CXX: '{wrapper}g++'\n  JOBS: 2\n  DESTDIR: '%{{install-root}}'\n{settings}\
         config:\n  configure-commands:\n  - date '+AT %s.%N'; {configure}; date '+AT %s.%N'\n  \
         build-commands:\n  - {make}; date '+AT %s.%N'\n  - specctl close >/dev/null 2>&1 || true; echo \"STATS $(specctl stats --json)\" || true\n  \
         install-commands:\n  - {install}\n",
        name = package.name,
        configure = package.configure,
        make = package.make,
        install = package.install,
    )
}

/// The library below, built by the compiler alone.
fn below(library: &Library) -> String {
    format!(
        "kind: manual\nbuild-depends: [base.bst]\nsources: [{{kind: local, path: files/{}}}]\n\
         environment: {{CC: gcc, JOBS: 2, PREFIX: /usr, DESTDIR: '%{{install-root}}'}}\n\
         config:\n  build-commands:\n  - {}\n",
        library.name, library.build
    )
}
