//! `specctl explain`: how a command would be treated, and why.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use spec_cc::companion::control::Control;

use super::{client, output, which};

/// Say how spec-cc would treat a command, and why
///
/// Runs nothing but a scan for the headers that it reads.
///
/// Example: specctl explain -- gcc -O2 -c hello.c
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Show the Action, the Command and the input root as they would go to a server
    #[arg(long)]
    proto: bool,
    /// The command, beginning with the compiler
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let names = |word: &&String| {
        !matches!(
            Path::new(word.as_str()).file_name().and_then(|name| name.to_str()),
            Some("spec-cc" | "spec-c++" | "spec-ar")
        )
    };
    let mut words: Vec<String> = args.command.iter().skip_while(|word| !names(word)).cloned().collect();
    if words.first().is_none_or(|word| word.starts_with('-')) {
        words.insert(0, std::env::var("SPEC_CC_COMPILER").unwrap_or_else(|_| "cc".to_owned()));
    }
    let compiler =
        which::compiler(&words[0]).with_context(|| format!("no compiler {:?} on PATH", words[0]))?;
    let answer = client::ask(&Control::Explain {
        compiler,
        args: words.split_off(1),
        directory: std::env::current_dir()?,
        environment: super::open::environment(),
        proto: args.proto,
    })?;
    if let Some(source) = answer["source"].as_str() {
        fs::metadata(source).with_context(|| format!("there is no source {source:?} to explain"))?;
    }
    Ok(if args.json { output::line(&answer) } else { output::text(&render(&answer)) }?)
}

fn render(answer: &Value) -> String {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let mut out = format!("{}: {}\n", text("verdict"), text("reason"));
    if let Some(digest) = answer["action_digest"].as_str() {
        out += &format!("  action   {digest}{}\n", if answer["cached"] == true { "  (cached)" } else { "" });
    }
    for output in answer["outputs"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        out += &format!("  output   {output}\n");
    }
    if let Some(inputs) = answer["inputs"].as_array() {
        out += &format!("  inputs   {}\n", inputs.len());
    }
    if let Some(shared) = answer["shared"].as_bool() {
        out += &format!("  shared   {}: {}\n", if shared { "yes" } else { "no" }, text("shared_reason"));
    }
    if let Some(launch) = answer["launch"].as_str() {
        out += &format!("  launch   {launch}\n");
    }
    for (title, name) in [("action", "action"), ("command", "command")] {
        if let Some(message) = answer["proto"][name].as_object() {
            out += &format!("\n{title}\n{:#}\n", Value::Object(message.clone()));
        }
    }
    if let Some(files) = answer["proto"]["input_root"].as_array() {
        out += "\ninput root\n";
        for file in files.iter().filter_map(Value::as_str) {
            out += &format!("  {file}\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render;
    use serde_json::json;

    #[test]
    fn the_verdict_comes_first() {
        let short = json!({ "verdict": "bypass", "reason": "no source file is named" });
        let long = json!({
            "verdict": "compile", "reason": "a compile whose inputs can be accounted for",
            "action_digest": "ab12/142", "cached": true, "outputs": ["a.o", "a.d"], "inputs": ["a.c", "a.h"],
            "shared": false, "shared_reason": "its debug information names the folder",
            "launch": "launched when a session opens",
            "proto": { "action": { "doNotCache": false }, "command": { "arguments": ["cc"] }, "input_root": ["a.c", "a.h"] },
        });
        insta::assert_snapshot!(render(&short) + &render(&long), @r#"
        bypass: no source file is named
        compile: a compile whose inputs can be accounted for
          action   ab12/142  (cached)
          output   a.o
          output   a.d
          inputs   2
          shared   no: its debug information names the folder
          launch   launched when a session opens

        action
        {
          "doNotCache": false
        }

        command
        {
          "arguments": [
            "cc"
          ]
        }

        input root
          a.c
          a.h
        "#);
    }
}
