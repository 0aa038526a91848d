//! Commands of which it is known whether two checkouts share them.
use super::bench::{Pair, assert_same};
use super::lines::FILES;
use crate::support::sandbox::Sandbox;

const ROOTS: [&str; 2] = ["a", "b/of/another-length"];

/// Builds `lines` in both checkouts; returns how many the second got from the first.
fn shared(lines: &[&str], roots: [&str; 2]) -> usize {
    let sandbox = Sandbox::new();
    let pair = Pair::new(&sandbox, roots, FILES);
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    for number in [0, 1] {
        let wanted = pair.plainly(number, &lines);
        let got = pair.with_spec_cc(number, &lines);
        assert!(got.contains_key("out/0.o"), "nothing was made: {got:?}");
        assert_same(&format!("checkout {number}"), &got, &wanted, &lines);
    }
    let (found, stats) = pair.shared();
    assert_eq!(stats.number("launched") as usize, lines.len(), "{stats:?}");
    found
}

#[test]
fn relative_names_are_shared() {
    let lines = [
        "CC gcc -O2 -Wall -Iinc -MD -c src/file.c -o out/{n}.o",
        "CC gcc -O2 -Wall -fPIC -Iinc -MMD -MP -MF out/{n}.d -c src/warns.c -o out/{n}.o",
        "cd sub; CC gcc -I../inc -c ../src/line.c -o {n}.o",
        "CC g++ -std=c++20 -Iinc -c src/place.cpp -o out/{n}.o",
        "CC g++ -c src/hidden.cpp -o '{root}/out/{n}.o'",
        "CC clang -O1 -Iinc -isystem inc2 -c src/file.c -o out/{n}.o",
        "CC clang++ -c src/ctor.cpp -o out/{n}.o",
    ];
    assert_eq!(shared(&lines, ROOTS), lines.len());
    assert_eq!(shared(&lines[..4], ["with a blank", "bb"]), 4);
}

#[test]
fn mapped_names_are_shared() {
    let lines = [
        "CC gcc -g -ffile-prefix-map='{root}'=. -Iinc -MD -c src/file.c -o out/{n}.o",
        "CC gcc -g -fdebug-prefix-map='{root}'=/x -Iinc -c src/file.c -o out/{n}.o",
        "CC gcc -O1 -g -ffile-prefix-map='{root}'=. -I'{root}/inc' -c '{root}/src/file.c' -o '{root}/out/{n}.o'",
        "cd sub; CC gcc -fmacro-prefix-map='{root}/'= -I'{root}/inc' -c ../src/file.c -o {n}.o",
        "CC g++ -std=c++20 -g -ffile-prefix-map='{root}'=. -I'{root}/inc' -c '{root}/src/place.cpp' -o out/{n}.o",
        "CC clang -g -ffile-prefix-map='{root}'=. -I'{root}/inc' -c '{root}/src/plain.c' -o out/{n}.o",
        "CC clang -g -ffile-compilation-dir=. -Iinc -c src/file.c -o out/{n}.o",
    ];
    assert_eq!(shared(&lines, ROOTS), lines.len());
}

#[test]
fn what_may_name_its_folder_is_not_shared() {
    let lines = [
        "CC gcc -g -Iinc -c src/file.c -o out/{n}.o",
        "CC gcc -I'{root}/inc' -c src/file.c -o out/{n}.o",
        "CC gcc -g -fmacro-prefix-map='{root}'=. -Iinc -c src/file.c -o out/{n}.o",
        "CC gcc -fdebug-prefix-map='{root}'=. -c '{root}/src/file.c' -Iinc -o out/{n}.o",
        "CC gcc -g -ffile-prefix-map='{root}/'= -Iinc -c src/file.c -o out/{n}.o",
        "CC gcc -ffile-prefix-map='{root}'=. -ffile-prefix-map='{base}'=x -I'{root}/inc' -c src/file.c -o out/{n}.o",
        "CC gcc -ffile-prefix-map='{root}'=. -I'{root}/inc' -MD -c src/file.c -o out/{n}.o",
        "CC gcc -ffile-prefix-map='{root}'=. -Wall -I'{root}/inc' -c src/warns.c -o out/{n}.o",
        "CC gcc -ffile-prefix-map='{root}'=. -c '{root}/src/said.c' -o out/{n}.o",
        "CC gcc -isystem sub/../sub/../inc -c src/file.c -o out/{n}.o",
        "CC gcc -Isub/../inc -c src/system.c -o out/{n}.o",
        "CC gcc -c src/loc.c -o out/{n}.o",
        "CC gcc -DROOT='\"{root}\"' -c src/plain.c -o out/{n}.o",
        "CC gcc -flto -frandom-seed=x -c src/plain.c -o out/{n}.o",
        "CC gcc --coverage -frandom-seed=x -c src/plain.c -o out/{n}.o",
        "CPATH='{root}/inc' CC gcc -c src/file.c -o out/{n}.o",
    ];
    assert_eq!(shared(&lines, ROOTS), 0);
}

#[test]
fn explain_says_what_to_do() {
    let sandbox = Sandbox::new();
    let pair = Pair::new(&sandbox, ROOTS, FILES);
    let said = |line: &str| {
        let answer = pair.explain(1, line);
        (answer["shared"].as_bool(), answer["shared_reason"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(said("gcc -Iinc -c src/file.c").0, Some(true));
    let (shared, reason) = said("gcc -g -Iinc -c src/file.c");
    assert_eq!(shared, Some(false));
    assert!(reason.contains("-ffile-prefix-map"), "{reason}");
    let (shared, reason) = said("gcc -isystem inc -c src/file.c");
    assert_eq!(shared, Some(false));
    assert!(reason.contains("-fno-canonical-system-headers"), "{reason}");
    assert_eq!(said("gcc -fno-canonical-system-headers -isystem inc -c src/file.c").0, Some(true));
}
