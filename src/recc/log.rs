//! recc's log: a file for each command, in the folder and the words that recc 1.4.30 gives it.
//!
//! People, and BuildStream's own tests, read there what became of their commands.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::action::ActionDigest;
use crate::base::moment::Moment;
use crate::settings::Settings;

/// The levels that let recc's events through; they are of the level `info`.
const TELLING: [&str; 3] = ["info", "debug", "trace"];

/// One command's log. Nothing that goes wrong with it is anybody's concern: a log that cannot be written is not.
#[derive(Debug)]
pub struct ReccLog {
    folder: PathBuf,
    file: OnceLock<Option<File>>,
}

impl ReccLog {
    /// The log of a command run in `directory`; `None` without `LOG_DIRECTORY`, or when the level lets no event through.
    ///
    /// Like recc's, the file and its folder appear with the first event.
    pub fn of(settings: &Settings, directory: &Path) -> Option<Self> {
        let folder = directory.join(settings.get("log_directory")?);
        let level = settings.get("log_level").unwrap_or_default();
        let tells = settings.flag("verbose") || TELLING.contains(&level);
        tells.then(|| Self { folder, file: OnceLock::new() })
    }

    /// The action cache had the result, or a launch had put it there.
    pub fn cache_hit(&self, action: ActionDigest) {
        self.tell(format_args!("Action Cache hit for [{action}]"));
    }

    /// The server is asked to execute the action.
    pub fn executing(&self, action: ActionDigest) {
        self.tell(format_args!("Executing action remotely... [actionDigest={action}]"));
    }

    /// The server has executed the action.
    pub fn finished(&self, exit_code: i32) {
        self.tell(format_args!("Remote execution finished with exit code {exit_code}"));
    }

    /// The result is not cached, and the server is not to execute anything.
    pub fn local_in_cache_only(&self) {
        self.tell(format_args!("Action not cached and running in cache-only mode, executing locally"));
    }

    fn tell(&self, event: fmt::Arguments<'_>) {
        let Some(mut file) = self.file.get_or_init(|| create(&self.folder)).as_ref() else { return };
        let now = Moment::now();
        // One write for a line: a reader never sees half of one.
        let line = format!("{now} [{}:0] [spec-cc] [INFO] {event}\n", std::process::id());
        let _ = file.write_all(line.as_bytes());
    }
}

/// Makes the file of a command: a new one, for a name that is there may be a link to anywhere.
fn create(folder: &Path) -> Option<File> {
    fs::create_dir_all(folder).ok()?;
    let path = folder.join(file_name());
    OpenOptions::new().write(true).create_new(true).mode(0o644).open(path).ok()
}

/// `recc.HOST.USER.log.DATE-TIME.PID-NUMBER`: recc's name, and a number since one companion writes many.
fn file_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = Some(host.trim()).filter(|host| !host.is_empty()).unwrap_or("localhost").to_owned();
    let user = std::env::var("USER").unwrap_or_else(|_| nix::unistd::getuid().to_string());
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let pid = std::process::id();
    format!("recc.{host}.{}.log.{}.{pid}-{number}", user.replace('/', "_"), Moment::now().compact())
}

#[cfg(test)]
mod tests {
    use crate::base::digest::Digest;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn log(directory: &Path, variables: &[(&str, &str)]) -> Option<ReccLog> {
        ReccLog::of(&Settings::read(variables.iter().copied(), directory).unwrap(), directory)
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn each_command_has_a_file_in_the_words_of_recc() {
        let room = tempfile::tempdir().unwrap();
        let variables = [("RECC_LOG_DIRECTORY", "deep/log"), ("RECC_LOG_LEVEL", "info")];
        let (one, two) = (log(room.path(), &variables).unwrap(), log(room.path(), &variables).unwrap());
        assert!(!room.path().join("deep").exists(), "nothing happened yet");
        let action = ActionDigest(Digest::of(b"x"));
        one.executing(action);
        one.finished(0);
        two.local_in_cache_only();
        two.cache_hit(action);
        let mut texts: Vec<_> = files(&room.path().join("deep/log"))
            .iter()
            .map(|path| {
                assert!(path.file_name().unwrap().to_str().unwrap().starts_with("recc."));
                fs::read_to_string(path).unwrap()
            })
            .collect();
        texts.sort_by_key(String::len);
        let events = |text: &str| -> Vec<_> {
            text.lines().map(|line| line.split_once("[INFO] ").unwrap().1.to_owned()).collect()
        };
        assert_eq!(
            events(&texts[0]),
            [
                format!("Executing action remotely... [actionDigest={action}]"),
                "Remote execution finished with exit code 0".to_owned(),
            ]
        );
        assert_eq!(
            events(&texts[1]),
            [
                "Action not cached and running in cache-only mode, executing locally".to_owned(),
                format!("Action Cache hit for [{action}]"),
            ]
        );
    }

    #[test]
    fn there_is_none_without_a_folder_or_below_info() {
        let room = tempfile::tempdir().unwrap();
        let (folder, level) = (("RECC_LOG_DIRECTORY", "log"), ("RECC_LOG_LEVEL", "info"));
        assert!(log(room.path(), &[level]).is_none());
        assert!(log(room.path(), &[folder]).is_none());
        assert!(log(room.path(), &[folder, ("RECC_LOG_LEVEL", "warning")]).is_none());
        assert!(log(room.path(), &[folder, ("RECC_VERBOSE", "0")]).is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_nobodys_concern() {
        let room = tempfile::tempdir().unwrap();
        fs::write(room.path().join("log"), "a file").unwrap();
        let log = log(room.path(), &[("RECC_LOG_DIRECTORY", "log"), ("RECC_VERBOSE", "1")]).unwrap();
        log.finished(0);
        assert_eq!(fs::read_to_string(room.path().join("log")).unwrap(), "a file");
    }

    #[test]
    fn a_moment_is_written_as_recc_writes_it() {
        let moment = Moment::at(UNIX_EPOCH + Duration::from_millis(951_827_696_789));
        assert_eq!(moment.to_string(), "2000-02-29T12:34:56.789+0000");
        assert_eq!(moment.compact(), "20000229-123456");
    }
}
