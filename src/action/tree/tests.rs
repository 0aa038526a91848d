use std::os::unix::fs::PermissionsExt as _;

use super::{File, Input, Leaf, Renamed, Twice, root};
use crate::action::folders::Folders;
use crate::base::digest::Digest;
use crate::base::lexical::normalised;
use crate::inputs::files::Files;
use crate::inputs::snapshot::Snapshot;

/// A file whose content does not tell where it is.
fn content(path: &str) -> Input<'_> {
    Input::File(File { path, digest: Digest::of(b"content"), executable: false })
}

fn file(path: &str) -> Input<'_> {
    Input::File(File { path, digest: Digest::of(path.as_bytes()), executable: false })
}

fn root_digest(inputs: &[Input<'_>], directory: &str) -> Digest {
    super::root_digest(inputs, directory, None, &Folders::default())
}

#[test]
fn paths_lose_dots_and_doubled_slashes() {
    assert_eq!(normalised("/a/./b//c/../d"), "/a/b/d");
    assert_eq!(normalised("/../a/"), "/a");
    assert_eq!(normalised("/a/b"), "/a/b");
    assert_eq!(normalised("/a/.b/..c/d"), "/a/.b/..c/d");
    assert_eq!(normalised("a//b"), "/a/b");
}

#[test]
fn order_of_inputs_does_not_matter() {
    let one = root_digest(&[file("/a.b/x"), file("/a/x"), file("/a/b/y")], "/w");
    let two = root_digest(&[file("/a/b/y"), file("/a/x"), file("/a.b/x")], "/w");
    assert_eq!(one, two);
}

#[test]
fn the_working_directory_is_there_even_when_empty() {
    assert_ne!(root_digest(&[file("/a/x")], "/w"), root_digest(&[file("/a/x")], "/v"));
    assert_eq!(root_digest(&[file("/w/x")], "/w"), root_digest(&[file("/w/x")], "/"));
}

#[test]
fn an_executable_file_is_another_input() {
    let executable = Input::File(File { path: "/a/x", digest: Digest::of(b"/a/x"), executable: true });
    assert_ne!(root_digest(&[executable], "/w"), root_digest(&[file("/a/x")], "/w"));
}

#[test]
fn a_renamed_folder_is_as_if_it_had_that_name() {
    let renamed = Some(Renamed { folder: "/home/me", name: "{root}" });
    let digest = |paths: &[&str], directory: &str| {
        let inputs: Vec<Input<'_>> = paths.iter().map(|path| content(path)).collect();
        super::root_digest(&inputs, directory, renamed, &Folders::default())
    };
    let by_hand = |paths: &[&str], directory: &str| {
        let inputs: Vec<Input<'_>> = paths.iter().map(|path| content(path)).collect();
        root_digest(&inputs, directory)
    };
    let all = ["/a/x", "/home/me/b.c", "/home/me/c/d.h", "/home/me.h", "/home/my/e.h", "/z"];
    let named = ["/a/x", "/{root}/b.c", "/{root}/c/d.h", "/home/me.h", "/home/my/e.h", "/z"];
    for (directory, name) in [
        ("/home/me", "/{root}"),
        ("/home/me/c", "/{root}/c"),
        ("/home/me/new", "/{root}/new"),
        ("/home", "/home"),
        ("/home/mexico", "/home/mexico"),
        ("/", "/"),
    ] {
        for (all, named) in [(&all[..], &named[..]), (&all[..1], &named[..1]), (&all[1..2], &named[1..2])] {
            assert_eq!(digest(all, directory), by_hand(named, name), "{all:?} in {directory}");
        }
    }
    assert_eq!(digest(&["/home/me/a/../b.c"], "/"), by_hand(&["/{root}/b.c"], "/"));
}

#[test]
fn siblings_are_as_each_of_them_by_itself() {
    let files = Files::default();
    let clash = ["/a/../b/x", "/b/x"];
    let paths = ["/a/x", "/a/y", "/a/b/x", "/a.b/x", "/b/y", "/home/x", "/home/me/x", "/home/me/a/x", "/x"];
    let paths = [&clash[..], &paths].concat();
    let set: Vec<_> = paths.iter().map(|path| files.paths().intern(path)).collect();
    let mut snapshot = Snapshot::new(&files);
    for (&id, path) in set.iter().zip(&paths) {
        snapshot.assume(id, Digest::of(path.as_bytes()));
    }
    let siblings = snapshot.siblings(&set).expect("all are taken to exist");
    let together: Vec<Input<'_>> = siblings.iter().map(|these| Input::Siblings(these)).collect();
    let apart: Vec<Input<'_>> = paths.iter().map(|path| file(path)).collect();
    for renamed in [None, Some(Renamed { folder: "/home/me", name: "{root}" })] {
        for directory in ["/", "/a", "/home/me", "/home/me/a/c"] {
            let digest =
                |inputs: &[Input<'_>]| super::root_digest(inputs, directory, renamed, &Folders::default());
            assert_eq!(digest(&together), digest(&apart), "{directory}");
            // Of two files with one path, neither is passed over.
            let without = |at: usize| [&apart[..at], &apart[at + 1..]].concat();
            assert!([0, 1].iter().all(|&at| digest(&without(at)) != digest(&apart)), "{directory}");
        }
    }
    // Siblings and a file beside them, given one by one.
    let some = siblings.iter().filter(|these| these.folder() == "/a/");
    let some = some.map(|these| Input::Siblings(these));
    let mixed: Vec<Input<'_>> = some.chain(apart.iter().copied()).collect();
    assert!(mixed.len() > apart.len() && root_digest(&mixed, "/") == root_digest(&apart, "/"));
}

#[test]
fn of_siblings_those_are_executable_that_are() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let path = dir.path().join("x").to_str().expect("UTF-8").to_owned();
    std::fs::write(&path, "x").expect("written");
    let id = files.paths().intern(&path);
    for mode in [0o644, 0o755] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        let siblings = Snapshot::new(&files).siblings(&[id]).expect("seen");
        let alone = Input::File(File { path: &path, digest: Digest::of(b"x"), executable: mode == 0o755 });
        assert_eq!(root_digest(&[Input::Siblings(&siblings[0])], "/"), root_digest(&[alone], "/"));
    }
}

#[test]
fn every_directory_is_handed_out_under_its_digest_the_root_last() {
    let mut built = Vec::new();
    let leaves = ["a/b/x", "a/y"].map(|path| Leaf::file(path.into(), Digest::of(b""), false));
    let digest = root(leaves.into(), Twice::First, &Folders::default(), &mut |digest, bytes| {
        built.push((digest, bytes));
    });
    assert_eq!(built.len(), 3);
    assert_eq!(built.last().map(|(digest, _)| *digest), Some(digest));
    assert!(built.iter().all(|(digest, bytes)| *digest == Digest::of(bytes)));
}
