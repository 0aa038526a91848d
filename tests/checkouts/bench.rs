//! Two checkouts, and what a list of command lines leaves in each, plainly and with spec-cc.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::sandbox::{Sandbox, Stats};
use crate::support::shell::{sh, succeed};

/// What each command left: its files, its messages and its exit status.
pub(crate) type Left = BTreeMap<String, Vec<u8>>;

/// A pair of checkouts with the same files.
pub(crate) struct Pair<'a> {
    sandbox: &'a Sandbox,
    element: String,
    base: PathBuf,
    /// Names of the two roots below the base; a name `link>target` is a link to the other.
    roots: [String; 2],
}

/// `{root}` is this checkout's root, `{base}` the folder with both.
fn fill(text: &str, root: &Path, base: &Path) -> String {
    text.replace("{root}", root.to_str().unwrap()).replace("{base}", base.to_str().unwrap())
}

impl<'a> Pair<'a> {
    /// Lays out `files` in both; in their text `{base}` stands for the same folder, so that both hold the same bytes.
    pub(crate) fn new(sandbox: &'a Sandbox, roots: [&str; 2], files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let element = format!("e{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let base = sandbox.path(&element);
        let pair = Self { sandbox, element, base, roots: roots.map(str::to_owned) };
        for number in 0..2 {
            pair.lay_out(number, files);
        }
        pair
    }

    fn lay_out(&self, number: usize, files: &[(&str, &str)]) {
        let root = self.root(number);
        let real = match self.roots[number].split_once('>') {
            Some((_, target)) => self.base.join(target),
            None => root.clone(),
        };
        for (path, text) in files {
            let path = if path.starts_with("{base}") {
                PathBuf::from(fill(path, &root, &self.base))
            } else {
                real.join(path)
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, fill(text, &root, &self.base)).unwrap();
        }
        fs::create_dir_all(real.join("sub")).unwrap();
        fs::create_dir_all(real.join("out")).unwrap();
        if real != root {
            std::os::unix::fs::symlink(&real, &root).unwrap();
        }
    }

    pub(crate) fn root(&self, number: usize) -> PathBuf {
        self.base.join(self.roots[number].split('>').next().unwrap())
    }

    /// What the compilers leave by themselves.
    pub(crate) fn plainly(&self, number: usize, lines: &[String]) -> Left {
        let root = self.root(number);
        let mut command = sh(&self.base, &self.script(number, lines, ""));
        command.env("HERE", &root);
        succeed(&mut command);
        self.collect(number)
    }

    /// What they leave with spec-cc before them, in a session of their own.
    pub(crate) fn with_spec_cc(&self, number: usize, lines: &[String]) -> Left {
        let script = self.script(number, lines, "spec-cc ");
        let mut command: Command = self.sandbox.session(&self.element, &self.base, &script);
        succeed(command.env("SPEC_CC_ROOT", self.root(number)));
        self.collect(number)
    }

    /// How many commands of the last session got another's result, and the session's numbers.
    pub(crate) fn shared(&self) -> (usize, Stats) {
        let stats = self.sandbox.stats(&self.element);
        stats.assert_sound();
        let found = stats.number("useful") - stats.number("useful_executed") + stats.served("cached");
        (found as usize, stats)
    }

    /// What `specctl explain` says of a command line in a checkout.
    pub(crate) fn explain(&self, number: usize, line: &str) -> serde_json::Value {
        let root = self.root(number);
        let line = fill(line, &root, &self.base);
        let script = format!("cd {}; exec specctl explain --json -- {line}", quoted(root.to_str().unwrap()));
        let mut command = Command::new("sh");
        self.sandbox.enter(command.args(["-ec", &script]));
        let output = succeed(command.env("SPEC_CC_ROOT", &root));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs each line in the root, or, where it begins with `cd DIR;`, there.
    fn script(&self, number: usize, lines: &[String], wrap: &str) -> String {
        let root = self.root(number);
        let mut script = String::new();
        for (at, line) in lines.iter().enumerate() {
            let line = fill(line, &root, &self.base).replace("CC ", wrap).replace("{n}", &at.to_string());
            let out = self.base.join(format!("said{at}"));
            let (root, out) = (quoted(root.to_str().unwrap()), out.display());
            script += &format!(
                "(cd {root}; {line}) >{out}.out 2>{out}.err && echo 0 >{out}.rc || echo $? >{out}.rc\n"
            );
        }
        script
    }

    /// Takes away what the commands left, without the random names of temporary files.
    fn collect(&self, number: usize) -> Left {
        let mut left = Left::new();
        let root = self.root(number);
        let kept = ["Makefile", "src", "inc", "inc2", "sub", "out"];
        for folder in [root.clone(), root.join("out"), root.join("sub"), self.base.clone()] {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let ours = folder != self.base || name.starts_with("said");
                if path.is_file() && ours && !kept.contains(&name.as_str()) {
                    left.insert(
                        format!(
                            "{}/{name}",
                            folder.strip_prefix(&root).unwrap_or(Path::new("said")).display()
                        ),
                        without_random_names(fs::read(&path).unwrap()),
                    );
                    fs::remove_file(&path).unwrap();
                }
            }
        }
        left
    }
}

/// A word for `sh`.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{word}'")
}

/// A text in which the compilers' temporary files, `/tmp/ccXXXXXX`, all have the same name.
fn without_random_names(mut bytes: Vec<u8>) -> Vec<u8> {
    let places: Vec<usize> = memchr::memmem::find_iter(&bytes, "/tmp/cc").collect();
    for at in places {
        bytes.iter_mut().skip(at + "/tmp/cc".len()).take(6).for_each(|byte| *byte = b'x');
    }
    bytes
}

/// Panics where two runs left something else.
pub(crate) fn assert_same(what: &str, got: &Left, wanted: &Left, lines: &[String]) {
    let names = |left: &Left| left.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(got), names(wanted), "{what}: other files\n{lines:#?}");
    for (name, bytes) in wanted {
        if got[name] != *bytes {
            let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned();
            panic!("{what}: {name} differs\n{}\n--- not\n{}\n{lines:#?}", text(&got[name]), text(bytes));
        }
    }
}
