//! Resolve: which file an include means today, and which files would be read instead if they existed.

use std::io;

use super::directives::{Form, Include, Kind, Scan};
use super::paths::{PathId, PathName};
use super::search::Chain;
use super::snapshot::Snapshot;

/// What the includes of one file mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// For each include of the scan what it finds first, if anything.
    pub found: Vec<Option<PathId>>,
    /// What existed behind the first, where the compiler may go on to it (`#include_next`); in order.
    pub further: Vec<PathId>,
    /// The shadow lookups: what was looked for in vain, each once.
    pub missed: Vec<PathId>,
}

/// Walks the search path for each include of a file, as it stands.
///
/// Fails only when the file system does not say whether a candidate exists.
pub fn resolve(
    file: &PathName,
    scan: &Scan,
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
) -> io::Result<Resolved> {
    let mut resolved = Resolved::default();
    for include in &scan.includes {
        let found = walk(include, file.folder(), chain, snapshot, &mut resolved)?;
        resolved.found.push(found);
    }
    resolved.missed.sort_unstable();
    resolved.missed.dedup();
    Ok(resolved)
}

/// The first file an include finds from a folder; what is missed on the way is noted.
pub(super) fn walk(
    include: &Include,
    folder: &str,
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
    resolved: &mut Resolved,
) -> io::Result<Option<PathId>> {
    // Where `#include_next` starts depends on where the file itself was found: any directory may be the next.
    let next = matches!(include.kind, Kind::IncludeNext | Kind::HasIncludeNext);
    let mut first = None;
    for (path, decides) in candidates(include, folder, chain) {
        let id = snapshot.files().paths().intern(&path);
        if !snapshot.readable(id)? {
            resolved.missed.push(id);
            continue;
        }
        if first.is_some() {
            resolved.further.push(id);
        }
        first = first.or(Some(id));
        if decides && !next {
            break;
        }
    }
    Ok(first)
}

/// The paths an include may mean, in the order they are tried, and whether finding one ends the search.
///
/// `"…"` begins in the includer's folder (GCC manual, "Search Path").
pub(super) fn candidates<'a>(
    include: &'a Include,
    folder: &'a str,
    chain: &'a Chain,
) -> impl Iterator<Item = (String, bool)> + 'a {
    let absolute = include.name.starts_with('/');
    let own = (absolute || include.form == Form::Quote).then(|| match (absolute, folder) {
        (true, _) => (include.name.clone(), true),
        (false, "/") => (format!("/{}", include.name), true),
        (false, folder) => (format!("{folder}/{}", include.name), true),
    });
    let start = match (absolute, include.form) {
        (true, _) => chain.dirs.len(),
        (_, Form::Quote) => 0,
        (_, Form::Angle) => chain.angle,
    };
    let dirs = chain.dirs[start..].iter().map(|dir| (format!("{}/{}", dir.path, include.name), dir.decides));
    own.into_iter().chain(dirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::directives::scan;
    use crate::inputs::files::Files;
    use crate::inputs::search::SearchPath;

    /// Resolves a source text in a folder of files; paths are given relative to the folder.
    fn resolved(files_there: &[&str], text: &str) -> (Vec<Option<String>>, Vec<String>) {
        let dir = tempfile::tempdir().expect("a folder");
        let cwd = dir.path().to_str().expect("UTF-8").to_owned();
        for file in files_there {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        std::fs::create_dir_all(dir.path().join("one/dir.h")).expect("made");
        let search = SearchPath {
            quote: vec!["quote".into()],
            include: vec!["one".into()],
            builtin: vec!["two".into()],
            ..SearchPath::default()
        };
        let files = Files::default();
        let mut snapshot = Snapshot::new(&files);
        let chain = Chain::new(&search, &cwd, &mut snapshot);
        let source = files.paths().get(files.paths().intern(&format!("{cwd}/src/a.c")));
        let result = resolve(&source, &scan(text.as_bytes()), &chain, &mut snapshot).expect("resolved");
        let name = |id: &PathId| files.paths().get(*id).as_str().replace(&format!("{cwd}/"), "");
        let found = result.found.iter().map(|id| id.as_ref().map(name)).collect();
        let mut missed: Vec<String> = result.missed.iter().map(name).collect();
        missed.sort();
        (found, missed)
    }

    #[test]
    fn quotes_begin_in_the_includers_folder() {
        let (found, missed) = resolved(&["quote/a.h", "src/b.h"], "#include \"a.h\"\n#include \"b.h\"\n");
        assert_eq!(found, [Some("quote/a.h".into()), Some("src/b.h".into())]);
        assert_eq!(missed, ["src/a.h"]);
    }

    #[test]
    fn angles_skip_quote_directories() {
        let (found, missed) = resolved(&["quote/a.h", "two/a.h", "src/a.h"], "#include <a.h>\n");
        assert_eq!((found, missed), (vec![Some("two/a.h".into())], vec!["one/a.h".into()]));
    }

    #[test]
    fn a_directory_is_passed_over() {
        let (found, missed) = resolved(&["two/dir.h"], "#include <dir.h>\n");
        assert_eq!((found, missed), (vec![Some("two/dir.h".into())], vec!["one/dir.h".into()]));
    }

    #[test]
    fn what_is_nowhere_is_missed_everywhere() {
        let (found, missed) = resolved(&[], "#if __has_include(\"x.h\")\n#endif\n#include \"/no/such.h\"\n");
        assert_eq!(found, [None, None]);
        assert_eq!(missed, ["/no/such.h", "one/x.h", "quote/x.h", "src/x.h", "two/x.h"]);
    }

    #[test]
    fn include_next_looks_everywhere() {
        let (found, missed) = resolved(&["one/a.h"], "#include_next <a.h>\n");
        assert_eq!((found, missed), (vec![Some("one/a.h".into())], vec!["two/a.h".into()]));
    }
}
