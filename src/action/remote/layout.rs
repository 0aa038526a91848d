//! How a command is laid out for a server: the settings of recc that change an action's bytes.

use super::Patterns;

/// recc's settings that decide on Command, input root and Action; each is named after its `RECC_` variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// `PROJECT_ROOT`: paths below it are rewritten to relative ones; the working directory when `None`.
    pub project_root: Option<String>,
    /// `NO_PATH_REWRITE`: leave absolute paths as they are.
    pub no_path_rewrite: bool,
    /// `DEPS_GLOBAL_PATHS`: files with absolute paths outside of the project root are inputs, too.
    pub deps_global_paths: bool,
    /// `DEPS_OVERRIDE`: these files are the inputs.
    pub deps_override: Vec<String>,
    /// `DEPS_DIRECTORY_OVERRIDE`: all of this folder is the input.
    pub deps_directory_override: Option<String>,
    /// `DEPS_EXCLUDE_PATHS`: files below these are no inputs.
    pub deps_exclude_paths: Vec<String>,
    /// `DEPS_EXTRA_SYMLINKS`: links to add to the input root.
    pub deps_extra_symlinks: Vec<String>,
    /// `INVALID_INPUT_PATHS_REGEX`: a command with such an input stays here.
    pub invalid_input_paths: Patterns,
    /// `OUTPUT_FILES_OVERRIDE`: these are the outputs.
    pub output_files_override: Vec<String>,
    /// `OUTPUT_DIRECTORIES_OVERRIDE`: these folders are outputs.
    pub output_directories_override: Vec<String>,
    /// `PREFIX_MAP`: absolute prefixes to replace, and by what.
    pub prefix_map: Vec<(String, String)>,
    /// `WORKING_DIR_PREFIX`: a folder above the working directory and the relative inputs.
    pub working_dir_prefix: Option<String>,
    /// `REMOTE_PLATFORM_*`, without the prefix, in any order.
    pub platform: Vec<(String, String)>,
    /// `COMPILE_REMOTE_PLATFORM_*`: over those, for compiles.
    pub compile_platform: Vec<(String, String)>,
    /// `LINK_REMOTE_PLATFORM_*`: over those, for links.
    pub link_platform: Vec<(String, String)>,
    /// `REMOTE_ENV_*`, without the prefix, in any order.
    pub remote_env: Vec<(String, String)>,
    /// `PRESERVE_ENV`: send the whole environment.
    pub preserve_env: bool,
    /// `ENV_TO_READ`: further variables to send.
    pub env_to_read: Vec<String>,
    /// `ACTION_SALT`.
    pub salt: Option<String>,
    /// `ACTION_UNCACHEABLE`.
    pub uncacheable: bool,
    /// `REAPI_VERSION`, as (2, 12).
    pub version: Option<(u32, u32)>,
}
