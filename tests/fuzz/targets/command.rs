//! Any command line: what is read of it says the same when it is read again, from a response file, and of its scan.
#![no_main]

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use libfuzzer_sys::fuzz_target;
use spec_cc::command::{Compile, Family, Invocation, Verdict, normalise, read, response, scan_args};

const FAMILIES: [(Family, bool); 4] =
    [(Family::Gcc, false), (Family::Gcc, true), (Family::Clang, false), (Family::Clang, true)];

// The first byte is the compiler, the rest the words, a line each; what follows an empty line is the file `r`.
fuzz_target!(|data: &[u8]| {
    let Some((&compiler, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let driver = FAMILIES[usize::from(compiler) % FAMILIES.len()];
    let (line, file) = text.split_once("\n\n").unwrap_or((text, ""));
    let words: Vec<&str> = line.split('\n').collect();
    let verdict = verdict(&words, driver, file);
    normalised(&words);
    if let Verdict::Compile(compile) = &verdict {
        expanded(compile, &words, file);
        outputs(compile);
        again(compile, driver);
        scanned(compile, driver);
        by_response_file(compile, driver);
    }
});

/// How the command is read when `r` has the text `file` and no other response file is there.
fn verdict(words: &[impl AsRef<str>], (family, cplusplus): (Family, bool), file: &str) -> Verdict {
    let args = words.iter().map(|word| word.as_ref().into()).collect();
    let inv = Invocation { compiler: PathBuf::from("cc"), args, cwd: PathBuf::from("/work") };
    read(&inv, family, cplusplus, &only_r(file))
}

fn only_r(file: &str) -> impl Fn(&Path) -> io::Result<Vec<u8>> {
    move |path| match path.to_str() {
        Some("/work/r") => Ok(file.as_bytes().to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Every word that was given is there, in order, and no other.
fn expanded(compile: &Compile, words: &[&str], file: &str) {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    let expanded = response::expand(words, Path::new("/work"), &only_r(file));
    assert_eq!(expanded.as_ref(), Ok(&compile.args));
}

fn outputs(compile: &Compile) {
    assert!(compile.args.contains(&compile.source));
    let paths: HashSet<&str> = compile.outputs.iter().map(|output| &*output.path).collect();
    assert_eq!(paths.len(), compile.outputs.len(), "an output named twice");
    assert!(!paths.contains(&*compile.source) && !paths.contains(""), "{:?}", compile.outputs);
    let depfile = compile.depfile.as_ref().map(|request| &*request.path);
    assert!(depfile.is_none_or(|path| paths.contains(path)), "a depfile that is no output");
}

/// The words that were read are words to be read.
fn again(compile: &Compile, driver: (Family, bool)) {
    if !compile.args.iter().any(|word| word == "@r") {
        assert_eq!(verdict(&compile.args, driver, ""), Verdict::Compile(Box::new(compile.clone())));
    }
}

/// A scan looks for the same headers of the same source, and leaves the user's files alone.
fn scanned(compile: &Compile, driver: (Family, bool)) {
    let scan = scan_args(compile);
    let mut given = compile.args.iter();
    let (last, kept) = scan.split_last().expect("-w is added");
    assert_eq!(last, "-w");
    assert!(kept.iter().all(|word| given.any(|arg| arg == word)), "{kept:?} of {:?}", compile.args);
    let args = [&scan[..], &["-c", "-o", "own.o"].map(str::to_owned)].concat();
    let Verdict::Compile(scanned) = verdict(&args, driver, "") else {
        panic!("no compile any more: {args:?} of {:?}", compile.args)
    };
    assert_eq!((&scanned.source, scanned.language), (&compile.source, compile.language));
    assert_eq!(scanned.search, compile.search, "{args:?} of {:?}", compile.args);
    assert_eq!(scanned.named_inputs, compile.named_inputs);
    let own = |path: &str| path.starts_with("own.");
    assert!(scanned.outputs.iter().all(|output| own(&output.path)), "{args:?} writes {:?}", scanned.outputs);
}

/// The same words, quoted in a response file, are the same command.
fn by_response_file(compile: &Compile, driver: (Family, bool)) {
    let odd = |word: &String| word.starts_with('@') || word.contains(['\0', '\u{b}', '\u{c}', '\u{feff}']);
    if compile.args.iter().any(odd) {
        return;
    }
    let file: String = compile.args.iter().map(|word| quoted(word)).collect();
    assert_eq!(verdict(&["@r"], driver, &file), Verdict::Compile(Box::new(compile.clone())), "{file}");
}

fn quoted(word: &str) -> String {
    let escaped: String = word.chars().flat_map(|c| ['\\', c]).collect();
    format!("\"\"{escaped}\n")
}

/// A template with its root put back is the word it was made of.
fn normalised(words: &[&str]) {
    for word in words {
        if let Some(template) = normalise::to_template(word, "/work") {
            assert_eq!(normalise::from_template(&template, "/work"), **word);
        }
    }
}
