//! Programs of Debian's packages.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use xshell::{Shell, cmd};

/// The program's file, where PATH has it.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
}

/// Whether packages can be installed: by root, on Debian or what descends from it.
pub(crate) fn can_install(sh: &Shell) -> bool {
    on_path("apt-get").is_some() && is_root(sh)
}

pub(crate) fn is_root(sh: &Shell) -> bool {
    cmd!(sh, "id -u").quiet().read().is_ok_and(|id| id == "0")
}

pub(crate) fn install(sh: &Shell, packages: &[&str]) -> Result<()> {
    cmd!(sh, "apt-get update -qq").quiet().run()?;
    cmd!(sh, "apt-get install -y -qq --no-install-recommends {packages...}")
        .env("DEBIAN_FRONTEND", "noninteractive")
        // A service among them, such as nginx, would start.
        .env("RUNLEVEL", "1")
        .quiet()
        .run()?;
    Ok(())
}
