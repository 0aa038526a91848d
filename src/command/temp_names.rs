//! Random names in the commands of configure tests, and fixed ones of the same length to stand for them.
//!
//! `CMake` compiles each test in a folder `TryCompile-` and six letters, for a target `cmTC_` and five hex digits; meson in a folder
//! `tmp` and eight letters; config.guess in `/tmp/cg` and six letters; Python's `tempfile` makes `/tmp/tmp` and eight letters.

/// Where a random name begins, and how long it is.
const RANDOM: &[(&str, usize)] = &[
    ("CMakeScratch/TryCompile-", 6),
    ("cmTC_", 5),
    ("meson-private/tmp", 8),
    ("/tmp/cg", 6),
    (PYTHON.0, PYTHON.1),
];

/// Where a name of Python's `tempfile` begins, and how long it is.
const PYTHON: (&str, usize) = ("/tmp/tmp", 8);

/// Whether `path` is that of a file of Python's `tempfile`, were it with a suffix: setup scripts have such files compiled to see
/// what compilers know.
pub(super) fn is_python_file(path: &str) -> bool {
    let name = path.find(PYTHON.0).and_then(|at| path.get(at + PYTHON.0.len()..));
    let random = name.and_then(|name| name.split('.').next());
    random.is_some_and(|random| random.len() == PYTHON.1 && random.bytes().all(is_random))
}

/// The random names of one command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scratch {
    /// Each as it is, and what stands for it; what is before it included. Of the same length.
    names: Vec<(String, String)>,
}

impl Scratch {
    /// The random names in these arguments and this working directory; those of a kind are told apart by the order in which they come.
    pub fn of<'a>(args: impl IntoIterator<Item = &'a String>, directory: &'a str) -> Self {
        let mut scratch = Self::default();
        for text in args.into_iter().map(String::as_str).chain([directory]) {
            for &(before, length) in RANDOM {
                for (at, _) in text.match_indices(before) {
                    let name = text.get(at..at + before.len() + length);
                    let random = name.filter(|name| name[before.len()..].bytes().all(is_random));
                    // A whole project may be in such a folder.
                    let of_test = |name: &&str| before != PYTHON.0 || !directory.contains(name);
                    if let Some(name) = random.filter(of_test) {
                        scratch.add(name, before, length);
                    }
                }
            }
        }
        scratch
    }

    fn add(&mut self, name: &str, before: &str, length: usize) {
        if !self.names.iter().any(|(known, _)| known == name) {
            let number = self.names.iter().filter(|(known, _)| known.starts_with(before)).count();
            self.names.push((name.to_owned(), format!("{before}{number:0length$}")));
        }
    }

    /// Whether there is no name to replace, or no way to tell names apart once they are replaced.
    pub fn is_empty(&self) -> bool {
        let is_taken = |fixed: &String| self.names.iter().any(|(name, _)| name == fixed);
        self.names.iter().all(|(name, fixed)| name == fixed)
            || self.names.iter().any(|(name, fixed)| name != fixed && is_taken(fixed))
    }

    /// The text with fixed names.
    pub fn fix(&self, text: &str) -> String {
        self.replaced(text, |(name, fixed)| (name, fixed))
    }

    /// The text with the command's own names.
    pub fn unfix(&self, text: &str) -> String {
        self.replaced(text, |(name, fixed)| (fixed, name))
    }

    /// Whether there are random parts of names in `bytes`.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        !self.is_empty()
            && self.names.iter().any(|(name, _)| memchr::memmem::find(bytes, tail(name)).is_some())
    }

    /// Bytes of the longest name that [`Scratch::is_in`] looks for.
    pub fn longest(&self) -> usize {
        self.names.iter().map(|(name, _)| tail(name).len()).max().unwrap_or(0)
    }

    fn replaced<'a>(
        &'a self,
        text: &str,
        pair: impl Fn(&'a (String, String)) -> (&'a String, &'a String),
    ) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        self.names.iter().map(pair).fold(text.to_owned(), |text, (from, to)| text.replace(from.as_str(), to))
    }
}

/// The name itself, without the folder that it is known by.
fn tail(name: &str) -> &[u8] {
    name.rsplit('/').next().unwrap_or(name).as_bytes()
}

fn is_random(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_names_are_exchanged_for_fixed_ones_and_back() {
        let texts = [
            "/b/CMakeFiles/CMakeScratch/TryCompile-Z1UfIU".to_owned(),
            "CMakeFiles/cmTC_09df9.dir/src.c.o".to_owned(),
            "/b/CMakeFiles/CMakeScratch/TryCompile-Z1UfIU/src.c".to_owned(),
        ];
        let scratch = Scratch::of(&texts, "/b");
        assert!(!scratch.is_empty());
        let fixed: Vec<String> = texts.iter().map(|text| scratch.fix(text)).collect();
        assert_eq!(fixed[1], "CMakeFiles/cmTC_00000.dir/src.c.o");
        assert!(texts.iter().zip(&fixed).all(|(text, fixed)| scratch.unfix(fixed) == *text));
        assert!(scratch.is_in(b"\0TryCompile-Z1UfIU/src.c\0"));
        assert!(Scratch::of(&fixed, "/b").is_empty(), "fixed names stand for themselves");
    }

    #[test]
    fn names_of_a_kind_are_told_apart() {
        let text = "gcc -c /tmp/tmpabcdefgh.c -o /tmp/tmphgfedcba/tmp/tmpabcdefgh.o".to_owned();
        let scratch = Scratch::of([&text], "/b");
        let fixed = scratch.fix(&text);
        assert_eq!(fixed, "gcc -c /tmp/tmp00000000.c -o /tmp/tmp00000001/tmp/tmp00000000.o");
        assert_eq!(scratch.unfix(&fixed), text);
        assert!(Scratch::of([&fixed], "/b").is_empty());
    }

    #[test]
    fn a_name_that_stands_for_another_is_left_alone() {
        let text = "/tmp/tmpabcdefgh /tmp/tmp00000000".to_owned();
        assert_eq!(Scratch::of([&text], "/b").fix(&text), text);
    }

    #[test]
    fn a_project_may_have_such_a_name() {
        let text = "/tmp/tmpabcdefgh/CMakeFiles/CMakeScratch/TryCompile-Z1UfIU/src.c".to_owned();
        let scratch = Scratch::of([&text], "/tmp/tmpabcdefgh");
        assert_eq!(scratch.fix(&text), "/tmp/tmpabcdefgh/CMakeFiles/CMakeScratch/TryCompile-000000/src.c");
    }

    #[test]
    fn pythons_files_are_known() {
        assert!(is_python_file("/tmp/tmpab_d3fgh.c"));
        assert!(is_python_file("/var/tmp/tmpabcdefgh"));
        for other in ["/tmp/tmpabcdefgh/a.c", "/tmp/tmpabcdefghi.c", "/tmp/tmp.c", "tmpabcdefgh.c"] {
            assert!(!is_python_file(other), "{other}");
        }
    }
}
