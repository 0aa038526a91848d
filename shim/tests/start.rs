//! Starting a companion when there is none: once, detached, and never at the compile's expense.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::{Reply, Run};
use std::fs;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use support::{Peer, Room, signals, stdout, takes_less_than};

/// A room with a shim of its own, so that the `specctl` beside it is the test's.
fn room(specctl: Option<&str>) -> (Room, PathBuf) {
    let room = Room::new();
    room.script("bin/cc", "echo compiled");
    fs::create_dir(room.path("own")).unwrap();
    room.copy(support::SHIM, "own/spec-cc");
    if let Some(body) = specctl {
        room.script("own/specctl", body);
    }
    let shim = room.path("own/spec-cc");
    (room, shim)
}

fn compile(room: &Room, shim: &Path) -> Command {
    let mut command = room.call(shim);
    command.args(["-c", "x.c"]).env("ROOM", room.path(""));
    command
}

fn wait_for(path: &Path) {
    let started = Instant::now();
    while !path.exists() {
        assert!(started.elapsed() < Duration::from_mins(1), "{} never came", path.display());
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn it_is_started_detached_and_asked_once_it_listens() {
    let (room, shim) = room(Some(
        ": >\"$ROOM/up\"; while ! test -S \"$ROOM/s.sock\"; do sleep 0.01; done; printf x >&3
         { echo \"$*\"; pwd; ls /proc/self/fd | tr '\\n' ' '; echo; readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2
           env | grep -E '^(MAKEFLAGS|MFLAGS|SPEC_CC_SOCKET|SPEC_CC_STORE)='; grep -E 'Sig(Ign|Blk)' /proc/self/status
           ps -o sid= -p $$ | tr -d ' '; echo $$; } >\"$ROOM/said.new\" 2>&1; mv \"$ROOM/said.new\" \"$ROOM/said\"
         exec 3>&-; sleep 2",
    ));
    let mut command = Command::new("/bin/bash");
    command.args(["-c", "trap '' HUP; exec 7</dev/null; exec \"$@\"", "-"]).arg(&shim).args(["-c", "x.c"]);
    command.current_dir(room.path("work")).env("PATH", room.search_path()).env("ROOM", room.path(""));
    command.env("MAKEFLAGS", "-j2 --jobserver-auth=7,7").env("MFLAGS", "-j2").env("SPEC_CC_STORE", "store");
    command.env("SPEC_CC_SOCKET", "../s.sock").stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for(&room.path("up"));
    let listener = UnixListener::bind(room.path("s.sock")).unwrap();
    let mut peer = Peer(listener.accept().unwrap().0);
    assert_eq!(peer.ask().args.len(), 2);
    peer.reply(&Reply::Run(Run::default()));
    peer.report();
    peer.reply(&Reply::Done);
    // The output ends with the shim: the companion holds none of its descriptors.
    assert_eq!(stdout(&child.wait_with_output().unwrap()), "compiled\n");

    wait_for(&room.path("said"));
    let said = fs::read_to_string(room.path("said")).unwrap();
    let lines: Vec<_> = said.lines().collect();
    let work = room.path("work").display().to_string();
    // 0 to 3, and the folder that `ls` itself has open; the shell's own copies sit at 10 and above.
    let open: Vec<u32> =
        lines[2].split_whitespace().map(|n| n.parse().unwrap()).filter(|n| *n < 10).collect();
    assert_eq!((lines[0], lines[1], open), ("serve --ready-fd 3", "/", vec![0, 1, 2, 3, 4]));
    assert_eq!(lines[3], "/dev/null");
    assert!(said.contains(&format!("SPEC_CC_SOCKET={work}/../s.sock\n")), "{said}");
    assert!(said.contains(&format!("SPEC_CC_STORE={work}/store\n")), "{said}");
    assert!(!said.contains("MAKEFLAGS") && !said.contains("MFLAGS"), "{said}");
    assert_eq!((signals(&said, "SigIgn"), signals(&said, "SigBlk")), (0, 0), "{said}");
    let (session, pid) = (lines[lines.len() - 2], lines[lines.len() - 1]);
    assert_ne!(session, pid, "a session leader could acquire a terminal");
}

#[test]
fn it_holds_no_stream_of_a_build_that_has_few_descriptors() {
    let (room, shim) =
        room(Some("readlink /proc/$$/fd/2 >\"$ROOM/said.new\"; mv \"$ROOM/said.new\" \"$ROOM/said\""));
    let mut command = Command::new("/bin/bash");
    command.args(["-c", "ulimit -n 12; exec \"$@\"", "-"]).arg(&shim).args(["-c", "x.c"]);
    command.current_dir(room.path("work")).env("PATH", room.search_path()).env("ROOM", room.path(""));
    command.env("SPEC_CC_STORE", "store").env("SPEC_CC_SOCKET", "../s.sock");
    assert_eq!(stdout(&command.output().unwrap()), "compiled\n");
    wait_for(&room.path("said"));
    assert_eq!(fs::read_to_string(room.path("said")).unwrap(), "/dev/null\n");
}

#[test]
fn one_that_fails_costs_next_to_nothing() {
    for body in ["exit 1", "exec 3>&-; sleep 3", "kill -9 $$"] {
        let (room, shim) = room(Some(body));
        takes_less_than(Duration::from_secs(1), body, || {
            assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
        });
    }
    let (room, shim) = room(None);
    room.copy(room.write("text", "no program"), "own/specctl");
    assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
}

#[test]
fn one_that_hangs_costs_two_seconds() {
    let (room, shim) = room(Some("sleep 4"));
    takes_less_than(Duration::from_secs(3), "a companion that hangs", || {
        let started = Instant::now();
        assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
        let waited = started.elapsed().as_secs_f32();
        assert!(waited > 1.9, "waited {waited} s");
    });
}

#[test]
fn a_storm_starts_one() {
    // It fails once all wait for it: who comes later may try again.
    let (room, shim) =
        room(Some("echo x >>\"$ROOM/starts\"; while ! test -e \"$ROOM/go\"; do sleep 0.01; done; exit 1"));
    // Where it takes the sixteen longer to come than each waits, it says nothing.
    let storm = || {
        let _ = (fs::remove_file(room.path("starts")), fs::remove_file(room.path("go")));
        let started = Instant::now();
        let calls: Vec<_> = (0..16)
            .map(|_| compile(&room, &shim).stdout(std::process::Stdio::piped()).spawn().unwrap())
            .collect();
        while started.elapsed() < PATIENCE && !calls.iter().all(|call| is_waiting(call.id(), &room.path("")))
        {
            thread::sleep(Duration::from_millis(2));
        }
        room.write("../go", "");
        let in_time = started.elapsed() < PATIENCE;
        for call in calls {
            assert_eq!(stdout(&call.wait_with_output().unwrap()), "compiled\n");
        }
        in_time.then(|| fs::read_to_string(room.path("starts")).unwrap())
    };
    assert_eq!((0..20).find_map(|_| storm()).as_deref(), Some("x\n"));
}

/// How long a shim waits for a companion, and a little less.
const PATIENCE: Duration = Duration::from_millis(1800);

/// Whether a process sleeps with the folder open that is locked to start a companion.
fn is_waiting(pid: u32, folder: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    let folder = fs::canonicalize(folder).unwrap();
    let locks = open.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|file| file == folder);
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    locks && status.contains("State:\tS")
}
