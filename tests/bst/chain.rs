//! Three elements on top of one another, each by another build system: a library, a library that uses it, and a program.
use crate::project::Project;
use crate::stand::Stand;
use crate::support::shell::{sh, succeed};
use crate::support::tree::{self, Listing};
use serde_json::Value;

/// From the bottom up, with how many compiles each has.
pub(crate) const ELEMENTS: [(&str, &str, u64); 3] =
    [("lower.bst", "autotools", 4), ("libs/middle.bst", "cmake", 3), ("app/top.bst", "meson", 2)];

/// Where each element leaves, beside its product, the numbers of its session.
const STATS: &str = "usr/share/stats";

pub(crate) const LOWER: &[(&str, &str)] = &[
    (
        "configure.ac",
        "AC_INIT([lower], [1.0])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAM_PROG_AR\nAC_PROG_RANLIB\n\
         AC_CHECK_HEADERS([unistd.h])\nAC_CHECK_FUNCS([strlcpy])\n\
         AC_CONFIG_HEADERS([config.h])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n",
    ),
    (
        "Makefile.am",
        "lib_LIBRARIES = liblower.a\nliblower_a_SOURCES = one.c two.c three.c four.c\ninclude_HEADERS = lower.h\n",
    ),
    (
        "lower.h",
        "#define LOWER 1\nstatic inline int lower(void) { return LOWER; }\nint one(void);\nint two(void);\nint three(void);\nint four(void);\n",
    ),
    ("one.c", "#include <config.h>\n#include \"lower.h\"\nint one(void) { return 1 + lower(); }\n"),
    ("two.c", "#include <config.h>\n#include \"lower.h\"\nint two(void) { return 2 + lower(); }\n"),
    ("three.c", "#include <config.h>\n#include \"lower.h\"\nint three(void) { return 3 + lower(); }\n"),
    ("four.c", "#include <config.h>\n#include \"lower.h\"\nint four(void) { return 4 + lower(); }\n"),
];

const MIDDLE: &[(&str, &str)] = &[
    (
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.20)\nproject(middle C)\nadd_library(middle STATIC a.c b.c c.c)\n\
         install(TARGETS middle)\ninstall(FILES middle.h TYPE INCLUDE)\n",
    ),
    ("middle.h", "#include <lower.h>\nint a(void);\nint b(void);\nint c(void);\n"),
    ("a.c", "#include \"middle.h\"\nint a(void) { return one() + lower(); }\n"),
    ("b.c", "#include \"middle.h\"\nint b(void) { return two() + three(); }\n"),
    ("c.c", "#include \"middle.h\"\nint c(void) { return four() * lower(); }\n"),
];

const TOP: &[(&str, &str)] = &[
    (
        "meson.build",
        "project('top', 'c')\ncc = meson.get_compiler('c')\n\
         executable('top', 'main.c', 'more.c', install: true,\n  \
         dependencies: [cc.find_library('middle'), cc.find_library('lower')])\n",
    ),
    (
        "main.c",
        "#include <middle.h>\n#include <stdio.h>\nint more(void);\n\
         int main(void) { printf(\"%d %d\\n\", a() + b() + c(), more()); return 0; }\n",
    ),
    ("more.c", "#include <middle.h>\nint more(void) { return a() - lower(); }\n"),
];

pub(crate) const NAMES: [&str; 3] = [ELEMENTS[0].0, ELEMENTS[1].0, ELEMENTS[2].0];

/// What came of a build of the three elements, from the bottom up.
pub(crate) struct Built {
    /// The numbers of their sessions.
    stats: Vec<Value>,
    /// How each of their commands was served.
    pub(crate) served: Vec<Value>,
    /// All that they have made.
    pub(crate) products: Listing,
}

#[test]
fn a_chain_is_launched_after_edits_and_comes_out_as_plainly_built() {
    let Some(stand) = Stand::get() else { return };
    let chain = lay_out(stand, "chain");
    let first = build(&chain, "spec");
    assert_asked(&first, "first");
    edit(&chain);
    let edited = build(&chain, "spec");
    assert_asked(&edited, "edited");
    assert_ahead(&edited);
    chain.delete(&NAMES);
    let plain = build(&chain, "plain");
    assert_ne!(plain.products, first.products, "the edits change nothing");
    assert_eq!(edited.products, plain.products, "not as the plain compiler has it");
    chain.delete(&NAMES);
    let cached = build(&chain, "cache");
    assert_asked(&cached, "cached");
    assert_all_cached(&cached);
    assert_eq!(cached.products, plain.products, "from the cache");
}

/// Writes the project.
pub(crate) fn lay_out(stand: &'static Stand, name: &str) -> Project {
    let project = Project::new(stand, name, "(@): [spec-cc.yml, spec-cc-session.yml]\n");
    let sources = [("lower", LOWER), ("middle", MIDDLE), ("top", TOP)];
    for (folder, files) in sources {
        for (path, content) in files {
            project.write(&format!("files/{folder}/{path}"), content);
        }
    }
    succeed(&mut sh(
        &project.folder.join("files/lower"),
        "autoreconf --install 2>&1 && rm -rf autom4te.cache",
    ));
    let mut below = String::new();
    for ((element, kind, _), (folder, _)) in ELEMENTS.iter().zip(sources) {
        project.write(
            &format!("elements/{element}"),
            &format!(
                "kind: {kind}\nbuild-depends: [base.bst, spec-cc.bst{below}]\n\
                 sources: [{{kind: local, path: files/{folder}}}]\n\
                 config:\n  install-commands:\n    (>):\n    - mkdir -p %{{install-root}}/{STATS}\n    \
                 - \"specctl show --why --json %{{project-name}}/%{{element-name}} > %{{install-root}}/{STATS}/{folder}.served || :\"\n    \
                 - \"specctl stats --json > %{{install-root}}/{STATS}/{folder}.stats || :\"\n"
            ),
        );
        below += &format!(", {element}");
    }
    // What has all three, and nothing of the root file system.
    project.write("elements/all.bst", &format!("kind: stack\ndepends: [{}]\n", &below[2..]));
    project
}

/// Changes a source in the middle and the header at the bottom, in a directive: what reads it has to be scanned anew.
pub(crate) fn edit(chain: &Project) {
    chain.write("files/lower/lower.h", &LOWER[2].1.replace("LOWER 1", "LOWER 10"));
    chain.write("files/middle/b.c", &MIDDLE[3].1.replace("two()", "5 * two()"));
}

pub(crate) fn build(chain: &Project, mode: &str) -> Built {
    chain.bst(&["--option", "spec_cc", mode, "build", "all.bst"]);
    built(chain)
}

/// What came of the last build.
pub(crate) fn built(chain: &Project) -> Built {
    let files = chain.checkout("run", "all.bst");
    let left = |kind: &str| {
        let read = |folder| std::fs::read(files.path().join(STATS).join(format!("{folder}.{kind}")));
        let values = ["lower", "middle", "top"].map(|folder| read(folder).unwrap_or_default());
        values.iter().map(|value| serde_json::from_slice(value).unwrap_or_default()).collect()
    };
    let products = tree::list(files.path(), |path, _| !path.starts_with(files.path().join(STATS)));
    assert!(products.len() >= 5, "{products:?}");
    Built { stats: left("stats"), served: left("served"), products }
}

/// Panics unless each element's compiles came through spec-cc.
fn assert_asked(built: &Built, what: &str) {
    for (stats, (element, _, compiles)) in built.stats.iter().zip(ELEMENTS) {
        assert!(stats["compiles"].as_u64() >= Some(compiles), "{what}: {element}: {stats}");
    }
}

/// How the compiles of an element's own sources were served.
pub(crate) fn sources(served: &Value) -> Vec<&Value> {
    let commands = served["commands"].as_array().map_or(&[][..], Vec::as_slice);
    let is_compile = |command: &&Value| {
        let output = command["output"].as_str().unwrap_or_default();
        output.rsplit_once('.').is_some_and(|(_, end)| end == "o")
            && !output.contains("conftest")
            && !output.contains("CMakeScratch")
    };
    commands.iter().filter(is_compile).collect()
}

/// Panics unless every compile of a source was served by a launch, and hardly anything was launched in vain.
fn assert_ahead(built: &Built) {
    for ((stats, served), (element, _, compiles)) in built.stats.iter().zip(&built.served).zip(ELEMENTS) {
        let sources = sources(served);
        assert_eq!(sources.len() as u64, compiles, "{element}: {served}");
        let ahead = |command: &&&Value| ["joined", "prefetched"].iter().any(|way| command["how"] == *way);
        assert_eq!(sources.iter().filter(ahead).count(), sources.len(), "{element}: {served}");
        assert!(stats["precision"].as_f64() >= Some(0.95), "{element}: {stats}: {served}");
    }
}

/// Panics unless every compile was found in the cache.
fn assert_all_cached(built: &Built) {
    for (stats, (element, _, compiles)) in built.stats.iter().zip(ELEMENTS) {
        assert!(stats["served"]["cached"].as_u64() >= Some(compiles), "{element}: {stats}");
    }
}
