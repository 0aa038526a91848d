//! Any file: equal fingerprints name the same files, text that is none of a directive's counts for nothing, and no
//! `#include` that a simple reader finds is missed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest as _, Sha256};
use spec_cc::directives::{Scan, scan};

fuzz_target!(|data: &[u8]| {
    // Two texts that share what stands before the first NUL and after the second.
    let mut parts = data.splitn(4, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (head, one, other, tail) = (part(), part(), part(), part());
    let (one, other) = ([head, one, tail].concat(), [head, other, tail].concat());
    let scans = [scan(&one), scan(&other)];
    assert_eq!(scans[0], scan(&one), "not a function of the text");
    if scans[0].fingerprint == scans[1].fingerprint {
        assert_eq!(names(&scans[0]), names(&scans[1]), "{}\n---\n{}", shown(&one), shown(&other));
    }
    for (text, scan) in [&one, &other].into_iter().zip(&scans) {
        nothing_is_missed(text, scan);
        text_counts_for_nothing(text, scan);
        a_directive_counts(text, scan);
    }
});

/// What must be the same in files whose directives are the same.
fn names(scan: &Scan) -> impl PartialEq + std::fmt::Debug {
    (scan.includes.clone(), scan.computed_include, scan.once, scan.macros.clone())
}

/// Whether the fingerprint covers the whole content, because what is a directive was not certain.
fn is_lost(text: &[u8], scan: &Scan) -> bool {
    let whole = Sha256::new().chain_update("content").chain_update([0]).chain_update(text).finalize();
    whole[..16] == scan.fingerprint
}

/// Lines and comments at the end of a file that is in order change nothing.
fn text_counts_for_nothing(text: &[u8], scanned: &Scan) {
    if is_lost(text, scanned) || !text.ends_with(b";\n") {
        return;
    }
    for more in ["\n\n", "int spec_cc;\n", "// x\n", "/* x */\n", "/*\n#include <x.h>\n*/\n"] {
        let longer = [text, more.as_bytes()].concat();
        let again = scan(&longer);
        if !is_lost(&longer, &again) {
            assert_eq!(again.fingerprint, scanned.fingerprint, "{}", shown(&longer));
        }
    }
}

/// One more directive is one more, unless it lies in a comment; then it names nothing either.
fn a_directive_counts(text: &[u8], scanned: &Scan) {
    let longer = [text, b"\n\n#include <spec_cc.h>\n"].concat();
    let again = scan(&longer);
    let named = |scan: &Scan| scan.includes.iter().any(|include| include.name == "spec_cc.h");
    if named(&again) && !named(scanned) {
        assert_ne!(again.fingerprint, scanned.fingerprint, "{}", shown(&longer));
    }
}

/// Where nothing can hide a directive or make one, every line that looks like an `#include` is known as one.
fn nothing_is_missed(text: &[u8], scan: &Scan) {
    if text.iter().any(|byte| b"\\/'?\r%".contains(byte)) || text.windows(2).any(|pair| pair == b"R\"") {
        return;
    }
    for line in text.split(|byte| *byte == b'\n') {
        let Some(rest) = line.trim_ascii().strip_prefix(b"#") else { continue };
        let Some(rest) = rest.trim_ascii_start().strip_prefix(b"include") else { continue };
        let rest = rest.trim_ascii();
        let name = match rest {
            [b'<', name @ .., b'>'] if !name.contains(&b'>') => name,
            [b'"', name @ .., b'"'] if !name.contains(&b'"') => name,
            _ => continue,
        };
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let known = scan.includes.iter().any(|include| include.name == name);
        assert!(known || name.is_empty(), "{name:?} is not known in {}", shown(text));
    }
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
