//! Parsers of what comes from outside: whatever the bytes, they end, never panic, and take memory in proportion.
//!
//! What no door leads to has the same tests beside it: ELF headers, archives, linker scripts, entries on a grid, records' rows.
//! `tests/fuzz` tries more, longer.
use crate::rounds::{dice, rounds};
use crate::weight::peak;
use fastrand::Rng;
use spec_cc::base::digest::Digest;
use spec_cc::cache::outcome::{Outcome, OutputFile};
use spec_cc::command::{Family, Invocation, read};
use spec_cc::companion::control::Control;
use spec_cc::directives;
use spec_cc::inputs::depfile;
use spec_cc::settings::Settings;
use spec_cc::store::{ElementKey, Record, Store};
use spec_cc_shim::wire;
use std::fs;
use std::path::Path;

/// Bytes of memory for each byte of input, and for none: a response file that names itself is read two thousand times.
const FOR_EACH: usize = 400;
const FOR_NONE: usize = 8 << 20;

/// A parser's name, what it makes sense of, and the parser.
type Parser<'a> = (&'static str, Vec<u8>, Box<dyn Fn(&[u8]) + 'a>);

#[test]
fn whatever_comes_is_read_to_its_end() {
    let mut dice = dice("parsers");
    let room = tempfile::tempdir().unwrap();
    let of_each = rounds("INPUTS", 2000);
    for (name, sense, parser) in parsers(room.path()) {
        for round in 0..of_each {
            let input = changed(&sense, &mut dice);
            fs::write(room.path().join("last"), &input).unwrap();
            let ((), bytes) = peak(|| parser(&input));
            let most = FOR_NONE + FOR_EACH * input.len();
            assert!(
                bytes <= most,
                "{name}, input {round}: {bytes} bytes of memory for {}: {input:?}",
                input.len()
            );
        }
    }
}

fn parsers(room: &Path) -> Vec<Parser<'_>> {
    let file = move |name: &str, text: &[u8]| {
        let path = room.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    };
    let settings = move |name: &str, text: &[u8]| {
        file(name, text);
        let home = room.to_str().unwrap();
        drop(Settings::read([("HOME", home)], room));
        fs::remove_file(room.join(name)).unwrap();
    };
    let response = move |text: &[u8]| {
        file("words", text);
        let inv = Invocation {
            compiler: "/usr/bin/gcc".into(),
            args: ["-c", "a.c", "@words"].map(Into::into).to_vec(),
            cwd: room.to_owned(),
        };
        drop(read(&inv, Family::Gcc, false, &|path| fs::read(room.join(path))));
    };
    let text = |bytes: &[u8]| bytes.to_vec();
    vec![
        ("depfile", text(b"a.o: a.c \\\n b\\ c.h $$x.h\n\nb.h:\n"), Box::new(|bytes| drop(depfile::parse(bytes)))),
        (
            "directives",
            text(b"#if 1\n#include <a.h>\n??=include \"b.h\" // x\\\n\n#endif\nR\"x(\n#define)x\" _Pragma(\"once\")"),
            Box::new(|bytes| drop(directives::scan(bytes))),
        ),
        ("response file", text(b"-o 'a b' \"-DX=\\\"y\\\"\" @words -Iinc\\ x"), Box::new(response)),
        ("wire request", request()[4..].to_vec(), Box::new(|bytes| drop(wire::Request::decode(bytes)))),
        ("wire reply", reply()[4..].to_vec(), Box::new(|bytes| drop(wire::Reply::decode(bytes)))),
        (
            "trace",
            text(b"spec-cc trace 1\nA/usr/include/a.h\0C/x y\0D/x.o\0=/opt\0.4\0"),
            Box::new(move |bytes| drop(spec_cc_tracer::read(&file("trace", bytes)))),
        ),
        ("outcome", outcome(), Box::new(|bytes| drop(Outcome::decode(bytes)))),
        (
            "control",
            serde_json::to_vec(&Control::Close { ticket: "1:1".into(), succeeded: true }).unwrap(),
            Box::new(|bytes| drop(serde_json::from_slice::<Control>(bytes))),
        ),
        (
            "settings",
            text(b"# c\nmode = spec\nremote = http://x:1\nmax_size = 5G\n\n"),
            Box::new(move |bytes| settings(".config/spec-cc/spec-cc.conf", bytes)),
        ),
        (
            "recc.conf",
            text(b"server=http://x:1\nremote_platform_OSFamily=linux\ncache_only=1\n"),
            Box::new(move |bytes| settings(".recc/recc.conf", bytes)),
        ),
    ]
}

/// `sense` with some bytes changed, cut out, said again or put in; now and then anything at all.
fn changed(sense: &[u8], dice: &mut Rng) -> Vec<u8> {
    let mut bytes = sense.to_vec();
    if dice.u8(..20) == 0 {
        bytes = (0..dice.usize(..200)).map(|_| dice.u8(..)).collect();
    }
    for _ in 0..dice.usize(..5) {
        if bytes.is_empty() {
            break;
        }
        let at = dice.usize(..bytes.len());
        let end = (at + dice.usize(1..12)).min(bytes.len());
        match dice.u8(..6) {
            0 => bytes[at] = dice.u8(..),
            1 => bytes[at] ^= 1 << dice.u8(..8),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.splice(at..at, bytes[at..end].to_vec().repeat(dice.usize(1..30))).for_each(drop),
            4 => bytes.splice(at..at, [0xff; 9]).for_each(drop),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn request() -> Vec<u8> {
    let ask = wire::Ask {
        compiler: b"/usr/bin/gcc".to_vec(),
        args: vec![b"-c".to_vec(), b"a.c".to_vec()],
        cwd: b"/src".to_vec(),
        env: vec![b"A=1".to_vec()],
        ..wire::Ask::default()
    };
    wire::Request::Ask(ask).encode().unwrap()
}

fn reply() -> Vec<u8> {
    let run = wire::Run { env: vec![b"A=1".to_vec()], prefix: vec![b"/x".to_vec()], ..wire::Run::default() };
    wire::Reply::Run(run).encode().unwrap()
}

fn outcome() -> Vec<u8> {
    let file =
        |path: &str| OutputFile { path: path.into(), digest: Digest::of(path.as_bytes()), executable: true };
    let files = vec![file("a.o"), file("a.d")];
    Outcome { files, stderr: b"warning".to_vec(), ..Outcome::default() }.encode()
}

/// An element with a few records, as it is exported.
pub(crate) fn exported(room: &Path) -> Vec<u8> {
    let key = ElementKey::new("hostile", "element");
    let store = Store::open(&room.join("exporter")).unwrap().store;
    for number in 0..20 {
        let record = Record {
            id: spec_cc::store::RecordId::of("{root}", &format!("{number}.o")),
            compiler: "gcc".into(),
            args: vec!["-c".into(), format!("{{root}}/{number}.c")],
            cwd: "{root}".into(),
            source: format!("{{root}}/{number}.c"),
            outputs: vec![format!("{number}.o")],
            ..Record::default()
        };
        let inputs: Vec<String> = (0..=number).map(|header| format!("{{root}}/h{header}.h")).collect();
        store.put(&key, &record, &inputs).unwrap();
    }
    store.export(&key).unwrap()
}

/// As the parsers' inputs.
pub(crate) fn hostile(sense: &[u8], dice: &mut Rng) -> Vec<u8> {
    changed(sense, dice)
}
