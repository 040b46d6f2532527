//! Children of a test: what decides on their environment, and what they say.

use std::{ffi::OsStr, process::Command};

use loopback::process::{Lines, Process};

use crate::{DEADLINE, root};

/// A command in the repository's root, with nothing of what the developer has exported for the
/// filter: that must not decide a test.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_remove("JUNCTION_WEBHOOK_SECRET")
        .env_remove("JUNCTION_WEBHOOK_SECRET_PREVIOUS")
        .current_dir(root());
    command
}

/// Panics with the child's own words where it has ended.
pub(crate) fn require_alive(process: &mut Process, name: &str) {
    if let Some(status) = process.ended().unwrap() {
        panic!("{name} ended: {status}\n{}", process.stderr().text());
    }
}

/// Waits for the first line that `find` accepts.
pub(crate) fn line<T>(lines: &Lines, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
    lines.find_within(DEADLINE, find).unwrap_or_else(|| panic!("timed out: {what}"))
}
