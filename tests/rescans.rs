//! When a recorded command has to be preprocessed again, and when it must not be.

#[path = "../benches/open/tree.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod tree;

use std::fs;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use spec_cc::command;
use spec_cc::command::{Family, Invocation, Verdict};
use spec_cc::compile::call::Call;
use spec_cc::compile::conclude::Evidence;
use spec_cc::compile::conclude::Learnt;
use spec_cc::compile::conclude::conclude;
use spec_cc::compile::engine::Engine;
use spec_cc::compile::instance::Instance;
use spec_cc::compile::instance::Unready;
use spec_cc::compile::instance::instantiate;
use spec_cc::compile::not_kept::{NotKept, Unstorable};
use spec_cc::compile::perform::examine;
use spec_cc::compile::reads::Reads;
use spec_cc::compile::site::Context;
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::inputs::stamp;

use tree::Tree;

const PATH: &str = "/usr/bin:/bin";
const CONTEXT: Context<'_> = Context { path: Some(PATH), root: "/", predicted: &[] };

/// A gcc that writes down how it is run, a line each time. It has the texts that tell GCC's driver from a wrapper.
const COUNTING: &str = r#"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
const char *const texts[] = { "Using built-in specs.", "COLLECT_GCC_OPTIONS", "GCC_EXEC_PREFIX" };
int main(int argc, char **argv) {
    char line[65536];
    int length = 0;
    for (int at = 1; at < argc && length < 60000; at++)
        length += snprintf(line + length, sizeof line - length - 1, "%s ", argv[at]);
    line[length++] = '\n';
    int log = open(LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (log < 0 || write(log, line, length) != length) return 1;
    // What runs in a view leaves no file outside of it, but may read.
    char token;
    for (int at = 1; at < argc; at++)
        if (!strcmp(argv[at], "-M") && read(open(TOKENS, O_RDONLY | O_NONBLOCK | O_CLOEXEC), &token, 1) != 1) return 1;
    argv[0] = "/usr/bin/gcc";
    return execv(argv[0], argv);
}
"#;

/// More than there are scans in any test.
const TOKENS: usize = 100;

/// A folder with a compiler that counts how often it is run.
struct Room {
    dir: tempfile::TempDir,
    /// A pipe of which each scan takes a byte. Not in the temporary folder, which a scan has to itself.
    tokens: fs::File,
    _outside: tempfile::TempDir,
    engine: Engine,
}

impl Room {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = Engine::new(&dir.path().join("cache"), u64::MAX);
        let outside = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let pipe = outside.path().join("tokens");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let mut tokens = fs::File::options().read(true).write(true).open(&pipe).expect("open");
        tokens.write_all(&[b'x'; TOKENS]).expect("filled");
        let room = Self { dir, tokens, _outside: outside, engine };
        for folder in ["bin", "tree/one", "tree/two"] {
            fs::create_dir_all(room.path(folder)).expect("made");
        }
        // No script: those are not taken for compilers.
        fs::write(room.path("gcc.c"), COUNTING).expect("written");
        let log = format!("-DLOG=\"{}\"", room.path("runs").display());
        let tokens = format!("-DTOKENS=\"{}\"", pipe.display());
        let built = Command::new("gcc")
            .args([log, tokens])
            .arg("-o")
            .arg(room.path("bin/gcc"))
            .arg(room.path("gcc.c"))
            .status();
        assert!(built.expect("gcc runs").success());
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("tree").join(name), text).expect("written");
    }

    fn call(&self, args: &str) -> Call {
        let compiler = self.path("bin/gcc").display().to_string();
        let invocation = Invocation {
            compiler: compiler.clone().into(),
            args: args.split(' ').map(Into::into).collect(),
            cwd: self.path("tree"),
        };
        let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        match command::read(&invocation, Family::Gcc, false, &no_files) {
            Verdict::Compile(compile) => Call {
                compiler,
                compile: *compile,
                environment: Vec::new(),
                directory: self.path("tree").display().to_string(),
            },
            Verdict::Bypass(bypass) => panic!("not treated: {}", bypass.reason),
        }
    }

    /// How often the compiler was run.
    fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).unwrap_or_default().lines().count()
    }

    /// How often it was run to list what it reads.
    fn scans(&self) -> usize {
        let mut left: libc::c_int = 0;
        // SAFETY: the descriptor is open, and the number lives through the call.
        let status = unsafe { libc::ioctl(self.tokens.as_raw_fd(), libc::FIONREAD, &raw mut left) };
        assert_eq!(status, 0, "the pipe tells what is in it");
        TOKENS - usize::try_from(left).expect("a length")
    }

    fn examine(&self, call: &Call) -> (Reads, Instance) {
        examine(&self.engine, call, CONTEXT, &[("PATH".into(), PATH.into())]).expect("an instance")
    }

    fn instantiate(&self, call: &Call, reads: &Reads) -> Result<Instance, Unready> {
        instantiate(&self.engine, &mut Snapshot::new(&self.engine.files), call, reads, CONTEXT)
    }

    /// As if a compile that began so had ended just now.
    fn conclude(&self, call: &Call, began_ns: i64, depfile: &str) -> Learnt {
        let dependencies = depfile.as_bytes().to_vec();
        let evidence = Evidence {
            began_ns,
            toolchain: None,
            dependencies: Some(dependencies),
            staged: None,
            assembled: None,
            outcome: Err(Unstorable::Uncaught),
        };
        conclude(&self.engine, call, CONTEXT, evidence).expect("a set")
    }
}

/// Long enough for a stamp to settle.
fn settle() {
    std::thread::sleep(Duration::from_millis(60));
}

#[test]
fn a_header_that_came_before_another_after_the_compile_is_not_learnt_to_have_been_there() {
    let room = Room::new();
    room.write("t.c", "#include <a.h>\n");
    room.write("two/a.h", "int two;\n");
    let call = room.call("-c t.c -o t.o -Ione -Itwo");
    settle();
    let began_ns = stamp::before_any_change_ns();
    let learnt = room.conclude(&call, began_ns, "t.o: t.c two/a.h\n");
    assert!(matches!(learnt.kept, Err(NotKept::Outputs(_))), "{learnt:?}");
    room.instantiate(&call, &learnt.reads).expect("as it was");
    room.write("one/a.h", "int one;\n");
    let learnt = room.conclude(&call, began_ns, "t.o: t.c two/a.h\n");
    assert!(matches!(learnt.kept, Err(NotKept::Changed(_))), "{learnt:?}");
    assert!(matches!(room.instantiate(&call, &learnt.reads), Err(Unready::Changed)));
}

#[test]
fn an_include_that_was_written_after_the_compile_is_not_learnt_to_have_been_there() {
    let room = Room::new();
    room.write("t.c", "int t;\n");
    room.write("two/a.h", "int two;\n");
    let call = room.call("-c t.c -o t.o -Itwo");
    settle();
    let began_ns = stamp::before_any_change_ns();
    room.write("t.c", "#include <a.h>\n");
    let learnt = room.conclude(&call, began_ns, "t.o: t.c\n");
    assert!(matches!(room.instantiate(&call, &learnt.reads), Err(Unready::Changed)), "{learnt:?}");
}

/// It was not known yet when the compile began.
#[test]
fn a_compiler_that_was_put_in_place_meanwhile_is_not_taken_for_the_one_that_ran() {
    let room = Room::new();
    room.write("t.c", "int t;\n");
    fs::rename(room.path("bin"), room.path("gcc-1")).expect("moved");
    fs::create_dir(room.path("gcc-2")).expect("made");
    fs::copy(room.path("gcc-1/gcc"), room.path("gcc-2/gcc")).expect("copied");
    let put = |version: &str| {
        let _ = fs::remove_file(room.path("bin"));
        std::os::unix::fs::symlink(version, room.path("bin")).expect("linked");
    };
    put("gcc-1");
    let call = room.call("-c t.c -o t.o");
    settle();
    let began_ns = stamp::before_any_change_ns();
    let learnt = room.conclude(&call, began_ns, "t.o: t.c\n");
    assert!(matches!(learnt.kept, Err(NotKept::Outputs(_))), "{learnt:?}");
    room.instantiate(&call, &learnt.reads).expect("as it was");
    put("gcc-2");
    let learnt = room.conclude(&call, began_ns, "t.o: t.c\n");
    assert!(matches!(learnt.kept, Err(NotKept::Changed(_))), "{learnt:?}");
    assert!(matches!(room.instantiate(&call, &learnt.reads), Err(Unready::Changed)));
}

#[test]
fn commands_that_preprocess_alike_are_scanned_once_in_each_state_of_the_files() {
    let room = Room::new();
    room.write("t.c", "#include <a.h>\n");
    room.write("two/a.h", "int two;\n");
    let alike =
        ["-c t.c -o t.o -Ione -Itwo", "-c t.c -o u.o -Ione -Itwo", "-c t.c -o t.o -MD -MF t.d -Ione -Itwo"];
    let other = room.call("-c t.c -o t.o -Ione -Itwo -DX");
    let files = |room: &Room, reads: &Reads| {
        let mut names: Vec<String> = reads.set.iter().map(|id| room.engine.name(*id)).collect();
        names.retain(|name| name.ends_with("/a.h"));
        names
    };
    std::thread::scope(|scope| {
        for args in alike {
            let room = &room;
            scope.spawn(move || room.examine(&room.call(args)));
        }
    });
    let (reads, _) = room.examine(&room.call(alike[0]));
    assert_eq!(room.scans(), 1);
    assert_eq!(files(&room, &reads), [room.path("tree/two/a.h").display().to_string()]);
    room.examine(&other);
    assert_eq!(room.scans(), 2);
    // Text changes nothing, another header found first does.
    room.write("two/a.h", "int three;\n");
    room.examine(&room.call(alike[1]));
    assert_eq!(room.scans(), 2);
    room.write("one/a.h", "int one;\n");
    settle();
    let shared = alike.map(|args| files(&room, &room.examine(&room.call(args)).0));
    assert_eq!(room.scans(), 3);
    assert_eq!(shared, [(); 3].map(|()| [room.path("tree/one/a.h").display().to_string()]));
}

/// The benches measure how long this takes for more commands.
#[test]
fn editing_sources_starts_no_process() {
    const COMMANDS: usize = 200;
    let room = Room::new();
    let tree = Tree::write(&room.path("tree"), COMMANDS).expect("a tree");
    settle();
    let began_ns = stamp::before_any_change_ns();
    let learnt: Vec<(Call, Reads, Instance)> = (0..COMMANDS)
        .map(|number| {
            let call = room.call(&Tree::arguments(number).join(" "));
            let reads = room.conclude(&call, began_ns, &Tree::depfile(number)).reads;
            let instance = room.instantiate(&call, &reads).expect("as it was");
            (call, reads, instance)
        })
        .collect();
    let before = room.runs();
    assert!(before > 0, "the compiler was never asked who it is");
    let edited: Vec<usize> = (0..COMMANDS).step_by(COMMANDS / 50).collect();
    tree.edit(edited.iter().copied()).expect("edited");
    let mut snapshot = Snapshot::new(&room.engine.files);
    for (number, (call, reads, old)) in learnt.iter().enumerate() {
        let new = instantiate(&room.engine, &mut snapshot, call, reads, CONTEXT).expect("an action");
        assert_eq!(new.keys.own.exact != old.keys.own.exact, edited.contains(&number), "command {number}");
    }
    assert_eq!(room.runs(), before);
}
