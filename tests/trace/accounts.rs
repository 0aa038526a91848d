//! What a trace says of each path, and what it refuses to vouch for.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use spec_cc_tracer::{Doubt, TraceError};

use super::room::{Room, wait_for};
use crate::support::shell::succeed;

fn flags(room: &Room, script: &str, name: &str) -> (bool, bool, bool) {
    let access = room.access(script, name);
    (access.existed, access.read, access.written)
}

#[test]
fn every_way_to_touch_a_file_is_told_as_what_it_is() {
    for (script, expected) in [
        ("test -e f", (true, false, false)),
        ("test -e f; cat f", (true, true, false)),
        ("echo x >f", (true, false, true)),
        ("echo x >>f", (true, true, true)),
        ("echo x >f; cat f", (true, false, true)),
        ("cat f; echo x >f", (true, true, true)),
        ("rm f", (true, false, true)),
        ("mv f g", (true, true, true)),
        ("mv g f", (true, false, true)),
        ("ln f h", (true, true, false)),
        ("chmod 600 f", (true, true, true)),
        ("truncate -s 1 f", (true, true, true)),
        ("mkdir f", (true, false, false)),
    ] {
        let Some(room) = Room::new() else { return };
        room.write("f", "text");
        room.write("g", "text");
        assert_eq!(flags(&room, script, "f"), expected, "{script}");
    }
    for (script, expected) in [
        ("test -e n", (false, false, false)),
        ("cat n", (false, true, false)),
        ("cat n; echo x >n", (false, true, true)),
        ("echo x >n; cat n", (false, false, true)),
        ("echo x >>n", (false, true, true)),
        ("mkdir n", (false, false, true)),
        ("ln -s f n", (false, false, true)),
        ("ln f n", (false, false, true)),
        ("cp f n", (false, false, true)),
        ("./n", (false, true, false)),
    ] {
        let Some(room) = Room::new() else { return };
        room.write("f", "text");
        assert_eq!(flags(&room, script, "n"), expected, "{script}");
    }
}

#[test]
fn a_file_that_gets_its_name_by_its_descriptor_is_doubted() {
    let start = "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <stdio.h>\n#include <unistd.h>\n\
                 int main(void) { int f = open(\".\", O_TMPFILE | O_RDWR, 0600); if (f < 0) return 0; write(f, \"x\", 1);\n";
    for link in [
        "return linkat(f, \"\", AT_FDCWD, \"out\", AT_EMPTY_PATH) && 0; }",
        "char p[64]; sprintf(p, \"/proc/self/fd/%d\", f); return linkat(AT_FDCWD, p, AT_FDCWD, \"out\", AT_SYMLINK_FOLLOW) && 0; }",
    ] {
        let Some(room) = Room::new() else { return };
        let program = room.program("maker", &format!("{start}{link}"));
        succeed(&mut room.traced(program.to_str().unwrap(), &[]));
        if room.work("out").exists() {
            assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Place, .. }), "{link}");
        }
    }
}

#[test]
fn a_file_that_was_made_right_before_settles_before_it_is_used() {
    let Some(room) = Room::new() else { return };
    for number in 0..20 {
        let made = fs::metadata(room.write("f", &number.to_string())).unwrap();
        let settled_ns = room.access("cat f", "f").settled_ns.expect("it was made within the last second");
        assert!(made.ctime() * 1_000_000_000 + made.ctime_nsec() < settled_ns);
    }
}

#[test]
fn a_file_that_somebody_writes_meanwhile_does_not_settle() {
    let Some(room) = Room::new() else { return };
    room.write("f", "1");
    room.write("go", "");
    let script = ": >up; while ! grep -q now go; do sleep 0.01; done; cat f";
    let mut child = room.traced("/bin/sh", &["-c", script]).spawn().unwrap();
    wait_for("it starts", || room.work("up").exists());
    // The clock that files are stamped with lags.
    thread::sleep(Duration::from_millis(50));
    let path = room.write("f", "2");
    room.write("go", "now");
    assert!(child.wait().unwrap().success());
    let touched = room.touched();
    let access = touched.accesses.iter().find(|access| path.to_str() == Some(&access.path)).unwrap();
    assert_eq!((access.read, access.settled_ns), (true, None));
}

#[test]
fn relative_paths_go_by_the_folder_of_the_moment() {
    let Some(room) = Room::new() else { return };
    fs::create_dir_all(room.work("a/b")).unwrap();
    room.write("a/b/f", "");
    assert!(room.access("cd a; cd b; cat f", "a/b/f").read);
    // rm goes down by descriptors.
    assert!(room.access("rm -r a", "a/b/f").written);
}

#[test]
fn interpreters_and_loaders_are_read() {
    let Some(room) = Room::new() else { return };
    room.script("inner", "#!/bin/bash\nexit 0\n");
    room.script("outer", &format!("#!{}\n", room.work("inner").display()));
    succeed(&mut room.traced(room.work("outer").to_str().unwrap(), &[]));
    let touched = room.touched();
    let read = |path: &str| touched.accesses.iter().any(|access| access.path == path && access.read);
    assert!(read(room.work("outer").to_str().unwrap()) && read(room.work("inner").to_str().unwrap()));
    assert!(
        read("/bin/bash")
            && touched.accesses.iter().any(|access| access.path.contains("/ld-linux") && access.read)
    );
}

#[test]
fn threads_and_their_programs_are_seen() {
    let Some(room) = Room::new() else { return };
    for name in ["t0", "t1", "t2", "t3", "last"] {
        room.write(name, "");
    }
    let program = room.program(
        "threads",
        r#"#include <fcntl.h>
        #include <pthread.h>
        #include <stdio.h>
        #include <unistd.h>
        static void *look(void *n) { char f[3]; sprintf(f, "t%d", (int)(long)n); for (int i = 0; i < 50; i++) close(open(f, O_RDONLY)); return 0; }
        static void *become(void *n) { execl("/bin/cat", "cat", "last", (char *)0); return n; }
        int main(void) {
            pthread_t t[4];
            for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, look, (void *)i);
            for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
            pthread_create(&t[0], 0, become, 0);
            pause();
        }"#,
    );
    succeed(&mut room.traced(program.to_str().unwrap(), &[]));
    let touched = room.touched();
    for name in ["t0", "t1", "t2", "t3", "last"] {
        let path = room.work(name);
        assert!(
            touched.accesses.iter().any(|access| path.to_str() == Some(&access.path) && access.read),
            "{name}"
        );
    }
}

#[test]
fn listed_folders_are_told_apart() {
    let Some(room) = Room::new() else { return };
    let (_, touched) = room.shell("ls");
    assert_eq!(touched.listed, [room.work("").to_str().unwrap().trim_end_matches('/')]);
}

fn doubt(room: &Room, script: &str) -> Doubt {
    room.traced("/bin/bash", &["-c", script]).output().unwrap();
    match room.error() {
        TraceError::Doubt { doubt, .. } => doubt,
        other => panic!("{script}: {other}"),
    }
}

#[test]
fn what_paths_do_not_account_for_is_doubted() {
    let Some(room) = Room::new() else { return };
    let _server = UnixListener::bind(room.work("server")).unwrap();
    assert_eq!(doubt(&room, "cat /proc/cpuinfo"), Doubt::Place);
    assert_eq!(doubt(&room, "cat </dev/stdin"), Doubt::Place);
    assert_eq!(doubt(&room, "exec 3<>/dev/tcp/127.0.0.1/1"), Doubt::Socket);
    assert_eq!(doubt(&room, "test -e $'\\xff'"), Doubt::NotUtf8);
    assert_eq!(doubt(&room, "sh -c 'kill -9 $$'; true"), Doubt::Killed);
    assert_eq!(doubt(&room, "sleep 2 </dev/null >/dev/null 2>&1 & exit"), Doubt::LeftRunning);
    assert_eq!(doubt(&room, "echo text >f; exec 7<f; cat /dev/fd/7"), Doubt::Place);
}

#[test]
fn what_is_read_from_a_file_that_was_given_open_is_doubted() {
    let Some(room) = Room::new() else { return };
    room.write("f", "text\n");
    for script in ["cat", "read x", "cat <&0", "head -c1", "exec 5<&0; cat <&5", "gcc -E -x c -", "as"] {
        assert_eq!(doubt(&room, script), Doubt::Inherited, "{script}");
    }
    let inner = room.traced("/bin/bash", &["-c", "read x <&7"]);
    let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).collect();
    for (opening, doubted) in [("7<f", true), ("7>>f", false)] {
        let mut outer = room.command("bash", &["-c", &format!("exec {opening}; exec \"$@\""), "bash"]);
        outer.args(&words).output().unwrap();
        assert_eq!(
            matches!(
                spec_cc_tracer::read(&room.out()),
                Err(TraceError::Doubt { doubt: Doubt::Inherited, .. })
            ),
            doubted,
            "{opening}"
        );
    }
    // Closed, it tells something else than at its end.
    let mut closed = room.command("bash", &["-c", "exec \"$@\" <&-", "bash"]);
    closed.args(&words[..words.len() - 1]).arg("read x").output().unwrap();
    assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Inherited, .. }));
}

#[test]
fn its_own_files_may_be_read_under_any_number() {
    let Some(room) = Room::new() else { return };
    room.write("f.c", "int f;\n");
    // The last `cat` reads on: without a reader the first one may be killed.
    let (_, touched) =
        room.shell("cat <f.c; gcc -pipe -c f.c; cat f.c | { as -o g.o --version; cat; }; exec 0<f.c; read x");
    assert!(touched.accesses.iter().any(|access| access.path.ends_with("f.o") && access.written));
}

#[test]
fn a_server_that_is_not_there_is_a_path_that_is_not_there() {
    let Some(room) = Room::new() else { return };
    let program = room.program(
        "ask",
        r"#include <string.h>
        #include <sys/socket.h>
        #include <sys/un.h>
        int main(int n, char **a) {
            struct sockaddr_un to = { AF_UNIX };
            strcpy(to.sun_path, a[1]);
            return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, sizeof to) != 0;
        }",
    );
    let program = program.to_str().unwrap();
    assert!(!room.traced(program, &["server"]).status().unwrap().success());
    let server = room.work("server").to_str().unwrap().to_owned();
    assert!(room.touched().accesses.iter().any(|access| access.path == server && !access.existed));
    let _server = UnixListener::bind(&server).unwrap();
    assert!(room.traced(program, &["server"]).status().unwrap().success());
    assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Socket, .. }));
}

#[test]
#[cfg(target_arch = "x86_64")]
fn calls_of_another_machine_are_doubted() {
    let Some(room) = Room::new() else { return };
    let program = room.program(
        "old",
        r#"#include <sys/mman.h>
        #include <string.h>
        int main(void) {
            char *low = mmap((void *)0x10000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            long result;
            strcpy(low, "/etc/passwd");
            __asm__ volatile("int $0x80" : "=a"(result) : "a"(5L), "b"(0x10000L), "c"(0L) : "memory", "r8", "r9", "r10", "r11");
            return result < 0;
        }"#,
    );
    let program = program.to_str().unwrap();
    // A kernel may be built without them, and then there is nothing to see.
    if room.command(program, &[]).status().unwrap().success() {
        succeed(&mut room.traced(program, &[]));
        assert!(matches!(room.error(), TraceError::Doubt { doubt: Doubt::Architecture, .. }));
    }
}
