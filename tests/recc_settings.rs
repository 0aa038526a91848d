//! recc's settings, read by the real recc and by spec-cc: both must come to the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::peers::Peers;
use spec_cc::settings::Settings;

/// Files of a home, in whose folder `work` the command runs, and variables.
struct Case {
    files: &'static [(&'static str, &'static str)],
    variables: &'static [(&'static str, &'static str)],
}

const CASES: &[Case] = &[
    Case { files: &[], variables: &[("RECC_SERVER", "http://env:1")] },
    Case { files: &[(".recc/recc.conf", "server=http://home:1\n")], variables: &[("RECC_INSTANCE", "i")] },
    Case {
        files: &[
            (".recc/recc.conf", "server=http://home:1\n"),
            ("named/recc.conf", "server=http://named:1\n"),
        ],
        variables: &[],
    },
    Case {
        files: &[
            ("named/recc.conf", "server=http://named:1\n"),
            ("work/recc/recc.conf", "server=http://work:1\n"),
        ],
        variables: &[],
    },
    Case {
        files: &[(
            "work/recc/recc.conf",
            "# a\n server=http://blank:1\nSERVER=http://capitals:1\nserver = http://no:1\n",
        )],
        variables: &[("RECC_CAS_SERVER", "cas:1")],
    },
    Case {
        files: &[
            (".recc/recc.conf", "server=h:1\nremote_platform_Isa=home\nRemote_Platform_OSFamily=a=b\n"),
            (
                "work/recc/recc.conf",
                "remote_platform_Isa=work\ncompile_remote_platform_Low=x\nremote_env_Q=q r\n",
            ),
        ],
        variables: &[("RECC_COMPILE_REMOTE_PLATFORM_Isa", "compile"), ("RECC_REMOTE_ENV_E", "")],
    },
    Case {
        files: &[(".recc/recc.conf", "server=h:1\noutput_files_override=h1,h2\n")],
        variables: &[("RECC_OUTPUT_FILES_OVERRIDE", "a\\,b,c"), ("RECC_OUTPUT_DIRECTORIES_OVERRIDE", "d")],
    },
    Case {
        files: &[("work/recc/recc.conf", "server=h:1\nserver_ssl=1\n")],
        variables: &[("RECC_CAS_SERVER", "cas:1"), ("RECC_REAPI_VERSION", "2.3")],
    },
];

#[test]
fn both_come_to_the_same() {
    let Some(peers) = Peers::get() else { return };
    for (number, case) in CASES.iter().enumerate() {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("work")).expect("made");
        fs::write(home.path().join("work/a.c"), "").expect("written");
        for (path, text) in case.files {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        let said = recc(&peers, home.path(), case);
        let settings = ours(home.path(), case);
        let ends = settings.remote().expect("settings").expect("a server");
        let layout = settings.layout();
        assert!(said.contains(&format!("Creating grpc channel to [{}]", ends.cas.url)), "{number}: {said}");
        let mut command =
            said.lines().find(|line| line.contains("] Command: ")).expect("a command").to_owned();
        // Each of ours is in it, and when all are taken out, none is left.
        let mut take = |text: String| {
            assert!(command.contains(&text), "{number}: {text} in {command}");
            command = command.replacen(&text, "", 1);
        };
        let platform = layout.platform.iter().chain(&layout.compile_platform);
        for (name, value) in platform.map(|(name, value)| (name, value)).collect::<BTreeMap<_, _>>() {
            take(format!("properties {{ name: \"{name}\" value: \"{value}\" }}"));
        }
        for (name, value) in &layout.remote_env {
            let value = if value.is_empty() { String::new() } else { format!("value: \"{value}\" ") };
            take(format!("environment_variables {{ name: \"{name}\" {value}}}"));
        }
        let overridden = [layout.output_files_override, layout.output_directories_override].concat();
        for path in &overridden {
            take(format!("output_paths: \"{path}\""));
        }
        let version = layout.version.map(|(major, minor)| format!("RECC_REAPI_VERSION == '{major}.{minor}'"));
        assert!(said.contains(&version.expect("a version")), "{number}: {said}");
        assert!(!command.contains("properties {"), "{number}: {command}");
        assert!(!command.contains("environment_variables {"), "{number}: {command}");
        assert!(overridden.is_empty() || !command.contains("output_paths:"), "{number}: {command}");
    }
}

fn variables<'a>(home: &'a Path, named: &'a Path, case: &Case) -> Vec<(&'a str, &'a str)> {
    let own = [("HOME", home), ("RECC_CONFIG_DIRECTORY", named)];
    let own = own.map(|(name, path)| (name, path.to_str().expect("UTF-8")));
    own.into_iter().chain(case.variables.iter().copied()).collect()
}

fn ours(home: &Path, case: &Case) -> Settings {
    let named = home.join("named");
    Settings::read(variables(home, &named, case), &home.join("work")).expect("settings")
}

/// What recc says of a compile that it does not run.
fn recc(peers: &Peers, home: &Path, case: &Case) -> String {
    let output = peers
        .recc()
        .args(["/usr/bin/gcc", "-c", "a.c"])
        .env_clear()
        .envs(variables(home, &home.join("named"), case))
        .envs([("RECC_VERBOSE", "1"), ("RECC_NO_EXECUTE", "1")])
        .current_dir(home.join("work"))
        .output()
        .expect("recc runs");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
