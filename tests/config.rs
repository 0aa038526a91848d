//! `specctl config`: what a person sees of the settings.

use std::path::Path;
use std::process::Command;

fn config(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_specctl"))
        .arg("config")
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .envs(variables.iter().copied())
        .current_dir(home)
        .output()
        .expect("specctl runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn each_setting_has_its_value_and_where_it_came_from() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(home.path().join(".recc")).expect("made");
    std::fs::write(home.path().join(".recc/recc.conf"), "# grid\nserver=http://grid:1\n").expect("written");
    let variables = [("RECC_REMOTE_PLATFORM_OSFamily", "Linux"), ("RECC_MAX_THREADS", "2")];
    let text = config(home.path(), &["--json"], &variables);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
    let find = |name: &str| {
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    let file = format!("{}:2", home.path().join(".recc/recc.conf").display());
    assert_eq!(
        (&find("server")["value"], &find("server")["source"]),
        (&"http://grid:1".into(), &file.into())
    );
    assert_eq!(find("remote_platform_OSFamily")["source"], "RECC_REMOTE_PLATFORM_OSFamily");
    assert_eq!(find("mode")["source"], "default");
    assert_eq!(find("RECC_MAX_THREADS")["why"], "not honoured: it changes no result");
    let plain = config(home.path(), &[], &variables);
    let line = plain.lines().find(|line| line.starts_with("server ")).expect("a line");
    assert!(line.contains("http://grid:1") && line.ends_with("recc.conf:2"), "{line}");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let home = tempfile::tempdir().expect("a folder");
    let text = config(home.path(), &[], &[("SPEC_CC_POLICY", "quick")]);
    let expected =
        "specctl: policy = \"quick\" (from SPEC_CC_POLICY): must be execute, race, local or cache-only\n";
    assert_eq!(text, expected);
}

#[test]
fn the_table_has_a_line_a_setting_and_fits_the_terminal() {
    let home = tempfile::tempdir().expect("a folder");
    let long = format!("/{}", "long/".repeat(40));
    let variables = [("COLUMNS", "80"), ("SPEC_CC_STORE", long.as_str())];
    let table = config(home.path(), &[], &variables);
    let json = config(home.path(), &["--json"], &variables);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    assert_eq!(table.lines().count(), rows.len() + 1, "{table}");
    for line in table.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let verbose = config(home.path(), &["--verbose"], &variables);
    assert!(verbose.lines().count() > rows.len() + 1, "{verbose}");
}
