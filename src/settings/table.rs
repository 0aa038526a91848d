//! The table of settings: each name, what it does, its default, and the variable of recc that means the same.

use std::collections::HashMap;
use std::sync::LazyLock;

/// One row of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name in the configuration file; the variable is `SPEC_CC_` and the name in capitals.
    pub name: &'static str,
    /// What it does, for `specctl config` and `docs/settings.md`.
    pub help: &'static str,
    /// Value when nothing sets it; empty when it is worked out elsewhere.
    pub default: &'static str,
    /// How its text is read.
    pub kind: Kind,
    /// Whether the configuration file may set it. The shim reads variables only.
    pub in_file: bool,
    /// The variable of recc that means the same, without `RECC_`.
    pub recc: Option<&'static str>,
}

/// How the text of a setting is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As it is.
    Text,
    /// On or off. From recc's variables and files any text is on, `0` too; ours know `0`, `no`, `off` and `false`.
    Flag,
    /// Separated by commas; `\,` is a comma. recc's variables and files add to one another.
    List,
    /// A prefix of names: what follows it is a key of its own.
    Map,
}

/// Every setting there is.
pub const TABLE: &[Setting] = &[
    shim("disable", "run the compiler and do nothing else"),
    text("mode", "`off`, `learn`, `cache` or `spec`").by_default("spec"),
    shim("project", "name of the project; without it BuildStream's, else `local`"),
    shim("element", "name of the element; without it BuildStream's, else the name of the root's folder"),
    shim("root", "folder below which paths are relative; without it the repository's top, else the outermost with a build system's file (`configure`, `Makefile`, …)").like("PROJECT_ROOT"),
    shim("compiler", "the compiler that `spec-cc -c x.c` runs; without it the first `cc` on `PATH`, or `c++` for `spec-c++`"),
    shim("ar", "the archiver that `spec-ar` runs; without it the first `ar` on `PATH`"),
    shim("socket", "where the companion listens; without it a name for the store, in a private folder below `$XDG_RUNTIME_DIR` or `/tmp`"),
    shim("store", "folder of the records; without it `spec-cc/store` in `$XDG_CACHE_HOME` or `~/.cache`, or `/tmp/spec-cc-UID/store`"),
    text("cache", "folder of the results; without it `cache` beside the store"),
    text("max_size", "size limit of the results, as `5G`, `500M`; `0` is no limit").by_default("5G"),
    text("jobs", "launches run at once on this machine; `0` is one per core").by_default("0"),
    text("max_launch_cpu", "CPU seconds that the launches of a session may take; `0` is no limit")
        .by_default("0"),
    text("max_launch_size", "bytes that they may leave and send to a server, as `5G`; `0` is no limit")
        .by_default("0"),
    text(
        "verify",
        "share of what would be served, from `0` to `1`, for which the compiler runs instead, to be compared with it: `1` is all, `0.01` one of a hundred",
    )
    .by_default("0"),
    text("log", "what the companion logs: `error`, `warn`, `info`, `debug` or `trace`").by_default("warn"),
    text("backend", "`local`, `reapi` or `recc`; without it `reapi` when a server is set, else `local`"),
    text("recc", "the recc that the backend `recc` runs; without it the first on `PATH`"),
    text("remote", "URL of the server of all services: `unix:/PATH`, `http://…`, `https://…`"),
    text("policy", "what a compile that is not cached does: `execute`, `race`, `local` or `cache-only`"),
    text(
        "remote_priority",
        "`ExecutionPolicy.priority` of launches; compiles have 0. By the protocol more is later; NativeLink has it the other way round",
    )
    .by_default("1"),
    text(
        "remote_traced",
        "have the server execute configure tests, links and archives ahead of the build, where it executes compiles",
    )
    .flag()
    .by_default("true"),
    text("credential_helper", "program that prints credentials, as Bazel's `--credential_helper`"),
    text(
        "share_records",
        "leave records, and results of traced commands, on the server: the next sandbox or another machine finds them",
    )
    .flag()
    .by_default("true"),
    // Servers.
    recc("server", "URL of the execution service", "SERVER"),
    recc("cas_server", "URL of the CAS; without it the action cache's, else `server`", "CAS_SERVER"),
    recc(
        "action_cache_server",
        "URL of the action cache; without it the CAS's, else `server`",
        "ACTION_CACHE_SERVER",
    ),
    recc("server_ssl", "a URL without scheme means `https`", "SERVER_SSL").flag(),
    recc("instance", "instance name of the requests", "INSTANCE"),
    recc("cas_instance", "the same for the CAS", "CAS_INSTANCE"),
    recc("action_cache_instance", "the same for the action cache", "ACTION_CACHE_INSTANCE"),
    recc("access_token_path", "file with a bearer token", "ACCESS_TOKEN_PATH"),
    recc("server_cert", "PEM file of the authorities to trust", "SERVER_CERT"),
    recc("client_key", "PEM file of the client's key", "CLIENT_KEY"),
    recc("client_cert", "PEM file of the client's certificate", "CLIENT_CERT"),
    recc("retry_limit", "how often a failed request is sent again", "RETRY_LIMIT").by_default("3"),
    recc("retry_delay", "milliseconds before the first retry; doubles", "RETRY_DELAY").by_default("100"),
    recc("request_timeout", "seconds that a request may take", "REQUEST_TIMEOUT").by_default("30"),
    recc("keepalive_time", "seconds between pings; `0` is none", "KEEPALIVE_TIME").by_default("0"),
    // What to do.
    recc("cache_only", "execute nothing on the server", "CACHE_ONLY").flag(),
    recc("compile_cache_only", "the same for compiles", "COMPILE_CACHE_ONLY").flag(),
    recc("link_cache_only", "the same for links", "LINK_CACHE_ONLY").flag(),
    recc(
        "cache_upload_local_build",
        "upload what was compiled here; on when `remote` alone names the server",
        "CACHE_UPLOAD_LOCAL_BUILD",
    )
    .flag(),
    recc(
        "cache_upload_failed_build",
        "upload failed compiles, too; only the backend `recc` does",
        "CACHE_UPLOAD_FAILED_BUILD",
    )
    .flag(),
    recc("skip_cache", "execute without looking into the action cache", "SKIP_CACHE").flag(),
    recc(
        "ignore_failure_result",
        "take no failed compile out of the cache; always so, but with the backend `recc`",
        "IGNORE_FAILURE_RESULT",
    )
    .flag(),
    recc("fallback_to_local", "compile here when the server fails; always so", "FALLBACK_TO_LOCAL").flag(),
    recc("passthrough", "the same as `mode = off`, for the companion", "PASSTHROUGH").flag(),
    recc("link", "treat links like compiles", "LINK").flag(),
    // What an action is.
    recc(
        "deps_global_paths",
        "inputs with absolute paths count; on when `remote` alone names the server",
        "DEPS_GLOBAL_PATHS",
    )
    .flag(),
    recc(
        "no_path_rewrite",
        "leave absolute paths as they are; on when `remote` alone names the server",
        "NO_PATH_REWRITE",
    )
    .flag(),
    recc("prefix_map", "absolute paths to replace, as `/from=/to:/from=/to`", "PREFIX_MAP"),
    recc("deps_override", "inputs by hand, which may not be all: such commands run here", "DEPS_OVERRIDE")
        .list(),
    recc(
        "deps_directory_override",
        "the same, as a folder: such commands run here",
        "DEPS_DIRECTORY_OVERRIDE",
    ),
    recc("deps_exclude_paths", "files below these are no inputs", "DEPS_EXCLUDE_PATHS").list(),
    recc(
        "invalid_input_paths_regex",
        "a command with an input whose whole path one of these matches stays here",
        "INVALID_INPUT_PATHS_REGEX",
    )
    .list(),
    recc("deps_extra_symlinks", "links to add to the inputs: such commands run here", "DEPS_EXTRA_SYMLINKS")
        .list(),
    recc("output_files_override", "these are the outputs", "OUTPUT_FILES_OVERRIDE").list(),
    recc("output_directories_override", "these folders are outputs", "OUTPUT_DIRECTORIES_OVERRIDE").list(),
    recc("working_dir_prefix", "folder above the working directory", "WORKING_DIR_PREFIX"),
    recc("remote_platform_", "platform property of this name", "REMOTE_PLATFORM_").map(),
    recc("compile_remote_platform_", "the same for compiles", "COMPILE_REMOTE_PLATFORM_").map(),
    recc("link_remote_platform_", "the same for links", "LINK_REMOTE_PLATFORM_").map(),
    recc("remote_env_", "variable of this name on the server", "REMOTE_ENV_").map(),
    recc("preserve_env", "send the whole environment", "PRESERVE_ENV").flag(),
    recc("env_to_read", "further variables to send", "ENV_TO_READ").list(),
    recc("action_salt", "salt of every action", "ACTION_SALT"),
    recc("action_uncacheable", "mark actions as not to be cached", "ACTION_UNCACHEABLE").flag(),
    recc("reapi_version", "version of the API to write actions for", "REAPI_VERSION").by_default("2.12"),
    // recc's log.
    recc("log_directory", "folder of recc's log files", "LOG_DIRECTORY"),
    recc("log_level", "level of recc's log: events are told from `info` on", "LOG_LEVEL").by_default("error"),
    recc("verbose", "the same as `log_level = debug`", "VERBOSE").flag(),
];

const fn text(name: &'static str, help: &'static str) -> Setting {
    Setting { name, help, default: "", kind: Kind::Text, in_file: true, recc: None }
}

const fn shim(name: &'static str, help: &'static str) -> Setting {
    Setting { in_file: false, ..text(name, help) }
}

const fn recc(name: &'static str, help: &'static str, recc: &'static str) -> Setting {
    text(name, help).like(recc)
}

impl Setting {
    const fn like(self, recc: &'static str) -> Self {
        Self { recc: Some(recc), ..self }
    }

    const fn by_default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    const fn flag(self) -> Self {
        Self { kind: Kind::Flag, ..self }
    }

    const fn list(self) -> Self {
        Self { kind: Kind::List, ..self }
    }

    const fn map(self) -> Self {
        Self { kind: Kind::Map, ..self }
    }

    /// The variable of ours, as `SPEC_CC_MODE`; of a map the prefix.
    pub fn variable(&self) -> String {
        format!("SPEC_CC_{}", self.name.to_uppercase())
    }
}

/// The row of a setting by its name in the configuration file.
pub(super) fn row_of(name: &str) -> Option<usize> {
    static ROWS: LazyLock<HashMap<&str, usize>> =
        LazyLock::new(|| TABLE.iter().enumerate().map(|(row, setting)| (setting.name, row)).collect());
    ROWS.get(name).copied()
}

/// The row that one of our variables sets, less `SPEC_CC_`, and the key when the row is a map.
pub(super) fn own_row(variable: &str) -> Option<(usize, &str)> {
    static ROWS: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
        TABLE.iter().enumerate().map(|(row, setting)| (setting.name.to_uppercase(), row)).collect()
    });
    match ROWS.get(variable) {
        Some(row) if TABLE[*row].kind != Kind::Map => Some((*row, "")),
        _ => map_row(variable),
    }
}

/// Whether one of our variables, less `SPEC_CC_`, is for something else than settings: for what a build runs in (`SESSION`), between
/// shims (`PASSED`), for `packaging/install` (`PROGRAMS`), for our tests.
pub(super) fn is_no_setting(variable: &str) -> bool {
    matches!(variable, "SESSION" | "PASSED" | "PROGRAMS") || variable.starts_with("TEST_")
}

/// The row that one of recc's variables sets, less `RECC_`, and the key when the row is a map.
pub(super) fn recc_row(variable: &str) -> Option<(usize, &str)> {
    static ROWS: LazyLock<HashMap<&str, usize>> = LazyLock::new(|| {
        TABLE.iter().enumerate().filter_map(|(row, setting)| Some((setting.recc?, row))).collect()
    });
    match ROWS.get(variable) {
        Some(row) if TABLE[*row].kind != Kind::Map => Some((*row, "")),
        _ => map_row(variable),
    }
}

/// The map whose prefix, in capitals, begins a name, and the key; maps are named alike in both families.
fn map_row(variable: &str) -> Option<(usize, &str)> {
    TABLE.iter().enumerate().filter(|(_, setting)| setting.kind == Kind::Map).find_map(|(row, setting)| {
        let key = variable.strip_prefix(setting.recc?)?;
        (!key.is_empty()).then_some((row, key))
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, TABLE, own_row, recc_row};

    #[test]
    fn each_name_finds_its_own_row() {
        for (row, setting) in TABLE.iter().enumerate() {
            let key = if setting.kind == Kind::Map { "Key" } else { "" };
            assert_eq!(own_row(&format!("{}{key}", setting.name.to_uppercase())), Some((row, key)));
            if let Some(recc) = setting.recc {
                assert_eq!(recc_row(&format!("{recc}{key}")), Some((row, key)), "{recc}");
            }
        }
        assert_eq!(own_row("NONE"), None);
        assert_eq!(recc_row("REMOTE_PLATFORM_"), None, "a property without a name");
    }
}
