//! Real commands touch the same paths by our trace as by strace's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::room::Room;
use super::strace;

const MAIN: &str =
    "#include <stdio.h>\n#include <missing-or-not.h>\nint main(void) { return puts(\"x\") < 0; }\n";

fn room() -> Option<Room> {
    let room = Room::new()?;
    room.write("main.c", MAIN);
    room.write("missing-or-not.h", "int x;\n");
    room.write("broken.c", "#include <nowhere.h>\nint main(void) { return 0 }\n");
    room.write("unlinkable.c", "int absent(void);\nint main(void) { return absent(); }\n");
    room.write("main.cc", "#include <map>\nint main() { return std::map<int, int>().size(); }\n");
    room.write("Makefile", "all: a.o b.o\n%.o: %.c\n\tgcc -c $< -o $@\n");
    room.write("a.c", "int a;\n");
    room.write("b.c", "#include <string.h>\nint b;\n");
    room.script("cc", "#!/bin/sh\n[ -e absent ] && exit 3\ncat a.c >made\nexec gcc \"$@\"\n");
    Some(room)
}

/// The words of a command line, run both ways in the same fresh folder.
fn same(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let (name, args) = words.split_first().unwrap();
    let Some(room) = room() else { return };
    let program = if name.contains('/') {
        room.work(name.trim_start_matches("./"))
    } else {
        Path::new("/usr/bin").join(name)
    };
    let program = program.to_str().unwrap();
    let theirs = strace::paths(&room, program, args);
    tidy(&room);
    let status = room.traced(program, args).output().unwrap().status;
    let ours = room.touched();
    tidy(&room);
    assert_eq!(status.code(), room.command(program, args).output().unwrap().status.code(), "{line}");
    let masked = |path: &str| mask(&room, path);
    let our_paths: BTreeSet<String> = ours.accesses.iter().map(|access| masked(&access.path)).collect();
    let their_paths: BTreeSet<String> =
        theirs.keys().filter(|path| is_counted(path)).map(|path| masked(path)).collect();
    let unseen: Vec<_> = their_paths.difference(&our_paths).collect();
    assert!(unseen.is_empty(), "{line}: not in our trace: {unseen:?}");
    let more: Vec<_> =
        our_paths.difference(&their_paths).filter(|path| !is_read_by_the_kernel(path)).collect();
    assert!(more.is_empty(), "{line}: not in strace's: {more:?}");
    assert!(our_paths.len() > 20, "{line}: {our_paths:?}");
    for access in &ours.accesses {
        if let Some(Some(existed)) = theirs.get(&access.path) {
            assert_eq!(access.existed, *existed, "{line}: {access:?}");
        }
    }
}

/// Takes away what a run made.
fn tidy(room: &Room) {
    for entry in fs::read_dir(room.work("")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !name.contains('.') && name != "Makefile" && name != "cc"
            || [".o", ".a", ".out", ".d"].iter().any(|end| name.ends_with(end))
        {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// What the kernel has of its own is not told of where it is harmless.
fn is_counted(path: &str) -> bool {
    !["/dev/", "/proc/", "/sys/"].iter().any(|folder| path.starts_with(folder))
}

/// The name with what is chosen by chance masked.
fn mask(room: &Room, path: &str) -> String {
    let folder = |name: &str| room.folder().join(name).display().to_string();
    if let Some((_, name)) = path.split_once(&folder("temporary/")) {
        // GCC's are cc and six characters, Clang's the source's name and six digits.
        return format!("temporary *{}", name.split_once('.').map_or("", |(_, suffix)| suffix));
    }
    match path.strip_prefix(&folder("work/")) {
        Some(name) if name.starts_with("st") && name.len() == 8 && !name.contains('.') => "work st*".into(),
        Some(name) if Path::new(name).extension().is_some_and(|suffix| suffix == "tmp") => {
            "work *.tmp".into()
        }
        _ => path.to_owned(),
    }
}

/// A loader, or the program behind the links of the name that was executed.
fn is_read_by_the_kernel(path: &str) -> bool {
    path.contains("/ld-linux")
        || fs::metadata(path).is_ok_and(|file| {
            use std::os::unix::fs::PermissionsExt;
            file.permissions().mode() & 0o111 != 0
                && !path.contains(".so")
                && fs::canonicalize(path).is_ok_and(|real| real == Path::new(path))
                || path == "/bin/sh"
        })
}

macro_rules! same {
    ($($name:ident: $line:expr;)*) => { $(#[test] fn $name() { same($line); })* };
}

same! {
    a_compile: "gcc -I. -c main.c";
    a_compile_with_a_depfile: "gcc -I. -MD -c main.c -o main.o";
    a_piped_compile: "gcc -I. -pipe -c main.c";
    preprocessing: "gcc -I. -E main.c -o pre";
    a_configure_test: "gcc -I. -o conftest main.c";
    a_failing_compile: "gcc -c broken.c";
    a_failing_link: "gcc -o conftest unlinkable.c";
    a_cplusplus_link: "g++ -o conftest main.cc";
    link_time_optimisation: "gcc -I. -O2 -flto -o conftest main.c";
    a_clang_compile: "clang -I. -c main.c";
    a_clang_link: "clang -I. -o conftest main.c";
    an_archive: "ar rc lib.a a.c b.c";
    a_script: "./cc -I. -c main.c";
    make: "make -s -j2";
}
