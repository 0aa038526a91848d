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
use support::{Peer, Room, signals, stdout};

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
        assert!(started.elapsed() < Duration::from_secs(5), "{} never came", path.display());
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn it_is_started_detached_and_asked_once_it_listens() {
    let (room, shim) = room(Some(
        "{ echo \"$*\"; pwd; ls /proc/self/fd | tr '\\n' ' '; echo; readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2
           env | grep -E '^(MAKEFLAGS|MFLAGS|SPEC_CC_SOCKET|SPEC_CC_STORE)='; grep -E 'Sig(Ign|Blk)' /proc/self/status
           ps -o sid= -p $$ | tr -d ' '; echo $$; } >\"$ROOM/said.new\" 2>&1; mv \"$ROOM/said.new\" \"$ROOM/said\"
         while ! test -S \"$ROOM/s.sock\"; do sleep 0.01; done; printf x >&3; exec 3>&-; sleep 2",
    ));
    let mut command = Command::new("/bin/bash");
    command.args(["-c", "trap '' HUP; exec 7</dev/null; exec \"$@\"", "-"]).arg(&shim).args(["-c", "x.c"]);
    command.current_dir(room.path("work")).env("PATH", room.search_path()).env("ROOM", room.path(""));
    command.env("MAKEFLAGS", "-j2 --jobserver-auth=7,7").env("MFLAGS", "-j2").env("SPEC_CC_STORE", "store");
    command.env("SPEC_CC_SOCKET", "../s.sock").stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    wait_for(&room.path("said"));
    let listener = UnixListener::bind(room.path("s.sock")).unwrap();
    let mut peer = Peer(listener.accept().unwrap().0);
    assert_eq!(peer.ask().args.len(), 2);
    peer.reply(&Reply::Run(Run::default()));
    peer.report();
    peer.reply(&Reply::Done);
    // The output ends with the shim: the companion holds none of its descriptors.
    assert_eq!(stdout(&child.wait_with_output().unwrap()), "compiled\n");

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
fn one_that_fails_costs_next_to_nothing() {
    for body in ["exit 1", "exec 3>&-; sleep 3", "kill -9 $$"] {
        let (room, shim) = room(Some(body));
        let started = Instant::now();
        assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
        assert!(started.elapsed() < Duration::from_secs(1), "{body}: waited {:?}", started.elapsed());
    }
    let (room, shim) = room(None);
    room.copy(room.write("text", "no program"), "own/specctl");
    assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
}

#[test]
fn one_that_hangs_costs_two_seconds() {
    let (room, shim) = room(Some("sleep 4"));
    let started = Instant::now();
    assert_eq!(stdout(&compile(&room, &shim).output().unwrap()), "compiled\n");
    let waited = started.elapsed().as_secs_f32();
    assert!((1.9..3.0).contains(&waited), "waited {waited} s");
}

#[test]
fn a_storm_starts_one() {
    let (room, shim) = room(Some("echo x >>\"$ROOM/starts\"; sleep 0.5; exit 1"));
    let calls: Vec<_> = (0..16)
        .map(|_| compile(&room, &shim).stdout(std::process::Stdio::piped()).spawn().unwrap())
        .collect();
    for call in calls {
        assert_eq!(stdout(&call.wait_with_output().unwrap()), "compiled\n");
    }
    assert_eq!(fs::read_to_string(room.path("starts")).unwrap(), "x\n");
}
