//! Snapshots hold for a moment, and the next one sees what has changed.
use super::*;
use crate::inputs::siblings::Sibling;
use crate::inputs::stamp::before_any_change_ns;

#[test]
fn answers_stay_the_same_within_a_snapshot() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("a");
    std::fs::write(&path, "one").expect("written");
    let files = Files::default();
    let id = files.paths().intern(path.to_str().expect("UTF-8"));
    let mut snapshot = Snapshot::new(&files);
    let seen = snapshot.look(id).expect("seen");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(snapshot.look(id).expect("seen"), seen);
    assert!(snapshot.readable(id).expect("known"));
    assert!(!Snapshot::new(&files).readable(id).expect("known"));
}

#[test]
fn files_of_one_folder_are_looked_at_once_and_anew_when_one_of_them_is_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let ids: Vec<PathId> = ["a.h", "b/c.h", "b.h"]
        .map(|name| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, name).expect("written");
            files.paths().intern(path.to_str().expect("UTF-8"))
        })
        .into();
    let mut snapshot = Snapshot::new(&files);
    let first = snapshot.siblings(&ids).expect("seen");
    let names: Vec<Vec<&str>> =
        first.iter().map(|these| these.files().iter().map(Sibling::name).collect()).collect();
    assert_eq!(names, [vec!["a.h", "b.h"], vec!["c.h"]]);
    let again = snapshot.siblings(&ids).expect("seen");
    assert!(first.iter().zip(&again).all(|(one, other)| Arc::ptr_eq(one, other)));
    // Whatever else is missing, and what comes to be assumed, even what was there, is seen from then on.
    let gone = files.paths().intern(dir.path().join("b/d.h").to_str().expect("UTF-8"));
    assert_eq!(snapshot.siblings(&[ids[1], gone]).map_err(|(id, _)| id).err(), Some(gone));
    snapshot.assume(gone, Digest::of(b"d"));
    assert_eq!(snapshot.siblings(&[ids[1], gone]).expect("assumed")[0].files().len(), 2);
    snapshot.assume(ids[1], Digest::of(b"other"));
    let assumed = snapshot.siblings(&ids).expect("seen");
    assert_eq!(assumed[1].files()[0].digest, Digest::of(b"other"));
    // The next moment sees what has changed.
    std::fs::write(dir.path().join("a.h"), "changed").expect("written");
    let now = Snapshot::new(&files).siblings(&ids).expect("seen");
    assert_eq!(now[0].files()[0].digest, Digest::of(b"changed"));
}

/// A launch is shown another content under all names that lead to the file.
#[test]
fn what_an_assumed_file_replaces_is_not_told_under_another_name() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let [real, early, late, other] = ["x.h", "early.h", "late.h", "other.h"].map(|name| {
        let path = dir.path().join(name);
        match name {
            "early.h" | "late.h" => std::os::unix::fs::symlink("x.h", &path).expect("linked"),
            name => std::fs::write(&path, name).expect("written"),
        }
        files.paths().intern(path.to_str().expect("UTF-8"))
    });
    let mut snapshot = Snapshot::new(&files);
    assert!(snapshot.siblings(&[early, other]).is_ok());
    snapshot.assume(real, Digest::of(b"x.h"));
    let stamp = snapshot.look(real).expect("seen").stamp;
    assert_eq!(stamp, files.stat(real).expect("seen"), "it is there already");
    let mut snapshot = Snapshot::new(&files);
    assert!(snapshot.siblings(&[early, other]).is_ok());
    snapshot.assume(real, Digest::of(b"new"));
    for (one, told) in [(real, true), (early, false), (late, false), (other, true)] {
        assert_eq!(snapshot.siblings(&[one]).is_ok(), told, "{}", files.paths().get(one).as_str());
    }
    assert!(snapshot.siblings(&[early, other]).is_err());
}

#[test]
fn a_folder_can_be_taken_to_exist() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("a"), "one").expect("written");
    let files = Files::default();
    let text = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
    let through = files.paths().intern(&text("none/sub/../../a"));
    assert!(Snapshot::new(&files).look(through).is_err());
    let mut snapshot = Snapshot::new(&files);
    snapshot.assume_folder(&text("none/sub"));
    assert_eq!(snapshot.look(through).expect("seen").digest, Digest::of(b"one"));
}

#[test]
fn what_appears_where_it_was_missing_is_seen() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let path = |name: &str| dir.path().join(name);
    let readable = |name: &str| {
        let id = files.paths().intern(path(name).to_str().expect("UTF-8"));
        Snapshot::new(&files).readable(id).expect("known")
    };
    std::os::unix::fs::symlink("target", path("link")).expect("linked");
    let names = ["plain.h", "sub/a.h", "sub/deep/a.h", "link", "other/a.h"];
    // Once while the folder is fresh, then after it has settled, so that absences are kept.
    for pause in [0, 60, 0] {
        std::thread::sleep(std::time::Duration::from_millis(pause));
        for name in names {
            assert!(!readable(name), "{name}");
        }
    }
    std::fs::write(path("target"), "").expect("written");
    assert!(readable("link"));
    std::fs::create_dir_all(path("sub/deep")).expect("made");
    assert!(!readable("sub/a.h"));
    std::fs::write(path("sub/a.h"), "").expect("written");
    std::fs::write(path("sub/deep/a.h"), "").expect("written");
    std::fs::write(path("plain.h"), "").expect("written");
    std::os::unix::fs::symlink("sub", path("other")).expect("linked");
    for name in names {
        assert!(readable(name), "{name}");
    }
    std::fs::remove_file(path("plain.h")).expect("removed");
    assert!(!readable("plain.h"));
}

#[test]
fn what_came_since_a_moment_is_named_and_what_was_there_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let id = |name: &str| files.paths().intern(dir.path().join(name).to_str().expect("UTF-8"));
    std::fs::write(dir.path().join("old"), "").expect("written");
    std::thread::sleep(std::time::Duration::from_millis(30));
    let began_ns = before_any_change_ns();
    let changed = |name: &str| {
        let mut snapshot = Snapshot::new(&files);
        let _ = snapshot.stat(id("old"));
        let _ = snapshot.stat(id(name));
        snapshot.changed_since(began_ns).map(|(id, _)| id)
    };
    assert_eq!(changed("new"), None);
    std::fs::write(dir.path().join("new"), "").expect("written");
    assert_eq!(changed("new"), Some(id("new")));
    assert_eq!(changed("link"), None);
    std::os::unix::fs::symlink("old", dir.path().join("link")).expect("linked");
    assert_eq!(changed("link"), Some(id("link")), "an old file in a new place");
}

#[test]
fn old_files_that_a_folder_or_link_brings_are_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::default();
    let path = |name: &str| dir.path().join(name);
    for folder in ["inc", "v1", "v2", "v3"] {
        std::fs::create_dir(path(folder)).expect("made");
        std::fs::write(path(folder).join("a.h"), folder).expect("written");
    }
    let link = |target: &str, name: &str| {
        let _ = std::fs::remove_file(path(name));
        std::os::unix::fs::symlink(target, path(name)).expect("linked");
    };
    link("v1", "inner");
    link("inner", "outer");
    link("v3/a.h", "leaf.h");
    let asked = ["inc/a.h", "outer/a.h", "leaf.h"];
    let put = |change: &dyn Fn()| {
        std::thread::sleep(std::time::Duration::from_millis(30));
        let began_ns = before_any_change_ns();
        change();
        let mut snapshot = Snapshot::new(&files);
        for name in asked {
            snapshot.stat(files.paths().intern(path(name).to_str().expect("UTF-8"))).expect("there");
        }
        snapshot.changed_since(began_ns).map(|(id, _)| files.paths().get(id).as_str().to_owned())
    };
    let named = |name: &str| Some(path(name).to_str().expect("UTF-8").to_owned());
    let rename = |from: &str, to: &str| std::fs::rename(path(from), path(to)).expect("renamed");
    assert_eq!(put(&|| ()), None);
    assert_eq!(put(&|| std::fs::write(path("inc/new"), "").expect("written")), None, "a new neighbour");
    assert_eq!(put(&|| link("v2", "inner")), named("inner"), "a link on the way of a link");
    let renamed = || {
        rename("inc", "old");
        rename("v1", "inc");
    };
    assert_eq!(put(&renamed), named("inc"));
    let behind_a_link = || {
        rename("v3", "older");
        rename("old", "v3");
    };
    assert_eq!(put(&behind_a_link), named("v3"));
    assert_eq!(put(&|| ()), None);
}

#[test]
fn a_settled_absence_costs_no_call() {
    let files = Files::default();
    let id = files.paths().intern("/usr/include/no/such.h");
    assert!(!Snapshot::new(&files).readable(id).expect("known"));
    assert!(Snapshot::new(&files).is_known_absent(id));
}

#[test]
fn a_directory_is_not_read() {
    let files = Files::default();
    let mut snapshot = Snapshot::new(&files);
    let root = files.paths().intern("/");
    assert!(!snapshot.readable(root).expect("known"));
    assert!(snapshot.look(root).is_err());
}
