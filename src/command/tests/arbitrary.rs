//! No command line makes the reader panic, lose an argument or name an output twice.

use std::collections::HashSet;

use proptest::prelude::*;

use super::read_as;
use crate::command::{Verdict, scan_args};

/// Words that mean something, so that arbitrary lines reach past the first unknown option.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "-c",
        "-o",
        "a.c",
        "b.cc",
        "-x",
        "c",
        "none",
        "-MD",
        "-MMD",
        "-MF",
        "d",
        "-I",
        "-Iinc",
        "-include",
        "-g",
        "-gsplit-dwarf",
        "--coverage",
        "-fstack-usage",
        "-Wp,-MD,x",
        "-Wa,--noexecstack",
        "-",
        "",
        "@r",
        "-m32",
        "-fPIC",
        "-o.",
        "-ox/y.o",
        "-Wp,",
        "-Wa,",
        "-Xclang",
        "é.c",
        "-é",
        "-fé",
        "-MFé",
        "/",
        "a/",
        "-flto",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => ".{0,6}", 1 => "-[a-zA-Z=,-]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn reading_is_total(args in prop::collection::vec(word(), 0..10), clang: bool) {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        if let Verdict::Compile(compile) = read_as(if clang { "clang" } else { "g++" }, &args) {
            prop_assert_eq!(&compile.args, &args);
            prop_assert!(args.contains(&"-c") && args.contains(&compile.source.as_str()));
            let paths: HashSet<_> = compile.outputs.iter().map(|output| &output.path).collect();
            prop_assert_eq!(paths.len(), compile.outputs.len());
            // A scan is the command less some of its words, and says so that nothing is printed but the list.
            let scan = scan_args(&compile);
            let mut left = args.iter();
            let (last, kept) = scan.split_last().expect("-w is added");
            prop_assert_eq!(last, "-w");
            prop_assert!(kept.iter().all(|word| word.starts_with("-Wp,") || left.any(|arg| arg == word)));
        }
    }
}
