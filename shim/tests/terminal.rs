//! Under a terminal the compiler sees one, and what it writes arrives unchanged.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::{Reply, Run};
use support::Room;

/// What a terminal of this size shows of a shell line; `script` (util-linux) is the terminal.
fn shown(room: &Room, line: &str) -> Vec<u8> {
    let line = format!("stty cols 72 rows 20; {line}");
    let output = room
        .call("/usr/bin/script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .env_remove("GCC_COLORS")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    output.stdout
}

#[test]
fn colours_and_folding_are_the_bare_compilers() {
    let source =
        "int f(void) { int x = \"a string that is rather longer than the window is wide, so it moves\"; }\n";
    for (compiler, extra) in [("gcc", ""), ("g++", ""), ("clang", "")] {
        let room = Room::new();
        room.write("x.c", source);
        let bare = shown(&room, &format!("{compiler} -Wall {extra} -c x.c"));
        assert!(bare.windows(2).any(|w| w == b"\x1b["), "{compiler} shows no colours");
        let companion = room.runner(Run::default());
        let under = shown(&room, &format!("{} {compiler} -Wall {extra} -c x.c", support::SHIM));
        assert_eq!(String::from_utf8_lossy(&under), String::from_utf8_lossy(&bare));
        let (ask, report) = companion.join().unwrap();
        assert!(ask.terminal && !report.truncated);
        // Kept as the compiler wrote it: the line ends are the terminal's doing.
        let kept = String::from_utf8(report.stderr).unwrap();
        assert!(!kept.contains('\r'));
        assert_eq!(kept.replace('\n', "\r\n").as_bytes(), bare);
    }
}

#[test]
fn a_terminal_on_one_stream_only_is_one_there_only() {
    let room = Room::new();
    room.script("bin/cc", "test -t 1; echo $? >>t; test -t 2; echo $? >>t; stty size <&2 >>t 2>&1");
    let companion = room.runner(Run::default());
    shown(&room, &format!("{} -c x.c >out", support::SHIM));
    assert_eq!(std::fs::read_to_string(room.work("t")).unwrap(), "1\n0\n20 72\n");
    companion.join().unwrap();
}

#[test]
fn a_served_compile_shows_the_kept_messages() {
    let room = Room::new();
    let serve = spec_cc_shim::wire::Serve { stderr: b"\x1b[1mkept\x1b[m\n".to_vec(), ..Default::default() };
    let companion = room.companion(move |mut peer| {
        let ask = peer.ask();
        peer.reply(&Reply::Serve(serve));
        ask.terminal
    });
    let line = format!("{} -c x.c", support::SHIM);
    assert_eq!(shown(&room, &line), b"\x1b[1mkept\x1b[m\r\n");
    assert!(companion.join().unwrap());
}
