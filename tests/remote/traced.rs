//! Traced commands on a grid that executes: configure tests, links and archives.

use std::fs;
use std::path::Path;

use crate::support::peers::{Casd, CasdOptions, Peers};
use crate::support::project::Expect::{Ahead, Any, Hits};
use crate::support::project::Project;
use crate::support::strace::may_trace;

/// One configure test.
const TEST: &str =
    "echo 'int main(void) { return 0; }' >conftest.c; $WAIT; $CC -o conftest conftest.c; ./conftest; echo $?";

/// What a configure script does: tests under one name, some of which fail.
const CONFIGURE: &str = r##"
exec 5>config.log
: >confdefs.h
try() {
    name=$1; shift
    if "$@" 2>conftest.err; then echo "#define HAVE_$name 1" >>confdefs.h; else echo "/* no $name */" >>confdefs.h; fi
    sed 's,/tmp/cc[A-Za-z0-9]*,,g' conftest.err >&5
    rm -f conftest.o conftest.i conftest conftest.err
}
source() { { cat confdefs.h; echo "$1"; } >conftest.c; }
$WAIT
for header in stdio.h no_such.h here.h; do source "#include <$header>"; try ${header%.h} $CC -E conftest.c -o conftest.i; done
for function in puts no_such; do
    source "char $function(void); int main(void) { return $function(); }"; try $function $CC -o conftest -g -O2 conftest.c
done
source "double cos(double); int main(int n, char **v) { return (int)cos(n); }"; try cos $CC -o conftest conftest.c -lm
source "int main(void) { return PLUS + 1; }"; try PLUS $CC $FLAGS -o conftest conftest.c
rm -f conftest*
cp confdefs.h config.h
"##;

/// Objects, an archive, a shared library and a program of both.
const CHAIN: &str = "for file in a b c; do $CC -O2 -fPIC -c $file.c; done; $WRAP ar rcs liba.a a.o; $CC -shared -o libb.so b.o; \
                     $WAIT; $CC -o program c.o liba.a -L. -lb; LD_LIBRARY_PATH=. ./program; echo $?";

fn chain() -> Project {
    Project::of(&[
        ("a.c", "int a(void) { return 1; }\n"),
        ("b.c", "int b(void) { return 2; }\n"),
        ("c.c", "int a(void), b(void); int main(void) { return a() + b(); }\n"),
    ])
}

fn one_test() -> Project {
    Project::of(&[("README", "")])
}

fn configured() -> Project {
    Project::of(&[("configure", CONFIGURE.trim_start())])
}

/// How many traced commands a casd has executed that ended well.
fn executed(casd: &Casd) -> usize {
    let mut folders = vec![casd.cache().join("actioncache/objects")];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if fs::read(entry.path())
                .is_ok_and(|text| memchr::memmem::find(&text, b".spec-cc-report").is_some())
            {
                found += 1;
            }
        }
    }
    found
}

/// Has all results on this machine forgotten: records alone are left.
fn forgetting(project: &Project) -> impl Fn() + use<> {
    let results = project.sandbox.path("cache/ac");
    move || drop(fs::remove_dir_all(&results))
}

/// A project whose results stay on this machine, so that a grid is not asked for them but for their execution.
fn on(casd: &Casd, project: Project) -> Project {
    project.set("SPEC_CC_REMOTE", &casd.url).set("SPEC_CC_SHARE_RECORDS", "0")
}

/// casd with another runner than the one that uses this machine's programs.
fn sandboxed(peers: &Peers, arguments: &[&str]) -> CasdOptions {
    let runner = format!("--buildbox-run={}", peers.program("buildbox-run-bubblewrap").display());
    let arguments = std::iter::once(runner).chain(arguments.iter().map(|text| (*text).to_owned()));
    CasdOptions { arguments: arguments.collect(), own_runner: true, ..CasdOptions::default() }
}

#[test]
fn a_configure_test_is_executed_and_served() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = on(&casd, one_test());
    let forget = forgetting(&project);
    project.step("", TEST, Any).step("rm conftest*", TEST, Ahead).before(forget).check();
    assert_eq!(executed(&casd), 1);
}

#[test]
fn a_configure_script_is_served_whole() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = on(&casd, configured());
    let forget = forgetting(&project);
    let build = "sh ./configure";
    project
        .step("", build, Any)
        .step("rm config.*", build, Ahead)
        .before(forget)
        .step("rm config.*", build, Hits)
        .check();
    // All but those that fail, which casd does not keep.
    assert!(executed(&casd) >= 3, "{}", executed(&casd));
}

#[test]
fn archives_and_links_are_made_of_what_launches_have_made() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let build = format!("$WAIT; {CHAIN}");
    let project = on(&casd, chain()).set("SPEC_CC_LOG", "debug").step("", &build, Any).step(
        "rm *.o lib* program; sed -i s/1/3/ a.c; sed -i s/2/4/ b.c",
        &build,
        Ahead,
    );
    project.check();
    let log = project.sandbox.complaints().join("\n");
    assert_eq!(executed(&casd), 3, "an archive and two links: {log}");
}

#[test]
fn a_worker_that_puts_the_input_root_at_its_own_root_will_do() {
    let Some(peers) = Peers::get().filter(|_| may_trace() && Path::new("/usr/bin/bwrap").exists()) else {
        return;
    };
    let casd = peers.casd(&sandboxed(&peers, &[]));
    let project = on(&casd, one_test());
    let forget = forgetting(&project);
    project.step("", TEST, Any).step("rm conftest*", TEST, Ahead).before(forget).check();
    assert_eq!(executed(&casd), 1);
}

/// It has executed the test with its own compiler in place of the one that it was given.
#[test]
fn what_used_the_workers_own_files_is_not_used() {
    let Some(peers) = Peers::get().filter(|_| may_trace() && Path::new("/usr/bin/bwrap").exists()) else {
        return;
    };
    let casd = peers.casd(&sandboxed(&peers, &["--runner-arg=--bind-mount=/usr:/usr"]));
    let project = on(&casd, one_test()).set("SPEC_CC_LOG", "debug");
    let forget = forgetting(&project);
    let project = project.step("", TEST, Any).step("rm conftest*", TEST, Ahead).before(forget);
    project.check();
    assert_eq!(executed(&casd), 1, "it was executed, and then run here");
    let log = project.sandbox.complaints().join("\n");
    assert!(log.contains("not of the root that it was given"), "{log}");
}

#[test]
fn a_grid_that_is_not_fit_is_left_alone() {
    let Some(peers) = Peers::get().filter(|_| may_trace() && Path::new("/usr/bin/bwrap").exists()) else {
        return;
    };
    let casd = peers.casd(&sandboxed(&peers, &["--runner-arg=--bind-mount=/usr:/usr"]));
    let project = on(&casd, configured());
    let explain = "$WAIT; specctl explain -- gcc -o program program.c | grep -o 'launches run.*' >../said";
    let said = project.sandbox.path("said");
    let forget = forgetting(&project);
    let project = project
        .step("", "sh ./configure", Any)
        .step("rm config.*", &format!("sh ./configure; [ \"$WAIT\" = : ] || {{ {explain}; }}"), Ahead)
        .before(forget);
    project.check();
    let said = fs::read_to_string(said).expect("it was explained");
    assert!(
        said.contains("launches run here: what the grid made of the last ones could not be used"),
        "{said}"
    );
}

#[test]
fn where_it_is_off_nothing_traced_is_executed() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = on(&casd, one_test()).set("SPEC_CC_REMOTE_TRACED", "0");
    let forget = forgetting(&project);
    project.step("", TEST, Any).step("rm conftest*", TEST, Ahead).before(forget).check();
    assert_eq!(executed(&casd), 0);
}

/// What was recorded no longer holds when it is launched, or what was launched when it is asked for.
#[test]
fn nothing_wrong_is_served_when_something_has_changed() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = on(&casd, configured());
    let forget = [forgetting(&project), forgetting(&project), forgetting(&project)];
    let [header, variable, late] = forget;
    let build = "CPATH=. FLAGS= sh ./configure";
    project
        .step("", build, Any)
        .step("rm config.*; echo 'int here;' >here.h", build, Any)
        .before(header)
        .step("rm config.*", "CPATH=/nowhere FLAGS=-DPLUS=1 sh ./configure", Any)
        .before(variable)
        .step("rm config.*", "echo '#error late' >here.h; CPATH=. FLAGS=-DPLUS=2 sh ./configure", Any)
        .before(late)
        .check();
}

/// The compiler is exchanged between the record and the launch, and between the launch and the ask.
#[test]
fn another_compiler_serves_nothing_of_the_old_one() {
    let Some(peers) = Peers::get().filter(|_| may_trace()) else { return };
    let casd = peers.casd(&CasdOptions::default());
    let lay_out = "mkdir -p bin; cp -L $(command -v gcc) bin/gcc; ln -sf $PWD/bin/gcc cc";
    let test = "echo 'int main(void) { return 0; }' >conftest.c; $WAIT; CHANGE; $WRAP $PWD/bin/gcc -o conftest conftest.c; ./conftest; echo $?";
    let change = "printf x >>bin/gcc";
    let project = on(&casd, one_test());
    let forget = [forgetting(&project), forgetting(&project)];
    let [before, between] = forget;
    project
        .step(lay_out, &test.replace("CHANGE", ":"), Any)
        .step(&format!("rm conftest*; {change}"), &test.replace("CHANGE", ":"), Any)
        .before(before)
        .step("rm conftest*", &test.replace("CHANGE", change), Any)
        .before(between)
        .check();
}
