//! Outputs that the companion has already: what is written, and when the compiler must run instead.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::{Reply, Serve, Served};
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};
use std::thread::JoinHandle;
use support::{Room, content, stderr, stdout};

/// A room whose compiler only says that it ran.
fn room() -> Room {
    let room = Room::new();
    room.script("bin/cc", "echo compiled");
    room
}

fn compile(room: &Room) -> Output {
    // A fixed mask, so that modes can be compared.
    let mut sh = room.call("/bin/sh");
    sh.args(["-c", "umask 027; exec \"$0\" \"$@\"", support::SHIM, "-c", "x.c"]).output().unwrap()
}

fn assert_compiled(output: &Output) {
    assert_eq!(stdout(output), "compiled\n");
    assert!(output.status.success());
}

#[test]
fn outputs_and_warnings_appear_as_the_compiler_leaves_them() {
    let room = room();
    let big = vec![7; 3 << 20];
    let absolute = room.path("away.d").to_str().unwrap().to_owned();
    let files: [(&str, u32, &[u8]); 4] = [
        ("x.o", 0o666, &big),
        (&absolute, 0o666, b"x.o: x.c\n"),
        ("empty", 0o666, b""),
        ("tool", 0o777, b"#!"),
    ];
    let companion = room.server(&files, "x.c:1: warning\n");
    let output = compile(&room);
    assert_eq!((stdout(&output).as_str(), stderr(&output).as_str()), ("", "x.c:1: warning\n"));
    assert!(output.status.success());
    for (name, mode, bytes) in files {
        let path = room.work(name);
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode & !0o027, "{name}");
    }
    companion.join().unwrap();
}

#[test]
fn an_earlier_output_is_replaced() {
    let room = room();
    fs::set_permissions(room.write("x.o", "older and longer"), fs::Permissions::from_mode(0o640)).unwrap();
    let companion = room.server(&[("x.o", 0o666, b"new")], "");
    assert_eq!(stdout(&compile(&room)), "");
    assert_eq!(fs::read(room.work("x.o")).unwrap(), b"new");
    companion.join().unwrap();
}

#[test]
fn names_may_hold_any_bytes() {
    let room = room();
    let name = "a b\n\u{1}ü.o";
    let companion = room.server(&[(name, 0o666, b"x")], "");
    assert_eq!(stdout(&compile(&room)), "");
    assert_eq!(fs::read(room.work(name)).unwrap(), b"x");
    companion.join().unwrap();
}

#[test]
fn outputs_may_come_from_where_the_kernel_cannot_copy() {
    use nix::sys::memfd::{MFdFlags, memfd_create};
    let room = room();
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut memory = fs::File::from(memfd_create(c"object", MFdFlags::MFD_CLOEXEC).unwrap());
    memory.write_all(&bytes).unwrap();
    let outputs = vec![Served { path: b"x.o".to_vec(), mode: 0o666, size: bytes.len() as u64, modified: 0 }];
    let companion = room.companion(move |mut peer| {
        peer.ask();
        peer.reply_with(&Reply::Serve(Serve { outputs, ..Serve::default() }), &[memory.as_raw_fd()]);
        peer.until_closed();
    });
    assert_eq!(stdout(&compile(&room)), "");
    assert!(fs::read(room.work("x.o")).unwrap() == bytes);
    companion.join().unwrap();
}

#[test]
fn what_is_not_a_plain_earlier_output_is_left_to_the_compiler() {
    type Prepare = fn(&Room);
    let cases: [(&str, Prepare); 6] = [
        ("folder", |room| fs::create_dir(room.work("x.o")).unwrap()),
        ("link", |room| symlink("elsewhere", room.work("x.o")).unwrap()),
        ("link to a file", |room| symlink(room.write("y", "kept"), room.work("x.o")).unwrap()),
        ("fifo", |room| nix::unistd::mkfifo(&room.work("x.o"), nix::sys::stat::Mode::S_IRWXU).unwrap()),
        ("second name", |room| {
            fs::set_permissions(room.write("x.o", "kept"), fs::Permissions::from_mode(0o640)).unwrap();
            fs::hard_link(room.work("x.o"), room.work("y")).unwrap();
        }),
        ("other mode", |room| {
            fs::set_permissions(room.write("x.o", "kept"), fs::Permissions::from_mode(0o600)).unwrap();
        }),
    ];
    for (name, prepare) in cases {
        let room = room();
        prepare(&room);
        let before = fs::symlink_metadata(room.work("x.o")).unwrap();
        let companion = room.server(&[("a.d", 0o666, b"d"), ("x.o", 0o666, b"new")], "warning");
        let output = compile(&room);
        assert_compiled(&output);
        assert_eq!(stderr(&output), "", "{name}");
        let after = fs::symlink_metadata(room.work("x.o")).unwrap();
        assert_eq!(
            (after.ino(), after.mode(), after.len()),
            (before.ino(), before.mode(), before.len()),
            "{name}"
        );
        assert!(!room.work("a.d").exists(), "{name}: half of it was served");
        companion.join().unwrap();
    }
}

#[test]
fn a_failure_half_way_takes_back_what_was_written() {
    let room = room();
    let files: [(&str, u32, &[u8]); 2] = [("x.o", 0o666, b"object"), ("no/such/folder/x.d", 0o666, b"d")];
    let companion = room.server(&files, "");
    assert_compiled(&compile(&room));
    assert!(!room.work("x.o").exists());
    companion.join().unwrap();
}

#[test]
fn descriptors_that_do_not_fit_are_refused() {
    let promise = |size| Served { path: b"x.o".to_vec(), mode: 0o666, size, modified: 0 };
    let serve = |outputs| Reply::Serve(Serve { outputs, ..Serve::default() });
    let (pipe, _other) = UnixStream::pair().unwrap();
    let file = content(b"four");
    let cases = [
        (serve(vec![promise(4)]), vec![]),
        (serve(vec![promise(4)]), vec![file.as_raw_fd(), file.as_raw_fd()]),
        (serve(vec![promise(5)]), vec![file.as_raw_fd()]),
        (serve(vec![promise(3)]), vec![file.as_raw_fd()]),
        (serve(vec![promise(u64::MAX)]), vec![file.as_raw_fd()]),
        (serve(vec![promise(0)]), vec![pipe.as_raw_fd()]),
        (serve(vec![promise(4), promise(4)]), vec![file.as_raw_fd(), file.as_raw_fd()]),
        (
            serve(vec![Served { path: b"x\0.o".to_vec(), mode: 0o666, size: 4, modified: 0 }]),
            vec![file.as_raw_fd()],
        ),
        (serve(vec![Served { path: Vec::new(), mode: 0o666, size: 4, modified: 0 }]), vec![file.as_raw_fd()]),
    ];
    for (reply, descriptors) in cases {
        let room = room();
        let note = format!("{reply:?}");
        let companion = room.companion(move |mut peer| {
            peer.ask();
            peer.reply_with(&reply, &descriptors);
            peer.until_closed();
        });
        assert_compiled(&compile(&room));
        assert!(fs::read_dir(room.path("work")).unwrap().next().is_none(), "{note}");
        companion.join().unwrap();
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_left_to_the_compiler() {
    if nix::unistd::geteuid().is_root() {
        // Root may write anywhere; the file system that nobody may write stands in.
        let room = room();
        let companion = room.server(&[("/proc/self/x.o", 0o666, b"x")], "");
        assert_compiled(&compile(&room));
        companion.join().unwrap();
        return;
    }
    let room = room();
    fs::set_permissions(room.path("work"), fs::Permissions::from_mode(0o555)).unwrap();
    let companion = room.server(&[("x.o", 0o666, b"x")], "");
    assert_compiled(&compile(&room));
    companion.join().unwrap();
}

/// A companion that serves an object and these messages.
fn telling(room: &Room, stdout: &[u8], stderr: &[u8]) -> JoinHandle<()> {
    let outputs = vec![Served { path: b"x.o".to_vec(), mode: 0o666, size: 3, modified: 0 }];
    let serve = Serve { outputs, stdout: stdout.to_vec(), stderr: stderr.to_vec(), ..Serve::default() };
    room.companion(move |mut peer| {
        peer.ask();
        peer.reply_with(&Reply::Serve(serve), &[content(b"hit").as_raw_fd()]);
        peer.until_closed();
    })
}

/// The writing end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

#[test]
fn output_that_nobody_reads_is_the_compilers_to_fail_with() {
    let room = room();
    room.write("x.c", "#warning seen\nint x;\n");
    let long = vec![b'x'; 1 << 20];
    for compiler in ["gcc", "clang"] {
        for (stdout, stderr) in
            [(&b"text"[..], &b""[..]), (&long, b""), (b"", b"warning"), (b"text", b"warning")]
        {
            let mut outcomes = Vec::new();
            for program in ["shim", compiler] {
                let mut call = if program == "shim" { room.shim() } else { room.call(program) };
                let companion = (program == "shim").then(|| {
                    call.arg(compiler);
                    telling(&room, stdout, stderr)
                });
                call.args(["-E", "x.c"]).stdout(unread()).stderr(unread());
                outcomes.push(call.status().unwrap());
                if let Some(companion) = companion {
                    companion.join().unwrap();
                    fs::remove_file(room.path("s.sock")).unwrap();
                }
                assert!(!room.work("x.o").exists(), "an output is left that the compiler does not make");
            }
            assert_eq!(outcomes[0], outcomes[1], "{compiler}");
        }
    }
}

#[test]
fn what_has_arrived_is_not_printed_again() {
    let room = room();
    room.script("bin/cc", "printf made >x.o; printf 'all of it'; echo warning >&2; echo never");
    let companion = telling(&room, b"all of it", b"warning");
    let out = fs::File::create(room.work("out")).unwrap();
    let status = room.shim().args(["-c", "x.c"]).stdout(out).stderr(unread()).status().unwrap();
    companion.join().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGPIPE), "the script dies of its message");
    assert_eq!(fs::read(room.work("out")).unwrap(), b"all of it");
    assert_eq!(fs::read(room.work("x.o")).unwrap(), b"made");
}

#[test]
fn a_name_never_stands_for_half_an_output() {
    let room = room();
    let big = vec![7; 64 << 20];
    let companion = room.server(&[("x.o", 0o666, &big)], "");
    let mut shim = room.call(support::SHIM).args(["-c", "x.c"]).spawn().unwrap();
    while shim.try_wait().unwrap().is_none() {
        if let Ok(found) = fs::metadata(room.work("x.o")) {
            assert_eq!(found.len(), big.len() as u64);
        }
    }
    assert_eq!(fs::read(room.work("x.o")).unwrap().len(), big.len());
    companion.join().unwrap();
}

#[test]
fn what_was_changed_since_it_was_checked_is_not_served() {
    for (off, served) in [(0, true), (1, false)] {
        let room = room();
        let file = content(b"four");
        let changed = file.metadata().unwrap().modified().unwrap();
        let changed = changed.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64;
        let output = Served { path: b"x.o".to_vec(), mode: 0o666, size: 4, modified: changed - off };
        let reply = Reply::Serve(Serve { outputs: vec![output], ..Serve::default() });
        let companion = room.companion(move |mut peer| {
            peer.ask();
            peer.reply_with(&reply, &[file.as_raw_fd()]);
            peer.until_closed();
        });
        let output = compile(&room);
        assert_eq!(stdout(&output), if served { "" } else { "compiled\n" });
        assert_eq!(room.work("x.o").exists(), served);
        companion.join().unwrap();
    }
}
