//! Files that buildbox's FUSE stages: told without being read, and told apart from another tree's.

use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::missing::Missing;
use crate::support::peers::{Casd, CasdOptions, Peers};
use spec_cc::base::digest::Digest;
use spec_cc::base::paths::PathId;
use spec_cc::inputs::files::Files;

/// A casd, and a folder to mount trees in.
struct Room {
    peers: Peers,
    casd: Option<Casd>,
    url: String,
    folder: tempfile::TempDir,
}

/// A tree that is mounted; unmounted when dropped.
struct Staged {
    mount: PathBuf,
    server: Child,
}

impl Room {
    /// `None`, said aloud, where the peers cannot be had.
    fn new() -> Option<Self> {
        let peers = Peers::get()?;
        // buildbox-fuse takes no unix sockets.
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let options =
            CasdOptions { arguments: vec![format!("--bind=127.0.0.1:{port}")], ..CasdOptions::default() };
        let casd = Some(peers.casd(&options));
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["mount", "blobs"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        Some(Self { peers, casd, url: format!("http://127.0.0.1:{port}"), folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Uploads a tree with one file `x.h`, and mounts it; `None`, said aloud, where nothing can be mounted.
    fn stage(&self, content: &str) -> Option<Staged> {
        let (tree, digest, mount) = (self.path("tree"), self.path("digest"), self.path("mount"));
        let _ = fs::remove_dir_all(&tree);
        fs::create_dir(&tree).expect("made");
        fs::write(tree.join("x.h"), content).expect("written");
        let status = Command::new(self.peers.program("casupload"))
            .args([format!("--remote={}", self.url), format!("--output-digest-file={}", digest.display())])
            .arg(&tree)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("casupload runs");
        assert!(status.success(), "casupload: {status}");
        let digest = fs::read_to_string(digest).expect("a digest");
        let server = Command::new(self.peers.program("buildbox-fuse"))
            .arg(format!("--local={}", self.path("blobs").display()))
            .arg(format!("--remote={}", self.url))
            .arg(format!("--input-digest-value={}", digest.trim()))
            .arg(format!("--output-digest={}", self.path("out").display()))
            .arg(&mount)
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.path("said")).expect("made"))
            .spawn()
            .expect("buildbox-fuse runs");
        let mut staged = Staged { mount, server };
        let late = Instant::now() + Duration::from_mins(1);
        while !staged.file().exists() {
            let said = || fs::read_to_string(self.path("said")).unwrap_or_default();
            if let Some(ended) = staged.server.try_wait().expect("look after buildbox-fuse") {
                Missing::Kernel(format!("no FUSE can be mounted here ({ended}): {}", said())).skip();
                return None;
            }
            assert!(Instant::now() < late, "buildbox-fuse mounts nothing: {}", said());
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(staged)
    }
}

impl Staged {
    fn file(&self) -> PathBuf {
        self.mount.join("x.h")
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // It unmounts at a SIGTERM, when nobody is in there, and misses one that comes between two of its requests.
        let late = Instant::now() + Duration::from_secs(10);
        while self.server.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < late {
            if let Ok(pid) = i32::try_from(self.server.id()) {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGTERM,
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.server.kill();
        let _ = self.server.wait();
        // Without its casd it leaves the mount behind.
        let _ = nix::mount::umount2(&self.mount, nix::mount::MntFlags::MNT_DETACH);
    }
}

fn id(files: &Files, path: &Path) -> PathId {
    files.paths().intern(path.to_str().expect("UTF-8"))
}

#[test]
fn a_staged_file_is_told_without_being_read() {
    let Some(mut room) = Room::new() else { return };
    let Some(staged) = room.stage("#include <a.h>\n") else { return };
    let files = Files::default();
    let file = id(&files, &staged.file());
    // Nobody is left to fetch it from.
    room.casd = None;
    assert_eq!(files.look(file).expect("told").digest, Digest::of(b"#include <a.h>\n"));
    assert!(files.scan(file).is_err(), "its directives are in its text");
    files.learn(b"#include <a.h>\n");
    assert_eq!(files.scan(file).expect("known by its digest").includes.len(), 1);
}

#[test]
fn a_file_that_was_written_to_is_read() {
    let Some(room) = Room::new() else { return };
    let Some(staged) = room.stage("one") else { return };
    let files = Files::default();
    let file = id(&files, &staged.file());
    assert_eq!(files.look(file).expect("told").digest, Digest::of(b"one"));
    let mut open = fs::File::options().write(true).open(staged.file()).expect("opened");
    open.seek(SeekFrom::Start(0)).and_then(|_| open.write_all(b"two")).expect("written");
    drop(open);
    assert_eq!(files.look(file).expect("read").digest, Digest::of(b"two"));
    fs::write(staged.mount.join("new.h"), "new").expect("written");
    assert_eq!(files.look(id(&files, &staged.mount.join("new.h"))).expect("read").digest, Digest::of(b"new"));
}

/// Two trees mounted in turn have the same device, inodes, sizes and times.
#[test]
fn another_tree_in_the_same_place_is_another() {
    let Some(room) = Room::new() else { return };
    let files = Files::default();
    let look = |content: &str| {
        let staged = room.stage(content)?;
        let meta = fs::metadata(staged.file()).expect("stat");
        let seen = files.look(id(&files, &staged.file())).expect("told");
        assert_eq!(seen.digest, Digest::of(content.as_bytes()));
        assert_eq!(files.look(id(&files, &staged.file())).expect("kept"), seen);
        Some((meta.ino(), meta.size(), meta.mtime(), meta.ctime()))
    };
    let (Some(one), Some(two)) = (look("one"), look("two")) else { return };
    assert_eq!(one, two, "they could be told apart by less, and this test shows nothing");
}
