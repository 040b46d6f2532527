//! The output of each command, to the letter: that of the page, and that of `tests/cmd`.
//!
//! `TRYCMD=overwrite cargo test --package junction-webhook-tool --test tool golden` writes it anew:
//! then read the difference.

use std::{env, path::Path, process::Command};

const TOOL: &str = env!("CARGO_BIN_EXE_junction-webhook");

/// Commands are meant for the repository's root.
fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Each of its examples names the secret itself, which a variable of this process would hide.
#[test]
fn every_explanation_is_what_is_written_down() {
    env::set_current_dir(root()).unwrap();
    trycmd::TestCases::new()
        .register_bin("junction-webhook", Path::new(TOOL))
        .env("JUNCTION_WEBHOOK_SECRET_PREVIOUS", "")
        .case("docs/troubleshooting.md")
        .case("tool/tests/cmd/explain/*.trycmd");
}

#[test]
fn every_command_prints_what_is_written_down() {
    env::set_current_dir(root()).unwrap();
    trycmd::TestCases::new()
        .register_bin("junction-webhook", Path::new(TOOL))
        .env("JUNCTION_WEBHOOK_SECRET", "")
        .env("JUNCTION_WEBHOOK_SECRET_PREVIOUS", "")
        .case("docs/tool.md")
        .case("tool/tests/cmd/*.trycmd");
}

/// What `--help` of a command names as examples.
fn examples(command: &str) -> Vec<String> {
    let output = Command::new(TOOL).args([command, "--help"]).output().unwrap();
    assert!(output.status.success(), "{command}");
    let help = String::from_utf8(output.stdout).unwrap();
    let examples = help.split_once("Examples:\n").map_or("", |(_, examples)| examples);
    examples.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_example_in_a_help_text_runs() {
    let mut count = 0;
    for command in ["check", "explain", "normalise", "schema", "secret", "completions", "man"] {
        let examples = examples(command);
        assert!(!examples.is_empty(), "{command}");
        for example in examples {
            let directory = Path::new(TOOL).parent().unwrap();
            let path = env::join_paths(
                [directory.to_owned()]
                    .into_iter()
                    .chain(env::split_paths(&env::var_os("PATH").unwrap())),
            );
            let output = Command::new("sh")
                .args(["-c", &example])
                .env("PATH", path.unwrap())
                .env("JUNCTION_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                .current_dir(root())
                .output()
                .unwrap();
            assert!(output.status.success(), "{example}: {output:?}");
            assert!(!output.stdout.is_empty(), "{example}");
            count += 1;
        }
    }
    assert!(count >= 15, "{count} examples");
}

#[test]
fn two_secrets_are_never_the_same() {
    let secret = || Command::new(TOOL).arg("secret").output().unwrap().stdout;
    let (one, other) = (secret(), secret());
    assert_ne!(one, other);
    assert_eq!(one.len(), "whsec_".len() + 44 + 1);
}

#[test]
fn the_schema_is_the_published_one() {
    let printed = Command::new(TOOL).arg("schema").output().unwrap();
    let published = std::fs::read(root().join("schema/junction.event.v1.schema.json")).unwrap();
    assert!(printed.status.success() && printed.stdout == published);
}

#[test]
fn every_shell_has_completions_and_every_command_a_manual_page() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = Command::new(TOOL).args(["completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("normalise"), "{shell}");
    }
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(TOOL).args(["man", "--into"]).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for page in ["junction-webhook", "junction-webhook-check", "junction-webhook-normalise"] {
        let text = std::fs::read_to_string(directory.path().join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".SH SYNOPSIS"), "{page}");
    }
}

#[test]
fn a_command_whose_output_nobody_reads_ends_with_2_and_says_nothing() {
    for arguments in [
        &["check", "envoy.yaml"][..],
        &["check", "--json", "envoy.yaml"],
        &["explain", "--at", "1731705126", "examples/captures/accepted.http"],
        &["explain", "--json", "--at", "1731705126", "examples/captures/accepted.http"],
        &["normalise", "--id", "msg_1", "examples/payloads/order.completed.json"],
        &["schema"],
        &["secret"],
        &["completions", "bash"],
        &["man"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(TOOL);
        let output = command.args(arguments).current_dir(root()).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
}

/// A heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

/// Every place of a page that the tool's sources name.
fn cited(directory: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(cited(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let quoted = text.split('"').filter(|part| part.starts_with("docs/"));
        all.extend(quoted.map(str::to_owned));
    }
    all
}

#[test]
fn every_page_that_the_tool_names_has_that_place() {
    let cited = cited(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(cited.len() >= 12, "{cited:?}");
    for place in cited {
        let (page, place) = place.split_once('#').unwrap_or((&place, ""));
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let mut headings = text.lines().filter(|line| line.starts_with('#'));
        assert!(
            place.is_empty() || headings.any(|heading| anchor(heading) == place),
            "{page}#{place}"
        );
    }
}
