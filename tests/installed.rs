//! Installed in each way, built with, and taken out again: `specctl init`, the tarball, the Debian package.

use crate::support::missing::Missing;
use crate::support::sandbox::{self, Sandbox};
use crate::support::shell::{ended_well, succeed};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What everyone gets, however it is installed. Manual pages may be compressed.
const EVERYWHERE: [&str; 14] = [
    "bin/spec-ar",
    "bin/spec-c++",
    "bin/spec-cc",
    "bin/spec-cc-trace",
    "bin/specctl",
    "lib/spec-cc/ar",
    "lib/spec-cc/c++",
    "lib/spec-cc/cc",
    "lib/spec-cc/g++",
    "lib/spec-cc/gcc",
    "share/bash-completion/completions/specctl",
    "share/man/man1/spec-cc.1",
    "share/man/man1/specctl-run.1",
    "share/man/man1/specctl.1",
];

/// Everything below a folder but folders that have something in them.
fn below(folder: &Path) -> BTreeSet<String> {
    fn walk(folder: &Path, top: &Path, found: &mut BTreeSet<String>) {
        let mut entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).peekable();
        if entries.peek().is_none() && folder != top {
            found.insert(format!("{}/", folder.strip_prefix(top).unwrap().display()));
        }
        for path in entries {
            if path.is_dir() && !path.is_symlink() {
                walk(&path, top, found);
            } else {
                found.insert(path.strip_prefix(top).unwrap().display().to_string());
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(folder, folder, &mut found);
    found
}

fn assert_whole(prefix: &Path) {
    let found: BTreeSet<String> =
        below(prefix).into_iter().map(|path| path.trim_end_matches(".gz").to_owned()).collect();
    let missing: Vec<_> = EVERYWHERE.iter().filter(|path| !found.contains(**path)).collect();
    assert!(missing.is_empty(), "{missing:?} are not among {found:#?}");
}

/// Builds a program twice by what is installed below `prefix`; the second time nothing compiles.
fn assert_builds(prefix: &Path) {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("hello");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("hello.c"), "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
        .unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{0}/lib/spec-cc:{0}/bin:{path}", prefix.display());
    let build = "gcc -c hello.c && gcc -o hello hello.o && ./hello";
    for round in 0..2 {
        let mut run = sandbox.session("hello", &folder, build);
        assert_eq!(succeed(run.env("PATH", &path)).stdout, b"hello\n");
        let stats = sandbox.stats("hello");
        let anew = stats.served("local") + stats.served("bypassed");
        assert!(stats.number("compiles") >= 2.0 && (round == 0 || anew == 0.0), "{round}: {stats:?}");
    }
}

fn init(arguments: &[&str], prefix: &Path) -> Command {
    init_by(&sandbox::programs(), arguments, prefix)
}

fn init_by(programs: &Path, arguments: &[&str], prefix: &Path) -> Command {
    let mut init = Command::new(programs.join("specctl"));
    init.arg("init").args(arguments).arg(prefix).env("HOME", "/nowhere");
    init
}

fn packaging(script: &str, folder: &Path) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(script);
    let mut make = Command::new(script);
    let output = succeed(make.arg(folder).env("SPEC_CC_PROGRAMS", sandbox::programs()));
    String::from_utf8(output.stdout).unwrap().trim_end().into()
}

#[test]
fn what_init_makes_builds_and_is_taken_out_to_the_last_folder() {
    let room = tempfile::tempdir().unwrap();
    let prefix = room.path();
    succeed(&mut init(&[], prefix));
    assert_whole(prefix);
    assert_builds(prefix);
    // Once more changes nothing, also by the program that is installed.
    let made = below(prefix);
    succeed(&mut init_by(&prefix.join("bin"), &[], prefix));
    assert_eq!(below(prefix), made);
    assert_whole(prefix);
    succeed(&mut init_by(&prefix.join("bin"), &["--undo"], prefix));
    assert_eq!(below(prefix), BTreeSet::new());
    // There is nothing to undo any more, which is no failure.
    succeed(&mut init(&["--undo"], prefix));
}

#[test]
fn other_links_take_the_place_of_earlier_ones() {
    let room = tempfile::tempdir().unwrap();
    succeed(&mut init(&[], room.path()));
    succeed(&mut init(&["--links", "clang,clang++"], room.path()));
    let links = below(&room.path().join("lib/spec-cc"));
    assert_eq!(links, [".installed.json", "clang", "clang++"].map(String::from).into());
    assert!(ended_well(&mut init(&["--links", "../../cc"], room.path())).is_err());
}

#[test]
fn what_others_have_made_stays() {
    let room = tempfile::tempdir().unwrap();
    let prefix = room.path();
    fs::create_dir_all(prefix.join("bin")).unwrap();
    fs::create_dir_all(prefix.join("lib/spec-cc")).unwrap();
    fs::write(prefix.join("bin/specctl"), "another").unwrap();
    symlink("/usr/bin/gcc", prefix.join("lib/spec-cc/gcc")).unwrap();
    // What it would make itself is in nobody's way, and still not its own.
    symlink("spec-cc", prefix.join("bin/spec-c++")).unwrap();
    let before = below(prefix);
    let refused = ended_well(&mut init(&[], prefix)).unwrap_err();
    for path in ["bin/specctl", "lib/spec-cc/gcc"] {
        assert!(refused.contains(&format!("  {}\n", prefix.join(path).display())), "{refused}");
    }
    assert!(!refused.contains("spec-c++\n"), "{refused}");
    assert_eq!(below(prefix), before);

    succeed(&mut init(&["--force"], prefix));
    assert_whole(prefix);
    fs::write(prefix.join("share/man/man1/specctl.1"), "changed since").unwrap();
    succeed(&mut init(&["--undo"], prefix));
    let left = below(prefix);
    assert_eq!(left, ["bin/spec-c++", "lib/spec-cc/", "share/man/man1/specctl.1"].map(String::from).into());
}

#[test]
fn a_list_that_names_files_elsewhere_is_not_followed() {
    let room = tempfile::tempdir().unwrap();
    let (prefix, other) = (room.path().join("prefix"), room.path().join("other"));
    succeed(&mut init(&[], &prefix));
    fs::write(&other, "").unwrap();
    let list = prefix.join("lib/spec-cc/.installed.json");
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for path in ["../other", other.to_str().unwrap()] {
        fs::write(&list, format!(r#"{{"files":{{"{path}":{{"file":"{empty}"}}}},"folders":[]}}"#)).unwrap();
        let refused = ended_well(&mut init(&["--undo"], &prefix)).unwrap_err();
        assert!(refused.contains("is not below") && other.exists(), "{refused}");
    }
}

#[test]
fn the_tarball_installs_and_is_taken_out() {
    let room = tempfile::tempdir().unwrap();
    let tarball = packaging("tarball", room.path());
    let unpacked = room.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    succeed(Command::new("tar").arg("-xf").arg(&tarball).arg("-C").arg(&unpacked));
    let top = fs::read_dir(&unpacked).unwrap().next().unwrap().unwrap().path();
    let prefix = room.path().join("prefix");
    let install = || Command::new(top.join("install"));
    succeed(install().arg(&prefix));
    assert_whole(&prefix);
    assert_builds(&prefix);
    succeed(install().arg(&prefix).arg("--undo"));
    assert!(!prefix.exists(), "{:#?}", below(&prefix));
    let again = packaging("tarball", &unpacked);
    assert!(fs::read(again).unwrap() == fs::read(tarball).unwrap(), "the same programs make another tarball");
}

#[test]
fn the_debian_package_installs_and_is_taken_out() {
    if let Err(error) = Command::new("dpkg-deb").arg("--version").output() {
        return Missing::Peer(format!("dpkg-deb cannot be run: {error}")).skip();
    }
    let room = tempfile::tempdir().unwrap();
    let package = packaging("deb", room.path());
    let contents = succeed(Command::new("dpkg-deb").arg("--contents").arg(&package)).stdout;
    let contents = String::from_utf8(contents).unwrap();
    let private: Vec<_> =
        contents.lines().filter(|line| &line[7..8] != "r" || !line.contains("root/root")).collect();
    assert!(private.is_empty(), "not for everyone to read, or not root's: {private:#?}");
    let system = room.path().join("system");
    for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates"] {
        fs::create_dir_all(system.join(folder)).unwrap();
    }
    fs::write(system.join("var/lib/dpkg/status"), "").unwrap();
    let dpkg = |arguments: &[&str]| {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(&system).args(["--log=/dev/null", "--force-not-root,bad-path"]);
        succeed(dpkg.args(arguments));
    };
    dpkg(&["--install", package.to_str().unwrap()]);
    assert_whole(&system.join("usr"));
    assert_builds(&system.join("usr"));
    dpkg(&["--remove", "spec-cc"]);
    assert!(!system.join("usr").exists(), "{:#?}", below(&system.join("usr")));
}

#[test]
fn shells_take_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let mut specctl = Command::new(sandbox::programs().join("specctl"));
        let script = succeed(specctl.args(["completions", shell])).stdout;
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("compare") && script.contains("compile-commands"), "{shell}: {script}");
        let mut parse = Command::new(shell);
        if let Err(error) = parse
            .args(["-n", "-c", &script])
            .output()
            .map(|output| assert!(output.status.success(), "{output:?}"))
        {
            eprintln!("{shell} is not here: {error}");
        }
    }
}
