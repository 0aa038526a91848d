//! Resolve: which file an include means today, and which files would be read instead if they existed.

use std::io;
use std::sync::{Arc, OnceLock};

use super::search::Chain;
use super::snapshot::Snapshot;
use crate::base::paths::{PathId, PathName};
use crate::directives::{Form, Include, Kind, Scan};
use crate::inputs::walks::{Precompiled, Walk};

/// What the includes of one file mean.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// For each include of the scan what it finds first, if anything.
    pub found: Vec<Option<PathId>>,
    /// What existed behind the first, where the compiler may go on to it (`#include_next`); in order.
    pub further: Vec<PathId>,
    /// The shadow lookups: what was looked for in vain.
    pub missed: Vec<PathId>,
    /// What of all that was found says `#pragma once`.
    pub once: Vec<PathId>,
    /// Whether an include may be replaced by a precompiled header; looked for in main sources only.
    pub precompiled: bool,
}

/// Walks the search path for each include of a file, as it stands; for a command's `main` source, precompiled headers count too.
///
/// Fails only when the file system does not say whether a candidate exists.
pub fn resolve(
    file: &PathName,
    main: bool,
    scan: &Scan,
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
) -> io::Result<Resolved> {
    let mut resolved = Resolved::default();
    for include in &scan.includes {
        let walk = walk(include, file.folder(), chain, snapshot)?;
        resolved.found.push(walk.found);
        resolved.further.extend(&walk.further);
        resolved.missed.extend(&walk.missed);
        resolved.once.extend(&walk.once);
        // GCC looks for one at the first include of a compile only (GCC manual, "Precompiled Headers").
        if main && !resolved.precompiled && include.kind == Kind::Include {
            if walk.precompiled.get().is_none() {
                let found = precompiled(include, file.folder(), &[".gch"], chain, snapshot)?;
                walk.precompiled.get_or_init(|| found);
            }
            let Some((is, missed)) = walk.precompiled.get() else { continue };
            resolved.precompiled = *is;
            resolved.missed.extend(missed);
        }
    }
    Ok(resolved)
}

/// The first file an include finds from a folder, and what is missed on the way.
pub(super) fn walk(
    include: &Include,
    folder: &str,
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
) -> io::Result<Arc<Walk>> {
    if let Some(known) = snapshot.walks.get(include, folder, chain.key) {
        return Ok(Arc::clone(known));
    }
    // Where `#include_next` starts depends on where the file itself was found: any directory may be the next.
    let next = matches!(include.kind, Kind::IncludeNext | Kind::HasIncludeNext);
    let (mut found, mut missed) = (Vec::new(), Vec::new());
    for (path, decides) in candidates(include, folder, chain) {
        let id = snapshot.files().paths().intern(&path);
        if !snapshot.readable(id)? {
            missed.push(id);
            continue;
        }
        found.push(id);
        if decides && !next {
            break;
        }
    }
    // What cannot be read is not in the set: then its condition keeps the compiler from it as well.
    let says_once = |id: &PathId| snapshot.scan(*id).is_ok_and(|(_, scan)| scan.once);
    let once = found.iter().copied().filter(says_once).collect();
    let mut found = found.into_iter();
    let walk = Walk {
        found: found.next(),
        further: found.collect(),
        missed: missed.into(),
        once,
        precompiled: OnceLock::new(),
    };
    let walk = Arc::new(walk);
    snapshot.walks.keep(include, folder, chain.key, &walk);
    Ok(walk)
}

/// Whether a candidate of an include, up to the one it finds, has a precompiled form; it may be a folder of them.
pub(super) fn precompiled(
    include: &Include,
    folder: &str,
    suffixes: &[&str],
    chain: &Chain,
    snapshot: &mut Snapshot<'_>,
) -> io::Result<Precompiled> {
    let paths = snapshot.files().paths();
    let mut missed = Vec::new();
    for (path, decides) in candidates(include, folder, chain) {
        for suffix in suffixes {
            let id = paths.intern(&format!("{path}{suffix}"));
            if snapshot.stat(id).is_ok() {
                return Ok((true, missed.into()));
            }
            missed.push(id);
        }
        if decides && snapshot.readable(paths.intern(&path))? {
            break;
        }
    }
    Ok((false, missed.into()))
}

/// The paths an include may mean, in the order they are tried, and whether finding one ends the search.
///
/// `"…"` begins in the includer's folder (GCC manual, "Search Path").
fn candidates<'a>(
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
    // The directory behind one for quotes may be another such.
    let next = matches!(include.kind, Kind::IncludeNext | Kind::HasIncludeNext);
    let start = match include.form {
        _ if absolute => chain.dirs.len(),
        Form::Angle if !next => chain.angle,
        _ => 0,
    };
    let dirs = chain.dirs[start..].iter().map(|dir| (format!("{}/{}", dir.path, include.name), dir.decides));
    own.into_iter().chain(dirs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directives::scan;
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
        let result =
            resolve(&source, false, &scan(text.as_bytes()), &chain, &mut snapshot).expect("resolved");
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
    fn the_same_include_means_another_file_in_another_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let cwd = dir.path().to_str().expect("UTF-8").to_owned();
        std::fs::create_dir_all(dir.path().join("one")).expect("made");
        std::fs::write(dir.path().join("one/a.h"), "#pragma once\n").expect("written");
        let files = Files::default();
        let mut snapshot = Snapshot::new(&files);
        let chain = Chain::new(&SearchPath::default(), &cwd, &mut snapshot);
        let scan = scan(b"#include \"a.h\"\n");
        let of = |snapshot: &mut Snapshot<'_>, source: &str| {
            let source = files.paths().get(files.paths().intern(&format!("{cwd}/{source}")));
            let resolved = resolve(&source, false, &scan, &chain, snapshot).expect("resolved");
            (resolved.found[0], resolved.once)
        };
        let [one, two] = ["one/a.h", "two/a.h"].map(|path| files.paths().intern(&format!("{cwd}/{path}")));
        assert_eq!(of(&mut snapshot, "one/a.c"), (Some(one), vec![one]));
        assert_eq!(of(&mut snapshot, "one/b.c"), (Some(one), vec![one]));
        assert_eq!(of(&mut snapshot, "two/a.c"), (None, vec![]));
        let (content, _) = files.learn(b"int two;\n");
        snapshot.assume(two, content);
        assert_eq!(of(&mut snapshot, "two/a.c"), (Some(two), vec![]));
    }

    #[test]
    fn include_next_looks_everywhere() {
        let (found, missed) = resolved(&["one/a.h"], "#include_next <a.h>\n");
        assert_eq!(
            (found, missed),
            (vec![Some("one/a.h".into())], vec!["quote/a.h".into(), "two/a.h".into()])
        );
    }
}
