//! A traced command is the process that it would have been.

use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use spec_cc_tracer::{Doubt, TraceError};

use super::room::{Room, wait_for};
use crate::support::shell::succeed;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}

/// A traced shell that has come to the point where it makes the file `up`.
fn started(room: &Room, script: &str) -> Child {
    // In a group of its own, for which its parent is there: an orphaned group is not stopped from the terminal (POSIX, `SIGTSTP`).
    let child = room.traced("/bin/sh", &["-c", script]).process_group(0).spawn().unwrap();
    wait_for("it starts", || room.work("up").exists());
    child
}

#[test]
fn it_ends_as_it_ends() {
    let Some(room) = Room::new() else { return };
    for code in [0, 1, 77, 255] {
        let status = room.traced("/bin/sh", &["-c", &format!("exit {code}")]).status().unwrap();
        assert_eq!(status.code(), Some(code));
        room.touched();
    }
    for signal in
        [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGTERM, Signal::SIGINT, Signal::SIGPIPE, Signal::SIGTRAP]
    {
        let script = format!("kill -{} $$", signal as i32);
        let status = room.traced("/bin/sh", &["-c", &script]).status().unwrap();
        assert_eq!(status.signal(), Some(signal as i32));
    }
}

#[test]
fn it_finds_what_it_would_have_found() {
    let script = "grep -E 'Sig(Blk|Ign)' /proc/self/status; echo $PPID; ulimit -a; pwd; umask; env | sort; echo $0; \
        for n in 0 1 2 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo $n; done; ps -o pgid=,sid=,tty=,nice= -p $$";
    for around in ["", "trap '' PIPE INT;", "exec <&-;", "exec 5</dev/null;", "umask 77;", "exec 2>&-;"] {
        let Some(room) = Room::new() else { return };
        let run = |command: Command| {
            let words = std::iter::once(command.get_program().to_owned())
                .chain(command.get_args().map(ToOwned::to_owned));
            let line = format!("{around} exec \"$@\"");
            let mut shell = room.command("/bin/bash", &["-c", &line, "sh"]);
            text(&shell.args(words).stdin(Stdio::null()).output().unwrap())
        };
        let plain = run(room.command("/bin/bash", &["-c", script, "bash"]));
        let traced = run(room.traced("/bin/bash", &["-c", script, "bash"]));
        // A process group, a session and a parent are this one's in both.
        assert_eq!(lines(&traced), lines(&plain), "{around}");
        assert!(plain.contains("SigIgn"), "{plain}");
    }
}

/// The lines but for what names the process itself.
fn lines(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with("_=")).map(str::to_owned).collect()
}

#[test]
fn no_unknown_child_is_found() {
    let Some(room) = Room::new() else { return };
    let program = room.program(
        "wait",
        "#include <errno.h>\n#include <sys/wait.h>\n#include <unistd.h>\n\
        int main(void) { if (!fork()) return 0; int n = 0; while (wait(0) > 0) n++; return n != 1 || errno != ECHILD; }",
    );
    succeed(&mut room.traced(program.to_str().unwrap(), &[]));
    room.touched();
}

#[test]
fn signals_end_no_call_that_they_would_not_end() {
    let Some(room) = Room::new() else { return };
    // Without `SA_RESTART`, as dash has it for SIGCHLD. One signal a round, each a little later: a timer that goes on by itself may be quicker
    // than a traced thread takes a signal, which then never gets on.
    let program = room.program(
        "timer",
        "#include <errno.h>\n#include <fcntl.h>\n#include <signal.h>\n#include <sys/stat.h>\n#include <sys/time.h>\n#include <unistd.h>\n\
        static void tick(int s) { (void)s; }\n\
        int main(void) { struct sigaction a = {.sa_handler = tick}; sigaction(SIGALRM, &a, 0); struct stat s;\n\
        for (int n = 0; n < 4000; n++) { struct itimerval t = {.it_value = {0, 1 + n % 60}}; setitimer(ITIMER_REAL, &t, 0);\n\
        int f = open(\"timer\", O_RDONLY);\n\
        int d = dup(0);\n\
        if (f < 0 || d < 0 || stat(\"timer\", &s) || close(f) || close(d)) return errno == EINTR ? 4 : 5; }\n\
        return 0; }",
    );
    let program = program.to_str().unwrap();
    assert_eq!(room.command(program, &[]).status().unwrap().code(), Some(0));
    assert_eq!(room.traced(program, &[]).status().unwrap().code(), Some(0));
    // It has used what it was given open.
    assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Inherited, .. }));
}

#[test]
fn a_pipe_that_it_tries_to_execute_is_waited_for_by_nobody() {
    let Some(room) = Room::new() else { return };
    let (output, _) = room.shell("mkfifo pipe; chmod +x pipe; ./pipe; echo on; exit 7");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(7), &b"on\n"[..]));
}

#[test]
fn signals_reach_it() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1] {
        let Some(room) = Room::new() else { return };
        let name = &signal.as_str()[3..];
        let mut child =
            started(&room, &format!("trap 'cat seen; exit 33' {name}; : >up; while :; do sleep 0.01; done"));
        kill(pid(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(33));
        let seen = room.work("seen");
        assert!(room.touched().accesses.iter().any(|access| seen.to_str() == Some(&access.path)));
    }
}

/// Sends a signal until `wanted` is told of a process: one that comes right as the tracer lets it go on can be lost.
fn send_until(process: Pid, signal: Signal, wanted: WaitStatus) {
    for tries in 0..1000 {
        if tries % 100 == 0 {
            kill(process, signal).unwrap();
        }
        let flags = WaitPidFlag::WUNTRACED | WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG;
        if waitpid(process, Some(flags)).unwrap() == wanted {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{signal}: never {wanted:?}");
}

#[test]
fn it_stops_and_goes_on() {
    for signal in [Signal::SIGSTOP, Signal::SIGTSTP] {
        let Some(room) = Room::new() else { return };
        // It looks once more in the end: the file may come between the tracer's look and its own.
        let script = "test -e go; : >up; while ! test -e go; do sleep 0.01; done; test -e go; exit 7";
        let mut child = started(&room, script);
        for _ in 0..2 {
            send_until(pid(&child), signal, WaitStatus::Stopped(pid(&child), signal));
            send_until(pid(&child), Signal::SIGCONT, WaitStatus::Continued(pid(&child)));
        }
        room.write("go", "");
        assert_eq!(child.wait().unwrap().code(), Some(7));
        // It had looked for the file before that was there.
        assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Appeared, .. }));
    }
}

#[test]
fn what_it_leaves_running_goes_on() {
    let Some(room) = Room::new() else { return };
    room.write("kept", "text");
    let script = "(while ! test -e go; do sleep 0.01; done; cat kept >late; : >done) >/dev/null 2>&1 </dev/null & exit 5";
    let output = room.traced("/bin/sh", &["-c", script]).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::LeftRunning, .. }));
    room.write("go", "");
    wait_for("it finishes", || room.work("done").exists());
    assert_eq!(fs::read_to_string(room.work("late")).unwrap(), "text");
}

#[test]
fn orphans_are_followed() {
    let Some(room) = Room::new() else { return };
    room.write("kept", "text");
    let script = "(sh -c 'cat kept >late; : >done' &); while ! test -e done; do sleep 0.01; done; sleep 1";
    let (_, touched) = room.shell(script);
    let kept = room.work("kept");
    assert!(touched.accesses.iter().any(|access| kept.to_str() == Some(&access.path) && access.read));
}

#[test]
fn without_its_tracer_it_dies() {
    let Some(room) = Room::new() else { return };
    let mut child = started(&room, ": >up; while :; do test -e absent; done");
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    // The shell itself starts nobody.
    let tracer = fs::read_to_string(children).unwrap().trim().parse().unwrap();
    kill(Pid::from_raw(tracer), Signal::SIGKILL).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(libc::SIGKILL));
    assert!(!room.out().exists());
}

/// When the tracer is killed its files are closed before the kernel kills what it traces.
#[test]
fn no_call_fails_before_it_dies_with_its_tracer() {
    let Some(room) = Room::new() else { return };
    let program = room.program(
        "calls",
        "#include <errno.h>\n#include <stdio.h>\n#include <unistd.h>\n\
        int main(void) { for (;;) if (access(\"calls\", F_OK)) { printf(\"errno %d\", errno); return 4; } }",
    );
    for _ in 0..20 {
        let mut command = room.traced(program.to_str().unwrap(), &[]);
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let calls = || fs::read_link(format!("/proc/{}/exe", child.id())).is_ok_and(|exe| exe == program);
        wait_for("it starts", calls);
        let tracer = fs::read_to_string(children).unwrap().trim().parse().unwrap();
        kill(Pid::from_raw(tracer), Signal::SIGKILL).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.signal(), text(&output).as_str()), (Some(libc::SIGKILL), ""));
    }
}

#[test]
fn nobody_else_holds_its_streams() {
    let Some(room) = Room::new() else { return };
    let mut child = room
        .traced("/bin/sh", &["-c", "exec >&- 2>&-; : >up; while ! test -e go; do sleep 0.01; done"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    // It would wait for ever if the tracer had the other end.
    child.stdout.take().unwrap().read_to_end(&mut told).unwrap();
    room.write("go", "");
    assert!(child.wait().unwrap().success());
}
