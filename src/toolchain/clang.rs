//! What Clang says of the GCC that it goes by.

/// The path of GCC's `crtbegin.o` that clang orients itself by, from what it says on stderr under `-v`; recc counts it as an
/// input when it sends absolute paths (`DEPS_GLOBAL_PATHS`).
pub fn crtbegin(stderr: &str) -> Option<String> {
    let folder = after(stderr, "Selected GCC installation: ")?;
    let multilib = after(stderr, "Selected multilib: ")?;
    match multilib.split(';').next()? {
        "." => Some(format!("{folder}/crtbegin.o")),
        variant => Some(format!("{folder}/{variant}/crtbegin.o")),
    }
}

fn after<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(label))
}

#[cfg(test)]
mod tests {
    use super::crtbegin;

    #[test]
    fn clang_tells_where_gcc_is() {
        let said = "Found candidate GCC installation: /usr/lib/gcc/x/12\nSelected GCC installation: /usr/lib/gcc/x/12\n\
                    Candidate multilib: .;@m64\nSelected multilib: .;@m64\n";
        assert_eq!(crtbegin(said), Some("/usr/lib/gcc/x/12/crtbegin.o".to_owned()));
        assert_eq!(crtbegin("Selected GCC installation: /usr"), None);
    }
}
