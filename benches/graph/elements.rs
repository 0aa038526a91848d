//! The graph: three libraries of C on top of one another, one beside them, and two of C++, by four kinds of elements, with a `compose` between them and a
//! junction.
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::base;
use crate::project::Project;
use crate::stand::Stand;
use crate::support::sources::Source;
use crate::support::tree::{self, Listing};

/// Where each element leaves the numbers of its session.
const STATS: &str = "usr/share/stats";

/// An element that is built by commands.
pub(crate) struct Element {
    pub(crate) name: &'static str,
    source: &'static str,
    kind: &'static str,
    /// Beside the base and spec-cc.
    depends: &'static str,
    /// Variables and commands of its kind.
    config: &'static str,
    /// What an edit changes: a declaration more at its end.
    edited: Option<&'static str>,
}

pub(crate) const ELEMENTS: [Element; 6] = [
    Element {
        name: "zlib",
        source: "zlib",
        kind: "manual",
        depends: "",
        config: "config:\n  configure-commands: [sh ./configure --prefix=/usr --libdir=/usr/lib]\n  \
                 build-commands: [make -j2]\n  \
                 install-commands:\n  - make install DESTDIR=%{install-root}\n",
        edited: Some("zlib.h"),
    },
    Element {
        name: "libpng",
        source: "libpng1.6",
        kind: "autotools",
        depends: "zlib.bst",
        config: "variables: {conf-local: --disable-tests --disable-tools --disable-hardware-optimizations}\n",
        edited: None,
    },
    Element {
        name: "freetype",
        source: "freetype",
        kind: "meson",
        depends: "png-devel.bst",
        config: "variables: {meson-local: '-Dzlib=system -Dpng=enabled -Dbzip2=disabled -Dharfbuzz=disabled -Dbrotli=disabled'}\n",
        edited: Some("src/base/ftbitmap.c"),
    },
    Element {
        name: "libzip",
        source: "libzip",
        kind: "cmake",
        depends: "zlib.bst",
        config: "variables:\n  cmake-local: >-\n    -DENABLE_BZIP2=OFF -DENABLE_LZMA=OFF -DENABLE_ZSTD=OFF -DENABLE_OPENSSL=OFF -DENABLE_GNUTLS=OFF\n    \
                 -DENABLE_MBEDTLS=OFF -DBUILD_TOOLS=OFF -DBUILD_REGRESS=OFF -DBUILD_EXAMPLES=OFF -DBUILD_DOC=OFF\n",
        edited: None,
    },
    Element {
        name: "libebml",
        source: "libebml",
        kind: "cmake",
        depends: "",
        config: "",
        edited: Some("ebml/EbmlConfig.h"),
    },
    Element {
        name: "taglib",
        source: "taglib",
        kind: "cmake",
        depends: "zlib.bst, 'video.bst:libebml.bst'",
        config: "variables: {cmake-local: '-DBUILD_SHARED_LIBS=ON'}\n",
        edited: Some("taglib/mpeg/mpegfile.cpp"),
    },
];

/// Debian packages in the sandboxes beside what all tests have; they have to be installed on this machine.
const NEEDS: &[&str] = &["pkg-config", "libutfcpp-dev"];

/// Elements of the subproject.
const BEHIND_THE_JUNCTION: &str = "libebml";

pub(crate) struct Graph {
    project: Project,
    subproject: Project,
}

impl Graph {
    /// Writes the projects `NAME` and `NAME/video`.
    pub(crate) fn lay_out(stand: &'static Stand, name: &str) -> Result<Self> {
        let include = "(@): [spec-cc.yml, spec-cc-session.yml]\n";
        let project = Project::new(stand, &format!("graph-{name}"), include);
        let subproject = project.subproject("video", include);
        for project in [&project, &subproject] {
            let base = project.folder.join("files/base");
            fs::remove_dir_all(&base)?;
            base::link_into(&base::provide_with(NEEDS).map_err(anyhow::Error::msg)?, &base);
        }
        project.write("elements/video.bst", "kind: junction\nsources: [{kind: local, path: video}]\nconfig: {options: {spec_cc: '%{spec-cc-option}'}}\n");
        project.write(
            "elements/png-devel.bst",
            "kind: compose\nbuild-depends: [libpng.bst, zlib.bst]\nconfig: {integrate: false}\n",
        );
        let graph = Self { project, subproject };
        for element in &ELEMENTS {
            let project = graph.project_of(element);
            tree::copy(
                &Source::Debian(element.source).fetch(),
                &project.folder.join("files").join(element.name),
            );
            project.write(&format!("elements/{}.bst", element.name), &text(element));
        }
        let tops = "freetype.bst, libzip.bst, taglib.bst";
        let rest = "zlib.bst, libpng.bst, 'video.bst:libebml.bst'";
        graph.project.write("elements/all.bst", &format!("kind: stack\ndepends: [{tops}, {rest}]\n"));
        Ok(graph)
    }

    fn project_of(&self, element: &Element) -> &Project {
        if element.name == BEHIND_THE_JUNCTION { &self.subproject } else { &self.project }
    }

    /// Edits so that no result of any other build will do, and yet the same objects come of it. `mark` is a C identifier.
    pub(crate) fn edit(&self, mark: &str) -> Result<()> {
        for element in &ELEMENTS {
            let Some(file) = element.edited else { continue };
            let path = self.project_of(element).folder.join("files").join(element.name).join(file);
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            let guard = text.trim_end().ends_with("#endif");
            // A source includes one more header.
            let more = if guard { "" } else { "#include <stddef.h>\n" };
            fs::write(path, format!("{text}\n{more}extern int {mark}_{}(void);\n", element.name))?;
        }
        Ok(())
    }

    /// Builds it in one of the ways; gives what was primed, if anything was.
    pub(crate) fn build(&self, way: &str) -> Value {
        if way == "across" {
            let written = self.project.specctl(&["bst", "build"], &["--json", "all.bst"]);
            let rows = written.lines().last().and_then(|line| serde_json::from_str(line).ok());
            return rows.unwrap_or_default();
        }
        self.project.bst(&["--option", "spec_cc", way, "build", "all.bst"]);
        Value::Null
    }

    /// Primes it.
    pub(crate) fn prime(&self) -> Result<Value> {
        Ok(serde_json::from_str(&self.project.specctl(&["bst", "prime"], &["--json", "--fetch", "all.bst"]))?)
    }

    /// What the elements' last sessions counted, and how each of their commands was served; in the order of [`ELEMENTS`].
    pub(crate) fn left(&self) -> Result<Vec<(Value, Value)>> {
        let files = self.project.checkout("run", "all.bst");
        let read = |name: &str, kind: &str| {
            let path = files.path().join(STATS).join(format!("{name}.{kind}"));
            let text = fs::read(&path).with_context(|| path.display().to_string())?;
            Ok::<Value, anyhow::Error>(serde_json::from_slice(&text).unwrap_or_default())
        };
        ELEMENTS
            .iter()
            .map(|element| Ok((read(element.name, "stats")?, read(element.name, "served")?)))
            .collect()
    }

    /// All that the elements have made.
    pub(crate) fn products(&self) -> Listing {
        let files = self.project.checkout("run", "all.bst");
        tree::list(files.path(), |path, _| !path.starts_with(files.path().join(STATS)))
    }
}

/// An element's file.
fn text(element: &Element) -> String {
    let Element { name, kind, depends, config, .. } = element;
    let comma = if depends.is_empty() { "" } else { ", " };
    let left = format!(
        "mkdir -p %{{install-root}}/{STATS}; \
         specctl show --why --json %{{project-name}}/%{{element-name}} > %{{install-root}}/{STATS}/{name}.served || :; \
         specctl stats --json > %{{install-root}}/{STATS}/{name}.stats || :"
    );
    let install = format!("    (>):\n    - \"{left}\"\n");
    let config = if config.contains("install-commands:\n") {
        format!("{config}  - \"{left}\"\n")
    } else {
        format!("{config}config:\n  install-commands:\n{install}")
    };
    format!(
        "kind: {kind}\nbuild-depends: [base.bst, spec-cc.bst{comma}{depends}]\n\
         sources: [{{kind: local, path: files/{name}}}]\nenvironment: {{CFLAGS: -O2, CXXFLAGS: -O2}}\n{config}"
    )
}

/// How the compiles of an element's own sources were served.
pub(crate) fn sources(served: &Value) -> Vec<&Value> {
    let commands = served["commands"].as_array().map_or(&[][..], Vec::as_slice);
    let is_compile = |command: &&Value| {
        let output = command["output"].as_str().unwrap_or_default();
        let end = output.rsplit_once('.').map(|(_, end)| end);
        matches!(end, Some("o" | "lo"))
            && !["conftest", "CMakeScratch", "meson-private", "ztest", "TryCompile"]
                .iter()
                .any(|part| output.contains(part))
    };
    commands.iter().filter(is_compile).collect()
}
