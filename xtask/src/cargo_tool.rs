//! Commands that cargo installs, each in the version that `versions.toml` names, under
//! `target/tools`.

use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::versions::Versions;

/// The command's file, installed where it is neither there nor, in that very version, on PATH.
pub(crate) fn installed(sh: &Shell, name: &str) -> Result<PathBuf> {
    let versions = Versions::read(sh)?;
    let version = versions.of_cargo_tool(name)?;
    let home = sh.current_dir().join("target/tools");
    let own = home.join("bin").join(name);
    for file in [own.clone(), PathBuf::from(name)] {
        // Some tell their version only as what cargo calls.
        let called = name.strip_prefix("cargo-").unwrap_or(name);
        for asked in [&["--version"][..], &[called, "--version"]] {
            let said = cmd!(sh, "{file} {asked...}").quiet().ignore_stderr().read();
            if said.is_ok_and(|said| said.split_whitespace().nth(1) == Some(version)) {
                return Ok(file);
            }
        }
    }
    cmd!(sh, "cargo install {name} --version {version} --locked --root {home}").quiet().run()?;
    Ok(own)
}
