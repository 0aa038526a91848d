//! The temporary folder: programs make files in it by names of chance.

use std::path::{Path, PathBuf};

/// The variables that programs look for it in, GCC's and Clang's in this order, and where they look else.
const VARIABLES: [&str; 3] = ["TMPDIR", "TMP", "TEMP"];
const USUAL: &str = "/tmp";

/// The temporary folder of a program with these variables, behind all links; `None` where there is none, or it is the root.
pub fn of<P: AsRef<Path>>(variable: impl Fn(&str) -> Option<P>) -> Option<PathBuf> {
    let named = VARIABLES.into_iter().filter_map(variable).map(|named| named.as_ref().to_owned());
    let mut folders =
        named.chain([PathBuf::from(USUAL)]).filter(|folder| folder.is_absolute() && folder.is_dir());
    folders.next()?.canonicalize().ok().filter(|folder| folder.parent().is_some())
}
