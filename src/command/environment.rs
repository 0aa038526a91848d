//! Environment variables that toolchain programs read, and what each of them can change. One table; everything else is derived.
//!
//! Sources: GCC manual, "Environment Variables Affecting GCC"; `getenv` in `gcc/gcc.cc`, `gcc/collect2.cc`, `gcc/prefix.cc` and
//! `gcc/lto-wrapper.cc`; clang manual page, "ENVIRONMENT"; `ld(1)`, `as(1)`, `ar(1)`; `ld.so(8)`, `setlocale(3)`, `gettext(3)`. A test
//! compares the table with what the programs of this machine ask for while they run (`tests/toolchain.rs`).

use super::{Reason, Why};

/// What the value of a variable can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// The files that any command leaves: where headers and programs are looked for, targets, defaults.
    Outputs,
    /// The files and messages of a command that is traced: a link, an archive, a configure test.
    Traced,
    /// What a file or message says of the time, and nothing else.
    Clock,
    /// The language of messages, and of the few texts in outputs that are translated (`<built-in>`, linker maps).
    Language,
    /// How messages look, and nothing else.
    Messages,
    /// More than spec-cc can follow.
    Refused(Why),
}

use crate::base::variable::Variable;
use Effect::{Clock, Language, Messages, Outputs, Refused, Traced};

/// Every variable that counts, by name, or by how its name begins where it ends in `*`. The first row that fits is the one.
const VARIABLES: &[(&str, Effect)] = &[
    // Where headers, libraries and the compiler's own programs are looked for.
    ("CPATH", Outputs),
    ("C_INCLUDE_PATH", Outputs),
    ("CPLUS_INCLUDE_PATH", Outputs),
    ("OBJC_INCLUDE_PATH", Outputs),
    ("OBJCPLUS_INCLUDE_PATH", Outputs),
    ("COMPILER_PATH", Outputs),
    ("LIBRARY_PATH", Outputs),
    ("BINUTILS_ROOT", Outputs),
    ("GCC_ROOT", Outputs),
    ("G++_ROOT", Outputs),
    ("LPATH", Traced),
    ("PATH", Traced),
    ("HOME", Traced),
    // Targets and defaults.
    ("MACOSX_DEPLOYMENT_TARGET", Outputs),
    ("IPHONEOS_DEPLOYMENT_TARGET", Outputs),
    ("SDKROOT", Outputs),
    ("ROCM_PATH", Outputs),
    ("POSIXLY_CORRECT", Outputs),
    ("GNUTARGET", Outputs),
    ("LDEMULATION", Traced),
    ("SYM64_THRESHOLD", Traced),
    // Where temporary files lie, whose names are in messages.
    ("TMPDIR", Traced),
    ("TMP", Traced),
    ("TEMP", Traced),
    ("TEMPDIR", Traced),
    // What is said of the time: a result that says it otherwise is not kept.
    ("SOURCE_DATE_EPOCH", Clock),
    ("ZERO_AR_DATE", Clock),
    ("TZ", Clock),
    ("TZDIR", Clock),
    // Messages.
    ("LANG", Language),
    ("LANGUAGE", Language),
    ("LC_*", Language),
    ("LOCPATH", Language),
    ("NLSPATH", Language),
    ("OUTPUT_CHARSET", Language),
    ("TERM", Messages),
    ("TERM_URLS", Messages),
    ("COLUMNS", Messages),
    ("NO_COLOR", Messages),
    ("CLICOLOR", Messages),
    ("CLICOLOR_FORCE", Messages),
    ("FORCE_COLOR", Messages),
    ("GCC_COLORS", Messages),
    ("GCC_URLS", Messages),
    ("GCC_EXTRA_DIAGNOSTIC_OUTPUT", Messages),
    ("COLLECT_NO_DEMANGLE", Traced),
    ("LIBCTF_DEBUG", Traced),
    // Files that are written, and code that is run.
    ("DEPENDENCIES_OUTPUT", Refused(Why::WritesFiles)),
    ("SUNPRO_DEPENDENCIES", Refused(Why::WritesFiles)),
    ("GCC_COMPARE_DEBUG", Refused(Why::WritesFiles)),
    ("EXPERIMENTAL_SARIF_SOCKET", Refused(Why::WritesFiles)),
    ("CC_PRINT_*", Refused(Why::WritesFiles)),
    ("CC_LOG_DIAGNOSTICS*", Refused(Why::WritesFiles)),
    ("LLVM_PROFILE_FILE", Refused(Why::WritesFiles)),
    ("AS_SECURE_LOG_FILE", Refused(Why::WritesFiles)),
    ("LLD_REPRODUCE", Refused(Why::WritesFiles)),
    ("MOLD_REPRO", Refused(Why::WritesFiles)),
    ("MALLOC_TRACE", Refused(Why::WritesFiles)),
    ("CCC_OVERRIDE_OPTIONS", Refused(Why::PassesOn)),
    ("CCC_ADD_ARGS", Refused(Why::PassesOn)),
    ("QA_OVERRIDE_GCC3_OPTIONS", Refused(Why::PassesOn)),
    ("COLLECT_*", Refused(Why::PassesOn)),
    ("CLANG_CONFIG_FILE_SYSTEM_DIR", Refused(Why::ReadsFiles)),
    ("CLANG_CONFIG_FILE_USER_DIR", Refused(Why::ReadsFiles)),
    ("GCONV_PATH", Refused(Why::RunsCode)),
    ("GLIBC_TUNABLES", Refused(Why::RunsCode)),
    // The loader's: it may load other code, print, or run nothing at all.
    ("LD_LIBRARY_PATH", Outputs),
    ("LD_RUN_PATH", Traced),
    ("LD_BIND_NOW", Traced),
    ("LD_*", Refused(Why::RunsCode)),
    // Families in which other releases know other names.
    ("GCC_*", Outputs),
    ("CLANG_*", Outputs),
    ("CCC_*", Outputs),
    ("RC_DEBUG_*", Outputs),
    ("LLVM_*", Outputs),
    ("LLD_*", Traced),
    ("MOLD_*", Traced),
    ("MIMALLOC_*", Traced),
    ("mimalloc_*", Traced),
    ("TBB_*", Traced),
];

/// What a variable can change; `None` when no toolchain program listens to it.
fn effect(name: &str) -> Option<Effect> {
    let fits = |row: &str| row.strip_suffix('*').map_or(row == name, |start| name.starts_with(start));
    VARIABLES.iter().find(|(row, _)| fits(row)).map(|(_, effect)| *effect)
}

/// Returns whether the value of `name` can matter to a compile.
///
/// `PATH` does not: the compiler and its programs are identified by what they are.
pub fn keyed(name: &str) -> bool {
    matches!(effect(name), Some(Outputs | Clock | Language | Messages))
}

/// Returns whether the value of `name` can matter to a traced command: besides, what decides where programs look for files, as
/// their loader and linker do.
pub fn keyed_traced(name: &str) -> bool {
    keyed(name) || effect(name) == Some(Traced)
}

/// Returns whether `name` changes the object itself, and not only what is said of it.
pub fn decides(name: &str) -> bool {
    matches!(effect(name), Some(Outputs)) || matches!(name, "SOURCE_DATE_EPOCH" | "ZERO_AR_DATE")
}

/// Returns whether `name` belongs to the day and the terminal rather than to the command: the same command is launched, and
/// recognised, under another value.
pub fn is_ambient(name: &str) -> bool {
    matches!(effect(name), Some(Clock | Language | Messages))
}

/// Returns whether a launch has the value that `name` has in its session rather than the one that was recorded: of the language it has
/// the latter, for configure scripts set that themselves.
pub fn is_of_the_session(name: &str) -> bool {
    matches!(effect(name), Some(Clock | Messages))
}

/// The variables of an environment that can change what a command leaves if it says nothing: without those of messages, with
/// one language in place of what chooses it, and without what tells the time unless something says it (`clock`).
pub fn of_outputs(environment: &[Variable], clock: bool) -> Vec<Variable> {
    // Some compilers refuse one that is no time, whatever they compile.
    let is_time = |value: &str| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let matters = |(name, value): &&Variable| match effect(name) {
        Some(Clock) => clock || name == "SOURCE_DATE_EPOCH" && !is_time(value),
        Some(Language | Messages) => false,
        _ => true,
    };
    let mut kept: Vec<_> = environment.iter().filter(matters).cloned().collect();
    kept.extend(language(environment).map(|language| ("LANGUAGE".to_owned(), language.to_owned())));
    kept.sort_unstable();
    kept
}

/// The variables that choose the locale of messages, the first that is set winning (`setlocale(3)`).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The language, or the list of them, that messages may be in; `None` if they are the programs' own words. No toolchain is
/// translated into English.
pub fn language(environment: &[Variable]) -> Option<&str> {
    let value = |name: &str| {
        let found = environment.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let locale = LOCALE.into_iter().find_map(value)?;
    let is_plain = |locale: &str| matches!(locale, "C" | "POSIX") || locale.starts_with("C.");
    // A list that wins over every locale but the plain one (gettext(3)).
    let languages = value("LANGUAGE").filter(|_| !matches!(locale, "C" | "POSIX")).unwrap_or(locale);
    let is_own = |language: &str| {
        let name = language.split(['.', '@']).next().unwrap_or_default();
        is_plain(language) || is_plain(name) || name == "en" || name.starts_with("en_")
    };
    (!languages.split(':').all(is_own)).then_some(languages)
}

/// Returns whether `name` holds folders that files are looked for in, relative ones in the working directory.
pub(super) fn searches(name: &str) -> bool {
    const OTHERS: &[&str] =
        &["POSIXLY_CORRECT", "GNUTARGET", "MACOSX_DEPLOYMENT_TARGET", "IPHONEOS_DEPLOYMENT_TARGET"];
    effect(name) == Some(Outputs) && !OTHERS.contains(&name)
}

/// Returns why a compile with `name` set is run as it is, if it is.
pub fn refused(name: &str) -> Option<Reason> {
    match effect(name) {
        Some(Refused(why)) => Some(Reason::Environment { name: name.to_owned(), why }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Vec<Variable> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_variable_counts_where_it_can_matter() {
        for name in ["CPATH", "LC_ALL", "LC_CTYPE", "SOURCE_DATE_EPOCH", "GCC_COLORS", "CCC_INSTALL_DIR"] {
            assert!(keyed(name), "{name}");
        }
        for name in ["PATH", "HOME", "MAKEFLAGS", "SPEC_CC_MODE", "TMPDIR", "LPATH", "LD_RUN_PATH"] {
            assert!(!keyed(name), "{name}");
        }
        assert!(keyed_traced("LPATH") && keyed_traced("LD_RUN_PATH") && !keyed_traced("MAKEFLAGS"));
        assert!(decides("CPATH") && !decides("LC_ALL") && !decides("TERM"));
        assert!(is_of_the_session("TERM") && !is_of_the_session("LC_ALL") && is_ambient("LC_ALL"));
        assert!(is_ambient("TERM") && is_ambient("SOURCE_DATE_EPOCH") && !is_ambient("CPATH"));
        for name in ["SUNPRO_DEPENDENCIES", "LD_PRELOAD", "LD_TRACE_LOADED_OBJECTS", "COLLECT_GCC_OPTIONS"] {
            assert!(refused(name).is_some(), "{name}");
        }
        assert!(refused("CPATH").is_none() && refused("LD_LIBRARY_PATH").is_none());
        let text = refused("DEPENDENCIES_OUTPUT").map(|reason| reason.to_string()).unwrap_or_default();
        assert_eq!(text, "the variable DEPENDENCIES_OUTPUT writes files that spec-cc cannot name");
    }

    #[test]
    fn a_silent_command_is_the_same_on_another_day_and_terminal() {
        let one =
            variables(&[("CPATH", "inc"), ("LC_ALL", "C"), ("SOURCE_DATE_EPOCH", "1"), ("TERM", "dumb")]);
        let other = variables(&[("COLUMNS", "20"), ("CPATH", "inc"), ("LANG", "en_US.UTF-8"), ("TZ", "UTC")]);
        assert_eq!(of_outputs(&one, false), of_outputs(&other, false));
        assert_ne!(of_outputs(&one, true), of_outputs(&other, true));
        let german = variables(&[("CPATH", "inc"), ("LANG", "de_DE.UTF-8")]);
        assert_ne!(of_outputs(&one, false), of_outputs(&german, false));
    }

    #[test]
    fn languages() {
        let of = |pairs: &[(&str, &str)]| language(&variables(pairs)).map(str::to_owned);
        assert_eq!(of(&[("LANG", "de_DE.UTF-8")]).as_deref(), Some("de_DE.UTF-8"));
        assert_eq!(of(&[("LANG", "C"), ("LC_MESSAGES", "de_DE.UTF-8")]).as_deref(), Some("de_DE.UTF-8"));
        assert_eq!(of(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]), None);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")]), None);
        assert_eq!(of(&[("LANG", "C.UTF-8")]), None);
        assert_eq!(of(&[("LANG", "en_GB.UTF-8"), ("LANGUAGE", "en:de")]).as_deref(), Some("en:de"));
        assert_eq!(of(&[("LC_ALL", "C"), ("LANGUAGE", "de")]), None);
        assert_eq!(of(&[("LC_ALL", "C.UTF-8"), ("LANGUAGE", "de")]).as_deref(), Some("de"));
    }
}
