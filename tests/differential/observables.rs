//! What a toolchain program can observe besides arguments and contents (`docs/exactness.md`): one thing at a time is changed between
//! two runs, of compiles and of traced commands, by GCC and by Clang.
use super::case::{Case, Change, Command};
use super::stand::Stand;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// What it is about; how the tree is set up; a script that runs compilers by `$S`; what changes: `NAME=value` is a variable, all else a
/// script.
type Kind = (&'static str, &'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    // Programs that nobody knows
    ("a script as compiler", "mkdir b; printf '#!/bin/sh\\nexec /usr/bin/gcc $FLAGS \"$@\"\\n' >b/gcc; chmod +x b/gcc", "$S b/gcc -c plain.c", &["FLAGS=-DX=1", "FLAGS=-Dplain=p"]),
    ("a script that preprocesses", "mkdir b; printf '#!/bin/sh\\nexec /usr/bin/gcc $FLAGS \"$@\"\\n' >b/gcc; chmod +x b/gcc", "$S b/gcc -E plain.c -o out.i", &["FLAGS=-Dplain=p"]),
    ("a script that links", "mkdir b; printf '#!/bin/sh\\nexec /usr/bin/gcc $FLAGS \"$@\"\\n' >b/gcc; chmod +x b/gcc", "$S b/gcc main.c -o app", &["FLAGS=-DX=9"]),
    ("a program as compiler", "mkdir b; printf '#include <stdlib.h>\\n#include <unistd.h>\\nint main(int c, char **v) { char *n[c + 2], *f = getenv(\"FLAGS\"); n[0] = \"gcc\"; n[1] = f ? f : \"-DNONE\"; for (int i = 1; i <= c; i++) n[i + 1] = v[i]; execv(\"/usr/bin/gcc\", n); return 1; }' >w.c; gcc w.c -o b/gcc", "$S b/gcc -c main.c", &["FLAGS=-DX=9"]),
    ("a script as assembler", "mkdir t; printf '#!/bin/sh\\nexec /usr/bin/as $FLAGS \"$@\"\\n' >t/as; chmod +x t/as", "$S gcc -Bt -c plain.c", &["FLAGS=-g"]),
    ("a script as assembler in a link", "mkdir t; printf '#!/bin/sh\\nexec /usr/bin/as $FLAGS \"$@\"\\n' >t/as; chmod +x t/as", "$S gcc -Bt main.c -o app", &["FLAGS=-g"]),
    ("a script as linker", "mkdir t; printf '#!/bin/sh\\nexec /usr/bin/ld $FLAGS \"$@\"\\n' >t/ld; chmod +x t/ld", "$S gcc -Bt main.c -o app", &["FLAGS=-s"]),
    ("a script as archiver", "mkdir t; printf '#!/bin/sh\\nexec /usr/bin/ar \"$@\" $MORE\\n' >t/ar; chmod +x t/ar; gcc -c plain.c main.c", "PATH=$PWD/t:$PATH ${S:+spec-}ar rcD x.a plain.o", &["MORE=main.o"]),
    // Variables
    ("a search path of the driver's", "mkdir l1 l2; for n in 1 2; do echo \"int q(void) { return $n; }\" >q.c; gcc -c q.c; ar rcD l$n/libq.a q.o; done; echo 'int q(void); int main(void) { return q(); }' >y.c; gcc -c y.c", "$S gcc y.o -lq -o app", &["LPATH=l1", "LPATH=l2"]),
    ("another by a variable", "mkdir l1 l2; for n in 1 2; do echo \"int q(void) { return $n; }\" >q.c; gcc -c q.c; ar rcD l$n/libq.a q.o; done; echo 'int q(void); int main(void) { return q(); }' >y.c; gcc -c y.c", "$S clang y.o -lq -o app", &["LIBRARY_PATH=l1", "LIBRARY_PATH=l2"]),
    ("a run path", "gcc -c main.c", "$S gcc main.o -o app", &["LD_RUN_PATH=/a", "LD_RUN_PATH=/b"]),
    ("an emulation", "gcc -c main.c", "$S ld -r main.o -o part.o", &["LDEMULATION=elf_i386"]),
    ("a target", "gcc -c main.c", "${S:+spec-}ar rcD x.a main.o", &["GNUTARGET=elf32-i386"]),
    ("messages in columns", "", "$S gcc -Wall -S warn.c", &["COLUMNS=30", "COLUMNS=100"]),
    ("Clang's", "", "$S clang -Wall -c warn.c", &["COLUMNS=30", "COLUMNS=100", "TERM=xterm-256color"]),
    ("colours", "", "$S gcc -Wall -fdiagnostics-color=always -c warn.c", &["GCC_COLORS=warning=01;36", "GCC_COLORS="]),
    ("messages in a file", "", "$S gcc -Wall -fdiagnostics-format=json-file -c warn.c; cat *.json; rm -f *.json", &["COLUMNS=20", "LC_ALL=C"]),
    ("a time that counts", "echo 'const char now[] = __DATE__;' >t.c", "$S gcc -S t.c", &["SOURCE_DATE_EPOCH=1000000", "SOURCE_DATE_EPOCH=2000000000", "SOURCE_DATE_EPOCH=never"]),
    ("a time in a compile", "echo 'const char now[] = __DATE__;' >t.c", "$S gcc -c t.c", &["SOURCE_DATE_EPOCH=1000000", "SOURCE_DATE_EPOCH=2000000000", "SOURCE_DATE_EPOCH=never"]),
    ("the loader prints", "", "$S gcc -c plain.c", &["LD_DEBUG=statistics"]),
    ("the loader only lists", "", "$S gcc -c plain.c", &["LD_TRACE_LOADED_OBJECTS=1"]),
    ("a name that is looked up with @", "", "$S gcc -c plain.c", &["GCC_ROOT=/nowhere", "GCC_EXEC_PREFIX=/nowhere/"]),
    // More of a file than its content
    ("a program's mode", "mkdir t; cp /usr/bin/as t", "$S gcc -Bt -v main.c -o app 2>&1 | grep -o 't/as' | head -n 1", &["chmod -x t/as", "chmod +x t/as"]),
    ("a mode in a compile", "mkdir t; cp /usr/bin/as t", "$S gcc -Bt -c plain.c", &["chmod -x t/as", "chmod +x t/as"]),
    ("equal files, equally old", "mkdir d1 d2; cp once.h d1; cp -p d1/once.h d2; printf '#include \"d1/once.h\"\\n#include \"d2/once.h\"\\nint o = ONCE;\\n' >o.c", "$S gcc -E o.c -o o.i", &["touch -d 2001-01-01 d2/once.h", "touch -r d1/once.h d2/once.h"]),
    ("the same to standard output", "mkdir d1 d2; cp once.h d1; cp -p d1/once.h d2; printf '#include \"d1/once.h\"\\n#include \"d2/once.h\"\\nint o = ONCE;\\n' >o.c", "$S gcc -E o.c", &["touch -d 2001-01-01 d2/once.h"]),
    ("the same in a compile", "mkdir d1 d2; printf '#pragma once\\nstatic int n = __COUNTER__;\\n' >d1/c.h; cp -p d1/c.h d2; printf '#include \"d1/c.h\"\\n#include \"d2/c.h\"\\nint o = __COUNTER__;\\n' >o.c", "$S gcc -c o.c", &["touch -d 2001-01-01 d2/c.h"]),
    ("equal files of one second", "mkdir d1 d2; for d in d1 d2; do cp once.h $d; done; touch -d '2024-01-01 00:00:00.1' d1/once.h; touch -d '2024-01-01 00:00:00.9' d2/once.h; printf '#include \"d1/once.h\"\\n#include \"d2/once.h\"\\nint o = ONCE;\\n' >o.c", "$S gcc -E o.c -o o.i", &["touch -d '2024-02-01 00:00:00.9' d2/once.h", "touch -d '2024-02-01 00:00:00.1' d1/once.h"]),
    ("the last two of three", "mkdir d1 d2 d3; for d in d1 d2 d3; do cp once.h $d; touch -d 2024-01-01 $d/once.h; done; touch -d 2024-02-01 d1/once.h; printf '#include \"d1/once.h\"\\n#include \"d2/once.h\"\\n#include \"d3/once.h\"\\nint o = ONCE;\\n' >o.c", "$S gcc -E o.c -o o.i", &["touch -d 2024-03-01 d3/once.h"]),
    ("two names of one file", "mkdir d1 d2; cp once.h d1; cp -p d1/once.h d2; printf '#include \"d1/once.h\"\\n#include \"d2/once.h\"\\nint o = ONCE;\\n' >o.c", "$S clang -E o.c -o o.i", &["ln -f d1/once.h d2/once.h", "rm d2/once.h; cp -p d1/once.h d2"]),
    ("two names in a compile", "mkdir d1 d2; printf '#pragma once\\nstatic int n = __COUNTER__;\\n' >d1/c.h; cp -p d1/c.h d2; printf '#include \"d1/c.h\"\\n#include \"d2/c.h\"\\nint o = __COUNTER__;\\n' >o.c", "$S clang -c o.c", &["ln -f d1/c.h d2/c.h"]),
    ("a folder given twice by two names", "ln -s inc2 inc3", "$S gcc -Iinc2 -Iinc3 -E next.c -o n.i", &["rm inc3; cp -rp inc2 inc3"]),
    ("a dependency pragma", "", "$S gcc -E pragma.c", &["touch -d 2041-01-01 gram.y"]),
    ("a link that leads elsewhere", "mkdir r1 real2; echo 'int h;' >r1/h.h; cp r1/h.h real2; ln -s real2 inc; echo '#include <h.h>' >x.c", "$S gcc -isystem inc -E x.c -o x.i", &["ln -sfn r1 inc"]),
    ("the same in a list of dependencies", "mkdir r1 real2; echo 'int h;' >r1/h.h; cp r1/h.h real2; ln -s real2 inc; echo '#include <h.h>' >x.c", "$S gcc -isystem inc -M x.c", &["ln -sfn r1 inc"]),
    ("a link to a file", "cp k.h k1.h; cp k.h k22.h; ln -s k22.h s.h; printf '#include <s.h>\\nint s = K;\\n' >x.c", "$S gcc -isystem . -E x.c -o x.i", &["ln -sfn k1.h s.h"]),
    ("the working directory's spelling", "", "$S gcc -g -c plain.c", &["cd .; export PWD", "PWD=/proc/self/cwd"]),
    ("its spelling with a dot", "", "PWD=$PWD$DOT $S gcc -g -c plain.c", &["DOT=/.", "DOT=/../tree"]),
    ("its spelling for Clang", "", "PWD=$PWD$DOT $S clang -g -c plain.c", &["DOT=/."]),
    ("its spelling in a link", "", "PWD=$PWD$DOT $S gcc -g main.c -o app", &["DOT=/."]),
    ("its spelling in a text", "", "PWD=$PWD$DOT $S gcc -g -S main.c", &["DOT=/."]),
    // What is not there
    ("no folder for a program", "gcc -c main.c", "$S gcc main.o -o d/app; rm -rf d/app", &["mkdir d", "rmdir d"]),
    ("no folder for a text", "", "$S gcc -S main.c -o d/x.s; rm -rf d/x.s", &["mkdir d"]),
    ("no folder for what is preprocessed", "", "$S clang -E main.c -o d/x.i; rm -rf d/x.i", &["mkdir d"]),
    ("no folder for a map", "gcc -c main.c", "$S gcc main.o -Wl,-Map,d/map -o app; rm -rf d/map", &["mkdir d"]),
    ("no folder for a list", "", "$S gcc -E -MD -MF d/dep main.c -o x.i; rm -rf d/dep", &["mkdir d"]),
    ("no folder for an archive", "gcc -c main.c", "${S:+spec-}ar rcD d/x.a main.o; rm -rf d/x.a", &["mkdir d"]),
    ("no folder above the folder", "gcc -c main.c", "$S gcc main.o -o e/d/app; rm -rf e/d/app", &["mkdir e", "mkdir e/d"]),
    ("a link to nowhere in its place", "gcc -c main.c; ln -s d/real app", "$S gcc main.o -o app; rm -rf d/real", &["mkdir d"]),
    ("a folder for a configure test", "echo 'int main(void) { return 0; }' >conftest.c", "$S gcc conftest.c -o d/conftest; rm -rf d/conftest", &["mkdir d"]),
    // A file that comes first
    ("a library found earlier", "mkdir l1 l2; for n in 1 2; do echo \"int q(void) { return $n; }\" >q.c; gcc -c q.c; ar rcD l$n/libq.a q.o; done; echo 'int q(void); int main(void) { return q(); }' >y.c; gcc -c y.c", "$S gcc y.o -Lnowhere -Ll2 -lq -o app", &["mkdir nowhere; cp l1/libq.a nowhere", "rm -r nowhere"]),
    ("a program found earlier", "mkdir t", "$S gcc -Bt main.c -o app", &["printf '#!/bin/sh\\nexec /usr/bin/as -g \"$@\"\\n' >t/as; chmod +x t/as"]),
    ("specs that come to be", "mkdir t", "$S gcc -Bt main.c -o app", &["printf '*cpp:\\n-DX=7\\n' >t/specs"]),
];

/// Commands over the tree of `yard.rs`, of every kind.
const COMMANDS: &[&str] = &[
    "$S gcc -c main.c",
    "$S gcc -g -O2 -Wall -c warn.c -Iinc1 -Iinc2",
    "$S clang -c main.c -Iinc2",
    "$S clang -g -Wall -c warn.c",
    "$S g++ -c p.cc -Iinc2",
    "$S gcc main.c -o app",
    "$S gcc main.o plain.o -Ll1 -Ll2 -lq -o app",
    "$S clang main.o -Ll2 -lq -o app",
    "$S gcc -E main.c -Iinc2 -isystem inc1",
    "$S clang -E main.c -o d/main.i",
    "$S gcc -S -g main.c -o main.s",
    "$S gcc -M main.c -isystem inc",
    "$S gcc -shared -fPIC plain.c -o d/libp.so",
    "$S gcc -c asm.S",
    "$S gcc conftest.c -o conftest",
    "${S:+spec-}ar rcD d/x.a main.o plain.o",
];

/// What may be another between two runs.
const OBSERVABLES: &[&str] = &[
    "LPATH=l1",
    "LIBRARY_PATH=l1",
    "CPATH=inc1",
    "C_INCLUDE_PATH=inc2",
    "COMPILER_PATH=t",
    "GCC_EXEC_PREFIX=/nowhere/",
    "LD_RUN_PATH=/r",
    "LD_LIBRARY_PATH=l1",
    "LC_ALL=C",
    "LANG=de_DE.UTF-8",
    "COLUMNS=31",
    "TERM=xterm",
    "GCC_COLORS=",
    "TZ=Asia/Tokyo",
    "SOURCE_DATE_EPOCH=1",
    "TMPDIR=/var/tmp",
    "UNRELATED=1",
    "POSIXLY_CORRECT=1",
    "PWD=/proc/self/cwd",
    "mkdir -p d",
    "rm -rf d",
    "rm -rf l1; mkdir l1; cp l2/libq.a l1",
    "touch -d 2001-01-01 h.h k.h",
    "ln -f k.h inc1/k.h; ln -f k.h inc2/k.h",
    "cp -p k.h x.h; mv x.h k.h",
    "ln -sfn inc1 inc",
    "ln -sfn inc2 inc",
    "chmod +x main.c k.h",
    "chmod -x t/as",
    "mkdir -p t; cp /usr/bin/as t/as",
    "mv main.c m.c; ln -s m.c main.c",
    "sed -i 's/K 5/K 6/' k.h",
    "echo 'int added;' >>plain.c; gcc -c plain.c",
    "echo old >app; chmod 400 app",
    "umask 077",
];

const SETUP: &str = "mkdir -p l1 l2 t; ln -s inc2 inc; gcc -c main.c plain.c; ar rcD l2/libq.a plain.o; \
    printf 'int main(void) { return 0; }\\n' >conftest.c";

/// Cases, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 40;

fn change(text: &str) -> Change {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    match text.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, value)) => Change::Variable(name.into(), value.into()),
        None => Change::Tree(text.into()),
    }
}

#[test]
fn each_kind_of_observable_is_in_the_key_or_refused() {
    let stand = Stand::new();
    let check = |(number, (what, setup, script, changes)): (usize, &Kind)| {
        let changes = changes.iter().copied().map(change).collect();
        let command = Command::of_script(script);
        let case = Case { command, setup: (*setup).to_owned(), changes, opened_early: number % 2 == 0 };
        stand.check(&case).err().map(|error| format!("{what}: {script}: {error}"))
    };
    let failures: Vec<String> = KINDS.iter().enumerate().filter_map(check).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), KINDS.len(), failures.join("\n"));
}

#[test]
fn one_thing_at_a_time() {
    let stand = Stand::new();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let config = Config { cases, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    let changes = prop::collection::vec(select(OBSERVABLES).prop_map(change), 1..4);
    let strategy = (select(COMMANDS), changes, any::<bool>());
    let outcome = TestRunner::new(config).run(&strategy, |(script, changes, opened_early)| {
        let case = Case { command: Command::of_script(script), setup: SETUP.into(), changes, opened_early };
        stand.check(&case).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let tally = stand.tally();
    eprintln!("{tally:?}");
    assert!(tally.served * 2 > tally.repeated, "too few were served: {tally:?}");
}
