//! The names of the files that a compile leaves behind.
//!
//! GCC manual, "Overall Options" on `-o`, `-dumpdir` and auxiliary outputs; clang's names are the same but for the
//! oddities that `None` stands for.

use super::{Family, Language, Output, Role};

/// What decides the names and the certainty of outputs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Naming<'a> {
    pub(super) family: Family,
    pub(super) language: Language,
    pub(super) source: &'a str,
    /// `-o`
    pub(super) object: Option<&'a str>,
    /// Some option may keep a further output from being written.
    pub(super) uncertain: bool,
}

impl Naming<'_> {
    /// Returns the object's path: `-o`, or the source's name with `.o`, in the working directory.
    pub(super) fn object(&self) -> Option<String> {
        self.object.map_or_else(|| derived(file_name(self.source), "o"), |path| Some(path.to_owned()))
    }

    /// Returns the path of the depfile that `-MD` without `-MF` writes.
    pub(super) fn depfile(&self) -> Option<String> {
        self.beside("d")
    }

    /// Returns the output of `role` that an option adds; `None` for names that compilers do not agree on.
    pub(super) fn added(&self, role: Role) -> Option<Output> {
        let path = self.beside(match role {
            Role::Object => "o",
            Role::Depfile => "d",
            Role::Dwo => "dwo",
            Role::Gcno => "gcno",
            Role::StackUsage => "su",
            Role::CallGraph => "ci",
            Role::Program => return None,
        })?;
        // Clang writes some of them only with -g or with code to report on; assembler has no functions to report on.
        let certain = self.family == Family::Gcc && self.language.is_compiled() && !self.uncertain;
        Some(Output { path, role, optional: !certain })
    }

    fn beside(&self, suffix: &str) -> Option<String> {
        derived(self.object.unwrap_or_else(|| file_name(self.source)), suffix)
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `path` with its last suffix replaced, or one added; `None` if nothing but the suffix is there (`.hidden`).
fn derived(path: &str, suffix: &str) -> Option<String> {
    let name = file_name(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let folder = &path[..path.len() - name.len()];
    (!stem.is_empty()).then(|| format!("{folder}{stem}.{suffix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_suffix_of_the_name_is_replaced() {
        assert_eq!(derived("x.y/q", "d").as_deref(), Some("x.y/q.d"));
        assert_eq!(derived("x.y/q.r.lo", "d").as_deref(), Some("x.y/q.r.d"));
        assert_eq!(derived("q.", "d").as_deref(), Some("q.d"));
        assert_eq!(derived("x/.hidden", "d"), None);
        assert_eq!(derived("", "d"), None);
    }
}
