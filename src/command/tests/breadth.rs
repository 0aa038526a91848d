//! Every option that the installed compilers tell of is in the table, with its argument where they want it.

use std::collections::BTreeSet;
use std::process::Command;

use crate::command::table::row::Effect;
use crate::command::{Family, table};

/// Options in a compiler's help that are not its C and C++ drivers', or whose argument the table need not know: with it the
/// command has several inputs (`-meabi 5`) or is refused anyway (`-Xopenmp-target=TRIPLE ARG`).
const OTHERS: &[&str] = &[
    "-Xf",
    "-Hd",
    "-Hf",
    "-J",
    "-gnat",
    "-gnatO",
    "-gant",
    "-cpp",
    "-cpp=",
    "-nocpp",
    "-fintrinsic-modules-path",
    "-meabi",
    "-Xopenmp-target=",
];

/// How an option is to be tried: with an argument in the same word, in the next, or with none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Option {
    name: String,
    joined: bool,
    separate: bool,
}

fn ask(compiler: &str, args: &[&str]) -> Vec<String> {
    let output = Command::new(compiler).args(args).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    // Each option begins a line with two blanks; what is further in is its description.
    text.lines().filter_map(|line| line.strip_prefix("  -").map(|rest| format!("-{rest}"))).collect()
}

/// What a class of GCC's help lists and its driver does not have: these want an argument of the compiler proper only.
const INNER: &[&str] = &["-MD", "-MMD", "--write-dependencies", "--write-user-dependencies", "--output-pch="];

/// The options of the classes of `gcc --help=CLASS`.
fn of_gcc(classes: &[&str]) -> Vec<Option> {
    let lines = |class: &str| ask("gcc", &[&format!("--help={class}")]);
    let separate: BTreeSet<String> = lines("separate").iter().map(|line| option(line).name).collect();
    let taken = |name: &str| separate.contains(name) && !INNER.contains(&name);
    let listed = classes.iter().flat_map(|class| lines(class));
    listed.map(|line| option(&line)).map(|found| Option { separate: taken(&found.name), ..found }).collect()
}

fn of_clang() -> Vec<Option> {
    ask("clang", &["--help-hidden"]).iter().map(|line| option(line)).collect()
}

/// An option from its line in a help text: `-fname=<value>`, `-I <dir>`, `-D<macro>[=<val>]`, `-fplain`.
fn option(line: &str) -> Option {
    let word = line.split_whitespace().next().unwrap_or_default();
    let end = word.find(['<', '[', '{']).unwrap_or(word.len());
    let separate = line[word.len()..].starts_with(" <");
    let name = word[..end].trim_end_matches(',').to_owned();
    Option { joined: word[end..].starts_with(['<', '{']) || name.ends_with('='), name, separate }
}

/// What the table makes of `option`, where that is wrong.
fn fault(option: &Option, family: Family) -> std::option::Option<String> {
    if OTHERS.contains(&option.name.as_str()) {
        return None;
    }
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let args = match (option.joined, option.separate) {
        (true, false) => words(&[&format!("{}1", option.name), "next.c"]),
        (_, true) => words(&[&option.name, "1", "next.c"]),
        (false, false) => words(&[&option.name, "next.c"]),
    };
    let tokens = table::tokens(&args, family);
    let (first, last) = (tokens.first()?, tokens.last()?);
    if matches!(first.effect, Effect::Unknown | Effect::Missing) {
        return Some(format!("{}: {:?}", args[0], first.effect));
    }
    let whole = first.words.len() == args.len() - 1 && last.effect == Effect::Input;
    (!whole).then(|| format!("{args:?}: takes {} words", first.words.len()))
}

fn faults(options: impl IntoIterator<Item = Option>, family: Family) -> Vec<String> {
    let options: BTreeSet<Option> = options.into_iter().collect();
    assert!(options.len() > 500, "the help was not understood: {options:?}");
    options.iter().filter_map(|option| fault(option, family)).collect()
}

/// Whether the table was made for compilers as new as this one; a newer one's options are reported, not held against it.
fn is_known(compiler: &str, newest: u32) -> bool {
    let output = Command::new(compiler).arg("-dumpversion").output().unwrap();
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    version
        .split('.')
        .next()
        .and_then(|major| major.trim().parse().ok())
        .is_some_and(|major: u32| major <= newest)
}

/// Fails with the faults, if the compiler is not newer than the table.
fn judge(faults: &[String], known: bool) {
    let text = format!("{} options:\n{}", faults.len(), faults.join("\n"));
    assert!(faults.is_empty() || !known, "{text}");
    println!("{text}");
}

#[test]
fn every_option_of_gcc_is_in_the_table() {
    let classes =
        ["common", "optimizers", "target", "warnings", "params", "c", "c++", "undocumented", "separate"];
    judge(&faults(of_gcc(&classes), Family::Gcc), is_known("gcc", 12));
}

#[test]
fn every_option_of_clang_is_in_the_table() {
    judge(&faults(of_clang(), Family::Clang), is_known("clang", 14));
}

#[test]
fn options_of_compilers_that_are_not_installed_are_known() {
    let line = "-fhardened -fstrict-flex-arrays=3 -fzero-init-padding-bits=all -fcontract-mode=on -fmultiflags -mavx10.2 -mapxf \
                -msm4 -fptrauth-calls -fcoverage-mcdc -fsanitize-merge -fcaret-diagnostics-max-lines=3 -fwchar-type=short";
    let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    for token in table::tokens(&args, Family::Clang) {
        assert!(matches!(token.effect, Effect::Passes | Effect::Directories), "{}", token.option());
    }
    for option in
        ["--embed-dir=x", "--warning-suppression-mappings=x", "-fsearch-include-path", "-flto-incremental=x"]
    {
        let refused = [Family::Gcc, Family::Clang].iter().any(|&family| {
            matches!(table::tokens(&[option.to_owned()], family)[0].effect, Effect::Refuse(_))
        });
        assert!(refused, "{option}");
    }
}
