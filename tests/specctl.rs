//! `specctl` where something around it is amiss: readers that leave, full disks, odd arguments, odd umasks.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

/// A store and a companion of a test's own.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn specctl(&self) -> Command {
        self.set(Command::new(env!("CARGO_BIN_EXE_specctl")))
    }

    fn set(&self, mut command: Command) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command.env_clear().env("PATH", path).env("HOME", self.0.path()).current_dir(self.0.path());
        command.env("SPEC_CC_STORE", self.0.path().join("below/store"));
        command.env("SPEC_CC_SOCKET", self.0.path().join("socket"));
        command
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = self.specctl().arg("stop").stdout(Stdio::null()).status();
    }
}

/// The end of a pipe that nobody reads any more.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

fn full_disk() -> Stdio {
    File::options().write(true).open("/dev/full").expect("/dev/full").into()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_without_a_word() {
    let home = Home::new();
    let output = home.specctl().arg("config").stdout(unread()).stderr(Stdio::piped()).output();
    let output = output.expect("specctl runs");
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(128 + libc::SIGPIPE), ""));
}

#[test]
fn a_text_that_cannot_be_written_is_a_failure() {
    let home = Home::new();
    let output = home.specctl().arg("config").stdout(full_disk()).output().expect("specctl runs");
    assert_eq!(output.status.code(), Some(1));
    let expected = "specctl: cannot write to standard output: No space left on device (os error 28)\n";
    assert_eq!(said(&output), expected);
}

#[test]
fn a_build_keeps_its_exit_code_when_nobody_reads_the_summary() {
    let home = Home::new();
    for stderr in [unread(), full_disk()] {
        let status = home.specctl().args(["run", "--", "sh", "-c", "exit 3"]).stderr(stderr).status();
        assert_eq!(status.expect("specctl runs").code(), Some(3));
    }
}

#[test]
fn a_build_gets_its_arguments_whatever_their_bytes() {
    let home = Home::new();
    let odd = OsStr::from_bytes(b"na\xefve\n");
    let command = ["run", "--", "sh", "-c", "printf %s \"$1\"", "sh"];
    let output = home.specctl().args(command).arg(odd).output().expect("specctl runs");
    assert_eq!(
        (output.status.code(), output.stdout.as_slice()),
        (Some(0), odd.as_bytes()),
        "{}",
        said(&output)
    );
}

#[test]
fn a_file_without_end_is_no_element() {
    let home = Home::new();
    let output = home.specctl().args(["import", "/dev/zero"]).output().expect("specctl runs");
    assert_eq!(output.status.code(), Some(1));
    let expected = "specctl: cannot read /dev/zero: it has more than 256 MiB, and no element's records do\n";
    assert_eq!(said(&output), expected);
}

/// The one that ends may hold its lock a moment longer than its socket.
#[test]
fn a_companion_starts_as_soon_as_another_was_stopped() {
    let home = Home::new();
    for round in 0..12 {
        for word in ["list", "stop"] {
            let output = home.specctl().arg(word).output().expect("specctl runs");
            assert!(output.status.success(), "{round}, {word}: {}", said(&output));
        }
    }
}

#[test]
fn a_build_that_comes_right_after_its_store_was_removed_gets_another_one() {
    let home = Home::new();
    let store = home.0.path().join("below");
    for round in 0..3 {
        let output = home.specctl().args(["run", "--", "true"]).output().expect("specctl runs");
        let said = said(&output);
        assert!(output.status.success() && !said.contains("session is not open"), "round {round}: {said}");
        assert!(store.join("store").exists(), "round {round}");
        fs::rename(&store, home.0.path().join(round.to_string())).expect("moved away");
    }
}

#[test]
fn what_the_companion_makes_is_its_users_under_any_umask() {
    let home = Home::new();
    let mut shell = home.set(Command::new("sh"));
    shell.args(["-c", "umask 0777; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_specctl"), "list"]);
    let output = shell.output().expect("specctl runs");
    assert!(output.status.success(), "{}", said(&output));
    for (name, wanted) in [("below", 0o700), ("below/store", 0o700), ("below/store/db", 0o600)] {
        let mode = fs::metadata(home.0.path().join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, wanted, "{name}");
    }
}

#[test]
fn a_file_in_the_sockets_place_stays() {
    let home = Home::new();
    let file = home.0.path().join("socket");
    fs::write(&file, "text").expect("written");
    let output = home.specctl().args(["serve", "--ready-fd", "99"]).output().expect("specctl runs");
    assert_eq!(said(&output), format!("specctl: {}: this is no socket\n", file.display()));
    assert_eq!(fs::read(&file).expect("read"), b"text");
}

#[test]
fn a_store_of_a_later_version_is_named_and_left_alone() {
    let home = Home::new();
    let store = home.0.path().join("below/store");
    fs::create_dir_all(&store).expect("made");
    fs::write(store.join("schema"), "7\n").expect("written");
    let output = home.specctl().arg("list").output().expect("specctl runs");
    assert_eq!(output.status.code(), Some(1));
    let expected = "the store has format 7, this spec-cc knows up to 1";
    assert!(said(&output).contains(expected), "{}", said(&output));
    let mut left = String::new();
    File::open(store.join("schema")).and_then(|mut file| file.read_to_string(&mut left)).expect("read");
    assert_eq!(left, "7\n");
}

#[test]
fn why_a_program_cannot_be_run_is_said_once() {
    let home = Home::new();
    let expected = "cannot run nowhere: No such file or directory (os error 2)\n";
    let mut compare = home.specctl();
    compare.args(["bst", "compare", "--bst", "nowhere", "--cache"]).arg(home.0.path()).arg("base.bst");
    let output = compare.output().expect("specctl runs");
    assert_eq!((output.status.code(), said(&output)), (Some(1), format!("specctl: {expected}")));
    let output = home.specctl().args(["run", "--", "nowhere"]).output().expect("specctl runs");
    assert_eq!((output.status.code(), said(&output)), (Some(127), format!("specctl: {expected}")));
}

#[test]
fn a_source_that_is_not_there_cannot_be_explained() {
    let home = Home::new();
    let output =
        home.specctl().args(["explain", "--", "gcc", "-c", "none.c"]).output().expect("specctl runs");
    let expected =
        "specctl: there is no source \"none.c\" to explain: No such file or directory (os error 2)\n";
    assert_eq!((output.status.code(), said(&output).as_str()), (Some(1), expected));
}

#[test]
fn a_path_that_is_too_long_for_a_socket_is_an_error_and_a_build_runs() {
    let home = Home::new();
    let long = format!("/{}", "x".repeat(200));
    let why = "SPEC_CC_SOCKET is a path of 201 bytes: a socket's has at most 107\n";
    for (arguments, code, before) in [
        (&["list"][..], 1, "specctl: "),
        (&["serve"], 1, "specctl: "),
        (&["run", "--", "sh", "-c", "exit 3"], 3, "specctl: no session: "),
    ] {
        let output =
            home.specctl().args(arguments).env("SPEC_CC_SOCKET", &long).output().expect("specctl runs");
        assert_eq!((output.status.code(), said(&output)), (Some(code), format!("{before}{why}")));
    }
}

/// Everything else is obeyed, and a build is told of it once.
#[test]
fn what_sets_nothing_is_told() {
    let home = Home::new();
    let folder = home.0.path().join(".config/spec-cc");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("spec-cc.conf"), "polcy = race\n").expect("written");
    let line = format!(
        "specctl: {}:1: there is no setting \"polcy\" (see `specctl config`)",
        folder.join("spec-cc.conf").display()
    );
    let variable = "specctl: SPEC_CC_POLCY: there is no such setting (see `specctl config`)";
    let asked = |arguments: &[&str]| {
        let output = home.specctl().args(arguments).env("SPEC_CC_POLCY", "race").output();
        let output = output.expect("specctl runs");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    };
    assert_eq!(asked(&["list"]), format!("{line}\n{variable}\n"));
    let build = ["run", "--", env!("CARGO_BIN_EXE_specctl"), "list"];
    let told = asked(&build);
    assert!(told.starts_with(&format!("{line}\n{variable}\nspec-cc: local/")), "{told}");
    assert_eq!(told.matches("polcy").count(), 1, "{told}");
}

#[test]
fn a_value_that_is_not_taken_is_told_whatever_is_asked() {
    let home = Home::new();
    let why = "policy = \"quick\" (from SPEC_CC_POLICY): must be execute, race, local or cache-only\n";
    assert!(home.specctl().arg("list").status().expect("specctl runs").success());
    let asked = |arguments: &[&str]| {
        let output = home.specctl().args(arguments).env("SPEC_CC_POLICY", "quick").output();
        let output = output.expect("specctl runs");
        (output.status.code(), said(&output))
    };
    assert_eq!(asked(&["list"]), (Some(0), format!("specctl: {why}")));
    let built = asked(&["run", "--", "sh", "-c", "exit 3"]);
    assert_eq!(built, (Some(3), format!("specctl: no session: {why}")));
}

#[test]
fn the_help_tells_the_exit_codes() {
    let home = Home::new();
    let help = home.specctl().arg("--help").output().expect("specctl runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("Exit codes:"), "{help}");
    let output = home.specctl().arg("nonsense").output().expect("specctl runs");
    assert_eq!(output.status.code(), Some(2), "as the help says");
}
