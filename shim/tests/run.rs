//! A compiler that runs under the shim: everything about it is as if it ran alone, and the report is true.
#![allow(clippy::unwrap_used)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use spec_cc_shim::wire::{self, Ask, MAX_STDERR, Report, Run};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use support::{Room, signals, stderr, stdout};

/// What a compile with this compiler gives, and what the companion hears of it.
fn compile(body: &str, run: Run) -> (Room, Output, Ask, Report) {
    let room = Room::new();
    room.script("bin/cc", body);
    let companion = room.runner(run);
    let output = room.shim().args(["-c", "x.c"]).output().unwrap();
    let (ask, report) = companion.join().unwrap();
    (room, output, ask, report)
}

fn reported(body: &str) -> (Output, Report) {
    let (_, output, _, report) = compile(body, Run::default());
    (output, report)
}

fn wait_for(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_mins(1), "it never happened");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_real_compile_makes_its_object() {
    let room = Room::new();
    room.write("x.c", "#warning seen\nint x;\n");
    let companion = room.runner(Run { args: vec![b"-MD".to_vec()], ..Run::default() });
    let output = room.shim().args(["gcc", "-c", "x.c"]).output().unwrap();
    let (_, report) = companion.join().unwrap();
    assert!(output.status.success());
    assert!(room.work("x.o").exists() && room.work("x.d").exists());
    let bare = room.call("gcc").args(["-c", "x.c"]).output().unwrap();
    assert_eq!((stderr(&output), &report.stderr), (stderr(&bare), &bare.stderr));
    assert!(!report.truncated && !report.stdout_seen && report.status == 0);
    assert!(report.wall_us > 1000 && report.user_us + report.sys_us > 1000);
}

#[test]
fn exit_codes_pass() {
    for code in [0, 1, 2, 77, 255] {
        let (output, report) = reported(&format!("exit {code}"));
        assert_eq!((output.status.code(), report.status), (Some(code), code << 8));
    }
}

#[test]
fn death_by_signal_passes() {
    for signal in [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGTERM, Signal::SIGINT, Signal::SIGPIPE] {
        let (output, report) = reported(&format!("kill -{} $$", signal as i32));
        assert_eq!((output.status.signal(), report.status & 0x7f), (Some(signal as i32), signal as i32));
    }
}

#[test]
fn changes_reach_the_compiler_at_the_end_and_by_name() {
    let run = Run {
        env: vec![b"ADDED=1".to_vec(), b"HOME=/new".to_vec()],
        args: vec![b"-MD".to_vec()],
        ..Run::default()
    };
    let (_, output, ask, _) = compile(r#"echo "$* $ADDED $HOME $(env | grep -c ^HOME=)""#, run);
    assert_eq!(stdout(&output), "-c x.c -MD 1 /new 1\n");
    assert_eq!(ask.args, [b"-c".to_vec(), b"x.c".to_vec()]);
}

#[test]
fn streams_pass_and_standard_output_is_noticed() {
    let (output, report) = reported("echo out; echo err >&2");
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("out\n", "err\n"));
    assert!(report.stdout_seen && report.stderr == b"err\n");
}

#[test]
fn standard_output_is_told_when_asked_for() {
    let run = || Run { stdout: true, ..Run::default() };
    let (_, output, _, report) = compile("echo out; echo err >&2", run());
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("out\n", "err\n"));
    assert_eq!((report.stdout.as_slice(), report.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    assert!(report.stdout_seen && !report.truncated);
    let (_, output, _, report) = compile("head -c 1500000 /dev/zero", run());
    assert_eq!((output.stdout.len(), report.stdout.len(), report.truncated), (1_500_000, MAX_STDERR, true));
    let (_, report) = reported("echo out");
    assert!(report.stdout.is_empty() && report.stdout_seen && !report.truncated);
}

#[test]
fn another_program_may_run_in_its_place() {
    let prefix =
        ["/bin/sh", "-c", "echo \"[$*]\" >&2; exit 5", "sh"].map(|word| word.as_bytes().to_vec()).to_vec();
    let (room, output, _, report) = compile("exit 6", Run { prefix, ..Run::default() });
    let cc = room.path("bin/cc");
    assert_eq!((output.status.code(), report.status), (Some(5), 5 << 8));
    assert_eq!(stderr(&output), format!("[{} cc -c x.c]\n", cc.display()));
}

#[test]
fn where_that_cannot_be_started_the_compiler_runs() {
    for missing in ["/nowhere/specctl", "/etc/passwd", "/"] {
        let run = Run { prefix: vec![missing.into(), b"trace".to_vec()], ..Run::default() };
        let (_, output, _, report) = compile("echo plain; exit 6", run);
        assert_eq!(
            (output.status.code(), stdout(&output).as_str(), report.status),
            (Some(6), "plain\n", 6 << 8)
        );
    }
}

#[test]
fn what_is_killed_for_its_tracer_runs_again_unless_it_has_spoken() {
    for (before, witness, runs) in [("", "none", 1), ("echo out", "none", 0), ("", "there", 0), ("", "", 0)] {
        let room = Room::new();
        room.write("there", "");
        // As where the kernel kills the traced along with their tracer: a child of the command may go on for a moment.
        let wrap =
            room.script("bin/wrap", &format!("{before}\n(sleep 0.2; echo late >>log) & kill -KILL $$"));
        room.script("bin/cc", "echo again >>log");
        let witness = if witness.is_empty() {
            Vec::new()
        } else {
            room.work(witness).into_os_string().into_encoded_bytes()
        };
        let prefix = vec![wrap.into_os_string().into_encoded_bytes()];
        let companion = room.runner(Run { prefix, stdout: true, witness, ..Run::default() });
        let status = room.shim().args(["-c", "x.c"]).status().unwrap();
        let (_, report) = companion.join().unwrap();
        let log = fs::read_to_string(room.work("log")).unwrap_or_default();
        assert_eq!(status.success(), runs == 1, "{before} {log}");
        assert_eq!(report.status == 0, runs == 1, "what counts is the run that ended");
        assert_eq!(log.ends_with("late\nagain\n"), runs == 1, "{log}");
    }
}

#[test]
fn what_another_program_leaves_behind_is_cleaned_up() {
    let room = Room::new();
    // The process that becomes the compiler leaves an orphan that has ended by then, and says which.
    room.script("bin/wrap", "(sleep 0 & echo $! >orphan; wait $!) </dev/null & wait; (sleep 0.05 & echo $! >orphan); while grep -qs '^State:.[^Z]' /proc/$(cat orphan)/status; do sleep 0.01; done; shift; exec true");
    let wrap = room.path("bin/wrap").to_str().unwrap().as_bytes().to_vec();
    room.script("bin/cc", "exit 0");
    let look = room.work("orphan");
    let companion = room.companion(move |mut peer| {
        peer.ask();
        peer.reply(&wire::Reply::Run(Run { prefix: vec![wrap], ..Run::default() }));
        peer.report();
        let orphan = fs::read_to_string(look).unwrap();
        let left = Path::new("/proc").join(orphan.trim()).exists();
        peer.reply(&wire::Reply::Done);
        left
    });
    assert!(room.shim().args(["-c", "x.c"]).status().unwrap().success());
    assert!(!companion.join().unwrap(), "the shim left a dead process about");
}

#[test]
fn output_comes_while_the_compiler_runs() {
    let room = Room::new();
    room.script("bin/cc", "echo early >&2; read line; echo \"$line\" >&2");
    let companion = room.runner(Run::default());
    let mut child =
        room.shim().args(["-c", "x.c"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut early = [0; 6];
    child.stderr.as_mut().unwrap().read_exact(&mut early).unwrap();
    // It hears us only because what it said has come through already.
    child.stdin.as_mut().unwrap().write_all(b"late\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((&early, stderr(&output).as_str()), (b"early\n", "late\n"));
    assert_eq!(companion.join().unwrap().1.stderr, b"early\nlate\n");
}

#[test]
fn a_megabyte_of_messages_passes_whole_and_is_kept_to_the_limit() {
    let (output, report) = reported("head -c 1048576 /dev/zero >&2");
    assert_eq!((output.stderr.len(), report.stderr.len(), report.truncated), (1 << 20, MAX_STDERR, false));
    let (output, report) = reported("head -c 1500000 /dev/zero >&2; head -c 1500000 /dev/zero");
    assert_eq!((output.stderr.len(), output.stdout.len()), (1_500_000, 1_500_000));
    assert_eq!((report.stderr.len(), report.truncated), (MAX_STDERR, true));
}

/// What comes of a line of the shell's with `$0` as the compiler.
fn shell(room: &Room, line: &str, compiler: &str) -> String {
    stdout(&room.call("/bin/bash").args(["-c", line, compiler]).output().unwrap())
}

#[test]
fn closed_streams_are_closed_for_the_compiler_too() {
    let body = "for n in 0 1 2; do test -e /proc/self/fd/$n && printf 'o' >>fds || printf 'c' >>fds; done
        printf ' ' >>fds; cat fds 2>/dev/null; echo err >&2";
    for closed in ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let room = Room::new();
        let cc = room.script("bin/cc", body);
        let line = format!("\"$0\" -c x.c {closed}; echo \"status $?\" >>fds; cat fds; rm fds");
        let run = |program: &str| shell(&room, &line, program).replace("  ", " ");
        let bare = run(cc.to_str().unwrap());
        if closed == "<&-" {
            let companion = room.runner(Run::default());
            assert_eq!(run(support::SHIM), bare, "{closed}");
            assert!(!companion.join().unwrap().1.truncated);
        } else {
            assert_eq!(room.unasked(|| run(support::SHIM)), bare, "{closed}");
        }
    }
}

/// Compilers differ in what they make of it, by the stream and by what is wrong with it.
#[test]
fn where_messages_may_not_arrive_the_compiler_takes_over() {
    let room = Room::new();
    room.write("x.c", "#warning seen\nint x;\n");
    let limited = "{ ulimit -f 0; \"$0\" COMMAND >file; }";
    let redirections =
        [">/dev/full", "2>/dev/full", ">/dev/full 2>&1", "1</dev/null", "2</dev/null", "1<>/dev/full"];
    let lines: Vec<String> =
        redirections.iter().map(|to| format!("\"$0\" COMMAND {to}")).chain([limited.to_owned()]).collect();
    // clang takes seconds to abort in some of these.
    let all: &[&str] = &["-E x.c", "-c x.c", "-S x.c -o -"];
    for (compiler, commands) in [("/usr/bin/gcc", all), ("/usr/bin/clang", &["-S x.c -o -"])] {
        room.script("bin/cc", &format!("exec {compiler} \"$@\""));
        for line in &lines {
            for command in commands {
                let line = String::from("exec 2>>messages; ")
                    + &line.replace("COMMAND", command)
                    + "; echo \"status $?\"; rm -f x.o";
                let bare = shell(&room, &line, compiler);
                assert_eq!(room.unasked(|| shell(&room, &line, support::SHIM)), bare, "{compiler}: {line}");
            }
        }
    }
}

/// Half of what a compiler prints arrives, and nobody foresaw it: the disk is full now, and was not.
#[test]
fn lost_output_is_a_failure_whatever_the_compiler_thinks() {
    let room = Room::new();
    room.script(
        "bin/cc",
        "touch up; while ! test -e go; do sleep 0.01; done; printf 'all of it'; exit $STATUS",
    );
    for (status, expected) in [("0", 1), ("3", 3)] {
        let companion = room.runner(Run::default());
        let out = fs::File::create(room.work("out")).unwrap();
        let mut shim = room.shim();
        shim.args(["-c", "x.c"]).env("STATUS", status).stdout(out).stderr(Stdio::piped());
        let child = shim.spawn().unwrap();
        wait_for(|| room.work("up").exists());
        let limit = Command::new("prlimit").args(["--fsize=4", "--pid", &child.id().to_string()]).status();
        assert!(limit.unwrap().success());
        room.write("go", "");
        let output = child.wait_with_output().unwrap();
        let (_, report) = companion.join().unwrap();
        assert_eq!(output.status.code(), Some(expected));
        assert_eq!(
            stderr(&output).contains("spec-cc: writing standard output: file too large"),
            status == "0"
        );
        assert_eq!(fs::read(room.work("out")).unwrap(), b"all ");
        assert!(report.truncated);
        for name in ["up", "go"] {
            fs::remove_file(room.work(name)).unwrap();
        }
        fs::remove_file(room.path("s.sock")).unwrap();
    }
}

#[test]
fn a_reader_that_leaves_is_noticed_by_the_compiler() {
    let body =
        "i=0; while [ $i -lt 20000 ]; do echo 'a line of warning' || exit 9; i=$((i+1)); done >&2; exit 5";
    let room = Room::new();
    let cc = room.script("bin/cc", body);
    let line = "\"$0\" -c x.c 2>&1 >/dev/null | head -n 1; echo \"status ${PIPESTATUS[0]}\"";
    let bare = shell(&room, line, cc.to_str().unwrap());
    let companion = room.runner(Run::default());
    assert_eq!(shell(&room, line, support::SHIM), bare);
    assert!(companion.join().unwrap().1.truncated);
}

#[test]
fn standard_input_is_the_compilers() {
    let room = Room::new();
    let companion = room.runner(Run::default());
    let mut child =
        room.shim().args(["gcc", "-x", "c", "-c", "-", "-o", "in.o"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"int x;\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert!(room.work("in.o").exists());
    companion.join().unwrap();
}

#[test]
fn the_compiler_inherits_the_builds_descriptors_and_none_of_ours() {
    let list = "exec 9>fds; ls /proc/self/fd | tr '\\n' ' ' >&9";
    let room = Room::new();
    let cc = room.script("bin/cc", list);
    let run = |program: &str| {
        let line = "exec 5</dev/null 7>/dev/null; exec \"$0\" -c x.c";
        assert!(room.call("/bin/bash").args(["-c", line, program]).status().unwrap().success());
        fs::read_to_string(room.work("fds")).unwrap()
    };
    let bare = run(cc.to_str().unwrap());
    let companion = room.runner(Run::default());
    assert_eq!(run(support::SHIM), bare);
    companion.join().unwrap();
}

fn start(room: &Room) -> Child {
    let child = room.shim().args(["-c", "x.c"]).spawn().unwrap();
    wait_for(|| room.work("up").exists());
    child
}

#[test]
fn a_signal_for_the_shim_reaches_the_compiler_first() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        let room = Room::new();
        let name = &signal.as_str()[3..];
        // Cleans up as gcc does, then dies of it.
        room.script(
            "bin/cc",
            &format!("trap 'touch cleaned; trap - {name}; kill -{name} $$' {name}; touch up; while :; do sleep 0.01; done"),
        );
        let companion = room.runner(Run::default());
        let mut child = start(&room);
        kill(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(signal as i32));
        assert!(room.work("cleaned").exists());
        assert_eq!(companion.join().unwrap().1.status & 0x7f, signal as i32);
    }
}

#[test]
fn a_compiler_that_survives_a_signal_decides_the_status() {
    let room = Room::new();
    room.script("bin/cc", "trap 'exit 33' TERM; touch up; while :; do sleep 0.01; done");
    let companion = room.runner(Run::default());
    let mut child = start(&room);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(33));
    companion.join().unwrap();
}

#[test]
fn ignored_signals_stay_ignored() {
    let body = "grep -E 'Sig(Ign|Blk)' /proc/self/status";
    let room = Room::new();
    let cc = room.script("bin/cc", body);
    let run = |program: &str| {
        let line = "trap '' INT HUP PIPE; exec \"$0\" -c x.c";
        stdout(&room.call("/bin/bash").args(["-c", line, program]).output().unwrap())
    };
    let bare = run(cc.to_str().unwrap());
    let companion = room.runner(Run::default());
    let under = run(support::SHIM);
    for name in ["SigIgn", "SigBlk"] {
        assert_eq!(signals(&under, name), signals(&bare, name));
    }
    assert_eq!(signals(&under, "SigIgn") & 0b11, 0b11, "HUP and INT");
    companion.join().unwrap();
}

#[test]
fn with_children_ignored_the_compiler_takes_over() {
    let room = Room::new();
    room.script("bin/cc", "exit 6");
    let mut command = room.call("/usr/bin/env");
    command.args(["--ignore-signal=CHLD", support::SHIM, "-c", "x.c"]);
    // Nobody listens: had it asked, it would have failed the same way, so the status alone is looked at.
    assert_eq!(command.status().unwrap().code(), Some(6));
}

#[test]
fn it_stays_in_its_process_group() {
    let (output, _) = reported("ps -o pgid= -p $$; ps -o pgid= -p $PPID");
    let groups = stdout(&output);
    let mut groups = groups.split_whitespace();
    let compiler = groups.next().unwrap();
    assert_eq!(Some(compiler), groups.next());
}

#[test]
fn what_the_compiler_leaves_running_holds_nobody_up() {
    let started = Instant::now();
    let (output, report) = reported("sleep 30 & echo done >&2; exit 2");
    assert!(started.elapsed() < Duration::from_secs(20));
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), "done\n"));
    assert!(report.truncated, "what the process left behind writes is not known");
}

#[test]
fn the_name_it_is_called_by_passes() {
    let room = Room::new();
    room.copy("/bin/dash", "bin/mycc");
    let companion = room.runner(Run::default());
    let mut command = Command::new(support::SHIM);
    command.arg0("spec-cc").current_dir(room.path("work")).env("PATH", room.search_path());
    command.env("SPEC_CC_SOCKET", room.path("s.sock"));
    command.args(["mycc", "-c", r"tr '\0' ' ' </proc/$$/cmdline | cut -d' ' -f1"]);
    assert_eq!(stdout(&command.output().unwrap()), "mycc\n");
    companion.join().unwrap();
}
