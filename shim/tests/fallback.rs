//! Whatever is wrong with the companion, the compiler runs and the build sees nothing of it.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::{MAX_FRAME, PROTOCOL, Reply, Run};
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::process::Output;
use std::time::{Duration, Instant};
use support::{Peer, Room, stderr, stdout, takes_less_than};

fn room() -> Room {
    let room = Room::new();
    room.script("bin/cc", r#"echo "compiled $*"; echo warned >&2; exit 3"#);
    room
}

fn assert_plain(output: &Output) {
    assert_eq!(
        (output.status.code(), stdout(output).as_str(), stderr(output).as_str()),
        (Some(3), "compiled -c x.c\n", "warned\n")
    );
}

fn compile(room: &Room) -> Output {
    room.shim().args(["-c", "x.c"]).output().unwrap()
}

#[test]
fn switched_off_it_asks_nobody() {
    for (name, value) in [("SPEC_CC_DISABLE", "1"), ("SPEC_CC_DISABLE", "true"), ("SPEC_CC_MODE", "off")] {
        let room = room();
        let listener = UnixListener::bind(room.path("s.sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_plain(&room.shim().env(name, value).args(["-c", "x.c"]).output().unwrap());
        assert!(listener.accept().is_err(), "{name}={value} asked");
    }
}

#[test]
fn it_asks_about_what_names_a_file() {
    for (args, asked) in [
        (vec!["-c", "x.c"], true),
        (vec!["@args"], true),
        (vec!["x.o", "-o", "x"], true),
        (vec!["--version"], false),
        (vec!["-print-search-dirs"], false),
        (vec!["-v", "-E", "-"], false),
        (vec![], false),
    ] {
        let room = room();
        let listener = UnixListener::bind(room.path("s.sock")).unwrap();
        let mut child = room.shim().env("SPEC_CC_DISABLE", "0").args(&args).spawn().unwrap();
        if asked {
            let mut peer = Peer(listener.accept().unwrap().0);
            assert_eq!(peer.ask().args, args.iter().map(|a| a.as_bytes().to_vec()).collect::<Vec<_>>());
            peer.reply(&Reply::Exec);
        }
        assert_eq!(child.wait().unwrap().code(), Some(3));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err());
    }
}

#[test]
fn the_ask_says_where_and_how() {
    let room = room();
    let companion = room.companion(|mut peer| {
        let ask = peer.ask();
        peer.reply(&Reply::Exec);
        ask
    });
    let output = room.shim().args(["cc", "-c", "x.c"]).env("ODD", "a=b").output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let ask = companion.join().unwrap();
    assert_eq!(ask.compiler, room.path("bin/cc").as_os_str().as_encoded_bytes());
    assert_eq!(ask.argv0, b"cc");
    assert_eq!(ask.cwd, room.path("work").as_os_str().as_encoded_bytes());
    assert!(ask.env.contains(&b"ODD=a=b".to_vec()));
    assert!(ask.mount_ns != 0 && ask.cwd_ino != 0 && !ask.terminal);
}

#[test]
fn no_companion_to_be_had() {
    let room = room();
    // It waits 2 s for one that it starts.
    let compiles = || assert_plain(&compile(&room));
    takes_less_than(Duration::from_secs(1), "looking for a program that is not there", compiles);
    // Nobody listens any more.
    drop(UnixListener::bind(room.path("s.sock")).unwrap());
    takes_less_than(Duration::from_secs(1), "looking for one that has gone", compiles);
}

#[test]
fn no_place_for_a_socket() {
    let room = room();
    let far = room.path("no/such/folder/s.sock");
    assert_plain(&room.shim().env("SPEC_CC_SOCKET", far).args(["-c", "x.c"]).output().unwrap());
}

#[test]
fn the_companion_hangs_up() {
    let room1 = room();
    let companion = room1.companion(drop);
    assert_plain(&compile(&room1));
    companion.join().unwrap();

    let room2 = room();
    let companion = room2.companion(|mut peer| drop(peer.ask()));
    assert_plain(&compile(&room2));
    companion.join().unwrap();
}

#[test]
fn what_it_says_is_no_reply() {
    let run = Reply::Run(Run { env: vec![b"A=1".to_vec()], ..Run::default() }).encode().unwrap();
    let frames: Vec<Vec<u8>> = vec![
        vec![0, 0, 0, 0],
        (MAX_FRAME as u32 + 1).to_le_bytes().to_vec(),
        u32::MAX.to_le_bytes().to_vec(),
        run[..run.len() - 1].to_vec(),
        run[..3].to_vec(),
        vec![1, 0, 0, 0, 99],
        vec![2, 0, 0, 0, 16, 0],
        [&[9, 0, 0, 0, 17][..], &[0xff; 8]].concat(),
        b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
        PROTOCOL.to_le_bytes().repeat(64),
        // An acknowledgement of nothing.
        Reply::Done.encode().unwrap(),
    ];
    for frame in frames {
        let room = room();
        let sent = frame.clone();
        let companion = room.companion(move |mut peer| {
            peer.ask();
            peer.0.write_all(&sent).unwrap();
        });
        assert_plain(&compile(&room));
        companion.join().unwrap();
        drop(frame);
    }
}

#[test]
fn changes_that_cannot_be_made() {
    for run in [
        Run { env: vec![b"no equals sign".to_vec()], ..Run::default() },
        Run { args: vec![b"nul\0".to_vec()], ..Run::default() },
        // Past what execve takes in one argument: only the plain command runs.
        Run { args: vec![vec![b'x'; 1 << 18]], ..Run::default() },
    ] {
        let room = room();
        let companion = room.companion(|mut peer| {
            peer.ask();
            peer.reply(&Reply::Run(run));
            peer.until_closed();
        });
        assert_plain(&compile(&room));
        companion.join().unwrap();
    }
}

#[test]
fn silence_lasts_three_seconds_at_most_and_the_others_know() {
    let room = room();
    let listener = UnixListener::bind(room.path("s.sock")).unwrap();
    let companion = std::thread::spawn(move || {
        let next = || Peer(listener.accept().unwrap().0);
        let mut silent = next();
        silent.ask();
        std::thread::sleep(Duration::from_secs(1));
        silent.reply(&Reply::Wait);
        silent.until_closed();
        // Who finds the mark looks whether there is a companion, and asks nothing.
        next().until_closed();
        for _ in ["the companion has removed the mark", "the mark is old"] {
            let mut again = next();
            again.ask();
            again.reply(&Reply::Exec);
        }
    });
    let started = Instant::now();
    assert_plain(&compile(&room));
    let waited = started.elapsed().as_secs_f32();
    assert!((3.5..60.0).contains(&waited), "waited {waited} s");
    let mark = room.path("s.sock.hung");
    assert!(mark.exists());
    assert_plain(&compile(&room));
    std::fs::remove_file(&mark).unwrap();
    assert_plain(&compile(&room));
    let past = std::time::SystemTime::now() - Duration::from_mins(1);
    std::fs::File::create(&mark).unwrap().set_modified(past).unwrap();
    assert_plain(&compile(&room));
    companion.join().unwrap();
}

#[test]
fn a_report_that_nobody_takes_changes_nothing() {
    let room = room();
    let companion = room.companion(|mut peer| {
        peer.ask();
        peer.reply(&Reply::Run(Run::default()));
        drop(peer);
    });
    assert_plain(&compile(&room));
    companion.join().unwrap();
}
