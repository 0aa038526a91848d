//! Random names in the commands of configure tests, and fixed ones of the same length to stand for them.
//!
//! `CMake` compiles each test in a folder `TryCompile-` and six letters, for a target `cmTC_` and five hex digits; meson in a folder
//! `tmp` and eight letters; config.guess in `/tmp/cg` and six letters.

/// Where a random name begins, and how long it is.
const RANDOM: &[(&str, usize)] =
    &[("CMakeScratch/TryCompile-", 6), ("cmTC_", 5), ("meson-private/tmp", 8), ("/tmp/cg", 6)];

/// The random names of one command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scratch {
    /// Each as it is, and what stands for it; what is before it included. Of the same length.
    names: Vec<(String, String)>,
}

impl Scratch {
    /// The random names in these texts. None where a name stands for two.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        let mut scratch = Self::default();
        for text in texts {
            for &(before, length) in RANDOM {
                for (at, _) in text.match_indices(before) {
                    let name = text.get(at..at + before.len() + length);
                    let random = name.filter(|name| name[before.len()..].bytes().all(is_random));
                    if let Some(name) = random {
                        scratch.add(name, format!("{before}{}", "0".repeat(length)));
                    }
                }
            }
        }
        scratch
    }

    fn add(&mut self, name: &str, fixed: String) {
        if !self.names.iter().any(|(known, _)| known == name) {
            self.names.push((name.to_owned(), fixed));
        }
    }

    /// Whether there is no name to replace, or no way to tell names apart once they are replaced.
    pub fn is_empty(&self) -> bool {
        let mut fixed: Vec<_> = self.names.iter().map(|(_, fixed)| fixed).collect();
        fixed.sort_unstable();
        fixed.windows(2).any(|pair| pair[0] == pair[1])
            || self.names.iter().all(|(name, fixed)| name == fixed)
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
        let scratch = Scratch::of(&texts);
        assert!(!scratch.is_empty());
        let fixed: Vec<String> = texts.iter().map(|text| scratch.fix(text)).collect();
        assert_eq!(fixed[1], "CMakeFiles/cmTC_00000.dir/src.c.o");
        assert!(texts.iter().zip(&fixed).all(|(text, fixed)| scratch.unfix(fixed) == *text));
        assert!(scratch.is_in(b"\0TryCompile-Z1UfIU/src.c\0"));
        assert!(Scratch::of(&fixed).is_empty(), "fixed names stand for themselves");
    }

    #[test]
    fn two_names_of_a_kind_are_left_alone() {
        let scratch =
            Scratch::of(&["meson-private/tmpabcdefgh/a.c meson-private/tmphgfedcba/a.c".to_owned()]);
        assert!(scratch.is_empty());
        assert_eq!(scratch.fix("meson-private/tmpabcdefgh"), "meson-private/tmpabcdefgh");
    }
}
