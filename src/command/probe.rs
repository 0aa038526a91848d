//! Configure tests, by the names that the build systems give them.

use std::path::Path;

use super::temp_names::is_python_file;

/// Returns whether `source`, compiled in `cwd`, is a test of autoconf, `CMake`, meson, waf or a Python setup script, or another file
/// that is made for one.
pub fn is_test_source(source: &str, cwd: &Path) -> bool {
    let path = cwd.join(source);
    let path = path.to_string_lossy();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let is_conftest = parts.last().is_some_and(|name| name.starts_with("conftest."));
    // config.guess
    let is_guess = matches!(parts.as_slice(), [.., folder, file] if folder.starts_with("cg") && file.starts_with("dummy."));
    is_conftest
        || is_guess
        || parts.windows(2).any(|pair| is_test_folder(pair[0], pair[1]))
        || is_compiler_id(&parts)
        || is_python_file(&path)
}

fn is_test_folder(outer: &str, inner: &str) -> bool {
    match outer {
        "CMakeFiles" => matches!(inner, "CMakeTmp" | "CMakeScratch" | "ShowIncludes"),
        "meson-private" => inner.starts_with("tmp") || inner.starts_with("sanitycheck"),
        _ => outer.starts_with(".conf_check_"),
    }
}

/// `CMakeFiles/3.25.1/CompilerIdC/…`
fn is_compiler_id(parts: &[&str]) -> bool {
    parts.windows(3).any(|three| three[0] == "CMakeFiles" && three[2].starts_with("CompilerId"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_from_sources() {
        let is = |source, cwd| is_test_source(source, Path::new(cwd));
        assert!(is("conftest.c", "/b"));
        assert!(is("/b/CMakeFiles/CMakeTmp/src.c", "/b"));
        assert!(is("src.c", "/b/CMakeFiles/CMakeScratch/TryCompile-a1b2"));
        assert!(is("CMakeCCompilerId.c", "/b/CMakeFiles/3.25.1/CompilerIdC"));
        assert!(is("/b/meson-private/tmpabc/testfile.c", "/b"));
        assert!(is("/tmp/tmpab3_defg.c", "/b"));
        assert!(!is("/tmp/tmpab3_defg/main.c", "/b"));
        assert!(!is("confuse.c", "/b"));
        assert!(!is("src.c", "/b/CMakeFiles/app.dir"));
        assert!(!is("my-conftest.c", "/b"));
    }
}
