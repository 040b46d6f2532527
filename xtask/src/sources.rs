//! Copies of the committed sources, for builds apart from this one.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

/// Writes what `commit` has into `directory`, which is made where it is missing.
pub(crate) fn unpack(sh: &Shell, commit: &str, directory: &Path) -> Result<()> {
    sh.create_dir(directory)?;
    let archive = directory.join("sources.tar");
    cmd!(sh, "git archive --output {archive} {commit}").quiet().run()?;
    cmd!(sh, "tar --extract --file {archive} --directory {directory}").quiet().run()?;
    sh.remove_path(&archive)?;
    Ok(())
}

/// Builds a module in `directory`; `which` is told to its `scripts/build-module.sh`.
pub(crate) fn build_module(sh: &Shell, directory: &Path, which: &[&str]) -> Result<()> {
    let build = directory.join("scripts/build-module.sh");
    // Not the target directory that a developer may have set for everything.
    cmd!(sh, "{build} {which...} --quiet").env_remove("CARGO_TARGET_DIR").quiet().run()?;
    Ok(())
}
