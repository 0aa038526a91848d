//! `specctl explain` says of each command that is not cached why, in words that need no manual.

use crate::support::sandbox::Sandbox;
use std::fmt::Write as _;
use std::fs;

/// Files that the commands name.
const FILES: &[(&str, &str)] = &[
    ("a.c", "int a;\n"),
    ("clock.c", "char now[] = __TIME__;\n"),
    ("stamp.c", "char then[] = __TIMESTAMP__;\n"),
    ("incbin.c", "__asm__(\".incbin \\\"a.c\\\"\");\n"),
    ("embed.c", "char text[] = {\n#if 0\n#embed \"a.c\"\n#endif\n0 };\n"),
    ("pre.c", "#include \"pre.h\"\n"),
    ("pre.h", "int pre;\n"),
    ("pre.h.gch", "nothing that GCC takes\n"),
    ("import.cc", "#if 0\nimport std;\n#endif\nint i;\n"),
    ("probe.c", "#define NAME \"a.h\"\n#if __has_include(NAME)\n#endif\n"),
    ("file", ""),
];

/// A command each, and what is set for it.
const COMMANDS: &[&str] = &[
    "gcc -c a.c",
    "gcc -c clock.c",
    "SOURCE_DATE_EPOCH=1 gcc -c clock.c",
    "SOURCE_DATE_EPOCH=1 clang -c clock.c",
    "gcc -c stamp.c",
    "gcc -DX=__DATE__ -c a.c",
    "gcc -c incbin.c",
    "clang -c incbin.c",
    "gcc -c embed.c",
    "g++ -std=c++20 -c import.cc",
    "g++ -std=c++20 -fmodules-ts -c import.cc",
    "clang -fmodules -c a.c",
    "gcc -c pre.c",
    "clang -include-pch x.pch -c a.c",
    "gcc -c probe.c",
    "gcc -fplugin=x.so -c a.c",
    "gcc -specs=x -c a.c",
    "gcc -fprofile-use -c a.c",
    "gcc -march=native -c a.c",
    "gcc -save-temps -c a.c",
    "gcc -fdump-tree-all -c a.c",
    "gcc -aux-info protos -c a.c",
    "gcc -ftime-report -c a.c",
    "gcc -Wa,-al=list -c a.c",
    "clang -Xclang -load -c a.c",
    "gcc -traditional-cpp -c a.c",
    "gcc -fnew-in-2040 -c a.c",
    "gcc -Ifile -c a.c",
    "gcc -Wmissing-include-dirs -Inowhere -c a.c",
    "DEPENDENCIES_OUTPUT=x gcc -c a.c",
    "CCC_OVERRIDE_OPTIONS=+-g clang -c a.c",
    "LD_PRELOAD=x.so gcc -c a.c",
    "gcc a.c",
    "gcc -S a.c",
    "gcc -c",
    "gcc -c a.c clock.c",
    "gcc -x c -c -",
    "gcc -c a.txt",
    "gcc -c a.c -o /dev/null",
    "gcc -c a.c -MF x.d",
    "gcc -c a.c -o",
    "gcc -c conftest.c",
    "ls -c a.c",
];

#[test]
fn every_refusal_has_its_reason() {
    let sandbox = Sandbox::new();
    let tree = sandbox.path("tree");
    fs::create_dir(&tree).unwrap();
    for (name, text) in FILES {
        fs::write(tree.join(name), text).unwrap();
    }
    let mut table = String::new();
    for line in COMMANDS {
        let words = shell_words::split(line).unwrap();
        let (variables, words): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| {
            word.split_once('=')
                .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        });
        let mut args = vec!["explain", "--json", "--"];
        args.extend(words.iter().map(String::as_str));
        let mut command = sandbox.specctl(&args);
        command.current_dir(&tree);
        // What the loader itself heeds must not keep specctl from starting.
        command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
        let output = crate::support::shell::succeed(&mut command);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let (verdict, reason) = (answer["verdict"].as_str().unwrap(), answer["reason"].as_str().unwrap());
        writeln!(table, "{line}\n    {verdict}: {reason}").unwrap();
    }
    insta::assert_snapshot!(table);
}

/// As `packaging/install` has it: there the compilers' names lead to spec-cc.
#[test]
fn a_name_that_leads_to_spec_cc_is_the_compiler_behind() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("links");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(crate::support::sandbox::programs().join("spec-cc"), folder.join("gcc"))
        .unwrap();
    fs::write(folder.join("a.c"), "int a;\n").unwrap();
    let action = |compiler: &str| {
        let mut command = sandbox.specctl(&["explain", "--json", "--", compiler, "-c", "a.c"]);
        command.current_dir(&folder).env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        let output = crate::support::shell::succeed(&mut command);
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        answer["action_digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(action("gcc"), action("/usr/bin/gcc"));
}
