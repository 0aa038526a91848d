//! The pages for people: their links lead somewhere, and their commands run.

use crate::support::missing::Missing;
use crate::support::sandbox;
use crate::support::shell::{quiet, succeed};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "bst/autotools.rs"]
mod autotools;

const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// Two sources that tell which header they have read.
const SOURCES: [(&str, &str); 3] = [
    ("said.h", "#define SAID \"hello\"\nconst char *said(void);\n"),
    ("said.c", "#include \"said.h\"\nconst char *said(void) { return SAID; }\n"),
    ("main.c", "#include \"said.h\"\n#include <stdio.h>\nint main(void) { return puts(said()) < 0; }\n"),
];

/// All of a folder's files whose names have such an end.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        let (path, name) = (entry.path(), entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                files(&path, end, found);
            }
        } else if path.extension().is_some_and(|own| own == end) {
            found.push(path);
        }
    }
}

/// What follows `](` up to `)`, outside of fenced blocks and code.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for text in page.split("```").step_by(2) {
        for part in text.split('`').step_by(2).flat_map(|part| part.split("](").skip(1)) {
            found.extend(part.split_once(')').map(|(link, _)| link.to_owned()));
        }
    }
    found
}

/// The scripts of a page: its blocks that are fenced as `sh`.
fn scripts(page: &str) -> String {
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix("sh\n")).collect()
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut all = Vec::new();
    files(Path::new(TOP), "md", &mut all);
    assert!(all.len() > 20, "{all:?}");
    let mut broken = Vec::new();
    for page in all {
        // A link's text may be code, which would split it.
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text.replace("`](", "](")) {
            let path = link.split('#').next().unwrap();
            let elsewhere = path.is_empty() || link.contains("://");
            if !elsewhere && !page.with_file_name(path).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whoever doubts a claim can run what holds it.
#[test]
fn tests_that_pages_name_exist() {
    let mut sources = Vec::new();
    files(&Path::new(TOP).join("tests"), "rs", &mut sources);
    let sources: String = sources.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let page = fs::read_to_string(Path::new(TOP).join("docs/beyond-recc.md")).unwrap();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
    assert!(named.len() > 10, "{named:?}");
    let is_there = |name: &&str| sources.contains(&format!("fn {}(", name.rsplit("::").next().unwrap()));
    assert_eq!(named.into_iter().filter(|name| !is_there(name)).collect::<Vec<_>>(), [""; 0]);
}

/// A machine of its own that has spec-cc installed, and a project to build on it.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::Builder::new().prefix("spec-cc-page-").tempdir().unwrap());
        fs::create_dir_all(machine.project()).unwrap();
        succeed(machine.enter(Command::new(sandbox::programs().join("specctl")).arg("init")));
        machine
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn project(&self) -> PathBuf {
        self.0.path().join("hello-1.0")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn enter<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("SPEC_CC_") || text.starts_with("XDG_") {
                command.env_remove(name);
            }
        }
        quiet(command, &self.project());
        let path = std::env::var("PATH").unwrap();
        command
            .env("PATH", format!("{}/.local/bin:{path}", self.home().display()))
            .env("LINKS", self.home().join(".local/lib/spec-cc"))
            .env("SPEC_CC_PROGRAMS", sandbox::programs())
            .env("HOME", self.home())
    }

    /// Runs the scripts of a page, one after the other, in the project's folder; returns what spec-cc has recorded.
    fn run(&self, page: &str) -> serde_json::Value {
        let script = scripts(&fs::read_to_string(Path::new(TOP).join(page)).unwrap());
        assert!(script.contains("specctl"), "{page} has no scripts");
        let script = format!("set -e\n{script}");
        succeed(self.enter(Command::new("bash").args(["-c", &script])));
        let list = succeed(self.enter(Command::new("specctl").args(["list", "--json"])));
        serde_json::from_slice(&list.stdout).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.enter(Command::new("specctl").arg("stop")).output();
    }
}

/// Runs a page's commands on a project of [`SOURCES`] and `files`, unless a program is missing.
fn assert_page_runs(page: &str, needs: &[&str], files: &[(&str, &str)]) {
    for program in needs {
        if let Err(error) = Command::new(program).arg("--version").output() {
            return Missing::Peer(format!("{program} cannot be run: {error}")).skip();
        }
    }
    let machine = Machine::new();
    for (path, text) in SOURCES.iter().chain(files) {
        machine.write(path, text);
    }
    let elements = machine.run(page);
    let commands = elements.as_array().unwrap().iter().filter_map(|one| one["commands"].as_u64()).max();
    assert!(commands >= Some(2), "{page}: {elements}");
}

const MAKEFILE: &str =
    "hello: main.o said.o\n\t$(CC) -o $@ $^\nmain.o said.o: said.h\nclean:\n\trm -f hello *.o\n";

#[test]
fn the_page_about_make_runs() {
    assert_page_runs("docs/howto/make.md", &["make"], &[("Makefile", MAKEFILE)]);
}

#[test]
fn the_page_about_ci_runs() {
    assert_page_runs("docs/howto/ci.md", &["make"], &[("Makefile", MAKEFILE)]);
}

#[test]
fn the_page_about_autotools_runs() {
    let machine = Machine::new();
    autotools::lay_out(&machine.project());
    let elements = machine.run("docs/howto/autotools.md");
    assert!(elements[0]["commands"].as_u64() > Some(10), "{elements}");
}

#[test]
fn the_page_about_cmake_runs() {
    let lists =
        "cmake_minimum_required(VERSION 3.18)\nproject(hello C CXX)\nadd_executable(hello main.c said.c)\n";
    assert_page_runs("docs/howto/cmake.md", &["cmake", "make"], &[("CMakeLists.txt", lists)]);
}

#[test]
fn the_page_about_meson_runs() {
    let build = "project('hello', 'c')\nexecutable('hello', 'main.c', 'said.c')\n";
    assert_page_runs("docs/howto/meson.md", &["meson", "ninja"], &[("meson.build", build)]);
}

#[test]
fn the_page_about_debians_builds_runs() {
    let rules = "#!/usr/bin/make -f\nclean:\n\tmake -f Makefile clean\nbuild build-arch:\n\tmake -f Makefile CC=gcc\n\
                 binary binary-arch: build\n\tmkdir -p debian/hello/DEBIAN debian/hello/usr/bin\n\tcp hello debian/hello/usr/bin\n\
                 \tdpkg-gencontrol -Pdebian/hello\n\tdpkg-deb --root-owner-group --build debian/hello ..\n.PHONY: build\n";
    let control = "Source: hello\nMaintainer: A <a@example.org>\nRules-Requires-Root: no\nStandards-Version: 4.6.2\n\n\
                   Package: hello\nArchitecture: any\nDescription: says hello\n";
    let changelog = "hello (1.0) unstable; urgency=medium\n\n  * It says hello.\n\n -- A <a@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n";
    let files = [
        ("Makefile", MAKEFILE),
        ("debian/rules", rules),
        ("debian/control", control),
        ("debian/changelog", changelog),
        ("debian/source/format", "3.0 (native)\n"),
    ];
    assert_page_runs("docs/howto/debian.md", &["dpkg-buildpackage", "make"], &files);
}

/// The blocks behind the two commands, which `tests/run` and `cargo run -- demo` are themselves.
#[test]
fn the_commands_of_the_readme_run() {
    let machine = Machine::new();
    let text = fs::read_to_string(Path::new(TOP).join("README.md")).unwrap();
    let (begin, used) = text.split_once("\n## Use\n").unwrap();
    assert!(begin.contains("\ncargo run --release -- demo ") && begin.contains("\ntests/run "), "{begin}");
    symlink(Path::new(TOP).join("packaging"), machine.project().join("packaging")).unwrap();
    autotools::lay_out(&machine.project().join("some-package"));
    let script = format!("set -e\n{}", scripts(used));
    assert!(script.contains("packaging/install") && script.contains("./configure"), "{script}");
    let said = succeed(machine.enter(Command::new("bash").args(["-c", &script])));
    assert!(String::from_utf8_lossy(&said.stderr).contains("spec-cc: "), "{said:?}");
}

/// Each line of the example file that sets something, its comment taken off, is one that spec-cc takes.
#[test]
fn the_example_of_a_settings_file_is_taken() {
    let machine = Machine::new();
    let text = fs::read_to_string(Path::new(TOP).join("docs/spec-cc.conf")).unwrap();
    let set: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with(char::is_alphabetic))
        .collect();
    assert!(set.len() >= 10, "{set:?}");
    let file = machine.home().join(".config/spec-cc/spec-cc.conf");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, set.join("\n")).unwrap();
    let shown = succeed(machine.enter(Command::new("specctl").args(["config", "--json"])));
    assert_eq!(String::from_utf8_lossy(&shown.stderr), "");
    let shown: Vec<serde_json::Value> = serde_json::from_slice(&shown.stdout).unwrap();
    let from_it = |setting: &&serde_json::Value| setting["source"].to_string().contains("spec-cc.conf");
    assert_eq!(shown.iter().filter(from_it).count(), set.len(), "{shown:?}");
}
