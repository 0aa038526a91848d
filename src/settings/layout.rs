//! How commands are laid out for a server: what the settings come to for an action's bytes.

use std::path::{Component, Path, PathBuf};

use super::{Settings, SettingsError};
use crate::action::remote::{Layout, Patterns};

/// The minor versions of REAPI 2 that recc 1.4.30 takes.
const MINORS: std::ops::RangeInclusive<u32> = 1..=12;

impl Settings {
    /// How commands are laid out.
    ///
    /// Defaults are recc's, so that both make the same actions, when one of recc's settings names the server. When ours
    /// alone do, absolute inputs count and paths stay as they are: recc's defaults miss changes outside of the root.
    pub fn layout(&self) -> Layout {
        let ours = self.is_remote_ours();
        let text = |name| self.get(name).map(str::to_owned);
        Layout {
            project_root: self.path("root").as_deref().and_then(folded),
            no_path_rewrite: self.flag_or("no_path_rewrite", ours),
            deps_global_paths: self.flag_or("deps_global_paths", ours),
            deps_override: self.list("deps_override"),
            deps_directory_override: text("deps_directory_override"),
            deps_exclude_paths: self.list("deps_exclude_paths"),
            deps_extra_symlinks: self.list("deps_extra_symlinks"),
            invalid_input_paths: self.invalid_input_paths().unwrap_or_default(),
            output_files_override: self.list("output_files_override"),
            output_directories_override: self.list("output_directories_override"),
            prefix_map: self.get("prefix_map").map(prefixes).unwrap_or_default(),
            working_dir_prefix: text("working_dir_prefix"),
            platform: self.map("remote_platform_"),
            compile_platform: self.map("compile_remote_platform_"),
            link_platform: self.map("link_remote_platform_"),
            remote_env: self.map("remote_env_"),
            preserve_env: self.flag("preserve_env"),
            env_to_read: self.list("env_to_read"),
            salt: text("action_salt"),
            uncacheable: self.flag("action_uncacheable"),
            version: self.reapi_version(),
        }
    }

    /// What keeps commands from a server by their inputs. Fails on an expression that cannot be matched.
    pub(super) fn invalid_input_paths(&self) -> Result<Patterns, SettingsError> {
        let name = "invalid_input_paths_regex";
        Patterns::new(self.list(name))
            .map_err(|_| self.wrong(name, "has an expression that spec-cc cannot match"))
    }

    fn reapi_version(&self) -> Option<(u32, u32)> {
        let minor = self.get("reapi_version")?.strip_prefix("2.")?.parse().ok()?;
        MINORS.contains(&minor).then_some((2, minor))
    }

    pub(super) fn check_layout(&self) -> Result<(), SettingsError> {
        match (self.get("reapi_version"), self.reapi_version()) {
            (Some(_), None) => Err(self.wrong("reapi_version", "must be one of 2.1 to 2.12")),
            _ => Ok(()),
        }
    }
}

/// A path without `.` and `..`, by its text alone, as recc takes a root; `None` when it is not UTF-8.
fn folded(path: &Path) -> Option<String> {
    let mut folded = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(folded.pop()),
            part => folded.push(part),
        }
    }
    folded.into_os_string().into_string().ok()
}

/// The pairs of `/from=/to:/from=/to`; like recc's, a pair without `=`, with nothing before it or with no absolute path is left out.
fn prefixes(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(':').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(from, to)| !from.is_empty() && (from.starts_with('/') || to.starts_with('/')))
        .map(|(from, to)| (from.to_owned(), to.to_owned()))
        .collect()
}
