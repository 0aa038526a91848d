//! Actions of a small project, with digests that recc 1.4.30 printed for it; and where it has none.

use super::*;
use crate::action::Folders;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::base::variable::Variable;
use crate::inputs::files::Files;
use crate::inputs::siblings::Siblings;
use crate::inputs::snapshot::Snapshot;

const SOURCE: &str = "#include \"a.h\"\nint main(void) { return A; }\n";
const HEADER: &str = "#define A 0\n";

fn link(path: &str) -> Option<String> {
    (path == "/tmp/golden/inc2").then(|| "inc".to_owned())
}

const DISK: Disk<'_> = Disk { link: &link, is_plain: &|_| false, is_folder: &|_| true };

fn words(command: &str) -> Vec<String> {
    command.split(' ').map(str::to_owned).collect()
}

fn path_variable() -> Vec<Variable> {
    vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned()), ("HOME".to_owned(), "/root".to_owned())]
}

fn file<'a>(path: &'a str, content: &str) -> File<'a> {
    File { path, absolute: path.starts_with('/'), digest: Digest::of(content.as_bytes()), executable: false }
}

fn built(command: &str, directory: &str, layout: &Layout, files: &[File<'_>]) -> Result<Built, NotRemote> {
    let (arguments, environment) = (words(command), path_variable());
    let asked = Asked { arguments: &arguments, environment: &environment, directory, link: false };
    let inputs: Vec<Input<'_>> = files.iter().copied().map(Input::File).collect();
    build(&asked, layout, &inputs, &DISK, &Folders::default())
}

#[test]
fn a_compile_has_the_digest_that_recc_prints() {
    let command = "/usr/bin/gcc -nostdinc -I/tmp/golden/inc -c src/a.c -o build/a.o -MD";
    let files = [file("src/a.c", SOURCE), file("/tmp/golden/inc/a.h", HEADER)];
    let built = built(command, "/tmp/golden", &Layout::default(), &files).expect("an action");
    let digest = "c494de19b3326f678d52b94f579623936d6031c81a32a862b18d8552568a3a1b/143";
    assert_eq!(built.action.to_string(), digest);
    assert_eq!(built.command.output_paths, ["build/a.d", "build/a.o"]);
    assert_eq!(built.messages.last().map(|(digest, _)| *digest), Some(built.action.0));
    assert!(built.left_out.is_empty());
}

#[test]
fn a_compile_below_its_project_has_the_digest_that_recc_prints() {
    let layout = Layout {
        project_root: Some("/tmp/golden".to_owned()),
        platform: vec![("OSFamily".to_owned(), "linux".to_owned())],
        salt: Some("salt".to_owned()),
        remote_env: vec![("X".to_owned(), "1".to_owned())],
        ..Layout::default()
    };
    let files =
        [file("../inc/a.h", HEADER), file("/tmp/golden/src/a.c", SOURCE), file("/usr/include/x.h", "")];
    let command = "/usr/bin/gcc -nostdinc -I../inc -c /tmp/golden/src/a.c --coverage";
    let built = built(command, "/tmp/golden/build", &layout, &files).expect("an action");
    let digest = "2769e3e0a248e69fde2a083f42339114e973fe8a74d984d52a91eb94b4acd606/169";
    assert_eq!(built.action.to_string(), digest);
    assert_eq!(built.command.working_directory, "build");
    assert_eq!(built.left_out, [2]);
}

#[test]
fn a_compile_with_its_paths_kept_has_the_digest_that_recc_prints() {
    let layout = Layout { no_path_rewrite: true, deps_global_paths: true, ..Layout::default() };
    let files = [file("/tmp/golden/src/a.c", SOURCE), file("/tmp/golden/inc2/a.h", HEADER)];
    let command = "/usr/bin/gcc -nostdinc -Iinc2 -c src/a.c -Wp,-MMD,a.d -o a.o";
    let built = built(command, "/tmp/golden", &layout, &files).expect("an action");
    let digest = "3cc6a493d8bfeac23c224f43a3e5430b9f08440205f729f15555aac937e68e40/143";
    assert_eq!(built.action.to_string(), digest);
}

/// As recc 1.4.30 does it: whole paths, from the root, of what the command names, and not of what that includes.
#[test]
fn what_the_settings_keep_here_by_its_inputs_has_no_action() {
    let kept = |patterns: &str, command: &str| {
        let texts = patterns.split(',').map(str::to_owned).collect();
        let layout = Layout { invalid_input_paths: Patterns::new(texts).unwrap(), ..Layout::default() };
        let files = [file("conftest.c", ""), file("sub/h.h", "")];
        match built(command, "/p", &layout, &files) {
            Err(NotRemote::InvalidInput(path)) => Some(path),
            other => other.map(|_| None).unwrap(),
        }
    };
    let command = "/usr/bin/gcc -c ./conftest.c";
    for pattern in [".*/conftest.*", "nothing,/p/conftest.c", "/p/.*"] {
        assert_eq!(kept(pattern, command).as_deref(), Some("/p/conftest.c"), "{pattern}");
    }
    for pattern in ["conftest.*", "/p/conftest", ".*/sub/h.*", "/usr/.*"] {
        assert_eq!(kept(pattern, command), None, "{pattern}");
    }
}

#[test]
fn what_recc_runs_locally_has_an_action_all_the_same() {
    let sent = "-c src/a.S -march=native -save-temps -MM -x none -Xclang -emit-pch -U X -L . -o ../a.o";
    let command = format!("/usr/bin/tcc {}", sent.replace("src/", "/p/src/"));
    let built = built(&command, "/p", &Layout::default(), &[file("/p/src/a.S", "")]).expect("an action");
    assert_eq!(built.command.arguments[1..].join(" "), sent);
    assert_eq!(built.command.output_paths, ["../a.o"]);
}

#[test]
fn where_recc_has_no_bytes_there_is_an_error() {
    let fails = |command: &str, directory: &str, path| {
        built(command, directory, &Layout::default(), &[file(path, "")]).expect_err("no action")
    };
    assert_eq!(fails("/usr/bin/gcc -c a.c @x", "/p", "a.c"), NotRemote::ResponseFile("x".to_owned()));
    assert_eq!(
        fails("/usr/bin/gcc -c a.c -o /x/a.o", "/p", "a.c"),
        NotRemote::OutputOutside("/x/a.o".to_owned())
    );
    assert_eq!(fails("/usr/bin/gcc -c a.c -Ia=b", "/p", "a.c"), NotRemote::Garbled("-Ia=b".to_owned()));
    assert_eq!(
        fails("/usr/bin/gcc -c a.c -Wp,-MD", "/p", "a.c"),
        NotRemote::MissingArgument("-MD".to_owned())
    );
    assert_eq!(fails("/usr/bin/gcc -c a.c", "/p", "../../../a.c"), NotRemote::TooFarUp);
}

const LINKS: [(&str, &str); 4] = [("/p/l", "a"), ("/q/b", "/p"), ("/p/a/x", "y"), ("/o", "q")];

/// A disk with these links and with nothing else.
const LINKED: Disk<'_> = Disk {
    link: &|path| LINKS.iter().find(|(link, _)| *link == path).map(|(_, target)| (*target).to_owned()),
    is_plain: &|folder| {
        let is_on_the_way = |link: &str| folder == link || folder.starts_with(&format!("{link}/"));
        let is_inside = |link: &str| link.rsplit_once('/').is_some_and(|(above, _)| above == folder);
        !LINKS.iter().any(|(link, _)| is_on_the_way(link) || is_inside(link))
    },
    is_folder: &|_| true,
};

/// Files with their paths for contents, those of a folder together.
fn siblings(paths: &[String]) -> Vec<std::sync::Arc<Siblings>> {
    let files = Files::default();
    let mut paths = paths.to_vec();
    paths.sort_unstable();
    paths.dedup();
    // Folders get their numbers in another order than the set's.
    for path in paths.iter().rev() {
        files.paths().intern(path);
    }
    let set: Vec<PathId> = paths.iter().map(|path| files.paths().intern(path)).collect();
    let mut snapshot = Snapshot::new(&files);
    for (&id, path) in set.iter().zip(&paths) {
        snapshot.assume(id, Digest::of(path.as_bytes()));
    }
    snapshot.siblings(&set).expect("all are taken to exist")
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(2000))]

    #[test]
    fn siblings_are_as_each_of_them_by_itself(
        paths in proptest::collection::vec("/[pqo](/(a|b|l|[.][.]|[.]h|z/[.][.]|))?(/(a|b|l|[.]))?/[xyz]", 1..12),
        directory in "/[pq](/a)?",
        (rewrites, global, absolute) in proptest::arbitrary::any::<(bool, bool, bool)>(),
        root in proptest::option::of("/|/p|/p/|/p/a|/p/a/|[.][.]"),
        prefix in proptest::option::weighted(0.2, "/?w"),
        excluded in proptest::option::weighted(0.2, "/p/a|a/x|/q/|[.][.]/q"),
        map in proptest::option::weighted(0.2, "/p|/p/a/|/q/a/x"),
    ) {
        let layout = Layout {
            no_path_rewrite: !rewrites,
            deps_global_paths: global,
            project_root: root,
            working_dir_prefix: prefix,
            deps_exclude_paths: excluded.into_iter().collect(),
            prefix_map: map.into_iter().map(|from| (from, "/q".to_owned())).collect(),
            ..Layout::default()
        };
        let siblings = siblings(&paths);
        let together: Vec<_> = siblings.iter().map(|these| Input::Siblings { siblings: these, absolute }).collect();
        let apart: Vec<_> = together.iter().flat_map(Input::files).map(Input::File).collect();
        let arguments = words("/usr/bin/gcc -I/p/l -c x.c -o x.o");
        let asked = Asked { arguments: &arguments, environment: &[], directory: &directory, link: false };
        let built = |inputs: &[Input<'_>]| {
            let built = build(&asked, &layout, inputs, &LINKED, &Folders::default());
            built.map(|built| {
                let messages: std::collections::BTreeMap<_, _> = built.messages.into_iter().collect();
                (built.action, messages, built.left_out.is_empty())
            })
        };
        proptest::prop_assert_eq!(built(&together), built(&apart));
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(
        command in "(-(I|MD|MF|Wp,|o|x|Xpreprocessor|D|include|c)?[a./=,'é-]{0,5} ?){0,6}",
        paths in proptest::collection::vec("[a./é]{0,9}", 0..4),
        directory in "/[a./]{0,9}",
        flag in proptest::bool::ANY,
    ) {
        let layout = Layout {
            no_path_rewrite: flag,
            deps_global_paths: !flag,
            prefix_map: vec![("/a/".to_owned(), "/b".to_owned())],
            ..Layout::default()
        };
        let files: Vec<File<'_>> = paths.iter().map(|path| file(path, "")).collect();
        let _ = built(&format!("gcc {command}"), &directory, &layout, &files);
    }
}
