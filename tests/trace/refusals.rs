//! Where there can be no trace, the command runs all the same, and there is no file.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::room::Room;
use crate::support::shell::succeed;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const FIRST_ARGUMENT: u32 = 16;

/// Has the kernel refuse a call, or only that call with this first argument.
fn refuse(command: &mut Command, call: libc::c_long, first: Option<i32>) {
    let step = |code, value, yes, no| libc::sock_filter { code, jt: yes, jf: no, k: value };
    let (load, is, end) =
        (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, libc::BPF_JMP | libc::BPF_JEQ, libc::BPF_RET);
    let (load, is, end) = (load as u16, is as u16, end as u16);
    let mut filter =
        vec![step(load, NUMBER, 0, 0), step(is, call as u32, 1, 0), step(end, libc::SECCOMP_RET_ALLOW, 0, 0)];
    if let Some(first) = first {
        filter.push(step(load, FIRST_ARGUMENT, 0, 0));
        filter.push(step(is, first as u32, 1, 0));
        filter.push(step(end, libc::SECCOMP_RET_ALLOW, 0, 0));
    }
    filter.push(step(end, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0, 0));
    // SAFETY: between fork and exec only system calls are made, on a filter that was built before.
    unsafe {
        command.pre_exec(move || {
            let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            let refused = libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program);
            if refused == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
        });
    }
}

fn assert_plain(room: &Room, command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"plain\n"[..]), "{output:?}");
    assert!(!room.out().exists());
    assert_eq!(fs::read_dir(room.folder()).unwrap().count(), 2, "something is left beside it");
}

fn plain(room: &Room) -> Command {
    room.traced("/bin/sh", &["-c", "cat f; exit 7"])
}

fn laid_out(room: Room) -> Room {
    room.write("f", "plain\n");
    room
}

fn room() -> Option<Room> {
    Room::new().map(laid_out)
}

#[test]
fn tracing_is_refused() {
    for (call, first) in [
        (libc::SYS_ptrace, None),
        (libc::SYS_seccomp, None),
        (libc::SYS_clone, Some(0)),
        (libc::SYS_socketpair, None),
        (libc::SYS_close_range, None),
    ] {
        let room = laid_out(Room::anywhere());
        let mut command = plain(&room);
        refuse(&mut command, call, first);
        assert_plain(&room, &mut command);
    }
}

#[test]
fn a_command_that_could_not_be_traced_cannot_be_executed_either() {
    let Some(room) = room() else { return };
    let program = room.program("lost", "int main(void) { return 0; }");
    succeed(
        room.command("gcc", &["-o", "lost", "lost.c", "-Wl,--dynamic-linker=/no/loader"])
            .current_dir(room.work("")),
    );
    let mut command = room.traced(program.to_str().unwrap(), &[]);
    refuse(&mut command, libc::SYS_seccomp, None);
    assert_eq!(command.output().unwrap().status.code(), Some(127));
    assert!(!room.out().exists());
}

#[test]
fn it_is_traced_already() {
    let Some(room) = room() else { return };
    let inner = plain(&room);
    let mut outer = room.command("strace", &["-f", "-qq", "-o", "/dev/null"]);
    assert_plain(&room, outer.arg(inner.get_program()).args(inner.get_args()));
}

#[test]
fn a_command_within_a_traced_one_is_not_traced_again() {
    let Some(room) = room() else { return };
    let inner = plain(&room);
    let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).collect();
    let mut command = Command::new(words[0]);
    let other = room.work("other");
    command
        .current_dir(room.work(""))
        .arg("beside")
        .arg(&other)
        .args(["/bin/sh", "sh", "-c", "\"$@\"", "sh"])
        .args(words);
    assert_plain(&room, &mut command);
    assert!(other.exists());
}

#[test]
fn there_is_no_place_for_the_trace() {
    let room = laid_out(Room::anywhere());
    let tracer = plain(&room).get_program().to_owned();
    let out = room.work("no/folder/out");
    let mut command = room.command(tracer.to_str().unwrap(), &["beside", out.to_str().unwrap()]);
    assert_plain(&room, command.args(["/bin/sh", "sh", "-c", "cat f; exit 7"]));
}

#[test]
fn a_program_gains_rights() {
    let Some(room) = room() else { return };
    succeed(Command::new("install").args(["-m", "755", "/bin/cat"]).arg(room.work("cat")));
    let program = room.work("cat");
    let run = || succeed(&mut room.traced(program.to_str().unwrap(), &["f"]));
    run();
    assert!(room.out().exists());
    fs::remove_file(room.out()).unwrap();
    Room::grant(&program, 0o4755);
    run();
    assert!(!room.out().exists());
}

#[test]
fn a_program_cannot_be_executed() {
    let room = laid_out(Room::anywhere());
    let status = |program: &str| room.traced(program, &[]).stderr(Stdio::null()).status().unwrap().code();
    assert_eq!(status("/nowhere/cc"), Some(127));
    assert_eq!(status("/etc/passwd"), Some(126));
    assert_eq!(status("/"), Some(126));
}

#[test]
fn a_script_without_a_first_line_goes_to_the_shell() {
    let Some(room) = room() else { return };
    let script = room.script("cc", "cat f\nexit \"$1\"\n");
    let output = room.traced(script.to_str().unwrap(), &["7"]).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"plain\n"[..]));
    room.touched();
}
