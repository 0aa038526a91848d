//! What recc reads from clang's own words.

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
