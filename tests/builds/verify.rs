//! Verify mode: what would be served is compared with what the compiler gives, and what differs is never served again.
#![allow(clippy::float_cmp, reason = "counts are whole numbers")]
use crate::support::project::Project;
use crate::support::shell::{sh, succeed};
use crate::support::strace::may_trace;
use bazel_remote_apis::build::bazel::remote::execution::v2::ActionResult;
use prost::Message as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use spec_cc::base::digest::Digest;
use spec_cc::cache::Cache;
use std::fs;
use std::path::Path;

/// An action's digest by the file that has its result: that is called by the hash, and has the size in its sum.
fn action(file: &Path, bytes: &[u8]) -> Digest {
    let (sum, body) = bytes.split_first_chunk::<32>().expect("a result begins with a sum");
    let name = file.file_name().unwrap().to_str().unwrap();
    let is = |size: &u64| {
        let hash = Digest::from_hex(name, *size).unwrap().hash;
        *sum == <[u8; 32]>::from(
            Sha256::new().chain_update(hash).chain_update(size.to_le_bytes()).chain_update(body).finalize(),
        )
    };
    Digest::from_hex(name, (0..1 << 20).find(is).expect("the size of an action")).unwrap()
}

/// Has each result that `pick` picks be what `change` makes of it, as a fault of ours would leave it; says how many.
fn forge(
    project: &Project,
    pick: impl Fn(&ActionResult) -> bool,
    change: impl Fn(&mut ActionResult, &Cache),
) -> usize {
    let root = project.sandbox.path("cache");
    let cache = Cache::new(&root, u64::MAX);
    let folders = fs::read_dir(root.join("ac")).unwrap().flatten();
    let files: Vec<_> = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten()).collect();
    let mut forged = 0;
    for file in files {
        let bytes = fs::read(file.path()).unwrap();
        let mut result = ActionResult::decode(&bytes[32..]).unwrap();
        if pick(&result) {
            change(&mut result, &cache);
            cache.results.put(&action(&file.path(), &bytes), &result).unwrap();
            forged += 1;
        }
    }
    forged
}

/// Has the file `name` of each result be another one.
fn forge_file(project: &Project, name: &str) {
    let is = |path: &str| path.rsplit('/').next() == Some(name);
    let pick = |result: &ActionResult| result.output_files.iter().any(|file| is(&file.path));
    let change = |result: &mut ActionResult, cache: &Cache| {
        for file in result.output_files.iter_mut().filter(|file| is(&file.path)) {
            let digest = file.digest.as_ref().unwrap();
            let digest = Digest::from_hex(&digest.hash, digest.size_bytes as u64).unwrap();
            let mut bytes = cache.blobs.read(&digest).unwrap().unwrap();
            bytes[24] ^= 1;
            let forged = cache.blobs.put_bytes(&bytes).unwrap();
            file.digest.as_mut().unwrap().hash = forged.hex();
        }
    };
    assert!(forge(project, pick, change) > 0, "no result has {name}");
}

/// Builds in a session of its own, verifying this share.
fn build(project: &Project, share: &str, script: &str) {
    succeed(&mut sh(&project.tree(), "rm -f *.o out.i prog err"));
    succeed(project.session(script).env("SPEC_CC_VERIFY", share));
}

/// What the bare compiler makes of it, by name.
fn plainly(project: &Project, script: &str, files: &[&str]) -> Vec<Vec<u8>> {
    succeed(sh(&project.tree(), script).env("CC", "gcc").env("WAIT", ":"));
    let read = files.iter().map(|name| fs::read(project.tree().join(name)).unwrap());
    read.collect()
}

fn assert_right(project: &Project, files: &[&str], wanted: &[Vec<u8>], what: &str) {
    for (name, wanted) in files.iter().zip(wanted) {
        assert!(fs::read(project.tree().join(name)).unwrap() == *wanted, "{what}: {name} is wrong");
    }
}

/// Verified, mismatched and now in quarantine.
fn counts(project: &Project) -> [f64; 3] {
    let stats = project.sandbox.stats("small");
    stats.assert_sound();
    ["verified", "mismatched", "quarantined"].map(|name| stats.number(name))
}

/// The reasons why the command that makes `output` was not served in the last session, and how it was.
fn why(project: &Project, output: &str) -> (Value, String) {
    let report = project.sandbox.json(&["show", "small", "--why", "--json"]);
    let lines = report["commands"].as_array().unwrap();
    let line = lines.iter().find(|line| line["output"] == output).cloned().unwrap_or_default();
    let text = line["why"]["detail"].as_str().unwrap_or_default().to_owned();
    (line["why"]["why"].clone(), text)
}

const COMPILES: &str = "$WAIT; $CC -O1 -c a.c; $CC -O1 -c b.c; $CC -O1 -c warns.c 2>err";

#[test]
fn a_wrong_object_is_found_and_never_served_again() {
    let project = Project::of(&[
        ("a.c", "#include \"a.h\"\nint a = A;\n"),
        ("a.h", "#define A 1\n"),
        ("b.c", "int b = 2;\n"),
        ("warns.c", "#warning careful\nint w;\n"),
    ]);
    project.lay_out();
    let files = ["a.o", "b.o", "warns.o", "err"];
    let wanted = plainly(&project, COMPILES, &files);
    build(&project, "0", COMPILES);
    build(&project, "1", COMPILES);
    assert_right(&project, &files, &wanted, "verified");
    assert_eq!(counts(&project), [3.0, 0.0, 0.0]);
    assert_eq!(why(&project, "a.o").0, "verified");

    forge_file(&project, "a.o");
    build(&project, "0", COMPILES);
    assert!(fs::read(project.tree().join("a.o")).unwrap() != wanted[0], "nothing was forged");
    assert_right(&project, &files[1..], &wanted[1..], "others");

    build(&project, "1", COMPILES);
    assert_right(&project, &files, &wanted, "while verifying");
    assert_eq!(counts(&project), [3.0, 1.0, 1.0]);
    let (kind, told) = why(&project, "a.o");
    assert_eq!(kind, "mismatched");
    assert!(
        told.starts_with("a.o differs from byte 24 on (") && told.contains("; no input differs: "),
        "{told}"
    );
    let complaints = project.sandbox.complaints();
    assert!(
        complaints.iter().any(|line| line.contains("ERROR VERIFY: a.o of tests/small: ")),
        "{complaints:?}"
    );

    // Nor after the companion has gone, with its result made anew or not.
    project.sandbox.stop();
    for round in ["after a restart", "once more"] {
        build(&project, "0", COMPILES);
        assert_right(&project, &files, &wanted, round);
        assert_eq!(counts(&project), [0.0, 0.0, 1.0], "{round}");
        let stats = project.sandbox.stats("small");
        assert_eq!(stats.served("bypassed"), 1.0, "{round}: {stats:?}");
        assert_eq!(stats.served("prefetched") + stats.served("joined"), 2.0, "{round}: {stats:?}");
        assert_eq!(stats.number("launched"), 2.0, "{round}: {stats:?}");
    }
    told_of(&project);

    succeed(&mut project.sandbox.specctl(&["forget", "--quarantine", "small"]));
    build(&project, "0", COMPILES);
    assert_right(&project, &files, &wanted, "let out");
    let stats = project.sandbox.stats("small");
    assert_eq!(stats.served("prefetched") + stats.served("joined"), 3.0, "{stats:?}");
    assert_eq!(counts(&project), [0.0; 3]);
}

/// That a person can see what is in quarantine.
fn told_of(project: &Project) {
    let text = |arguments: &[&str]| {
        let output = project.sandbox.specctl(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let heading = "in quarantine until `specctl forget --quarantine ";
    for arguments in [&["show", "small"][..], &["show", "small", "--why"]] {
        let text = text(arguments);
        assert!(text.contains(heading) && text.contains("a.o differs from byte 24 on"), "{text}");
    }
    assert!(text(&["list"]).contains("quarantined"));
    assert!(text(&["stats", "--element", "small"]).contains("in quarantine"));
    assert!(text(&["doctor"]).contains("1 command would have been served what no compiler gives"));
    let shown = project.sandbox.json(&["show", "small", "--json"]);
    let held: Vec<_> = shown.as_array().unwrap().iter().filter(|one| !one["quarantined"].is_null()).collect();
    assert_eq!(held.len(), 1, "{shown}");
    assert_eq!(held[0]["outputs"][0], "a.o");
}

#[test]
fn messages_and_status_are_compared_too() {
    let project = Project::of(&[("warns.c", "#warning careful\nint w;\n"), ("b.c", "int b;\n")]);
    project.lay_out();
    let script = "$WAIT; $CC -c warns.c 2>err; $CC -c b.c";
    let wanted = plainly(&project, script, &["warns.o", "err"]);
    build(&project, "0", script);
    let said = |result: &ActionResult| !result.stderr_raw.is_empty();
    let forged = forge(&project, said, |result, _| {
        let text = String::from_utf8(result.stderr_raw.clone()).unwrap();
        result.stderr_raw = text.replace("careful", "cheerful").into_bytes();
    });
    assert!(forged > 0);
    build(&project, "1", script);
    assert_right(&project, &["warns.o", "err"], &wanted, "messages");
    assert_eq!(counts(&project), [2.0, 1.0, 1.0]);
    let (_, told) = why(&project, "warns.o");
    assert!(
        told.starts_with("its standard error has \"warns.c:1:2: ") && told.contains("cheerful"),
        "{told}"
    );
}

#[test]
fn traced_commands_are_verified() {
    if !may_trace() {
        return;
    }
    let project = Project::of(&[("x.c", "int main(void) { return 0; }\n"), ("bad.c", "int bad = ;\n")]);
    project.lay_out();
    let script = "$WAIT; $CC -E x.c >out.i; $CC -o prog x.c; ! $CC -E no.c 2>err; $CC -S x.c";
    let files = ["out.i", "prog", "err", "x.s"];
    let wanted = plainly(&project, script, &files);
    build(&project, "0", script);
    build(&project, "1", script);
    assert_right(&project, &files, &wanted, "verified");
    assert_eq!(counts(&project), [4.0, 0.0, 0.0]);
    assert_eq!(project.sandbox.stats("small").number("wasted"), 0.0);

    forge_file(&project, "prog");
    let text = |result: &ActionResult| !result.stdout_raw.is_empty();
    assert!(forge(&project, text, |result, _| result.stdout_raw.push(b'\n')) > 0);
    let failed = |result: &ActionResult| result.exit_code == 1;
    assert!(forge(&project, failed, |result, _| result.exit_code = 2) > 0);
    build(&project, "1", script);
    assert_right(&project, &files, &wanted, "while verifying");
    assert_eq!(counts(&project), [4.0, 3.0, 3.0]);
    let expected = [
        ("prog", "prog differs from byte 24 on ("),
        ("x.c", "its standard output has \"\" where \"\\n\" would have been served; no input differs"),
        ("no.c", "it ended with 1, not with 2; no input differs"),
    ];
    for (output, wanted) in expected {
        let (kind, told) = why(&project, output);
        assert!(kind == "mismatched" && told.starts_with(wanted), "{output}: {kind} {told}");
    }
    project.sandbox.stop();
    build(&project, "0", script);
    assert_right(&project, &files, &wanted, "after a restart");
    let stats = project.sandbox.stats("small");
    assert_eq!((stats.served("bypassed"), stats.number("quarantined")), (3.0, 3.0), "{stats:?}");
}

/// What goes to a terminal is verified if there would have been no message; what has some is not served to one.
#[test]
fn what_a_terminal_would_be_served_is_verified() {
    let project = Project::of(&[("warns.c", "#warning careful\nint w;\n"), ("b.c", "int b;\n")]);
    project.lay_out();
    let script = "$WAIT; script -qec \"$CC -c b.c; $CC -c warns.c\" /dev/null >/dev/null";
    build(&project, "0", "$CC -c warns.c; $CC -c b.c");
    forge_file(&project, "b.o");
    build(&project, "1", script);
    assert_eq!(counts(&project), [1.0, 1.0, 1.0]);
    let wanted = plainly(&project, "gcc -c b.c -o plain.o", &["plain.o"]);
    assert_right(&project, &["b.o"], &wanted, "on a terminal");
}

/// Without launches, too.
#[test]
fn what_a_mode_without_launches_serves_is_verified() {
    let project = Project::of(&[("a.c", "int a;\n"), ("b.c", "int b;\n")]).set("SPEC_CC_MODE", "cache");
    project.lay_out();
    build(&project, "0", "$CC -c a.c; $CC -c b.c");
    forge_file(&project, "a.o");
    build(&project, "1", "$CC -c a.c; $CC -c b.c");
    assert_eq!(counts(&project), [2.0, 1.0, 1.0]);
    assert_eq!((why(&project, "a.o").0, why(&project, "b.o").0), ("mismatched".into(), "verified".into()));
}

/// What would have been served was right when the build asked: that a file is edited while its compiler runs is no fault.
#[test]
fn an_edit_meanwhile_is_no_mismatch() {
    let mut slow = String::new();
    for number in 0..20_000 {
        slow += &format!("static inline int f{number}(int x) {{ return x * {number} + (x ^ 3); }}\n");
    }
    slow.push_str("#include \"late.h\"\nint value = LATE;\n");
    let project = Project::of(&[("held_for_edit.c", &slow), ("late.h", "#define LATE 1\n")]);
    project.lay_out();
    build(&project, "0", "$CC -c held_for_edit.c");
    let edit = "$WAIT; $CC -c held_for_edit.c & until grep -aqs 'cc[1].*held_for_edit' /proc/[0-9]*/cmdline; do :; done; \
                echo '#define LATE 2' >late.h; wait $!";
    build(&project, "1", edit);
    let [verified, mismatched, held] = counts(&project);
    assert_eq!((mismatched, held), (0.0, 0.0), "{verified}");
}

#[test]
fn a_share_of_requests_is_verified() {
    let project = Project::of(&[("a.c", "int a;\n")]);
    project.lay_out();
    let script = "$WAIT; i=0; while [ $i -lt 40 ]; do rm -f a.o; $CC -c a.c; i=$((i + 1)); done";
    build(&project, "0", "$CC -c a.c");
    build(&project, "0.5", script);
    let [verified, mismatched, _] = counts(&project);
    // That it is none or all by chance happens once in 2^39 runs.
    assert!(verified > 0.0 && verified < 40.0, "{verified}");
    assert_eq!(mismatched, 0.0);
    let stats = project.sandbox.stats("small");
    assert_eq!(stats.served("local"), verified, "{stats:?}");
}

#[test]
fn what_is_no_share_is_an_error() {
    let project = Project::of(&[("a.c", "int a;\n")]);
    project.lay_out();
    let output = project.sandbox.specctl(&["config"]).env("SPEC_CC_VERIFY", "some").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("verify = \"some\" (from SPEC_CC_VERIFY): must be a number from 0 to 1"), "{said}");
    let mut compile = sh(&project.tree(), "spec-cc gcc -c a.c; test -s a.o");
    project.sandbox.enter(&mut compile);
    succeed(compile.env("SPEC_CC_VERIFY", "some"));
}
