//! A way to build the package: a project of its own, and what its element's compiler is.
use std::fs;

use anyhow::{Context as _, Result};

use crate::project::Project;
use crate::stand::Stand;
use crate::support::peers::Peers;
use crate::support::shell::{sh, succeed};
use crate::support::sources::LIBSODIUM;
use crate::support::tree::{self, Listing};

pub(crate) const ELEMENT: &str = "libsodium.bst";
/// A source, and a header that eleven sources include.
const EDITED: [&str; 2] =
    ["src/libsodium/sodium/utils.c", "src/libsodium/include/sodium/private/ed25519_ref10.h"];

/// The socket's place and settings as recc's own tests have them, for a server that keeps results and executes nothing.
const RECC: &str = "\
sandbox:
  remote-apis-socket: {path: '%{install-root}/.reapi.sock', action-cache-enable-update: true}
environment:
  RECC_SERVER: 'unix:%{install-root}/.reapi.sock'
  RECC_DEPS_GLOBAL_PATHS: 1
  RECC_NO_PATH_REWRITE: 1
  RECC_LINK: 1
  RECC_CACHE_ONLY: 1
  RECC_CACHE_UPLOAD_LOCAL_BUILD: 1
";
/// recc by the loader beside it: a script around it would cost another process.
const RECC_COMPILER: &str = "/opt/recc/loader --library-path /opt/recc/lib /opt/recc/recc gcc";

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
}

impl Way {
    /// The compiler alone.
    pub(crate) fn plain(stand: &'static Stand) -> Self {
        Self::new(stand, "plain", "", "gcc", "")
    }

    /// As the guide in `packaging/buildstream` says.
    pub(crate) fn spec(stand: &'static Stand) -> Self {
        Self::new(stand, "spec", "(@): [spec-cc.yml]\n", "gcc", "")
    }

    /// The real recc, with all that it needs in the sandbox.
    pub(crate) fn recc(stand: &'static Stand) -> Result<Self> {
        let peers = Peers::get().context("recc cannot be had")?;
        let way = Self::new(stand, "recc", "", RECC_COMPILER, RECC);
        let (root, to) = (peers.bin().with_file_name("root"), way.project.folder.join("files/recc/opt/recc"));
        let script = format!(
            "mkdir -p {to} && cd {root}/usr && cp bin/recc {to} && lib=$(dirname lib/*/ld-linux*) && cp -L $lib/ld-linux* {to}/loader && \
             mkdir {to}/lib && find $lib -maxdepth 1 -name '*.so*' -exec cp -L -t {to}/lib {{}} +",
            to = to.display(),
            root = root.display()
        );
        succeed(&mut sh(&way.project.folder, &script));
        way.project.write("elements/recc.bst", "kind: import\nsources: [{kind: local, path: files/recc}]\n");
        Ok(way)
    }

    fn new(stand: &'static Stand, name: &'static str, conf: &str, compiler: &str, settings: &str) -> Self {
        let project = Project::new(stand, name, conf);
        let at = project.folder.join("files/libsodium");
        tree::copy(&LIBSODIUM.fetch(), &at);
        let tools = if name == "recc" { ", recc.bst" } else { ", spec-cc.bst" };
        let element = format!(
            "kind: manual\nbuild-depends: [base.bst{tools}]\nsources: [{{kind: local, path: files/libsodium}}]\n{settings}\
             config:\n  configure-commands:\n  - date '+AT %s.%N'; sh ./configure -q CC='{compiler}' CFLAGS=-O2; date '+AT %s.%N'\n  \
             build-commands:\n  - make -s -j2 -C src/libsodium; date '+AT %s.%N'\n  - specctl stats 2>/dev/null || true\n  \
             install-commands:\n  - mkdir -p %{{install-root}}/usr/lib; cp src/libsodium/.libs/libsodium.*[aso] %{{install-root}}/usr/lib\n"
        );
        project.write(&format!("elements/{ELEMENT}"), &element);
        Self { name, project }
    }

    /// Edits a source and a header so that no result of any other build will do, and yet the same objects come of them; builds,
    /// and gives the times and what was made.
    pub(crate) fn build(&self, edit: &str) -> Result<(Took, Listing)> {
        for (number, file) in EDITED.iter().enumerate() {
            let path = self.project.folder.join("files/libsodium").join(file);
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let name = format!("{}_{edit}_{number}", self.name);
            fs::write(path, format!("{text}\nextern int {name}(void);\n"))?;
        }
        self.project.bst(&["build", ELEMENT]);
        let log = self.project.log(ELEMENT);
        let times: Vec<f64> =
            log.lines().filter_map(|line| line.strip_prefix("AT ")?.trim().parse().ok()).collect();
        let [begun, configured, made] = times[..] else { anyhow::bail!("no times in the log:\n{log}") };
        let took = Took { configure: configured - begun, make: made - configured };
        Ok((took, self.project.artifact(ELEMENT)))
    }

    /// What the last build's session counted.
    pub(crate) fn said(&self) -> String {
        let log = self.project.log(ELEMENT);
        let lines = log.lines().skip_while(|line| !line.starts_with("compiles")).take(16);
        lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("; ")
    }
}
