//! Environment variables that change what a compiler does.
//!
//! GCC manual, "Environment Variables Affecting GCC"; clang manual page, "ENVIRONMENT"; binutils' and the C library's.

use super::{Reason, Why};

/// Variables that change the object.
const DECIDING: &[&str] = &[
    // Where headers, libraries and the compiler's own programs are looked for.
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "OBJCPLUS_INCLUDE_PATH",
    "GCC_EXEC_PREFIX",
    "COMPILER_PATH",
    "LIBRARY_PATH",
    // What __DATE__, __TIME__ and archives say.
    "SOURCE_DATE_EPOCH",
    "ZERO_AR_DATE",
    // Targets and defaults.
    "MACOSX_DEPLOYMENT_TARGET",
    "IPHONEOS_DEPLOYMENT_TARGET",
    "SDKROOT",
    "POSIXLY_CORRECT",
    // What the compiler itself loads.
    "LD_LIBRARY_PATH",
];

/// Prefixes of such variables.
const DECIDING_PREFIXES: &[&str] = &["CLANG_", "RC_DEBUG_", "CCC_"];

/// Variables that change what a compiler says, and how.
const MESSAGES: &[&str] = &[
    "LANG",
    "LANGUAGE",
    "NLSPATH",
    "GCC_COLORS",
    "GCC_URLS",
    "TERM_URLS",
    "GCC_EXTRA_DIAGNOSTIC_OUTPUT",
    "TERM",
    "COLUMNS",
    "NO_COLOR",
    // An object that says the time of day is not cached.
    "TZ",
];

/// Variables that rule out caching, and why.
const REFUSED: &[(&str, Why)] = &[
    ("DEPENDENCIES_OUTPUT", Why::WritesFiles),
    ("SUNPRO_DEPENDENCIES", Why::WritesFiles),
    ("GCC_COMPARE_DEBUG", Why::WritesFiles),
    ("EXPERIMENTAL_SARIF_SOCKET", Why::WritesFiles),
    ("CC_PRINT_OPTIONS", Why::WritesFiles),
    ("CC_PRINT_HEADERS", Why::WritesFiles),
    ("CC_LOG_DIAGNOSTICS", Why::WritesFiles),
    ("CC_PRINT_PROC_STAT", Why::WritesFiles),
    ("CC_PRINT_INTERNAL_STAT", Why::WritesFiles),
    ("LLVM_PROFILE_FILE", Why::WritesFiles),
    ("CCC_OVERRIDE_OPTIONS", Why::PassesOn),
    ("QA_OVERRIDE_GCC3_OPTIONS", Why::PassesOn),
    ("CCC_ADD_ARGS", Why::PassesOn),
    ("CLANG_CONFIG_FILE_SYSTEM_DIR", Why::ReadsFiles),
    ("CLANG_CONFIG_FILE_USER_DIR", Why::ReadsFiles),
    ("COLLECT_GCC_OPTIONS", Why::PassesOn),
    ("LD_PRELOAD", Why::RunsCode),
    ("LD_AUDIT", Why::RunsCode),
];

/// Returns whether the value of `name` must be part of what identifies a compile.
///
/// `PATH` is not: the compiler and its programs are identified by what they are.
pub fn keyed(name: &str) -> bool {
    decides(name) || MESSAGES.contains(&name) || name.starts_with("LC_")
}

/// Returns whether the value of `name` must be part of what identifies a traced command: besides, what decides where programs
/// look for files, as their loader and linker do.
pub fn keyed_traced(name: &str) -> bool {
    const LOOKING: [&str; 7] =
        ["PATH", "HOME", "GNUTARGET", "LDEMULATION", "COLLECT_NO_DEMANGLE", "TMPDIR", "LOCPATH"];
    keyed(name) || LOOKING.contains(&name) || name.starts_with("LD_") || name.starts_with("GCC_")
}

/// Returns whether `name` changes the object itself, and not only what is said of it.
pub fn decides(name: &str) -> bool {
    DECIDING.contains(&name) || DECIDING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Returns whether `name` holds folders that files are looked for in, relative ones in the working directory.
pub(super) fn searches(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "SOURCE_DATE_EPOCH",
        "ZERO_AR_DATE",
        "POSIXLY_CORRECT",
        "MACOSX_DEPLOYMENT_TARGET",
        "IPHONEOS_DEPLOYMENT_TARGET",
    ];
    decides(name) && !OTHERS.contains(&name)
}

/// Returns why a compile with `name` set is run as it is, if it is.
pub fn refused(name: &str) -> Option<Reason> {
    let (_, why) = REFUSED.iter().find(|(refused, _)| *refused == name)?;
    Some(Reason::Environment { name: name.to_owned(), why: *why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables() {
        for name in ["CPATH", "LC_ALL", "LC_CTYPE", "SOURCE_DATE_EPOCH", "GCC_COLORS", "CCC_INSTALL_DIR"] {
            assert!(keyed(name), "{name}");
        }
        for name in ["PATH", "HOME", "MAKEFLAGS", "SPEC_CC_MODE", "TMPDIR"] {
            assert!(!keyed(name), "{name}");
        }
        assert!(decides("CPATH") && !decides("LC_ALL") && !decides("TERM"));
        assert!(refused("SUNPRO_DEPENDENCIES").is_some());
        assert!(refused("CPATH").is_none());
        let text = refused("DEPENDENCIES_OUTPUT").map(|reason| reason.to_string()).unwrap_or_default();
        assert_eq!(text, "the variable DEPENDENCIES_OUTPUT writes files that spec-cc cannot name");
    }
}
