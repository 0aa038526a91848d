//! Commands, and why they are shared or not.

use std::ffi::OsString;

use super::*;
use crate::command::{Invocation, Verdict, read};

const ROOT: &str = "/home/u/p";

fn asked(family: Family, args: &str, environment: &[(&str, &str)]) -> Result<Sharing, Unshared> {
    let invocation = Invocation {
        compiler: "/usr/bin/cc".into(),
        args: args.split_whitespace().map(OsString::from).collect(),
        cwd: "/home/u/p/b".into(),
    };
    let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let Verdict::Compile(compile) = read(&invocation, family, false, &none) else {
        panic!("no compile: {args}");
    };
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let at =
        Checkout { root: ROOT, directory: "/home/u/p/b", compiler: "/usr/bin/cc", environment: &environment };
    sharing(&compile, at)
}

fn shared(args: &str) -> bool {
    asked(Family::Gcc, args, &[]).is_ok()
}

#[test]
fn relative_spelling_is_shared_without_debug_information() {
    assert_eq!(
        asked(Family::Gcc, "-c a.c -O2 -Wall -I../i -fPIC -MD -DX=1", &[]),
        Ok(Sharing { mapped: false, debug: false })
    );
    assert!(shared("-c a.c -o /home/u/p/b/a.o"));
    assert!(shared("-c a.c -g0 -I/usr/include/x -Wa,--noexecstack"));
    assert_eq!(asked(Family::Gcc, "-c a.c -g", &[]), Err(Unshared::Directory));
    for odd in
        ["-g3", "-gz", "-gsplit-dwarf", "-flto", "--coverage", "-fprofile-generate", "-fsanitize=address"]
    {
        assert!(!shared(&format!("-c a.c {odd} -ffile-prefix-map=/home/u/p=.")), "{odd}");
    }
    assert!(!shared("-c a.c -DX=/home/u/p/x"));
    assert!(!shared("-c a.c -Wa,--compress-debug-sections"));
}

#[test]
fn absolute_spelling_is_shared_where_all_of_it_is_mapped() {
    let mapped = "-c /home/u/p/a.c -I/home/u/p/i -ffile-prefix-map=/home/u/p=.";
    assert_eq!(asked(Family::Gcc, mapped, &[]), Ok(Sharing { mapped: true, debug: false }));
    assert!(shared(&format!("{mapped} -g")));
    assert!(shared("-c /home/u/p/a.c -g -fmacro-prefix-map=/home/u/p=x -fdebug-prefix-map=/home/u/p=y"));
    for (args, why) in [
        ("-c /home/u/p/a.c", "spelled absolutely"),
        ("-c /home/u/p/a.c -fdebug-prefix-map=/home/u/p=.", "spelled absolutely"),
        ("-c /home/u/p/a.c -g -fmacro-prefix-map=/home/u/p=.", "working directory"),
        ("-c a.c -g -ffile-prefix-map=/home/u/p/s=.", "working directory"),
        ("-c /home/u/p/a.c -ffile-prefix-map=/home/u/p=/home/u/p/x", "as a whole"),
        ("-c a.c -ffile-prefix-map=/home/u/p=. -ffile-prefix-map=/home=x", "as a whole"),
        ("-c a.c -ffile-prefix-map=/home/u/p=. -ffile-prefix-map==x", "as a whole"),
        ("-c a.c -ffile-prefix-map=/home/u/p=a=b", "as a whole"),
    ] {
        let reason = asked(Family::Gcc, args, &[]).expect_err(args).to_string();
        assert!(reason.contains(why), "{args}: {reason}");
    }
}

#[test]
fn gcc_may_choose_another_name_for_a_system_header() {
    assert!(!shared("-c a.c -isystem ../i"));
    assert!(!shared("-c a.c -idirafter ../i"));
    assert!(shared("-c a.c -isystem ../i -fno-canonical-system-headers"));
    assert!(!shared("-c a.c -isystem ../i -fno-canonical-system-headers -fcanonical-system-headers"));
    assert!(asked(Family::Clang, "-c a.c -isystem ../i", &[]).is_ok());
    assert!(shared("-c a.c -isystem /opt/i"));
}

#[test]
fn variables_that_name_folders() {
    let with = |name, value| asked(Family::Gcc, "-c a.c", &[(name, value)]).is_ok();
    assert!(with("CPATH", "/opt/i") && with("LC_ALL", "C") && with("SOURCE_DATE_EPOCH", "1"));
    assert!(!with("CPATH", "/home/u/p/i") && !with("CPATH", "i") && !with("C_INCLUDE_PATH", ""));
}

#[test]
fn a_mention_is_of_whole_components() {
    assert!(mentions("-DX=\"/a/b/c\"", "/a/b") && mentions("/a/b", "/a/b") && mentions("x/a/b", "/a/b"));
    assert!(!mentions("/a/bc", "/a/b") && !mentions("/a/b.c", "/a/b"));
}
