//! Records to put in, and a child process to break things in.

use std::collections::HashSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use spec_cc::store::{Build, ElementKey, Record, RecordId, Store};

/// Names the folder that the child's part of a test works in.
const FOLDER: &str = "SPEC_CC_TEST_FOLDER";

pub(crate) fn key() -> ElementKey {
    ElementKey::new("sdk", "components/zlib.bst")
}

pub(crate) fn open(dir: &Path) -> Store {
    let opened = Store::open(dir).unwrap();
    assert_eq!(opened.moved_aside, None);
    opened.store
}

/// A compile of `name`.c as make would run it.
pub(crate) fn compile(name: &str) -> Record {
    let mut record = Record {
        id: RecordId::of("{root}", &format!("{name}.o")),
        compiler: "gcc".into(),
        cwd: "{root}".into(),
        env: vec![("LANG".into(), "C".into())],
        source: format!("{{root}}/src/{name}.c"),
        outputs: vec![format!("{name}.o"), format!("{name}.d")],
        shape: [3; 16],
        cost_us: 120_000,
        wall_us: 130_000,
        ..Record::default()
    };
    let flags = "-std=gnu11 -O2 -g -Wall -Wextra -fstack-protector-strong -D_GNU_SOURCE -DHAVE_CONFIG_H -I{root}/include -MMD";
    record.args = flags.split(' ').map(str::to_owned).collect();
    record.args.extend(["-c".into(), record.source.clone(), "-o".into(), record.outputs[0].clone()]);
    record
}

/// A build that asked for these.
pub(crate) fn build(seen: &HashSet<RecordId>, complete: bool) -> Build {
    Build { seen: seen.clone(), complete, ..Build::default() }
}

/// Runs one of this file's ignored tests in a process of its own, which `dir` is given to.
pub(crate) fn child(test: &str, dir: &Path) -> Child {
    spawn(&mut Command::new(std::env::current_exe().unwrap()), test, dir)
}

/// The same for a process that may write no file longer than 8 KiB.
pub(crate) fn limited_child(test: &str, dir: &Path) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 16; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    spawn(&mut shell, test, dir)
}

fn spawn(program: &mut Command, test: &str, dir: &Path) -> Child {
    program
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The folder that the child was given; `None` when somebody runs all ignored tests by hand.
pub(crate) fn folder() -> Option<std::path::PathBuf> {
    std::env::var_os(FOLDER).map(Into::into)
}
