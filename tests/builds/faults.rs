//! The companion, its store, its cache and its files going wrong: the build never notices.
use crate::support::missing::Missing;
use crate::support::project::Expect::{Any, Hits};
use crate::support::project::{CLEAN_MAKE, Project};
use crate::support::sandbox::{Sandbox, programs};
use crate::support::shell::{sh, succeed};
use crate::support::strace::may_trace;
use crate::support::tree;
use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn sixty_files_with_sixteen_jobs() {
    let mut project = Project::of(&[
        ("Makefile", "all: $(patsubst %.c,%.o,$(wildcard *.c))\n%.o: %.c\n\t@$(CC) -O2 -c -o $@ $<\n"),
        ("all.h", "#include <stdio.h>\n#define ALL 1\n"),
    ]);
    for number in 0..60 {
        let text = format!("#include \"all.h\"\nint f{number}(void) {{ return ALL + {number}; }}\n");
        project = project.file(&format!("f{number}.c"), &text);
    }
    let build = "rm -f *.o; make -s -j16";
    project
        .step("", build, Any)
        .step("", build, Hits)
        .step("sed -i 's/ALL 1/ALL 2/' all.h", build, Any)
        .step("", build, Hits)
        .check();
}

#[test]
fn the_store_is_damaged() {
    let project = learnt();
    let store = project.sandbox.path("store");
    for round in 0..3_u8 {
        project.sandbox.stop();
        assert!(damage(&store, round) > 0, "nothing to damage in {}", store.display());
        relearns(&project);
    }
}

#[test]
fn the_store_is_of_a_newer_spec_cc() {
    let project = learnt();
    project.sandbox.stop();
    let schema = project.sandbox.path("store").join("schema");
    fs::write(&schema, "999\n").unwrap();
    relearns(&project);
    let list = project.sandbox.specctl(&["list"]).output().unwrap();
    let said = String::from_utf8_lossy(&list.stderr).into_owned();
    assert!(
        !list.status.success() && said.contains("format 999") && said.contains("SPEC_CC_STORE"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(&schema).unwrap(), "999\n", "the newer store is not touched");
}

#[test]
fn a_source_cannot_be_read() {
    // A folder cannot be read as a source by root either.
    Project::of(&[("source.c/inside", "")])
        .step("", "$CC -c source.c", Any)
        .step("", "$CC -c source.c", Any)
        .check();
}

#[test]
fn the_cache_is_damaged() {
    let project = learnt();
    for round in 0..2_u8 {
        assert!(damage(&project.sandbox.path("cache"), round) > 0, "nothing to damage");
        relearns(&project);
        project.sandbox.stop();
    }
}

/// Removes a folder in which a companion may just be making files.
fn remove(folder: &Path) {
    for _ in 0..500 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(Duration::from_millis(10));
            }
            removed => return removed.unwrap(),
        }
    }
    panic!("{} cannot be removed", folder.display());
}

#[test]
fn the_cache_vanishes_under_a_running_companion() {
    let project = learnt();
    let companion = project.sandbox.companion();
    remove(&project.sandbox.path("cache"));
    relearns(&project);
    assert_served(&project);
    assert_eq!(project.sandbox.companion(), companion, "it went on");
}

#[test]
fn the_store_vanishes_under_a_running_companion() {
    let project = learnt();
    for name in ["store", "cache"] {
        remove(&project.sandbox.path(name));
    }
    ends(&project.sandbox);
    relearns(&project);
    assert_served(&project);
    assert!(project.sandbox.path("store/db").exists());
}

#[test]
fn a_damaged_cache_is_told_of_once() {
    let project = learnt();
    assert!(damage(&project.sandbox.path("cache"), 2) > 6, "nothing to damage");
    relearns(&project);
    let complaints = project.sandbox.complaints();
    let told = complaints.iter().filter(|line| line.contains("removed from the cache")).count();
    assert_eq!(told, 1, "{complaints:#?}");
}

#[test]
fn nobody_else_may_write_where_results_are() {
    let project = Project::six();
    project.lay_out();
    let script = format!("umask 0; specctl run -- sh -ec '{CLEAN_MAKE}'");
    let mut build = sh(&project.tree(), &script);
    project.sandbox.enter(&mut build);
    succeed(build.env("CC", "spec-cc gcc"));
    for name in ["cache", "store", "socket"] {
        let mut paths = vec![project.sandbox.path(name)];
        while let Some(path) = paths.pop() {
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            assert_eq!(meta.permissions().mode() & 0o077, 0, "{}", path.display());
            if meta.is_dir() {
                paths.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }
    project.sandbox.stop();
    let cache = project.sandbox.path("cache");
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
    relearns(&project);
    let listed = project.sandbox.specctl(&["list"]).output().unwrap();
    let said = String::from_utf8_lossy(&listed.stderr).into_owned();
    assert!(!listed.status.success() && said.contains("others may write to"), "{said}");
    ends(&project.sandbox);
    fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).unwrap();
    relearns(&project);
    assert_served(&project);
}

#[test]
fn where_a_file_without_a_name_gets_none_outputs_are_renamed_into_place() {
    if !may_trace() {
        return;
    }
    let project = Project::of(&[("main.c", "int main(void) { return 7; }\n")]);
    project.lay_out();
    succeed(&mut project.session("$CC -c main.c"));
    let wanted = tree::list(&project.tree(), tree::is_built);
    let serve = "rm main.o; strace -f -qq -o ../calls -e trace=linkat,rename -e inject=linkat:error=ENOENT $CC -c main.c";
    succeed(&mut project.session(serve));
    let calls = fs::read_to_string(project.sandbox.path("calls")).unwrap();
    assert!(calls.contains("INJECTED") && calls.contains("rename("), "{calls}");
    tree::assert_same("renamed", &tree::list(&project.tree(), tree::is_built), &wanted);
    assert!(tree::list(&project.tree(), |path, _| path.to_string_lossy().contains(".spec-cc-")).is_empty());
    assert_served(&project);
}

#[test]
fn store_and_cache_cannot_be_written() {
    for name in ["store", "cache"] {
        // A file where a folder should be stops root as well.
        let project = Project::six();
        fs::write(project.sandbox.path(name), "in the way").unwrap();
        project.step("", CLEAN_MAKE, Any).step("", CLEAN_MAKE, Any).check();
    }
}

#[test]
fn the_disk_is_full() {
    let project = Project::six();
    let cache = project.sandbox.path("cache");
    fs::create_dir(&cache).unwrap();
    let size = Some("size=64k");
    let flags = nix::mount::MsFlags::empty();
    if let Err(error) = nix::mount::mount(Some("none"), &cache, Some("tmpfs"), flags, size) {
        // Only root can make a disk so small; elsewhere the test would say nothing.
        return Missing::Kernel(format!("no small disk can be mounted ({error})")).skip();
    }
    let project = project.step("", CLEAN_MAKE, Any).step("", CLEAN_MAKE, Any);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| project.check()));
    project.sandbox.stop();
    let _ = nix::mount::umount2(&cache, nix::mount::MntFlags::MNT_DETACH);
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_file_changes_while_it_is_compiled() {
    let mut slow = String::from("#include \"early.h\"\n");
    for number in 0..20_000 {
        let _ = writeln!(slow, "static inline int f{number}(int x) {{ return x * {number} + (x ^ 3); }}");
    }
    slow.push_str("#include \"late.h\"\nint value[] = { EARLY, LATE };\n");
    let project = Project::of(&[("main.c", &slow), ("early.h", ""), ("late.h", "")]);
    project.lay_out();
    let tree = project.tree();
    for (round, pause) in [1_u64, 10, 40, 80, 160].into_iter().enumerate() {
        write_values(&tree, round);
        let mut running = project.session("rm -f main.o; $CC -c main.c").spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        write_values(&tree, round + 100);
        assert!(running.wait().unwrap().success());
        for back in [round, round + 100] {
            write_values(&tree, back);
            succeed(&mut project.session("rm -f main.o; $CC -c main.c"));
            let got = tree::list(&tree, tree::is_built);
            succeed(&mut sh(&tree, "gcc -c main.c"));
            tree::assert_same("changed meanwhile", &got, &tree::list(&tree, tree::is_built));
        }
    }
}

#[test]
fn the_time_is_never_remembered() {
    let project = Project::of(&[("main.c", "char when[] = __TIME__;\n")]);
    project.lay_out();
    let mut seen = Vec::new();
    for _ in 0..2 {
        succeed(&mut project.session("$CC -c main.c"));
        seen.push(fs::read(project.tree().join("main.o")).unwrap());
        std::thread::sleep(Duration::from_millis(1100));
    }
    assert_ne!(seen[0], seen[1], "an object of an earlier second was served");
}

/// A small project that the companion has learnt.
pub(super) fn learnt() -> Project {
    let project = Project::six();
    project.lay_out();
    succeed(&mut project.session(CLEAN_MAKE));
    project
}

/// Panics unless compiles of the last session were served: on a busy machine not all of the sessions before were learnt from.
pub(super) fn assert_served(project: &Project) {
    let stats = project.sandbox.stats("small");
    let served: f64 = ["joined", "prefetched", "cached"].iter().map(|way| stats.served(way)).sum();
    assert!(served > 0.0, "{stats:?}");
}

/// Waits until the sandbox's companion has left by itself.
fn ends(sandbox: &Sandbox) {
    let late = Instant::now() + Duration::from_secs(30);
    while sandbox.companion().is_some() {
        assert!(Instant::now() < late, "it stays");
        // Each look is a connection, and a companion that refuses waits until nobody has come for a while.
        std::thread::sleep(Duration::from_secs(6));
    }
}

/// Builds twice more, both times comparing with the plain compiler.
pub(super) fn relearns(project: &Project) {
    for _ in 0..2 {
        project.lay_out();
        succeed(&mut project.session(CLEAN_MAKE));
        let got = tree::list(&project.tree(), tree::is_built);
        project.lay_out();
        succeed(sh(&project.tree(), CLEAN_MAKE).env("CC", "gcc"));
        tree::assert_same("after damage", &got, &tree::list(&project.tree(), tree::is_built));
    }
}

/// Overwrites parts of every file below `folder`; returns how many files that was.
fn damage(folder: &Path, round: u8) -> usize {
    let files = tree::list(folder, |_, bytes| !bytes.is_empty());
    for path in files.keys() {
        let path = folder.join(path);
        let mut bytes = fs::read(&path).unwrap();
        // Not all that is kept may be written, but by root.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        match round {
            0 => bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x5a),
            1 => bytes.truncate(bytes.len() / 2),
            _ => bytes.fill(0xff),
        }
        fs::write(&path, bytes).unwrap();
    }
    files.len()
}

/// Gives both headers values of their own for `round`.
fn write_values(tree: &Path, round: usize) {
    fs::write(tree.join("early.h"), format!("#define EARLY {round}\n")).unwrap();
    fs::write(tree.join("late.h"), format!("#define LATE {round}\n")).unwrap();
}

/// What a compile read, with `-MMD`, another run of the compiler says, and by then a header may have gone.
#[test]
fn a_header_goes_while_it_is_compiled() {
    let source = "#include \"h.h\"\n#include <regex>\nint f(const char *s) { return std::regex_match(s, std::regex(\"a+\")) + H; }\n";
    // Once there is assembler code, all headers have been read; and there is enough of it to assemble for a while.
    let build = "mkdir -p t; (n=0; until find t -name '*.s' -size +0 | grep -q .; do sleep .01; n=$((n + 1)); \
                 [ $n != 3000 ] || { echo waited in vain for assembler code >&2; break; }; done; rm -f first/h.h) & TMPDIR=$PWD/t $CXX -g -MMD -Ifirst -Isecond -c main.cc; wait; rm -rf t";
    Project::of(&[("main.cc", source), ("first/h.h", "#define H 1\n"), ("second/h.h", "#define H 2\n")])
        .step("", build, Any)
        .step("rm main.o main.d", "$CXX -g -MMD -Ifirst -Isecond -c main.cc", Any)
        .check();
}

/// Old headers come to where others were when they were read.
#[test]
fn another_folder_comes_while_it_is_compiled() {
    let source = "#include \"h.h\"\n#include <regex>\nint f(const char *s) { return std::regex_match(s, std::regex(\"a+\")) + H; }\n";
    for (put, replace, more) in
        [("ln -s v1 inc", "ln -sfn v2 inc", ""), ("mv v1 inc", "mv inc v1; mv v2 inc", "-MMD")]
    {
        let compile = format!("$CXX -g {more} -Iinc -c main.cc");
        // Once there is assembler code, all headers have been read; and there is enough of it to assemble for a while.
        let build = format!(
            "mkdir -p t; sleep .1; (n=0; until find t -name '*.s' -size +0 | grep -q .; do sleep .01; n=$((n + 1)); \
             [ $n != 3000 ] || {{ echo waited in vain for assembler code >&2; break; }}; done; {replace}) & \
             TMPDIR=$PWD/t {compile}; wait; rm -rf t"
        );
        Project::of(&[("main.cc", source), ("v1/h.h", "#define H 1\n"), ("v2/h.h", "#define H 2\n")])
            .step(put, &build, Any)
            .step("rm -f main.o main.d", &compile, Any)
            .check();
    }
}

#[test]
fn there_is_no_tracer_beside_specctl() {
    let sandbox = Sandbox::new();
    let (bin, tree) = (sandbox.path("bin"), sandbox.path("tree"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&tree).unwrap();
    for name in ["specctl", "spec-cc"] {
        // Another process writes them, lest a child of some other test hold them open.
        succeed(Command::new("install").arg(programs().join(name)).arg(&bin));
    }
    fs::write(tree.join("main.c"), "int main(void) { return 0; }\n").unwrap();
    let path = std::env::join_paths([bin.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let run = |script: &str| {
        let mut shell = sh(&tree, script);
        sandbox.enter(&mut shell);
        String::from_utf8(succeed(shell.env("PATH", &path)).stdout).unwrap()
    };
    run("for i in 1 2; do rm -f main; spec-cc gcc -c main.c; spec-cc gcc -o main main.o; ./main; done");
    let found: serde_json::Value = serde_json::from_str(&run("specctl doctor --json")).unwrap();
    let detail = "there is no spec-cc-trace beside specctl: only compiles are recorded";
    assert_eq!((&found["tracer"]["state"], &found["tracer"]["detail"]), (&"without".into(), &detail.into()));
    let told = sandbox.complaints().iter().filter(|line| line.contains(detail)).count();
    assert_eq!(told, 1, "{:?}", sandbox.complaints());
}
