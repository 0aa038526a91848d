//! Where the program is: in the folder of whoever has a command traced.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The program's name.
pub const PROGRAM: &str = "spec-cc-trace";

/// `spec-cc-trace` in the folder of the program that asks; `None` where it is not there, or not executable.
pub fn installed() -> Option<PathBuf> {
    std::env::current_exe().ok().and_then(|own| beside(&own))
}

fn beside(own: &Path) -> Option<PathBuf> {
    let path = own.with_file_name(PROGRAM);
    let found = fs::metadata(&path).ok()?;
    (found.is_file() && found.permissions().mode() & 0o111 != 0).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_program_is_found() {
        let folder = std::env::temp_dir().join(format!("spec-cc-installed-{}", std::process::id()));
        let (own, path) = (folder.join("specctl"), folder.join(PROGRAM));
        fs::create_dir(&folder).unwrap();
        let missing = beside(&own);
        fs::write(&path, "").unwrap();
        let plain = beside(&own);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let program = beside(&own);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!((missing, plain, program), (None, None, Some(path)));
    }
}
