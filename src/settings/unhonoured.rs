//! Variables of recc that spec-cc does not obey, and what follows from each.

use super::value::Source;

/// A variable with recc's prefix, or a line of recc's files, that spec-cc does not obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unhonoured {
    /// The variable, as `RECC_MAX_THREADS`.
    pub name: String,
    /// Where it was set.
    pub source: Source,
    /// What follows, for a person.
    pub why: &'static str,
    /// Whether no server may be used because of it.
    pub refuses_remote: bool,
}

/// What spec-cc measures and logs by itself.
const OWN_ACCOUNTS: &str = "not honoured: see `specctl stats`";
/// How recc finds dependencies.
const OWN_SCAN: &str = "not honoured: spec-cc finds inputs in its own way";
/// How recc goes about its work.
const OWN_WAY: &str = "not honoured: it changes no result";

/// recc 1.4.30's variables that can be left alone, by `recc --help` and the names in its program.
const HARMLESS: &[(&str, &str)] = &[
    ("AUTH_UNCONFIGURED_MSG", OWN_WAY),
    ("CAS_GET_CAPABILITIES", OWN_WAY),
    ("COMPILATION_DATABASE", OWN_SCAN),
    ("COMPILATION_METADATA_UDP_PORT", OWN_ACCOUNTS),
    ("CORRELATED_INVOCATIONS_ID", OWN_WAY),
    ("DEPS_ENV_", OWN_SCAN),
    ("DONT_SAVE_OUTPUT", "not honoured: a build gets its outputs"),
    ("ENABLE_METRICS", OWN_ACCOUNTS),
    ("FORCE_REMOTE", "not honoured: what is no compile or link runs here"),
    ("LINK_METRICS_ONLY", OWN_ACCOUNTS),
    ("LOCALCAS_OPEN_INPUT_FILES", OWN_WAY),
    ("LOG_PROGRESS", OWN_ACCOUNTS),
    ("LOG_STDERR_DIRECTORY", "not honoured: a compiler's standard error is its own"),
    ("MAX_THREADS", OWN_WAY),
    ("METRICS_FILE", OWN_ACCOUNTS),
    ("METRICS_TAG_", OWN_ACCOUNTS),
    ("METRICS_UDP_SERVER", OWN_ACCOUNTS),
    ("MIN_THROUGHPUT", "not honoured: large blobs have no deadline"),
    ("NO_EXECUTE", "not honoured: see `specctl explain`"),
    ("RUNNER_COMMAND", "not honoured: what runs here runs as the build asked"),
    ("SCAN_DEPS_PARALLELISM", OWN_SCAN),
    ("STATSD_FORMAT", OWN_ACCOUNTS),
    ("TOOL_INVOCATION_ID", OWN_WAY),
    ("USE_JOBSERVER", OWN_WAY),
    ("USE_LOCALCAS", OWN_WAY),
    ("VERIFY", "not honoured: see `verify` of ours"),
];

/// Those that would make a server's results wrong, or its requests refused, if they were ignored.
const REFUSING: &[(&str, &str)] = &[
    ("CAS_DIGEST_FUNCTION", "spec-cc knows SHA256 only: no server is used"),
    ("LINK_INSTANCE", "spec-cc has one instance for all: no server is used"),
    ("SERVER_AUTH_GOOGLEAPI", "spec-cc cannot log in to Google's services: no server is used"),
];

/// What recc itself reads elsewhere, and spec-cc with it.
const READ_ELSEWHERE: &str = "CONFIG_DIRECTORY";

/// What is to be said of a variable, less `RECC_`, that no row of the table takes; `None` when it says nothing.
pub(super) fn unhonoured(name: &str, value: &str, source: impl Fn() -> Source) -> Option<Unhonoured> {
    let as_default = name == "CAS_DIGEST_FUNCTION" && value == "SHA256";
    if value.is_empty() || name == READ_ELSEWHERE || as_default {
        return None;
    }
    let (why, refuses_remote) = match (find(HARMLESS, name), find(REFUSING, name)) {
        (Some(why), _) => (why, false),
        (None, Some(why)) => (why, true),
        (None, None) => ("unknown, to recc 1.4.30 as well", false),
    };
    Some(Unhonoured { name: format!("RECC_{name}"), source: source(), why, refuses_remote })
}

fn find(list: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let is = |known: &str| if known.ends_with('_') { name.starts_with(known) } else { name == known };
    list.iter().find(|(known, _)| is(known)).map(|(_, why)| *why)
}
