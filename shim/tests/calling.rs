//! The ways to call the shim, and which compiler each one reaches.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::Run;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use support::{Room, SHIM, stderr, stdout};

/// What the echoing compiler at `path` says of these arguments.
fn echo(path: &std::path::Path, args: &[&str]) -> String {
    format!("{}|{}|", path.display(), args.join("|"))
}

#[test]
fn by_its_own_name_it_is_cc_or_cxx() {
    let room = Room::new();
    let (cc, cxx) = (room.echo_compiler("bin/cc"), room.echo_compiler("bin/c++"));
    let output = room.shim().args(["-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), echo(&cc, &["-c", "x.c"]));
    let output = room.call(room.link("spec-c++")).args(["-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), echo(&cxx, &["-c", "x.c"]));
}

#[test]
fn its_own_version_has_a_name_that_no_compiler_knows() {
    let room = Room::new();
    let cc = room.echo_compiler("bin/cc");
    let output = room.shim().arg("--spec-cc-version").output().unwrap();
    assert!(
        stdout(&output).starts_with(concat!("spec-cc ", env!("CARGO_PKG_VERSION"))),
        "{}",
        stdout(&output)
    );
    // What configure asks for is the compiler's; nor does anything but the word alone mean the shim.
    for args in [&["--version"][..], &["--spec-cc-version", "x.c"], &["cc", "--spec-cc-version"]] {
        let own = if args[0] == "cc" { &args[1..] } else { args };
        assert_eq!(stdout(&room.shim().args(args).output().unwrap()), echo(&cc, own));
    }
    let output = room.call(room.link("cc")).arg("--spec-cc-version").output().unwrap();
    assert_eq!(stdout(&output), echo(&cc, &["--spec-cc-version"]));
}

#[test]
fn the_compiler_variable_comes_before_the_path() {
    let room = Room::new();
    room.echo_compiler("bin/cc");
    let other = room.echo_compiler("other");
    for value in [other.as_os_str(), OsStr::new("../other")] {
        let output = room.shim().env("SPEC_CC_COMPILER", value).args(["-c", "x.c"]).output().unwrap();
        assert!(stdout(&output).contains("other|-c|x.c|"), "{}", stdout(&output));
    }
}

#[test]
fn as_an_archiver_it_is_ar() {
    let room = Room::new();
    let ar = room.echo_compiler("bin/ar");
    // No program of that name is meant: it is the operation.
    room.echo_compiler("bin/rcs");
    room.link("bin/spec-ar");
    let call = || {
        let mut call = room.call("spec-ar");
        call.args(["rcs", "lib.a", "x.o"]);
        call
    };
    assert_eq!(stdout(&call().output().unwrap()), echo(&ar, &["rcs", "lib.a", "x.o"]));
    let other = room.echo_compiler("bin/llvm-ar");
    let output = call().env("SPEC_CC_AR", "llvm-ar").output().unwrap();
    assert_eq!(stdout(&output), echo(&other, &["rcs", "lib.a", "x.o"]));
    // Never itself, however it is named.
    let output = call().env("SPEC_CC_AR", room.path("bin/spec-ar")).output().unwrap();
    assert_eq!(stdout(&output), echo(&ar, &["rcs", "lib.a", "x.o"]));
    let output = room.shim().args(["spec-ar", "rcs", "lib.a", "x.o"]).output().unwrap();
    assert_eq!(stdout(&output), echo(&ar, &["rcs", "lib.a", "x.o"]));
}

#[test]
fn as_a_launcher_it_runs_the_program_named() {
    let room = Room::new();
    room.echo_compiler("bin/cc");
    let gcc = room.echo_compiler("bin/gcc");
    let output = room.shim().args(["gcc", "-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), echo(&gcc, &["-c", "x.c"]));
    let output = room.shim().args([gcc.to_str().unwrap(), "-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), echo(&gcc, &["-c", "x.c"]));
    let output = room.shim().args(["../bin/gcc", "-c", "x.c"]).output().unwrap();
    assert!(stdout(&output).ends_with("gcc|-c|x.c|"), "{}", stdout(&output));
}

#[test]
fn a_source_first_is_a_compile_even_when_executable() {
    let room = Room::new();
    let cc = room.echo_compiler("bin/cc");
    fs::set_permissions(room.write("foo.c", ""), fs::Permissions::from_mode(0o755)).unwrap();
    room.write("object", "");
    for first in ["foo.c", "./foo.c", "missing.c", "object", "./object", "@file"] {
        let output = room.shim().args([first, "-o", "x"]).output().unwrap();
        assert_eq!(stdout(&output), echo(&cc, &[first, "-o", "x"]));
    }
}

#[test]
fn under_a_compilers_name_it_is_the_next_one_on_the_path() {
    let room = Room::new();
    for name in ["gcc", "cc", "x86_64-linux-gnu-g++-12"] {
        let link = room.link(&format!("bin/{name}"));
        fs::create_dir_all(room.path("real")).unwrap();
        let real = room.echo_compiler(&format!("real/{name}"));
        let path = format!("{}:{}", room.path("bin").display(), room.path("real").display());
        let output = room.call(&link).env("PATH", path).args(["-c", "x.c"]).output().unwrap();
        assert_eq!(stdout(&output), echo(&real, &["-c", "x.c"]));
    }
}

#[test]
fn a_compiler_finds_its_parts_behind_a_link() {
    let room = Room::new();
    room.write("x.c", "int x;");
    let verbose = |program: &str| stderr(&room.call(program).args(["-v", "-E", "x.c"]).output().unwrap());
    let bare = verbose("/usr/bin/gcc");
    let link = room.link("bin/gcc");
    assert_eq!(verbose(link.to_str().unwrap()), bare);
}

#[test]
fn argv0_is_what_the_user_wrote() {
    let room = Room::new();
    // A compiler that is no script sees its real argv[0]; `sh -c` reports it.
    room.copy("/bin/dash", "bin/mycc");
    let name = |first: &str| {
        stdout(
            &room
                .shim()
                .args([first, "-c", r"tr '\0' ' ' </proc/$$/cmdline | cut -d' ' -f1"])
                .output()
                .unwrap(),
        )
    };
    assert_eq!(name("mycc"), "mycc\n");
    assert_eq!(name("../bin/mycc"), "../bin/mycc\n");
    let full = room.path("bin/mycc");
    assert_eq!(name(full.to_str().unwrap()), format!("{}\n", full.display()));
}

#[test]
fn spec_cc_never_runs_itself() {
    let room = Room::new();
    fs::create_dir(room.path("real")).unwrap();
    let cc = room.echo_compiler("real/cc");
    // A link, a hard link or copy, and a link to a copy: all on the path before the compiler.
    for folder in ["a", "b", "c"] {
        fs::create_dir(room.path(folder)).unwrap();
    }
    room.link("a/cc");
    room.copy(SHIM, "b/cc");
    std::os::unix::fs::symlink(room.path("b/cc"), room.path("c/cc")).unwrap();
    room.link("a/spec-cc");
    let path: Vec<_> = ["a", "b", "c", "real"].iter().map(|f| room.path(f).display().to_string()).collect();
    let path = path.join(":");
    let a_cc = room.path("a/cc");
    let b_cc = room.path("b/cc");
    let calls: [&[&str]; 6] = [
        &["-c", "x.c"],
        &["cc", "-c", "x.c"],
        &["spec-cc", "-c", "x.c"],
        &["spec-cc", "cc", "-c", "x.c"],
        &[a_cc.to_str().unwrap(), "-c", "x.c"],
        &[SHIM, b_cc.to_str().unwrap(), "-c", "x.c"],
    ];
    for call in calls {
        let output = room.shim().env("PATH", &path).args(call).output().unwrap();
        let expected = echo(&cc, &["-c", "x.c"]);
        assert_eq!(stdout(&output), expected, "{call:?}");
    }
    let output = room.shim().env("PATH", &path).env("SPEC_CC_COMPILER", &a_cc).args(["-c", "x.c"]).output();
    assert_eq!(stdout(&output.unwrap()), echo(&cc, &["-c", "x.c"]));
}

#[test]
fn without_a_compiler_it_fails_as_a_shell_does() {
    let room = Room::new();
    let nothing = room.path("bin").display().to_string();
    let output = room.shim().env("PATH", &nothing).args(["-c", "x.c"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    let message = stderr(&output);
    assert!(message.starts_with("spec-cc: no compiler: no cc ") && message.contains(&nothing), "{message}");

    let output = room.shim().args(["nosuchgcc", "-c", "x.c"]).output().unwrap();
    assert_eq!(output.status.code(), Some(127));
    assert!(stderr(&output).contains("nosuchgcc"));

    let plain = room.write("plain", "");
    let output = room.shim().env("SPEC_CC_COMPILER", &plain).args(["-c", "x.c"]).output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(126), format!("spec-cc: no compiler: {}: not executable\n", plain.display()))
    );
    let output = room.shim().args(["./plain", "-c", "x.c"]).output().unwrap();
    assert_eq!(output.status.code(), Some(126));
}

#[test]
fn odd_calls_are_harmless() {
    let room = Room::new();
    room.echo_compiler("bin/cc");
    for argv0 in ["", "spec-cc", "/nowhere/spec-cc"] {
        let output = room.shim().arg0(argv0).output().unwrap();
        assert!(output.status.success(), "{argv0:?}: {}", stderr(&output));
    }
    let output = room.shim().arg("").output().unwrap();
    assert!(stdout(&output).ends_with("cc||"), "{}", stdout(&output));
}

#[test]
fn arguments_pass_whatever_bytes_they_hold() {
    let room = Room::new();
    room.script("bin/cc", r#"printf '%s\0' "$@""#);
    let odd = [&b"-c"[..], b"a b", b"new\nline", b"\xff\xfe", b"", b"'\"$x`"];
    let output = room.shim().args(odd.map(OsStr::from_bytes)).output().unwrap();
    assert_eq!(output.stdout, [odd.join(&0), vec![0]].concat());
}

#[test]
fn a_script_without_an_interpreter_goes_to_the_shell() {
    let room = Room::new();
    room.copy(room.write("text", "echo shell \"$@\"\n"), "bin/cc");
    let output = room.shim().args(["-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), "shell -c x.c\n");
}

/// A stand-in for ccache and its like: it says its name, and runs the next program of the name it was called by on `PATH` that is
/// not itself. Twice, as ccache's preprocessing and compile.
const WRAPPER: &str = r#"self=$(readlink -f "$0")
for folder in $(echo "$PATH" | tr : ' '); do
    next=$folder/${0##*/}
    if test -x "$next" && test "$(readlink -f "$next")" != "$self"; then
        echo "${self##*/}"
        "$next" "$@" && exec "$next" "$@"
        exit
    fi
done
exit 99"#;

/// A room where `gcc` is spec-cc in `ours`, this wrapper in `theirs`, and a compiler in `real`.
fn wrapped(wrapper: &str) -> (Room, std::path::PathBuf) {
    let room = Room::new();
    for folder in ["ours", "theirs", "real"] {
        fs::create_dir(room.path(folder)).unwrap();
    }
    room.link("ours/gcc");
    room.script(wrapper, WRAPPER);
    std::os::unix::fs::symlink(room.path(wrapper), room.path("theirs/gcc")).unwrap();
    let real = room.script("real/gcc", r#"printf '%s|' "$0" "$@"; echo"#);
    (room, real)
}

/// The room's folders as a search path.
fn path_of(room: &Room, folders: &[&str]) -> String {
    let folders = folders.iter().map(|folder| room.path(folder).display().to_string());
    folders.chain(["/usr/bin".into()]).collect::<Vec<_>>().join(":")
}

#[test]
fn a_wrapper_that_finds_spec_cc_gets_the_compiler_behind_it() {
    for (wrapper, is_cache) in [("ccache", true), ("icecc", false)] {
        let (room, real) = wrapped(wrapper);
        let compiled = echo(&real, &["-c", "x.c"]) + "\n";
        let twice = format!("{wrapper}\n{compiled}{compiled}");
        for (folders, first) in [
            (["ours", "theirs", "real"], "ours/gcc"),
            (["theirs", "ours", "real"], "ours/gcc"),
            (["theirs", "ours", "real"], "theirs/gcc"),
        ] {
            let mut call = room.call("timeout");
            call.arg("20").arg(room.path(first)).args(["-c", "x.c"]).env("SPEC_CC_DISABLE", "1");
            let output = call.env("PATH", path_of(&room, &folders)).output().unwrap();
            let said = stdout(&output);
            match (first, is_cache) {
                ("ours/gcc", true) => assert_eq!(said, compiled, "the cache knows nothing of the compiler"),
                ("theirs/gcc", false) => assert!(said.ends_with(&twice), "{said}"),
                _ => assert_eq!(said, twice, "{first}"),
            }
            assert!(output.status.success());
        }
        // One that is named is meant.
        let mut call = room.call("timeout");
        call.arg("20").arg(SHIM).arg(room.path("theirs/gcc")).args(["-c", "x.c"]).env("SPEC_CC_DISABLE", "1");
        let output = call.env("PATH", path_of(&room, &["ours", "theirs", "real"])).output().unwrap();
        assert_eq!(stdout(&output), twice, "{wrapper}");
    }
}

#[test]
fn what_has_no_end_ends() {
    let room = Room::new();
    room.script("bin/gcc", &format!("echo again; exec {SHIM} gcc \"$@\""));
    let mut call = room.call("timeout");
    call.args(["20", SHIM, "gcc", "-c", "x.c"]).env("SPEC_CC_DISABLE", "1");
    let output = call.output().unwrap();
    assert_eq!(output.status.code(), Some(126));
    assert!(stderr(&output).contains("bin/gcc runs spec-cc again, without end"), "{}", stderr(&output));
    assert!(stdout(&output).lines().count() < 20);
}

#[test]
fn a_compiler_that_runs_spec_cc_for_something_else_is_found_again() {
    let room = Room::new();
    let inner = format!("test \"$1\" = -DINNER || {SHIM} gcc -DINNER -c y.c; {SHIM} cc -c z.c");
    room.script("bin/gcc", &format!("{inner}; echo \"gcc $*\""));
    room.script("bin/cc", "echo \"cc $*\"");
    let output = room.shim().args(["gcc", "-c", "x.c"]).env("SPEC_CC_DISABLE", "1").output().unwrap();
    assert_eq!(stdout(&output), "cc -c z.c\ngcc -DINNER -c y.c\ncc -c z.c\ngcc -c x.c\n");
}

#[test]
fn what_shims_tell_one_another_is_no_part_of_the_command() {
    let room = Room::new();
    let cc = room.script("bin/cc", "echo $SPEC_CC_PASSED");
    let companion = room.runner(Run { env: vec![b"A=1".to_vec()], ..Run::default() });
    let output = room.shim().env("SPEC_CC_PASSED", "/a/gcc").args(["-c", "x.c"]).output().unwrap();
    assert_eq!(stdout(&output), format!("/a/gcc:{}\n", cc.display()));
    let (ask, _) = companion.join().unwrap();
    assert!(!ask.env.iter().any(|entry| entry.starts_with(b"SPEC_CC_PASSED")));
}
