//! Failure: whether a command that failed would fail again, or only wanted of the machine what that will have another time.

use memchr::memmem;

/// What the C library (`strerror(3)`), GCC, Clang and binutils say of a machine that is short of something.
const OF_THE_MACHINE: [&str; 16] = [
    "Cannot allocate memory",
    "Device or resource busy",
    "Disk quota exceeded",
    "File too large",
    "Input/output error",
    "Interrupted system call",
    "Killed",
    "No space left",
    "Read-only file system",
    "Resource temporarily unavailable",
    "Stale file handle",
    "Text file busy",
    "Too many open files",
    "internal compiler error",
    "memory exhausted",
    "out of memory",
];

/// The variables that choose the locale of messages, the first that is set winning (`setlocale(3)`).
const LOCALE: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// Why the failure of a command that wrote `said` may be the machine's, or cannot be told from one; `None` if it will fail again.
pub(super) fn is_passing(said: [&[u8]; 2], environment: &[(String, String)]) -> Option<String> {
    if let Some(language) = foreign(environment) {
        return Some(format!("it failed, and nobody here can read why in the language of {language}"));
    }
    said.into_iter().find_map(blamed).map(|text| format!("it failed for the machine's sake ({text})"))
}

/// What a failed command says that it lacked, if that was the machine's to give.
pub(super) fn blamed(said: &[u8]) -> Option<&'static str> {
    OF_THE_MACHINE.into_iter().find(|text| memmem::find(said, text.as_bytes()).is_some())
}

/// The locale in which messages may be, if they may be other than the programs' own words.
fn foreign(environment: &[(String, String)]) -> Option<&str> {
    let value = |name: &str| {
        let found = environment.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    };
    let locale = LOCALE.into_iter().find_map(value)?;
    let is_plain = |locale: &str| matches!(locale, "C" | "POSIX");
    // A list that wins over every locale but the plain one (gettext(3)).
    let languages = value("LANGUAGE").filter(|_| !is_plain(locale)).unwrap_or(locale);
    languages.split(':').find(|language| {
        let name = language.split(['.', '@']).next().unwrap_or_default();
        !is_plain(name) && name != "en" && !name.starts_with("en_")
    })
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
        assert!(passes("Fehler", &[("LANG", "C"), ("LC_MESSAGES", "de_DE.UTF-8")]));
        assert!(!passes("error", &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")]));
        assert!(!passes("error", &[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")]));
        assert!(!passes("error", &[("LANG", "C.UTF-8")]));
        assert!(passes("Fehler", &[("LANG", "en_GB.UTF-8"), ("LANGUAGE", "en:de")]));
        assert!(!passes("error", &[("LC_ALL", "C"), ("LANGUAGE", "de")]));
    }
}
