//! What is read from where, and which wins.

use std::path::Path;
use std::time::Duration;

use super::table::Kind;
use super::{Backend, Mode, Policy, Settings, SettingsError, Source, TABLE};

/// Reads settings under these variables, in a folder that holds no files of recc's.
fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::read(variables.iter().copied(), Path::new("/nowhere"))
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    read(variables).unwrap()
}

/// A home with configuration files in it, by path.
fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    home
}

fn source(settings: &Settings, name: &str) -> String {
    settings.rows().into_iter().find(|row| row.name == name).unwrap().source.to_string()
}

#[test]
fn a_variable_wins_over_the_file_and_the_file_over_recc() {
    let home =
        home(&[(".config/spec-cc/spec-cc.conf", "# ours\nmode = cache\njobs=3\nserver = http://file:1\n")]);
    let home = home.path().to_str().unwrap();
    let recc = [("RECC_PROJECT_ROOT", "/r"), ("RECC_SERVER", "http://recc:1"), ("RECC_INSTANCE", "i")];
    let own = [("HOME", home), ("SPEC_CC_JOBS", "7"), ("SPEC_CC_INSTANCE", "")];
    let settings = settings(&[recc, own].concat());
    assert_eq!(settings.mode().unwrap(), Mode::Cache);
    assert_eq!(settings.jobs().unwrap(), 7);
    assert_eq!(settings.get("root"), Some("/r"));
    assert_eq!(settings.get("server"), Some("http://file:1"));
    assert_eq!(settings.get("instance"), None, "an empty variable unsets");
    assert!(source(&settings, "mode").ends_with("spec-cc.conf:2"));
    assert_eq!(source(&settings, "root"), "RECC_PROJECT_ROOT");
    assert_eq!(source(&settings, "retry_limit"), "default");
}

#[test]
fn recc_reads_four_files_and_the_later_wins() {
    let home = home(&[
        (
            ".recc/recc.conf",
            "server=http://home:1\ninstance=home\nreTRY_limit=5\noutput_files_override=h1,h2\n",
        ),
        ("named/recc.conf", "server=http://named:1\ninstance=named\nremote_platform_ISA=named\n"),
        (
            "cwd/recc/recc.conf",
            "server=http://cwd:1\noutput_files_override=c\nremote_platform_OSFamily=Linux\n",
        ),
    ]);
    let path = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let variables = [
        ("HOME", path("")),
        ("RECC_CONFIG_DIRECTORY", path("named")),
        ("RECC_REMOTE_PLATFORM_ISA", "env".to_owned()),
        ("RECC_OUTPUT_FILES_OVERRIDE", "e".to_owned()),
    ];
    let read = || {
        let variables = variables.iter().map(|(name, value)| (*name, value.as_str()));
        Settings::read(variables, &home.path().join("cwd")).unwrap()
    };
    // Long enough for a stamp to settle, so that what follows tells whether changes are seen.
    std::thread::sleep(Duration::from_millis(60));
    let settings = read();
    assert_eq!(settings.get("server"), Some("http://cwd:1"));
    assert_eq!(settings.get("instance"), Some("named"));
    assert_eq!(settings.get("retry_limit"), Some("5"));
    assert!(source(&settings, "retry_limit").ends_with(".recc/recc.conf:3"));
    // As recc 1.4.30: lists add up, maps are merged by key.
    assert_eq!(settings.list("output_files_override"), ["h1", "h2", "c", "e"]);
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(settings.map("remote_platform_"), [pair("ISA", "env"), pair("OSFamily", "Linux")]);
    assert_eq!(source(&settings, "remote_platform_ISA"), "RECC_REMOTE_PLATFORM_ISA");
    // What was read before is read again once it has changed.
    std::fs::write(home.path().join("cwd/recc/recc.conf"), "server=http://new:1\n").unwrap();
    assert_eq!(read().get("server"), Some("http://new:1"));
    std::fs::remove_file(home.path().join("cwd/recc/recc.conf")).unwrap();
    assert_eq!(read().get("server"), Some("http://named:1"));
}

#[test]
fn our_list_replaces_theirs() {
    let settings = settings(&[("RECC_DEPS_OVERRIDE", "a,b"), ("SPEC_CC_DEPS_OVERRIDE", "c")]);
    assert_eq!(settings.list("deps_override"), ["c"]);
}

#[test]
fn a_wrong_value_says_what_and_where() {
    for (name, value, expected) in [
        ("SPEC_CC_MODE", "fast", "mode = \"fast\" (from SPEC_CC_MODE): must be off, learn, cache or spec"),
        ("SPEC_CC_BACKEND", "x", "backend = \"x\" (from SPEC_CC_BACKEND): must be local, reapi or recc"),
        (
            "SPEC_CC_POLICY",
            "x",
            "policy = \"x\" (from SPEC_CC_POLICY): must be execute, race, local or cache-only",
        ),
        (
            "RECC_REAPI_VERSION",
            "2.0",
            "reapi_version = \"2.0\" (from RECC_REAPI_VERSION): must be one of 2.1 to 2.12",
        ),
    ] {
        assert_eq!(read(&[(name, value)]).unwrap_err().to_string(), expected);
    }
}

/// It costs the others nothing, and is told.
#[test]
fn what_sets_nothing_is_told_with_its_place() {
    let home = home(&[(".config/spec-cc/spec-cc.conf", "\nnone = 1\njobs = 3\nnothing\nroot = /r\n")]);
    let ours = [("SPEC_CC_POLCY", "race"), ("SPEC_CC_SESSION", "1"), ("SPEC_CC_TEST_SEED", "1")];
    let home = home.path().to_str().unwrap();
    let settings = settings(&[&ours[..], &[("HOME", home)]].concat());
    assert_eq!(settings.jobs().unwrap(), 3);
    let file = format!("{home}/.config/spec-cc/spec-cc.conf");
    assert_eq!(
        settings.problems(),
        [
            format!("{file}:2: there is no setting \"none\" (see `specctl config`)"),
            format!("{file}:4: \"nothing\" is not of the form name = value"),
            format!("{file}:5: root can only be set by the variable SPEC_CC_ROOT"),
            "SPEC_CC_POLCY: there is no such setting (see `specctl config`)".to_owned(),
        ]
    );
}

#[test]
fn disable_wins_over_mode_and_zero_is_not_disabled() {
    let mode = |variables: &[(&str, &str)]| settings(variables).mode().unwrap();
    assert_eq!(mode(&[("SPEC_CC_DISABLE", "1"), ("SPEC_CC_MODE", "spec")]), Mode::Off);
    assert_eq!(mode(&[("SPEC_CC_DISABLE", "0")]), Mode::Spec);
    assert_eq!(mode(&[("RECC_PASSTHROUGH", "0")]), Mode::Off);
}

#[test]
fn a_flag_of_recc_is_on_with_any_text() {
    assert!(settings(&[("RECC_LINK", "0")]).links());
    assert!(!settings(&[("RECC_LINK", "")]).links());
    assert!(!settings(&[("SPEC_CC_LINK", "0"), ("RECC_LINK", "1")]).links());
    // recc's help says that it is on by default; recc 1.4.30 says in its log that it is not.
    assert!(!settings(&[]).flag("cache_upload_failed_build"));
    assert!(settings(&[("RECC_CACHE_UPLOAD_FAILED_BUILD", "false")]).flag("cache_upload_failed_build"));
}

#[test]
fn nothing_set_is_no_server() {
    let settings = settings(&[]);
    assert_eq!(settings.remote().unwrap(), None);
    assert_eq!(settings.backend(), Backend::Local);
}

#[test]
fn services_fall_back_on_one_another() {
    let urls = |variables: &[(&str, &str)]| {
        let ends = settings(variables).remote().unwrap().unwrap();
        (ends.cas.url, ends.action_cache.url, ends.execution.map(|end| end.url))
    };
    let at = |url: &str| format!("http://{url}");
    let (server, cas, cache) = (
        ("RECC_SERVER", "http://s"),
        ("RECC_CAS_SERVER", "http://c"),
        ("RECC_ACTION_CACHE_SERVER", "http://a"),
    );
    assert_eq!(urls(&[server]), (at("s"), at("s"), Some(at("s"))));
    assert_eq!(urls(&[server, cas]), (at("c"), at("c"), Some(at("s"))));
    assert_eq!(urls(&[server, cache]), (at("a"), at("a"), Some(at("s"))));
    assert_eq!(urls(&[cas, cache]), (at("c"), at("a"), None));
    assert_eq!(urls(&[server, ("RECC_CACHE_ONLY", "1")]), (at("s"), at("s"), None));
    assert_eq!(urls(&[server, ("RECC_LINK_CACHE_ONLY", "1")]), (at("s"), at("s"), Some(at("s"))));
    assert_eq!(urls(&[server, cas, ("SPEC_CC_REMOTE", "r:1")]), (at("r:1"), at("r:1"), Some(at("r:1"))));
    let own = ("SPEC_CC_CAS_SERVER", "http://o");
    assert_eq!(urls(&[own, ("SPEC_CC_REMOTE", "http://r")]), (at("o"), at("o"), Some(at("r"))));
}

#[test]
fn a_server_has_its_credentials_and_deadlines() {
    let settings = settings(&[
        ("RECC_SERVER", "h:1"),
        ("RECC_SERVER_SSL", "1"),
        ("RECC_INSTANCE", "i"),
        ("RECC_CAS_INSTANCE", "c"),
        ("RECC_ACCESS_TOKEN_PATH", "/t"),
        ("RECC_CLIENT_KEY", "/k"),
        ("RECC_CLIENT_CERT", "/c"),
        ("RECC_RETRY_LIMIT", "7x"),
        ("RECC_RETRY_DELAY", "20"),
        ("RECC_REQUEST_TIMEOUT", "4"),
        ("RECC_KEEPALIVE_TIME", "9"),
    ]);
    let ends = settings.remote().unwrap().unwrap();
    let execution = ends.execution.unwrap();
    assert_eq!(execution.url, "https://h:1");
    assert_eq!((execution.instance.as_str(), ends.cas.instance.as_str()), ("i", "c"));
    assert_eq!(ends.action_cache.instance, "c");
    assert_eq!(execution.token.as_deref(), Some(Path::new("/t")));
    assert_eq!(execution.tls.client_key.as_deref(), Some(Path::new("/k")));
    assert_eq!((execution.retry.limit, execution.retry.delay), (7, Duration::from_millis(20)));
    assert_eq!(
        (execution.timeout, execution.keepalive),
        (Duration::from_secs(4), Some(Duration::from_secs(9)))
    );
}

#[test]
fn paths_begin_at_the_command_s_directory() {
    let settings = settings(&[
        ("RECC_SERVER", "unix:run/socket"),
        ("RECC_PROJECT_ROOT", "../p"),
        ("RECC_ACCESS_TOKEN_PATH", "token"),
        ("SPEC_CC_CREDENTIAL_HELPER", "helper"),
    ]);
    let server = settings.remote().unwrap().unwrap().execution.unwrap();
    assert_eq!(server.url, "unix:/nowhere/run/socket");
    assert_eq!(server.token.as_deref(), Some(Path::new("/nowhere/token")));
    assert_eq!(server.credential_helper.as_deref(), Some(Path::new("helper")), "to be found on PATH");
    assert_eq!(settings.layout().project_root.as_deref(), Some("/p"));
}

#[test]
fn what_would_make_a_server_wrong_is_an_error() {
    for wrong in [
        ("RECC_CLIENT_KEY", "/k"),
        ("RECC_RETRY_LIMIT", "many"),
        ("RECC_CAS_DIGEST_FUNCTION", "SHA1"),
        ("RECC_INVALID_INPUT_PATHS_REGEX", ".*,(?=never linear)"),
        ("RECC_SERVER_AUTH_GOOGLEAPI", "1"),
        ("SPEC_CC_SERVER", "ftp://x"),
    ] {
        assert!(settings(&[("RECC_SERVER", "h:1"), wrong]).remote().is_err(), "{wrong:?}");
    }
    let fine = settings(&[("RECC_SERVER", "h:1"), ("RECC_CAS_DIGEST_FUNCTION", "SHA256")]);
    assert!(fine.remote().unwrap().is_some() && fine.unhonoured().is_empty());
}

#[test]
fn a_miss_is_executed_where_a_server_executes() {
    use Policy::{CacheOnly, Execute, Race};
    let policy = |variables: &[(&str, &str)]| {
        let settings = settings(variables);
        (settings.policy(false), settings.policy(true))
    };
    let (server, cas) = (("RECC_SERVER", "h:1"), ("RECC_CAS_SERVER", "h:1"));
    assert_eq!(policy(&[server]), (Execute, Execute));
    assert_eq!(policy(&[server, ("RECC_CACHE_ONLY", "1")]), (CacheOnly, CacheOnly));
    assert_eq!(policy(&[server, ("RECC_LINK_CACHE_ONLY", "1")]), (Execute, CacheOnly));
    assert_eq!(policy(&[server, ("RECC_COMPILE_CACHE_ONLY", "1")]), (CacheOnly, Execute));
    assert_eq!(policy(&[server, ("RECC_CACHE_ONLY", "1"), ("SPEC_CC_POLICY", "race")]), (Race, Race));
    assert_eq!(policy(&[cas, ("SPEC_CC_POLICY", "race")]), (CacheOnly, CacheOnly));
    assert_eq!(policy(&[("SPEC_CC_REMOTE", "h:1")]), (Execute, Execute));
    assert_eq!(settings(&[cas]).backend(), Backend::Reapi);
    assert_eq!(settings(&[cas, ("SPEC_CC_BACKEND", "recc")]).backend(), Backend::Recc);
}

#[test]
fn defaults_are_ours_when_the_server_is_ours_alone() {
    let ours = settings(&[("SPEC_CC_REMOTE", "h:1")]);
    assert!(ours.layout().deps_global_paths && ours.layout().no_path_rewrite);
    assert!(ours.uploads());
    let theirs = settings(&[("SPEC_CC_REMOTE", "h:1"), ("RECC_SERVER", "h:2")]);
    assert!(!theirs.layout().deps_global_paths && !theirs.layout().no_path_rewrite);
    assert!(!theirs.uploads());
    assert!(ours.shares_records() && theirs.shares_records());
    for off in ["0", "no", "off", "false"] {
        assert!(!settings(&[("RECC_SERVER", "h:1"), ("SPEC_CC_SHARE_RECORDS", off)]).shares_records());
    }
    let said = settings(&[("SPEC_CC_REMOTE", "h:1"), ("SPEC_CC_DEPS_GLOBAL_PATHS", "0")]);
    assert!(!said.layout().deps_global_paths);
}

#[test]
fn a_layout_is_what_recc_says() {
    let settings = settings(&[
        ("RECC_SERVER", "h:1"),
        ("RECC_PROJECT_ROOT", "/p"),
        ("RECC_REMOTE_PLATFORM_b", "all"),
        ("RECC_REMOTE_PLATFORM_a", "all"),
        ("RECC_COMPILE_REMOTE_PLATFORM_b", "compile"),
        ("RECC_LINK_REMOTE_PLATFORM_c", "link"),
        ("RECC_REMOTE_ENV_Q", "q r"),
        ("RECC_PREFIX_MAP", "/a=/b:none:=/x:/c=/d"),
        ("RECC_ACTION_SALT", "s"),
        ("RECC_REAPI_VERSION", "2.2"),
    ]);
    let pairs = |pairs: &[(&str, &str)]| -> Vec<_> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let layout = settings.layout();
    assert_eq!(layout.project_root.as_deref(), Some("/p"));
    assert_eq!(layout.platform, pairs(&[("a", "all"), ("b", "all")]));
    assert_eq!(layout.compile_platform, pairs(&[("b", "compile")]));
    assert_eq!(layout.remote_env, pairs(&[("Q", "q r")]));
    assert_eq!(layout.prefix_map, pairs(&[("/a", "/b"), ("/c", "/d")]));
    assert_eq!((layout.salt.as_deref(), layout.version), (Some("s"), Some((2, 2))));
    assert_eq!(layout.link_platform, pairs(&[("c", "link")]));
}

#[test]
fn recc_is_told_what_our_settings_say() {
    let told = settings(&[
        ("SPEC_CC_REMOTE", "http://r"),
        ("SPEC_CC_NO_PATH_REWRITE", "0"),
        ("SPEC_CC_REMOTE_PLATFORM_ISA", "x"),
        ("SPEC_CC_JOBS", "3"),
        ("RECC_LINK", "1"),
    ])
    .for_recc();
    let expected = [
        ("RECC_ACTION_CACHE_SERVER", "http://r"),
        ("RECC_CACHE_UPLOAD_LOCAL_BUILD", "1"),
        ("RECC_CAS_SERVER", "http://r"),
        ("RECC_DEPS_GLOBAL_PATHS", "1"),
        ("RECC_NO_PATH_REWRITE", ""),
        ("RECC_REMOTE_PLATFORM_ISA", "x"),
        ("RECC_SERVER", "http://r"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(told, expected);
    assert!(settings(&[("RECC_SERVER", "h:1")]).for_recc().is_empty());
}

#[test]
fn what_is_not_obeyed_is_told() {
    let settings = settings(&[
        ("RECC_SERVER", "h:1"),
        ("RECC_MAX_THREADS", "4"),
        ("RECC_METRICS_TAG_x", "y"),
        ("RECC_NO_SUCH", "1"),
        ("RECC_VERIFY", ""),
        ("RECC_CONFIG_DIRECTORY", "/none"),
    ]);
    let told: Vec<_> = settings.unhonoured().iter().map(|found| (found.name.as_str(), found.why)).collect();
    let expected = [
        ("RECC_MAX_THREADS", "not honoured: it changes no result"),
        ("RECC_METRICS_TAG_x", "not honoured: see `specctl stats`"),
        ("RECC_NO_SUCH", "unknown, to recc 1.4.30 as well"),
    ];
    assert_eq!(told, expected);
    assert!(matches!(&settings.unhonoured()[0].source, Source::Variable(name) if name == "RECC_MAX_THREADS"));
}

#[test]
fn what_launches_may_cost_is_without_limit_unless_set() {
    let none = settings(&[]);
    assert_eq!((none.max_launch_cpu().unwrap(), none.max_launch_size().unwrap()), (None, None));
    let set = settings(&[("SPEC_CC_MAX_LAUNCH_CPU", "90"), ("SPEC_CC_MAX_LAUNCH_SIZE", "2G")]);
    assert_eq!(set.max_launch_cpu().unwrap().map(|time| time.as_secs()), Some(90));
    assert_eq!(set.max_launch_size().unwrap(), Some(2 << 30));
    assert!(read(&[("SPEC_CC_MAX_LAUNCH_CPU", "1h")]).is_err());
}

#[test]
fn what_is_verified_is_a_share() {
    let share = |text: &str| read(&[("SPEC_CC_VERIFY", text)]).ok().map(|set| set.verify().unwrap());
    for (text, wanted) in [("", 0.0), ("0", 0.0), ("1", 1.0), ("0.01", 0.01), ("1e-3", 0.001)] {
        assert_eq!(share(text), Some(wanted), "{text}");
    }
    for text in ["yes", "2", "-0.1", "1%", "NaN", "inf"] {
        let error = read(&[("SPEC_CC_VERIFY", text)]).unwrap_err().to_string();
        let wanted = format!("verify = {text:?} (from SPEC_CC_VERIFY): must be a number from 0 to 1");
        assert_eq!(error, wanted);
    }
}

/// `docs/settings.md` has a row for each row of the table, word for word.
#[test]
fn the_documented_table_is_the_table() {
    let expected: String = TABLE
        .iter()
        .map(|setting| {
            let key = if setting.kind == Kind::Map { "NAME" } else { "" };
            let recc = setting.recc.map(|name| format!("`RECC_{name}{key}`")).unwrap_or_default();
            let default = match setting.default {
                "" => String::new(),
                text => format!("`{text}`"),
            };
            format!("| `{}{key}` | {recc} | {default} | {} |\n", setting.name, setting.help)
        })
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/settings.md");
    let documented: String = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(documented, expected, "docs/settings.md needs these rows:\n{expected}");
}
