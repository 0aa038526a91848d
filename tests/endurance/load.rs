//! Load: many shims, elements, records and inputs at once, long command lines, large files. What it took is printed.
use crate::rounds::rounds;
use crate::support::sandbox::{Sandbox, programs};
use crate::support::shell::{quiet, sh, succeed};
use crate::support::tree;
use crate::weight::peak;
use crate::yard::{CLEAN, Yard};
use nix::sys::resource::{Resource, setrlimit};
use spec_cc::store::{ElementKey, Record, RecordId, Store};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn many_shims_at_once() {
    let shims = rounds("SHIMS", 40);
    let (sandbox, tree, plain) = stand();
    for number in 0..shims {
        for folder in [&tree, &plain] {
            fs::write(
                folder.join(format!("f{number}.c")),
                format!("int f{number}(void) {{ return {number}; }}\n"),
            )
            .unwrap();
        }
    }
    succeed(&mut sh(&plain, "for f in *.c; do gcc -c $f; done"));
    for round in ["cold", "again", "again"] {
        let mut times: Vec<Duration> = std::thread::scope(|scope| {
            let starts = (0..shims).map(|number| {
                let (sandbox, tree) = (&sandbox, &tree);
                scope.spawn(move || {
                    let begun = Instant::now();
                    succeed(&mut shim(sandbox, tree, &["gcc", "-c", &format!("f{number}.c")]));
                    begun.elapsed()
                })
            });
            let running: Vec<_> = starts.collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        times.sort_unstable();
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        println!("{shims} shims, {round}: p50 {:?}, p99 {:?}; {} KB", at(50), at(99), most_memory(&sandbox));
        same(round, &tree, &plain);
    }
}

#[test]
fn many_elements_at_once() {
    let elements = rounds("ELEMENTS", 4);
    let sandbox = Sandbox::new();
    let begun = Instant::now();
    let yard = Yard::new(&sandbox, 4, 3);
    let plain = yard.build_plainly(CLEAN);
    for round in 0..2 {
        std::thread::scope(|scope| {
            for number in 0..elements {
                let (sandbox, yard, plain) = (&sandbox, &yard, &plain);
                scope.spawn(move || {
                    let tree = sandbox.path(&format!("element{number}"));
                    if round == 0 {
                        tree::copy(yard.ours(), &tree);
                    }
                    let mut run = sandbox.session(&format!("element{number}"), &tree, CLEAN);
                    succeed(run.env("CC", "spec-cc gcc").env("AR", "spec-cc ar"));
                    let built = tree::list(&tree, |_, _| true);
                    tree::assert_same(&format!("element {number}, round {round}"), &built, plain);
                });
            }
        });
    }
    println!("{elements} elements twice: {:?}; {} KB", begun.elapsed(), most_memory(&sandbox));
}

#[test]
fn many_records() {
    let records = rounds("RECORDS", 2000);
    let room = tempfile::tempdir().unwrap();
    let store = Store::open(&room.path().join("store")).unwrap().store;
    let key = ElementKey::new("tests", "many");
    for number in 0..records {
        let record = Record {
            id: RecordId::of("{root}", &format!("{number}.o")),
            compiler: "gcc".into(),
            args: ["-O2", "-Iinc", "-c", &format!("{{root}}/src/{number}.c"), "-o", &format!("{number}.o")]
                .map(str::to_owned)
                .to_vec(),
            cwd: "{root}".into(),
            source: format!("{{root}}/src/{number}.c"),
            outputs: vec![format!("{number}.o")],
            ..Record::default()
        };
        let inputs: Vec<String> =
            (0..100).map(|header| format!("{{root}}/h{}.h", header + number % 50)).collect();
        store.put(&key, &record, &inputs).unwrap();
    }
    let (blob, exported) = peak(|| store.export(&key).unwrap());
    let begun = Instant::now();
    let other = ElementKey::new("tests", "other");
    let (_, imported) = peak(|| store.import(&blob, Some(other.clone())).unwrap());
    let importing = begun.elapsed();
    let (element, loaded) = peak(|| store.load(&other).unwrap());
    assert_eq!((element.records.len(), element.lost), (records, 0));
    println!(
        "{records} records: {} KB as a blob; export {} KB, import {} KB in {importing:?}, load {} KB",
        blob.len() >> 10,
        exported >> 10,
        imported >> 10,
        loaded >> 10
    );
}

#[test]
fn a_long_command_line() {
    let bytes = rounds("COMMAND_LINE", 200_000);
    let (sandbox, tree, plain) = stand();
    // Not gcc, which hands all of its arguments on in one variable, and may not.
    let mut words: Vec<String> = ["clang", "-c", "a.c"].map(str::to_owned).to_vec();
    words.extend((0..bytes / 100).map(|number| format!("-DNAME{number:06}={}", "x".repeat(85))));
    for folder in [&tree, &plain] {
        fs::write(folder.join("a.c"), "int a;\n").unwrap();
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut clang = Command::new("clang");
    quiet(clang.args(&words[1..]), &plain);
    succeed(roomy(&mut clang));
    for _ in 0..2 {
        let begun = Instant::now();
        succeed(roomy(&mut shim(&sandbox, &tree, &words)));
        println!("{bytes} bytes of command line: {:?}; {} KB", begun.elapsed(), most_memory(&sandbox));
        same("long", &tree, &plain);
    }
}

#[test]
fn many_inputs() {
    let inputs = rounds("FILES", 1000);
    let (sandbox, tree, plain) = stand();
    let mut text = String::new();
    for number in 0..inputs {
        for folder in [&tree, &plain] {
            fs::write(folder.join(format!("h{number}.h")), format!("#define H{number} {number}\n")).unwrap();
        }
        let _ = writeln!(text, "#include \"h{number}.h\"");
    }
    let _ = writeln!(text, "int last = H{};", inputs - 1);
    for folder in [&tree, &plain] {
        fs::write(folder.join("a.c"), &text).unwrap();
    }
    succeed(&mut sh(&plain, "gcc -c a.c"));
    for _ in 0..3 {
        let begun = Instant::now();
        succeed(&mut shim(&sandbox, &tree, &["gcc", "-c", "a.c"]));
        println!("{inputs} inputs: {:?}; {} KB", begun.elapsed(), most_memory(&sandbox));
        same("inputs", &tree, &plain);
    }
}

#[test]
fn a_large_object_is_never_in_memory_whole() {
    let megabytes = rounds("OBJECT_MB", 128);
    let (sandbox, tree, plain) = stand();
    let text = format!("char large[{megabytes} << 20] = {{1}};\n");
    for folder in [&tree, &plain] {
        fs::write(folder.join("a.c"), &text).unwrap();
        fs::write(folder.join("b.c"), "int b;\n").unwrap();
    }
    succeed(&mut sh(
        &plain,
        "gcc -c b.c; gcc -r -nostdlib -o d.o b.o; gcc -c a.c; gcc -r -nostdlib -o c.o a.o",
    ));
    // So that the compiler is known.
    for _ in 0..2 {
        succeed(&mut shim(&sandbox, &tree, &["gcc", "-c", "b.c"]));
        succeed(&mut shim(&sandbox, &tree, &["gcc", "-r", "-nostdlib", "-o", "d.o", "b.o"]));
    }
    let before = most_memory(&sandbox);
    for _ in 0..2 {
        let begun = Instant::now();
        succeed(&mut shim(&sandbox, &tree, &["gcc", "-c", "a.c"]));
        succeed(&mut shim(&sandbox, &tree, &["gcc", "-r", "-nostdlib", "-o", "c.o", "a.o"]));
        println!("{megabytes} MB of object, twice: {:?}; {} KB", begun.elapsed(), most_memory(&sandbox));
        same("large", &tree, &plain);
    }
    // The kernel counts roughly: it may tell less than before.
    let more = most_memory(&sandbox).saturating_sub(before);
    assert!(more < megabytes * 1024 / 2, "{more} KB more for {megabytes} MB");
}

/// A sandbox with a tree for spec-cc and one for the bare compiler.
fn stand() -> (Sandbox, PathBuf, PathBuf) {
    let sandbox = Sandbox::new();
    let (tree, plain) = (sandbox.path("ours/tree"), sandbox.path("plain/tree"));
    for folder in [&tree, &plain] {
        fs::create_dir_all(folder).unwrap();
    }
    (sandbox, tree, plain)
}

/// `spec-cc` before these words, in `folder`.
fn shim(sandbox: &Sandbox, folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(programs().join("spec-cc"));
    quiet(command.args(words), folder);
    sandbox.enter(&mut command);
    command.env("SPEC_CC_PROJECT", "tests").env("SPEC_CC_ELEMENT", "load");
    command
}

/// Lets `command` have as many arguments as the kernel allows.
fn roomy(command: &mut Command) -> &mut Command {
    let widen = || setrlimit(Resource::RLIMIT_STACK, 64 << 20, libc::RLIM_INFINITY).map_err(Into::into);
    // SAFETY: the child makes one system call before it executes the program.
    unsafe { command.pre_exec(widen) }
}

/// The most memory that the companion ever had, KB.
fn most_memory(sandbox: &Sandbox) -> usize {
    let companion = sandbox.companion().expect("a companion runs");
    let status = fs::read_to_string(format!("/proc/{companion}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

fn same(what: &str, ours: &Path, plain: &Path) {
    let all = |folder| tree::list(folder, |_, _| true);
    tree::assert_same(what, &all(ours), &all(plain));
}
