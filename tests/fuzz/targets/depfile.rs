//! Any depfile: names that were quoted come back, and what was read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use spec_cc::inputs::depfile::parse;

fuzz_target!(|text: &[u8]| {
    if let Ok(names) = parse(text) {
        written_and_read(&names);
        appended(text, &names);
    }
    let names = distinct(text.split(|byte| matches!(byte, 0 | b'\n' | b'\r')));
    written_and_read(&names);
});

fn distinct<'t>(pieces: impl Iterator<Item = &'t [u8]>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in pieces.filter_map(|piece| std::str::from_utf8(piece).ok()) {
        if !name.is_empty() && !names.iter().any(|other| other == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// In one line, in many, and with `-MP`'s phony rules, the names stay.
fn written_and_read(names: &[String]) {
    let quoted: Vec<String> = names.iter().map(|name| quote(name)).collect();
    let long = format!("t.o: {} \n", quoted.join(" "));
    let broken = format!("t.o t.d: \\\n {} \n", quoted.join(" \\\n  "));
    let dos = broken.replace('\n', "\r\n");
    let phony: String = quoted.iter().map(|name| format!("\n{name}:\n")).collect();
    for text in [&long, &broken, &dos, &format!("{long}{phony}")] {
        assert_eq!(parse(text.as_bytes()).as_deref(), Ok(names), "{text:?}");
    }
}

/// A rule more adds its names, and no more than these.
fn appended(text: &[u8], names: &[String]) {
    // The newline before it would be taken for a continuation.
    if text.ends_with(b"\\") || text.ends_with(b"\\\r") {
        return;
    }
    let more = [text, b"\n\nu.o: another/name.h\n"].concat();
    let wanted = match names.iter().position(|name| name == "another/name.h") {
        Some(_) => names.to_vec(),
        None => [names, &["another/name.h".to_owned()]].concat(),
    };
    assert_eq!(parse(&more), Ok(wanted));
}

/// As `munge` in GCC's `libcpp/mkdeps.cc`; backslashes at the end doubled as make wants them, which `munge` forgets.
fn quote(name: &str) -> String {
    let mut quoted = String::new();
    let mut backslashes = 0;
    for c in name.chars() {
        match c {
            ' ' | '\t' => quoted.push_str(&"\\".repeat(backslashes + 1)),
            '#' => quoted.push('\\'),
            '$' => quoted.push('$'),
            _ => {}
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        quoted.push(c);
    }
    quoted + &"\\".repeat(backslashes)
}
