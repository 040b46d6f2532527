//! Commands whose output is long: it goes to a file, of which the end is shown where they fail.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use xshell::Cmd;

/// Runs a command, output and errors to the file; false where it fails.
pub(crate) fn run(command: Cmd, log: &Path) -> Result<bool> {
    let file = File::create(log).with_context(|| log.display().to_string())?;
    let told = command.to_string();
    let mut command = Command::from(command);
    let status = command.stdout(file.try_clone()?).stderr(file).status();
    Ok(status.with_context(|| format!("`{told}` does not start"))?.success())
}

/// The last lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> impl Iterator<Item = &str> {
    text.lines().skip(text.lines().count().saturating_sub(lines))
}
