//! A real package, built plainly and with spec-cc, and what has to be equal between the two.
use super::clangd;
use super::sandbox::Sandbox;
use super::shell::{quiet, sh, succeed};
use super::sources::Source;
use super::tree::{self, Listing};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a package is had, built and edited.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    /// Shell commands that make the fetched sources ready to be configured, once.
    pub(crate) prepare: &'static str,
    /// Shell commands that configure and build; `$CC`, `$CXX`, `$AR` and `$JOBS` are set.
    pub(crate) build: &'static str,
    /// The source that is edited: a new function at its end.
    pub(crate) edited_source: &'static str,
    /// The widely included header that is edited: a new function that every object keeps.
    pub(crate) edited_header: &'static str,
}

pub(crate) const LUAJIT: Package = Package {
    name: "luajit",
    source: Source::Crate { name: "luajit-src", version: "210.7.4", folder: "luajit2" },
    prepare: "",
    // Less optimisation than the default: the compiles are many enough as they are.
    build: r#"make -j"$JOBS" CC="$CC" CCOPT=-O1"#,
    edited_source: "src/lj_gc.c",
    edited_header: "src/lj_obj.h",
};

pub(crate) const LIBUV: Package = Package {
    name: "libuv",
    source: Source::Debian("libuv1"),
    prepare: "sh autogen.sh",
    build: r#"./configure && make -j"$JOBS""#,
    edited_source: "src/unix/stream.c",
    edited_header: "include/uv.h",
};

pub(crate) const YAML_CPP: Package = Package {
    name: "yaml-cpp",
    source: Source::Debian("yaml-cpp"),
    prepare: "",
    build: r#"cmake -S . -B build -G Ninja -DYAML_CPP_BUILD_TESTS=OFF -DCMAKE_AR="$(command -v "$AR")" && ninja -C build -j "$JOBS""#,
    edited_source: "src/node_data.cpp",
    edited_header: "include/yaml-cpp/mark.h",
};

/// The same by `CMake`: fifty small compiles, and links and archives of them.
pub(crate) const LIBUV_BY_CMAKE: Package = Package {
    prepare: "",
    build: r#"cmake -S . -B build -G Ninja -DBUILD_TESTING=OFF -DCMAKE_AR="$(command -v "$AR")" && ninja -C build -j "$JOBS""#,
    ..LIBUV
};

pub(crate) const ZSTD: Package = Package {
    name: "zstd",
    source: Source::Debian("libzstd"),
    prepare: "",
    build: r#"meson setup -Doptimization=1 build/meson build/ninja && ninja -C build/ninja -j "$JOBS""#,
    edited_source: "lib/compress/zstd_compress.c",
    edited_header: "lib/common/mem.h",
};

/// Its library alone, quickly.
pub(crate) const ZSTD_LIBRARY: Package = Package {
    build: r#"meson setup -Doptimization=0 -Dbin_programs=false build/meson build/ninja && ninja -C build/ninja -j "$JOBS""#,
    ..ZSTD
};

/// Code that no optimisation drops, so that an edit shows in every object that sees it.
const NEW_FUNCTION: &str = "\nstatic __attribute__((used)) int spec_cc_edit_ORIGIN(void) { return 42; }\n";

/// A package laid out in a sandbox, always at the same path.
pub(crate) struct Bench<'a> {
    package: &'a Package,
    sandbox: &'a Sandbox,
    pristine: PathBuf,
    variables: Vec<(String, String)>,
    pub(crate) tree: PathBuf,
}

impl Package {
    /// Fetches the sources and readies them in `sandbox`.
    pub(crate) fn on<'a>(&'a self, sandbox: &'a Sandbox) -> Bench<'a> {
        self.at(sandbox, self.name)
    }

    /// The same, to be built in another folder of it.
    pub(crate) fn at<'a>(&'a self, sandbox: &'a Sandbox, folder: &str) -> Bench<'a> {
        let pristine = sandbox.path(&format!("{}-pristine", self.name));
        tree::lay_out(&self.source.fetch(), &pristine);
        succeed(&mut sh(&pristine, self.prepare));
        let tree = sandbox.path(folder);
        Bench { package: self, sandbox, pristine, variables: Vec::new(), tree }
    }
}

impl Bench<'_> {
    /// Sets a variable of all builds.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A fresh tree as the registry gave it.
    pub(crate) fn lay_out(&self) {
        tree::lay_out(&self.pristine, &self.tree);
    }

    /// A fresh tree with both edits made.
    pub(crate) fn lay_out_edited(&self) {
        self.lay_out();
        let append = |text: &str| text.len();
        edit(&self.tree.join(self.package.edited_source), "source", append);
        edit(&self.tree.join(self.package.edited_header), "header", before_guard);
    }

    /// Builds with the bare compiler and returns every object, library and executable.
    pub(crate) fn build_plainly(&self) -> Listing {
        let mut command = sh(&self.tree, self.package.build);
        set_compilers(&mut command, ["gcc", "g++", "ar"], jobs());
        self.built(&mut command)
    }

    /// Builds with spec-cc switched off.
    pub(crate) fn build_disabled(&self) -> Listing {
        let mut command = sh(&self.tree, self.package.build);
        self.sandbox.enter(&mut command);
        set_compilers(&mut command, OURS, jobs());
        command.env("SPEC_CC_DISABLE", "1");
        self.built(&mut command)
    }

    /// Builds with spec-cc, as one session of the element named as the package.
    pub(crate) fn build(&self) -> Listing {
        self.build_with_jobs(jobs())
    }

    /// The same with `jobs` commands at a time.
    pub(crate) fn build_with_jobs(&self, jobs: usize) -> Listing {
        let name = self.package.name;
        let mut command = self.sandbox.session(name, &self.tree, self.package.build);
        set_compilers(&mut command, OURS, jobs);
        self.built(&mut command)
    }

    /// Builds with spec-cc only looking on, and with `wrap` around the script that builds.
    pub(crate) fn build_learning(&self, wrap: impl Fn(&str) -> String) -> Listing {
        let script = wrap(self.package.build);
        let mut command = self.sandbox.session(self.package.name, &self.tree, &script);
        set_compilers(&mut command, OURS, jobs());
        command.env("SPEC_CC_MODE", "learn");
        self.built(&mut command)
    }

    fn built(&self, command: &mut Command) -> Listing {
        quiet(command, &self.tree);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        succeed(command);
        tree::list(&self.tree, tree::is_built)
    }

    /// Panics unless every object in `built` is an output of a recorded command.
    pub(crate) fn assert_recorded(&self, built: &Listing) {
        let show = self.sandbox.json(&["show", self.package.name, "--json"]);
        let recorded = outputs(&show, &self.tree);
        let forgotten: Vec<_> = units(built).filter(|object| !recorded.contains(*object)).collect();
        assert!(forgotten.is_empty(), "not recorded: {forgotten:?}");
    }

    /// Panics unless the compilation database has each object that was built, and clangd takes it.
    pub(crate) fn assert_exported(&self, built: &Listing) {
        let root = self.tree.display().to_string();
        let database =
            self.sandbox.json(&["export", "--compile-commands", "--root", &root, self.package.name]);
        let folder = tempfile::tempdir().expect("a folder");
        let entries = database.as_array().into_iter().flatten();
        let written: BTreeSet<PathBuf> = entries
            .map(|entry| {
                let text = |name: &str| Path::new(entry[name].as_str().unwrap_or_default());
                clean(&below(&text("directory").join(text("output")).to_string_lossy(), &self.tree))
            })
            .collect();
        let left_out: Vec<_> = units(built).filter(|object| !written.contains(*object)).collect();
        assert!(left_out.is_empty(), "not exported: {left_out:?}");
        clangd::assert_loads(&database, folder.path());
    }

    /// Panics if the element's commands read a file of another element's tree.
    pub(crate) fn assert_nothing_foreign(&self) {
        let show = self.sandbox.json(&["show", self.package.name, "--json"]);
        let commands = show.as_array().expect("specctl show --json gives a list");
        let home = self.sandbox.path("");
        for command in commands {
            let inputs = command["inputs"].as_array();
            let inputs: Vec<_> = inputs.into_iter().flatten().filter_map(Value::as_str).collect();
            assert!(!inputs.is_empty(), "a command without inputs: {command}");
            let foreign = inputs.iter().find(|input| {
                Path::new(input).starts_with(&home) && !Path::new(input).starts_with(&self.tree)
            });
            assert_eq!(foreign, None, "an input of another element");
        }
    }
}

/// The objects among what a build left: one a translation unit.
pub(crate) fn units(built: &Listing) -> impl Iterator<Item = &PathBuf> {
    built.keys().filter(|path| path.extension().is_some_and(|suffix| suffix == "o"))
}

/// Every output in the commands that `specctl show --json` lists, as paths below `root`.
pub(crate) fn outputs(show: &Value, root: &Path) -> BTreeSet<PathBuf> {
    let commands = show.as_array().expect("specctl show --json gives a list");
    let mut found = BTreeSet::new();
    for command in commands {
        let listed = command["outputs"].as_array();
        let texts = listed.into_iter().flatten().filter_map(Value::as_str);
        let folder = below(command["directory"].as_str().unwrap_or(""), root);
        for text in texts {
            let path = below(text, root);
            found.insert(clean(&folder.join(&path)));
            found.insert(clean(&path));
        }
    }
    found
}

/// A path as specctl may write it, made relative to the project root.
fn below(text: &str, root: &Path) -> PathBuf {
    let text = text.strip_prefix("{root}").map_or(text, |rest| rest.trim_start_matches('/'));
    let path = Path::new(text);
    path.strip_prefix(root).unwrap_or(path).to_owned()
}

/// The path without `.` and, where that needs no look at the disk, without `..`.
fn clean(path: &Path) -> PathBuf {
    let mut parts: Vec<std::path::Component<'_>> = Vec::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if !parts.is_empty() => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.iter().collect()
}

/// Inserts a new function named after `origin` where `place` says.
fn edit(path: &Path, origin: &str, place: impl Fn(&str) -> usize) {
    let mut text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("cannot edit {}: {error}", path.display()));
    text.insert_str(place(&text), &NEW_FUNCTION.replace("ORIGIN", origin));
    fs::write(path, text).expect("write an edited file");
}

/// The last place inside a header's include guard.
fn before_guard(text: &str) -> usize {
    text.rfind("\n#endif").map_or(text.len(), |at| at + 1)
}

/// Takes the places of a C compiler, a C++ compiler and an archiver.
const OURS: [&str; 3] = ["spec-cc", "spec-c++", "spec-ar"];

fn set_compilers(command: &mut Command, [c, cxx, ar]: [&str; 3], jobs: usize) {
    command.env("CC", c).env("CXX", cxx).env("AR", ar).env("JOBS", jobs.to_string());
}

/// As many jobs as the machine has processors.
fn jobs() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}
