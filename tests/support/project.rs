//! A small project, taken through the same steps with the bare compiler and with spec-cc.
use super::sandbox::{Sandbox, Stats};
use super::shell::sh;
use super::strace::may_trace;
use super::tree::{self, Listing, assert_same};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds everything from clean, quietly.
pub(crate) const CLEAN_MAKE: &str = "make -s clean; make -s -j2";

/// What the companion has to have done in a step, beside giving the compiler's own results.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Expect {
    /// Nothing.
    Any,
    /// No compile was run for the build: each was served from a launch or the cache.
    Hits,
    /// Each compile was launched before the build asked.
    Ahead,
    /// Each but so many at most.
    AheadBut(u32),
    /// Each compile was served in the way of this name.
    All(&'static str),
}

/// One step of a project's life.
struct Step {
    change: String,
    build: String,
    expect: Expect,
    /// Whether it is built on a machine that has never seen spec-cc.
    elsewhere: bool,
    /// Done before it is built with spec-cc.
    before: Option<Box<dyn Fn()>>,
}

/// What a step's build did.
#[derive(Debug)]
struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    files: Listing,
}

/// Files, and the steps that a test takes them through.
pub(crate) struct Project {
    pub(crate) sandbox: Sandbox,
    files: Vec<(String, String)>,
    steps: Vec<Step>,
    variables: Vec<(String, String)>,
}

impl Project {
    /// A project of the given files, each a path and its text.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let own = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        let files = files.iter().map(own).collect();
        Self { sandbox: Sandbox::new(), files, steps: Vec::new(), variables: Vec::new() }
    }

    /// Six sources and three headers under one Makefile.
    pub(crate) fn six() -> Self {
        Self::of(&[
            ("Makefile", MAKEFILE),
            (
                "lib/common.h",
                "#ifndef COMMON_H\n#define COMMON_H\n#include \"deep.h\"\n#define COMMON 7\n#endif\n",
            ),
            ("lib/deep.h", "#define DEEP 3\nstatic inline int deep(int x) { return x * DEEP; }\n"),
            ("lib/extra.h", "#define EXTRA 100\n"),
            (
                "main.c",
                "#include <stdio.h>\n#include \"common.h\"\nint one(int), two(int), three(int), four(int), five(int);\nint main(void) { printf(\"%d\\n\", one(COMMON) + two(1) + three(1) + four(1) + five(1)); return 0; }\n",
            ),
            ("one.c", "#include \"common.h\"\nint one(int x) { return deep(x) + COMMON; }\n"),
            ("two.c", "#include \"common.h\"\nint two(int x) { return deep(x) - COMMON; }\n"),
            (
                "three.c",
                "#include <string.h>\n#include \"deep.h\"\nint three(int x) { return deep(x) + (int)strlen(\"three\"); }\n",
            ),
            ("four.c", "#include \"extra.h\"\nint four(int x) { return x + EXTRA; }\n"),
            ("five.c", "int five(int x) { return x + 5; }\n"),
        ])
    }

    /// Adds a file.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Shares a server that only keeps results with recc, by recc's settings.
    pub(crate) fn beside_recc(self, url: &str) -> Self {
        let shared = ["RECC_CACHE_ONLY", "RECC_CACHE_UPLOAD_LOCAL_BUILD", "RECC_DEPS_GLOBAL_PATHS"];
        shared.into_iter().fold(self.set("RECC_SERVER", url), |project, name| project.set(name, "1"))
    }

    /// Builds with spec-cc as root without capabilities, as in BuildStream's sandbox.
    pub(crate) fn confined(mut self) -> Self {
        self.sandbox.confine();
        self
    }

    /// Sets a variable of spec-cc's builds.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a step: shell commands that change the tree, then those that build.
    ///
    /// `$CC` and `$CXX` are the compilers; `$WRAP` goes before a compiler of the test's own. `$WAIT` lets all launches end that can
    /// be made on the files of that moment, as a long configure script would.
    pub(crate) fn step(mut self, change: &str, build: &str, expect: Expect) -> Self {
        let (change, build) = (change.to_owned(), build.to_owned());
        self.steps.push(Step { change, build, expect, elsewhere: false, before: None });
        self
    }

    /// Adds a step on a machine that has never seen spec-cc.
    pub(crate) fn elsewhere(mut self, change: &str, build: &str, expect: Expect) -> Self {
        self = self.step(change, build, expect);
        if let Some(step) = self.steps.last_mut() {
            step.elsewhere = true;
        }
        self
    }

    /// Does this too before the last step is built with spec-cc.
    pub(crate) fn before(mut self, act: impl Fn() + 'static) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.before = Some(Box::new(act));
        }
        self
    }

    /// Learns from `build`, makes `change`, builds once more, and then again with nothing changed.
    pub(crate) fn edited(self, change: &str, build: &str) -> Self {
        self.step("", build, Expect::Any).step(change, build, Expect::Any).step("", build, Expect::Hits)
    }

    /// Takes all steps with the bare compiler, then with spec-cc, and panics where they differ. Nothing is done where a confined
    /// build cannot be had.
    pub(crate) fn check(&self) {
        if !self.sandbox.can_start() {
            return;
        }
        self.lay_out();
        let wanted: Vec<_> = self.steps.iter().map(|step| self.plainly(step)).collect();
        self.lay_out();
        for (number, (step, wanted)) in self.steps.iter().zip(&wanted).enumerate() {
            let what = format!("step {number}, {:?} then {:?}", step.change, step.build);
            let got = self.with_spec_cc(step);
            assert_eq!(got.stderr, wanted.stderr, "{what}: stderr");
            assert_eq!(got.stdout, wanted.stdout, "{what}: stdout");
            assert_eq!(got.status, wanted.status, "{what}: exit status");
            assert_same(&what, &got.files, &wanted.files);
            // Links and configure tests are among what is expected to be served.
            if step.expect != Expect::Any && may_trace() {
                let stats = self.sandbox.stats("small");
                if !is_as_expected(step, &stats, self.links(step)) {
                    let why =
                        self.sandbox.specctl(&["show", "small", "--why"]).output().expect("specctl runs");
                    let why = String::from_utf8_lossy(&why.stdout).into_owned();
                    let log = self.sandbox.complaints().join("\n");
                    panic!("{what}: not served as it should be: {stats:?}\n{why}\n{log}");
                }
            }
        }
    }

    /// Where the project lies: the same path for both compilers.
    pub(crate) fn tree(&self) -> PathBuf {
        self.sandbox.path("tree")
    }

    /// A fresh tree with the project's files.
    pub(crate) fn lay_out(&self) {
        let tree = self.tree();
        let _ = fs::remove_dir_all(&tree);
        for (path, text) in &self.files {
            let path = tree.join(path);
            fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("make a folder");
            fs::write(path, text).expect("write a file");
        }
    }

    fn plainly(&self, step: &Step) -> Outcome {
        self.change(step);
        let mut command = sh(&self.tree(), &self.captured(&step.build));
        command.env("CC", "gcc").env("CXX", "g++").env("WRAP", "").env("WAIT", ":");
        self.outcome(&mut command)
    }

    fn with_spec_cc(&self, step: &Step) -> Outcome {
        if step.elsewhere {
            self.sandbox.forget();
        }
        self.change(step);
        if let Some(act) = &step.before {
            act();
        }
        let mut command = self.session(&step.build);
        self.outcome(&mut command)
    }

    /// A session that runs `build` with spec-cc before the compilers.
    pub(crate) fn session(&self, build: &str) -> Command {
        let script = self.captured(build);
        let mut command = self.sandbox.session("small", &self.tree(), &script);
        command
            .env("CC", "spec-cc gcc")
            .env("CXX", "spec-cc g++")
            .env("WRAP", "spec-cc")
            .env("WAIT", "specctl wait");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// How many links a step's build has that need not be served as its compiles are: no grid runs them, nor does recc.
    fn links(&self, step: &Step) -> f64 {
        let remote = |(name, _): &(String, String)| {
            ["REMOTE", "RECC", "BACKEND"].iter().any(|part| name.contains(part))
        };
        f64::from(self.variables.iter().any(remote) && step.build.contains("make"))
    }

    fn change(&self, step: &Step) {
        super::shell::succeed(&mut sh(&self.tree(), &step.change));
    }

    /// `build` with its output kept apart from what specctl says.
    fn captured(&self, build: &str) -> String {
        let (out, err) = (self.sandbox.path("out"), self.sandbox.path("err"));
        format!("( {build}\n ) >{} 2>{}", out.display(), err.display())
    }

    fn outcome(&self, command: &mut Command) -> Outcome {
        let status = command.output().expect("run the build").status.code();
        let read = |name| {
            let bytes = fs::read(self.sandbox.path(name)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Outcome {
            status,
            stdout: read("out"),
            stderr: read("err"),
            files: tree::list(&self.tree(), every_file),
        }
    }
}

fn every_file(_: &Path, _: &[u8]) -> bool {
    true
}

fn is_as_expected(step: &Step, stats: &Stats, links: f64) -> bool {
    stats.assert_sound();
    let ahead = stats.served("joined") + stats.served("prefetched");
    let hits = ahead + stats.served("cached");
    let compiles = stats.number("compiles");
    let all = |served: f64| compiles > links && (same(served, compiles) || same(served, compiles - links));
    match step.expect {
        Expect::Any => true,
        Expect::Hits => all(hits),
        Expect::Ahead => all(ahead),
        Expect::AheadBut(others) => compiles > 0.5 && ahead + f64::from(others) > compiles - 0.5,
        Expect::All(way) => all(stats.served(way)),
    }
}

/// Whether two counts are the same.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.5
}

const MAKEFILE: &str = "
OBJECTS = main.o one.o two.o three.o four.o five.o
CPPFLAGS = -Ilib
CFLAGS = -O2 -g

program: $(OBJECTS)
\t@$(CC) -o $@ $(OBJECTS)

%.o: %.c
\t@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

.PHONY: clean
clean:
\t@rm -f *.o program
";
