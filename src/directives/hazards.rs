//! Hazards: what in a file makes its directives say too little.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::words::{contains_word, is_word, word};

/// Words that begin a pragma which may offload.
const OFFLOADING: [&[u8]; 2] = [b"omp", b"acc"];

/// Whether a word that begins a pragma which may offload stands anywhere but in a pragma, whose words are looked at, and in an
/// `#include <omp.h>`.
pub(super) fn has_offload_word(content: &[u8]) -> bool {
    static WORDS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| OFFLOADING.map(Finder::new));
    WORDS.iter().zip(OFFLOADING).any(|(finder, name)| {
        let mut places = finder.find_iter(content);
        places.any(|at| {
            let (before, from) = content.split_at(at);
            let whole = word(from).len() == name.len() && !before.last().is_some_and(|byte| is_word(*byte));
            whole && !begins_pragma(before)
        })
    })
}

/// Whether the words of a pragma, or a header's name, may follow a text.
fn begins_pragma(text: &[u8]) -> bool {
    let operator =
        [&b"\""[..], b"("].iter().try_fold(text, |text, end| text.trim_ascii_end().strip_suffix(*end));
    if operator.is_some_and(|text| text.trim_ascii_end().ends_with(b"_Pragma")) {
        return true;
    }
    let line = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_start();
    let directive = line.strip_prefix(b"#").map(|rest| word(rest.trim_ascii_start()));
    matches!(directive, Some(b"pragma" | b"include"))
}

/// A set of hazards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Hazards(u32);

impl Hazards {
    /// None.
    pub const NONE: Self = Self(0);
    /// `__TIME__` or `__DATE__`: the object depends on the clock.
    pub const TIME: Self = Self(1);
    /// `__TIMESTAMP__`: the object depends on the file's time of modification.
    pub const TIMESTAMP: Self = Self(1 << 1);
    /// An assembler directive that reads a file (`.incbin`, `.include`), which no depfile lists.
    pub const INCBIN: Self = Self(1 << 2);
    /// A condition on the line it stands in (`#if __LINE__ …`), so also on the text before it.
    pub const POSITION: Self = Self(1 << 3);
    /// `#embed`.
    pub const EMBED: Self = Self(1 << 4);
    /// A C++20 module is imported or exported.
    pub const MODULE: Self = Self(1 << 5);
    /// `__has_include` of a name that only a macro knows: what was looked for cannot be told.
    pub const PROBE: Self = Self(1 << 6);
    /// A pragma that changes macros or includes is an operator (`_Pragma("push_macro(…)")`): what is read depends on the
    /// text, and `gcc -M` ignores it.
    pub const TEXT: Self = Self(1 << 7);
    /// A precompiled header lies where one is looked for; no scan finds this, only a look at the search path.
    pub const PRECOMPILED: Self = Self(1 << 8);

    /// A condition on `__COUNTER__`: on how often the text has used it, which `gcc -M` does not count.
    pub const COUNTER: Self = Self(1 << 9);

    /// A `#line` or a line marker names another file, whose lines GCC then quotes in its messages.
    pub const LINE: Self = Self(1 << 10);
    /// The file may say that it is a system header: GCC then looks for shorter names of what it includes.
    pub const SYSTEM: Self = Self(1 << 11);

    /// `#pragma omp target` or one for `OpenACC`: Clang names what it makes of it by the source's inode, GCC by chance.
    pub const OFFLOAD: Self = Self(1 << 12);

    /// Assembler text that cannot be read off the source: it may hold directives that read files.
    pub const ASSEMBLY: Self = Self(1 << 13);

    /// In closures over macros only: a name that `##` makes may be that of a macro that asks for files.
    pub(crate) const PASTED: Self = Self(1 << 14);

    /// A macro makes a pragma of what it is given (`_Pragma(#x)`, as glibc's `sys/cdefs.h` does): that may offload where it is called.
    pub const PRAGMA: Self = Self(1 << 15);
    /// A word that such pragmas begin with (`omp`, `acc`) stands outside of pragmas.
    pub const OFFLOAD_WORD: Self = Self(1 << 16);

    /// Each with its name in a source, and why it matters.
    const NAMES: [(Self, &'static str, &'static str); 14] = [
        (Self::TIME, "__TIME__ or __DATE__", "the object says when it was compiled"),
        (Self::TIMESTAMP, "__TIMESTAMP__", "the object says when its source was last written"),
        (Self::INCBIN, ".incbin or .include", "the assembler reads a file that the compiler does not list"),
        (Self::POSITION, "a condition on __LINE__", "what is included depends on the line"),
        (Self::EMBED, "#embed", "spec-cc does not follow the file it reads"),
        (Self::MODULE, "a C++20 module", "spec-cc does not follow compiled modules"),
        (
            Self::PROBE,
            "__has_include of a computed name",
            "what it looks for is not known before it is compiled",
        ),
        (
            Self::TEXT,
            "push_macro, pop_macro or once by _Pragma",
            "what is included depends on more than the directives",
        ),
        (
            Self::PRECOMPILED,
            "a precompiled header",
            "whether the compiler takes it or the header cannot be told",
        ),
        (Self::COUNTER, "a condition on __COUNTER__", "what is included depends on all the text before"),
        (Self::LINE, "#line with a file name", "messages quote that file"),
        (Self::OFFLOAD, "a pragma that offloads", "the names of its parts are others each time"),
        (
            Self::ASSEMBLY,
            "assembly that is put together",
            "it may read a file that the compiler does not list",
        ),
        (Self::SYSTEM, "a pragma for system headers", "the names of what it includes may be shortened"),
    ];

    /// Those after which a result must not be cached at all, because an input cannot be accounted for.
    ///
    /// Of the others, `POSITION` is met by comparing whole contents; `LINE` matters to messages and between checkouts, `SYSTEM`
    /// between checkouts only.
    pub const UNACCOUNTED: Self = Self(
        Self::TIME.0
            | Self::TIMESTAMP.0
            | Self::INCBIN.0
            | Self::EMBED.0
            | Self::MODULE.0
            | Self::PROBE.0
            | Self::TEXT.0
            | Self::PRECOMPILED.0
            | Self::COUNTER.0
            | Self::OFFLOAD.0
            | Self::ASSEMBLY.0,
    );

    /// Those by which an assembler may read files that no compiler lists.
    pub const ASSEMBLED: Self = Self(Self::INCBIN.0 | Self::ASSEMBLY.0);

    /// Those by which a result depends on when it was made.
    pub const CLOCK: Self = Self(Self::TIME.0 | Self::TIMESTAMP.0);

    /// What a set of files has that has these: a pragma that a macro makes offloads only if somebody gives it the words.
    #[must_use]
    pub fn together(self) -> Self {
        if self.contains(Self::PRAGMA | Self::OFFLOAD_WORD) { self | Self::OFFLOAD } else { self }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of the other set's are in this one.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Those in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in the other set.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Takes `TEXT` back unless it was there before.
    pub(super) fn forgive_text(&mut self, before: Self) {
        self.0 = self.0 & !Self::TEXT.0 | before.0 & Self::TEXT.0;
    }

    /// What each is, in the words of the source that causes it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES.into_iter().filter(move |(one, ..)| self.contains(*one)).map(|(_, name, _)| name)
    }

    /// What each is, and why it matters, for a person.
    pub fn reasons(self) -> String {
        let here = Self::NAMES.iter().filter(|(one, ..)| self.contains(*one));
        here.map(|(_, name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; ")
    }
}

impl BitOr for Hazards {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Hazards {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Display for Hazards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Debug for Hazards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Whether `incbin` stands at `text[at..]` less its first three letters, in any case: GAS ignores case there.
pub(super) fn incbin_around_b(text: &[u8], b: usize) -> bool {
    b >= 3 && text.get(b - 3..b + 3).is_some_and(|word| word.eq_ignore_ascii_case(b"incbin"))
}

/// Whether an assembler's `.include` stands at `text[dot..]`.
///
/// C has members named `include` and designators; a file name, a backslash (an escape inside a string) or the
/// line's end behind the word tells the assembler's apart.
pub(super) fn include_at_dot(text: &[u8], dot: usize) -> bool {
    let Some(word) = text.get(dot..dot + 8).filter(|word| word[0] == b'.') else { return false };
    if !word.eq_ignore_ascii_case(b".include") {
        return is_cut_directive(&word[1..]);
    }
    let after = &text[dot + 8..];
    let blanks = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    matches!(after.get(blanks), None | Some(b'"' | b'\\' | b'\n' | b'\r' | b'<'))
}

/// Whether a string ends within the name of such a directive, as in `".inc" "bin"`: compilers join the two.
fn is_cut_directive(text: &[u8]) -> bool {
    let Some(end) = text.iter().position(|byte| *byte == b'"').filter(|end| *end > 0) else { return false };
    let begins = |name: &[u8]| name.get(..end).is_some_and(|cut| cut.eq_ignore_ascii_case(&text[..end]));
    begins(b"incbin") || begins(b"include")
}

/// The hazard of a predefined macro in a condition.
pub(super) fn position_word(word: &[u8]) -> Hazards {
    match word {
        b"__LINE__" => Hazards::POSITION,
        b"__COUNTER__" => Hazards::COUNTER,
        _ => Hazards::NONE,
    }
}

/// The hazard of a predefined macro anywhere, or of a piece of its name that `##` may complete (`C(__TI, ME__)`).
pub(super) fn clock_word(word: &[u8]) -> Hazards {
    // Shorter pieces (`__T`) are names of their own in system headers.
    let is_piece = |name: &[u8]| word.len() >= 4 && name.starts_with(word) && !word.ends_with(b"__");
    match word {
        b"__TIME__" | b"__DATE__" => Hazards::TIME,
        b"__TIMESTAMP__" => Hazards::TIMESTAMP,
        _ if is_piece(b"__TIMESTAMP__") || is_piece(b"__TIME__") => Hazards::TIME | Hazards::TIMESTAMP,
        _ if is_piece(b"__DATE__") => Hazards::TIME,
        _ => Hazards::NONE,
    }
}

/// The hazard of the end of a clock's name, which `##` may complete (`C(__, TIME__)`), or of all of it between underscores that are
/// put around it (`__##x##__`), anywhere in a text.
pub(super) fn clock_ends(text: &[u8]) -> Hazards {
    const NAMES: [&[u8]; 3] = [b"__TIME__", b"__DATE__", b"__TIMESTAMP__"];
    const INNER: [&[u8]; 3] = [b"TIME", b"DATE", b"TIMESTAMP"];
    static ENDS: LazyLock<[Finder<'static>; 2]> = LazyLock::new(|| ["E__", "P__"].map(Finder::new));
    let is_end = |at: usize| {
        let begin = text[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
        let found = word(&text[begin..]);
        NAMES.iter().any(|name| name.len() > found.len() && name.ends_with(found))
    };
    let found = ENDS.iter().any(|end| end.find_iter(text).any(is_end))
        || INNER.iter().any(|inner| contains_word(text, inner)) && contains_word(text, b"__");
    if found { Hazards::TIME | Hazards::TIMESTAMP } else { Hazards::NONE }
}
