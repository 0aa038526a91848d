//! Failure: whether a command that failed would fail again, or only wanted of the machine what that will have another time.

use memchr::memmem;

use crate::base::variable::Variable;
use crate::command;

/// What the C library (`strerror(3)`), GCC, Clang and binutils say of a machine that is short of something.
const OF_THE_MACHINE: [&str; 18] = [
    "Cannot allocate memory",
    "Device or resource busy",
    "Disk quota exceeded",
    "File too large",
    "Input/output error",
    "Interrupted system call",
    "Killed",
    "No space left",
    "Permission denied",
    "Read-only file system",
    "Resource temporarily unavailable",
    "Stale file handle",
    "Text file busy",
    "Too many open files",
    "error while loading shared libraries",
    "internal compiler error",
    "memory exhausted",
    "out of memory",
];

/// Why the failure of a command that wrote `said` may be the machine's, or cannot be told from one; `None` if it will fail again.
pub fn is_passing(said: [&[u8]; 2], environment: &[Variable]) -> Option<String> {
    if let Some(language) = command::language(environment) {
        return Some(format!("it failed, and nobody here can read why in the language of {language}"));
    }
    said.into_iter().find_map(blamed).map(|text| format!("it failed for the machine's sake ({text})"))
}

/// What a failed command says that it lacked, if that was the machine's to give.
pub(crate) fn blamed(said: &[u8]) -> Option<&'static str> {
    OF_THE_MACHINE.into_iter().find(|text| memmem::find(said, text.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    use super::is_passing;

    fn passes(said: &str, variables: &[(&str, &str)]) -> bool {
        let environment: Vec<_> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        is_passing([b"", said.as_bytes()], &environment).is_some()
    }

    #[test]
    fn what_the_machine_lacked_may_be_there_the_next_time() {
        for said in [
            "conftest.c: fatal error: error writing to /tmp/ccX.s: No space left on device",
            "gcc: fatal error: Killed signal terminated program cc1",
            "cc1: out of memory allocating 65536 bytes after a total of 0 bytes",
            "virtual memory exhausted: Cannot allocate memory",
            "/usr/bin/ld: final link failed: memory exhausted",
            "gcc: fatal error: fork: Resource temporarily unavailable",
        ] {
            assert!(passes(said, &[]), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_source_stays() {
        for said in
            ["", "conftest.c:1:10: fatal error: x.h: No such file or directory", "undefined reference to `x'"]
        {
            assert!(!passes(said, &[]), "{said}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_trusted() {
        assert!(passes("Fehler", &[("LANG", "de_DE.UTF-8")]));
        assert!(!passes("error", &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]));
    }
}
