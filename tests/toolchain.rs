//! Real compilers are identified, and told apart after any change.

use std::ffi::OsString;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

use spec_cc::command::Family;
use spec_cc::inputs::files::Files;
use spec_cc::toolchain::ToolchainError;
use spec_cc::toolchain::Toolchains;

fn toolchains() -> Toolchains {
    Toolchains::new(Arc::new(Files::default()))
}

fn env(name: &str) -> Option<OsString> {
    (name == "PATH").then(|| "/usr/bin:/bin".into())
}

#[test]
fn knows_gcc_and_clang() {
    let toolchains = toolchains();
    let gcc = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    assert_eq!((gcc.family, gcc.assembler_depfile), (Family::Gcc, true));
    assert!(gcc.version.starts_with("gcc "), "{}", gcc.version);
    let clang = toolchains.identify(Path::new("/usr/bin/clang"), &env).expect("clang");
    assert_eq!((clang.family, clang.assembler_depfile), (Family::Clang, false));
    assert_ne!(gcc.identity, clang.identity);
}

#[test]
fn a_known_compiler_is_not_run_again() {
    let toolchains = toolchains();
    let gcc = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    let again = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    assert!(Arc::ptr_eq(&gcc, &again));
}

#[test]
fn one_name_and_another_are_the_same_compiler() {
    let toolchains = toolchains();
    let one = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    let two = toolchains.identify(Path::new("/usr/bin/x86_64-linux-gnu-gcc-12"), &env).expect("gcc");
    assert_eq!(one.identity, two.identity);
}

#[test]
fn a_link_that_leads_elsewhere_is_another_compiler() {
    let dir = tempfile::tempdir().expect("a folder");
    let link = dir.path().join("gcc");
    let lead = |target: &str| {
        let _ = std::fs::remove_file(&link);
        symlink(target, &link).expect("linked");
    };
    let toolchains = toolchains();
    lead("/usr/bin/gcc");
    let before = toolchains.identify(&link, &env).expect("gcc");
    lead("/usr/bin/clang");
    let after = toolchains.identify(&link, &env).expect("clang");
    assert!(before.identity != after.identity && before.version != after.version, "{}", after.version);
}

#[test]
fn refuses_scripts_and_wrappers() {
    let dir = tempfile::tempdir().expect("a folder");
    let script = dir.path().join("gcc");
    std::fs::write(&script, "#!/bin/sh\nexec /usr/bin/gcc \"$@\"\n").expect("written");
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("executable");
    let wrapper = dir.path().join("cc");
    symlink("/usr/bin/ccache", &wrapper).expect("linked");
    for (path, reason) in [(&script, "script"), (&wrapper, "wrapper")] {
        match toolchains().identify(path, &env) {
            Err(error @ ToolchainError::Unknown { .. }) => {
                assert!(error.to_string().contains(reason), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(
        toolchains().identify(&dir.path().join("none"), &env),
        Err(ToolchainError::Read { .. })
    ));
}

#[test]
fn an_assembler_that_comes_first_on_the_path_is_another_toolchain() {
    let dir = tempfile::tempdir().expect("a folder");
    let first = dir.path().to_str().expect("UTF-8").to_owned();
    let env = |name: &str| (name == "PATH").then(|| OsString::from(format!("{first}:/usr/bin:/bin")));
    let toolchains = toolchains();
    let before = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    // Another build of it, as far as its bytes tell.
    let mut other = std::fs::read("/usr/bin/as").expect("as");
    other.push(0);
    std::fs::copy("/usr/bin/as", dir.path().join("as")).expect("copied");
    std::fs::write(dir.path().join("as"), other).expect("written");
    let after = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect("gcc");
    assert_ne!(before.identity, after.identity);
    std::fs::copy("/usr/bin/true", dir.path().join("as")).expect("copied");
    let error = toolchains.identify(Path::new("/usr/bin/gcc"), &env).expect_err("no assembler");
    assert!(error.to_string().contains("no toolchain's program"), "{error}");
}

#[test]
fn gives_the_directories_of_each_language() {
    let toolchains = toolchains();
    let dirs = |compiler: &str, args: &[&str]| {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        toolchains
            .builtin_dirs(Path::new(compiler), &args, Path::new("/"), &env)
            .expect("directories")
            .to_vec()
    };
    let c = dirs("/usr/bin/gcc", &["-x", "c"]);
    assert_eq!(c.last().map(String::as_str), Some("/usr/include"));
    let cxx = dirs("/usr/bin/g++", &[]);
    assert!(cxx.ends_with(&c) && cxx.len() > c.len(), "{cxx:?}");
    assert_eq!(dirs("/usr/bin/gcc", &["-nostdinc", "-x", "c"]), Vec::<String>::new());
    assert!(dirs("/usr/bin/clang", &[]).iter().any(|dir| dir.contains("clang")));
}

#[test]
fn a_directory_that_appears_is_found() {
    let toolchains = toolchains();
    let root = tempfile::tempdir().expect("a folder");
    let args = vec![format!("--sysroot={}", root.path().display())];
    let dirs = || {
        toolchains.builtin_dirs(Path::new("/usr/bin/gcc"), &args, Path::new("/"), &env).expect("directories")
    };
    let before = dirs();
    let include = root.path().join("usr/include");
    std::fs::create_dir_all(&include).expect("made");
    let after = dirs();
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.iter().any(|dir| Path::new(dir) == include));
}

#[test]
fn specs_that_appear_make_another_compiler() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |libraries: &str| {
        let libraries = libraries.to_owned();
        move |name: &str| if name == "LIBRARY_PATH" { Some(libraries.clone().into()) } else { env(name) }
    };
    let libraries = path(dir.path().to_str().expect("UTF-8"));
    let toolchains = toolchains();
    let identify = || toolchains.identify(Path::new("/usr/bin/gcc"), &libraries).expect("gcc").identity;
    let bare = identify();
    for place in ["x86_64-linux-gnu/12", "."] {
        let folder = dir.path().join(place);
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("specs"), "*cpp:\n+ -DX\n\n").expect("written");
        let with = identify();
        assert_ne!(with, bare, "{place}");
        std::fs::write(folder.join("specs"), "*cpp:\n+ -DY\n\n").expect("written");
        assert_ne!(identify(), with, "{place}");
        std::fs::remove_file(folder.join("specs")).expect("removed");
        assert_eq!(identify(), bare, "{place}");
    }
    let relative = path("lib:");
    assert!(matches!(
        toolchains.identify(Path::new("/usr/bin/gcc"), &relative),
        Err(ToolchainError::Unknown { .. })
    ));
}

/// Stands before the C library and writes down each variable that is asked for, with the program.
const LISTENER: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
extern char **environ;
static char *note(const char *name)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%s\n", name);
    int log = open(LOG, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (log >= 0 && write(log, line, length) == length)
        close(log);
    for (char **entry = environ; entry && *entry; entry++)
        if (!strncmp(*entry, name, strlen(name)) && (*entry)[strlen(name)] == '=')
            return *entry + strlen(name) + 1;
    return 0;
}
char *getenv(const char *name) { return note(name); }
char *secure_getenv(const char *name) { return note(name); }
"#;

/// Commands of every kind, some of which fail.
const COMMANDS: &str = r#"
printf '#include <stdio.h>\nint main(void) { int idle; puts("x"); return 0; }\n' >x.c
printf 'int main(void) { return nope(); }\n' >bad.c; printf 'int x(' >worse.c; printf '#include <map>\nint main() {}\n' >y.cc
for c in gcc clang; do
    $c -Wall -g -O2 -c x.c -o x.o; $c -E x.c -o x.i; $c -S x.c; $c -c x.s -o s.o; $c x.c -o x; $c -flto -O2 x.c -o lto
    $c bad.c -o bad; $c -c worse.c; $c -M x.c; $c -Wl,-Map,map x.o -o x -lm; $c --version; $c -print-search-dirs
    $c --coverage -c x.c -o c.o; $c -shared -fPIC x.c -o libx.so; $c x.o -L. -lx -o x
    for ld in bfd gold lld mold; do $c -fuse-ld=$ld x.o -o x; done
done
gcc -ffat-lto-objects -flto -c x.c -o fat.o; clang -fno-integrated-as -c x.c -o as.o; g++ y.cc -o y; clang++ y.cc -o y
rm -f x.a; ar cr x.a x.o s.o; ranlib x.a; ar t x.a; gcc-ar cr g.a fat.o; ld -r x.o -o r.o; as x.s -o t.o; nm x.o; cpp x.c
exit 0
"#;

/// What is asked for and cannot matter: once a compiler has crashed (that is not kept), by profilers of threads, to have code linked
/// (LLVM's `ForceCodegenLinking`), for a jobserver whose commands run unknown programs, as the working directory (in every key).
const HARMLESS: [&str; 10] = [
    "DEB_BUILD_OPTIONS",
    "GCC_NOAPPORT",
    "FORCE_CLANG_DIAGNOSTICS_CRASH",
    "INTEL_",
    "KMP_",
    "OPENSSL_CONF",
    "OPENSSL_ia32cap",
    "MAKEFLAGS",
    "PWD",
    "bar",
];

#[test]
fn every_variable_that_the_programs_here_ask_for_is_in_the_table() {
    use spec_cc::command::{keyed_traced, refused};
    let folder = tempfile::tempdir().expect("a folder");
    let run = |script: &str, preload: Option<&Path>| {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script]).current_dir(folder.path()).env_remove("LD_LIBRARY_PATH");
        shell.envs(preload.map(|library| ("LD_PRELOAD", library)));
        assert!(shell.output().expect("a shell").status.success());
    };
    std::fs::write(folder.path().join("listener.c"), LISTENER).expect("written");
    run("gcc -shared -fPIC -DLOG=\"\\\"$PWD/log\\\"\" listener.c -o listener.so", None);
    run(COMMANDS, Some(&folder.path().join("listener.so")));
    let log = std::fs::read_to_string(folder.path().join("log")).expect("somebody asked");
    let asked: std::collections::BTreeSet<&str> = log.lines().collect();
    for known in ["LPATH", "GNUTARGET", "COLLECT_NO_DEMANGLE", "CCC_OVERRIDE_OPTIONS"] {
        assert!(asked.contains(known), "the test hears of {known}");
    }
    let is_known = |name: &&str| {
        keyed_traced(name) || refused(name).is_some() || HARMLESS.iter().any(|known| name.starts_with(known))
    };
    let unknown: Vec<_> = asked.into_iter().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "not in the table: {unknown:?}");
}
