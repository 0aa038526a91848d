//! The options that are known to let no path into an object.
//!
//! From the GCC and clang manuals; `tests/checkouts` compares objects made with them in folders of different names. What is missing
//! costs hits between checkouts, nothing else.

use crate::command::table::Token;
use crate::command::table::row::Effect;
use crate::command::{Family, passthrough};

/// `-f` switches; a name that ends in `=` or `-` takes a value.
const FREE: &str = "\
    PIC PIE pic pie plt common exceptions rtti unwind-tables asynchronous-unwind-tables visibility= \
    visibility-inlines-hidden omit-frame-pointer strict-aliasing strict-overflow wrapv trapv builtin builtin- \
    freestanding hosted stack-protector stack-protector-strong stack-protector-all stack-protector-explicit \
    stack-clash-protection cf-protection cf-protection= function-sections data-sections math-errno fast-math \
    finite-math-only trapping-math rounding-math signed-zeros associative-math reciprocal-math \
    unsafe-math-optimizations fp-contract= excess-precision= single-precision-constant unroll-loops \
    unroll-all-loops inline inline-functions inline-small-functions inline-limit= vectorize slp-vectorize tree-vectorize \
    tree-slp-vectorize tree-loop-vectorize tree-vrp tree-pre tree-loop-distribute-patterns gcse gcse-las peel-loops \
    optimize-sibling-calls delete-null-pointer-checks isolate-erroneous-paths-dereference merge-constants \
    merge-all-constants ident signed-char unsigned-char signed-bitfields unsigned-bitfields short-enums \
    short-wchar pack-struct= permissive ms-extensions plan9-extensions gnu89-inline gnu-keywords \
    gnu-unique char8_t sized-deallocation aligned-new threadsafe-statics use-cxa-atexit nonansi-builtins \
    operator-names elide-constructors enforce-eh-specs access-control implement-inlines \
    implicit-templates implicit-inline-templates template-depth= constexpr-depth= constexpr-loop-limit= \
    constexpr-ops-limit= concepts coroutines new-inheriting-ctors strict-enums strict-flex-arrays= \
    zero-initialized-in-bss zero-call-used-regs= trivial-auto-var-init= semantic-interposition jump-tables \
    reorder-blocks reorder-functions reorder-blocks-and-partition align-functions align-functions= align-loops \
    align-loops= align-jumps align-jumps= align-labels align-labels= ipa-cp ipa-cp-clone ipa-icf ipa-pta \
    ipa-sra ipa-ra split-stack stack-reuse= schedule-insns schedule-insns2 rename-registers \
    non-call-exceptions cx-limited-range keep-inline-functions keep-static-consts \
    diagnostics-color diagnostics-color= diagnostics-show-option color-diagnostics caret-diagnostics \
    diagnostics-show-caret diagnostics-urls= max-errors= message-length= error-limit= tabstop= \
    show-column spell-checking blocks addrsig canonical-system-headers \
    leading-underscore dollars-in-identifiers extended-identifiers asm tls-model= split-loops \
    tree-dce tree-ter unit-at-a-time toplevel-reorder section-anchors web crossjumping cse-follow-jumps \
    guess-branch-probability if-conversion if-conversion2 expensive-optimizations caller-saves \
    prefetch-loop-arrays branch-count-reg force-addr lifetime-dse lifetime-dse= devirtualize";

/// Options of other forms that take no argument.
const WORDS: &[&str] = &[
    "-w",
    "-ansi",
    "--ansi",
    "-pedantic",
    "--pedantic",
    "-pedantic-errors",
    "--pedantic-errors",
    "-pipe",
    "--pipe",
    "-pthread",
    "-undef",
    "-nostdinc++",
    "-p",
    "-pg",
    "-static",
    "-shared",
    "-rdynamic",
    "-s",
    "-pie",
    "-no-pie",
    "-nostdlib",
    "-Qunused-arguments",
];

/// Whether an option of the plain kinds lets no path into an object, whatever its value is.
pub(super) fn is_free(token: &Token<'_>) -> bool {
    let word = token.option();
    match token.effect {
        Effect::Assembler => token.value.split(',').all(is_free_to_assemble),
        Effect::AssemblerWord => is_free_to_assemble(token.value),
        Effect::Passes | Effect::Directories | Effect::MayOmit => {
            WORDS.contains(&word)
                || word.strip_prefix("-f").is_some_and(is_listed)
                || ["-D", "-U", "-O", "-W", "-std=", "--std=", "-stdlib=", "-L", "-l", "--param"]
                    .iter()
                    .any(|name| word.starts_with(name))
                || token.effect == Effect::Directories && word.starts_with("-m")
        }
        _ => false,
    }
}

/// Whether a word for the assembler neither compresses what it writes nor adds to it.
fn is_free_to_assemble(word: &str) -> bool {
    passthrough::is_assembler_word_safe(word) && !word.contains("compress") && !word.contains("generate")
}

fn is_listed(name: &str) -> bool {
    let name = name.strip_prefix("no-").unwrap_or(name);
    FREE.split_whitespace()
        .any(|listed| if listed.ends_with(['=', '-']) { name.starts_with(listed) } else { name == listed })
}

/// Whether a `-g` option asks for no debug information.
pub(super) fn is_no_debug(word: &str) -> bool {
    matches!(word, "-g0" | "-ggdb0")
}

/// Whether a `-g` option asks for debug information whose paths all go through prefix maps.
pub(super) fn is_plain_debug(word: &str) -> bool {
    const LEVELS: &[&str] = &[
        "-g",
        "-g1",
        "-g2",
        "-ggdb",
        "-ggdb1",
        "-ggdb2",
        "-gdwarf",
        "-gdwarf-3",
        "-gdwarf-4",
        "-gdwarf-5",
        "-gline-tables-only",
        "-gstrict-dwarf",
        "-gno-strict-dwarf",
        "-gcolumn-info",
        "-gno-column-info",
        "-gno-record-gcc-switches",
    ];
    LEVELS.contains(&word)
}

/// What clang is told to call the working directory in debug information.
pub(super) fn names_directory(word: &str, family: Family) -> Option<&str> {
    let name = ["-ffile-compilation-dir=", "-fdebug-compilation-dir="];
    name.iter().find_map(|name| word.strip_prefix(name)).filter(|_| family == Family::Clang)
}
