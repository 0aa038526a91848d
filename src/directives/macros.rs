//! Macros: how they reach conditions, and which of them ask for files there.

use super::hazards::Hazards;
use super::probes::{asks_whether_defined, last_word, operand, operator};
use super::words::{contains, names, word};
use crate::directives::include::{Form, Kind};

/// How macros reach conditions: names as 32-bit hashes, sorted, each once.
///
/// An accidental equality of hashes only makes a set be compared by content, or its result not be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MacroUse {
    /// Macros whose replacement holds `__LINE__`, `__COUNTER__` or a probe of what is not known, and the hazard that a condition on
    /// it is; and what `##` may complete to such a macro's name, or to that of one in `probers`.
    pub positional: Vec<(u32, Hazards)>,
    /// Macros that ask for the file that is their argument (`#define HAS(x) __has_include(x)`).
    pub probers: Vec<u32>,
    /// For each name in a macro's replacement, and for what it has `##` complete: (the name, the macro).
    pub links: Vec<(u32, u32)>,
    /// Names in conditions and computed includes; [`called`] where it is with a header's name as its argument.
    pub conditions: Vec<u32>,
    /// Words in headers' names that are another name if a macro is called so.
    pub words: Vec<u32>,
    /// Macros without arguments that are called as a word in a header's name may be.
    pub defined: Vec<u32>,
}

/// What stands for all names that `##` may make of two arguments.
const ANY_PASTE: u32 = 0;

/// Macros that GCC and Clang define for one target or another, as far as words in headers' names are such; all others begin with an
/// underscore or are of upper case (GCC: `builtin_define_std` and `DEFINE` of `gcc/config`; Clang: `DefineStd` of `Basic/Targets`).
const PREDEFINED: [&[u8]; 27] = [
    b"arc", b"arm", b"bool", b"cdecl", b"far", b"hppa", b"hpux", b"i386", b"i486", b"i586", b"i686",
    b"linux", b"m68k", b"mips", b"near", b"pascal", b"pdp11", b"pixel", b"powerpc", b"sgi", b"sparc", b"spu",
    b"sun", b"unix", b"vax", b"vector", b"vms",
];

/// A name's hash: eight bytes at a time, as in `FxHash`; names are too short to be worth more.
pub(super) fn hash(name: &[u8]) -> u32 {
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = name.as_chunks::<8>();
    let hash = words.iter().fold(name.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let hash = mix(hash, rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
    (hash >> 32) as u32
}

/// What stands for a macro that is called with a header's name.
pub fn called(name: u32) -> u32 {
    name ^ 0x5bd1_e995
}

/// What stands for a piece of a name that `##` completes.
fn piece(name: &[u8]) -> u32 {
    hash(name) ^ 0x9e37_79b9
}

/// A `#define`, taken apart.
pub(super) struct Definition<'t> {
    pub name: &'t [u8],
    pub body: &'t [u8],
    parameters: Option<Vec<&'t [u8]>>,
}

impl<'t> Definition<'t> {
    /// From what follows `define`.
    pub(super) fn new(text: &'t [u8]) -> Self {
        let name = word(text);
        let rest = &text[name.len()..];
        let list = rest.strip_prefix(b"(").and_then(|list| Some((list, memchr::memchr(b')', list)?)));
        let Some((list, close)) = list else { return Self { name, body: rest, parameters: None } };
        let parameters = list[..close].split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
        Self { name, body: &list[close + 1..], parameters: Some(parameters) }
    }

    /// Whether a word in the body stands for an argument, or for several.
    fn is_argument(&self, name: &[u8]) -> bool {
        let is = |parameter: &&[u8]| parameter.strip_suffix(b"...").unwrap_or(parameter).trim_ascii() == name;
        name == b"__VA_ARGS__" || self.parameters.as_ref().is_some_and(|all| all.iter().any(is))
    }

    /// Whether one argument is all there is between the parentheses a text begins with.
    fn passes_argument(&self, text: &[u8]) -> bool {
        let inside = text.trim_ascii_start().strip_prefix(b"(").unwrap_or_default().trim_ascii_start();
        let name = word(inside);
        let closed = inside[name.len()..].trim_ascii_start().starts_with(b")");
        closed && self.parameters.as_ref().is_some_and(|all| all.contains(&name))
    }

    /// The first and last parts of each name that `##` makes in the body; of others none.
    fn pastes(&self) -> Vec<(&'t [u8], &'t [u8])> {
        let mut pieces = Vec::new();
        let mut from = 0;
        for at in memchr::memmem::find_iter(self.body, b"##") {
            pieces.push(self.body[from..at].trim_ascii());
            from = at + 2;
        }
        pieces.push(self.body[from..].trim_ascii());
        let mut pastes = Vec::new();
        let mut first = last_word(pieces[0]);
        for (at, piece) in pieces.iter().enumerate().skip(1) {
            let last = word(piece);
            if last.len() == piece.len() && at + 1 < pieces.len() {
                continue;
            }
            if let Some(first) = first.filter(|_| !last.is_empty()) {
                pastes.push((first, last));
            }
            first = last_word(piece);
        }
        pastes
    }
}

impl MacroUse {
    /// Takes in what a definition asks for or may come to ask for; gives what it asks for by a literal name in `<>`.
    pub(super) fn note_definition<'t>(&mut self, definition: &Definition<'t>) -> Vec<(Kind, &'t [u8])> {
        let Definition { name, body, .. } = definition;
        if definition.parameters.is_none() && is_like_header(name) {
            self.defined.push(hash(name));
        }
        self.note_pastes(definition);
        let mut literal = Vec::new();
        for (at, used) in names(body) {
            let Some(kind) = operator(used).filter(|_| !asks_whether_defined(&body[..at])) else { continue };
            let after = &body[at + used.len()..];
            let is_alias = definition.parameters.is_none() && body.trim_ascii() == used;
            if is_alias || definition.passes_argument(after) {
                self.probers.push(hash(name));
                self.note_pieces(name);
                continue;
            }
            match operand(after) {
                // What is in quotes is looked for in the folder of the file whose condition it is.
                Some((Form::Angle, header)) if self.note_words_of(header, definition) => {
                    literal.push((kind, header));
                }
                _ => {
                    self.positional.push((hash(name), Hazards::PROBE));
                    self.note_pieces(name);
                }
            }
        }
        literal
    }

    /// Keeps which words of a header's name a macro may replace; `false` when one of them may be a macro that is not looked for.
    pub(super) fn note_words(&mut self, header: &[u8]) -> bool {
        let words: Vec<&[u8]> = names(header).map(|(_, name)| name).collect();
        self.words.extend(words.iter().map(|name| hash(name)));
        words.iter().all(|name| is_like_header(name) && !PREDEFINED.contains(name))
    }

    fn note_words_of(&mut self, header: &[u8], definition: &Definition<'_>) -> bool {
        self.note_words(header) && !names(header).any(|(_, name)| definition.is_argument(name))
    }

    /// What `##` has to make to have a prober's name.
    fn note_pieces(&mut self, name: &[u8]) {
        let pieces = (1..name.len()).flat_map(|at| [&name[..at], &name[at..]]).map(piece);
        self.positional.extend(pieces.chain([ANY_PASTE]).map(|piece| (piece, Hazards::PASTED)));
    }

    fn note_pastes(&mut self, definition: &Definition<'_>) {
        let user = hash(definition.name);
        let body = definition.body;
        if contains(body, b"%:%:") || contains(body, b"##") && contains(body, b"__VA_OPT__") {
            self.links.push((ANY_PASTE, user));
        }
        for (first, last) in definition.pastes() {
            let known = [first, last].into_iter().find(|part| !definition.is_argument(part));
            self.links.push((known.map_or(ANY_PASTE, piece), user));
        }
    }

    /// Whether a macro asks for files (`PROBE`), and whether one does whose name may be pasted (`PASTED`).
    pub fn probes(&self) -> Hazards {
        let own = if self.probers.is_empty() { Hazards::NONE } else { Hazards::PROBE };
        self.positional
            .iter()
            .fold(own, |all, (_, hazard)| all | *hazard)
            .intersection(Hazards::PROBE | Hazards::PASTED)
    }

    pub(super) fn tidy(&mut self) {
        tidy(&mut self.positional);
        for list in [&mut self.probers, &mut self.conditions, &mut self.words, &mut self.defined] {
            tidy(list);
        }
        tidy(&mut self.links);
    }
}

/// Whether a name looks as words in headers' names do, and few macros.
fn is_like_header(name: &[u8]) -> bool {
    !name.starts_with(b"_") && name.iter().any(u8::is_ascii_lowercase)
}

fn tidy<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
    list.shrink_to_fit();
}
