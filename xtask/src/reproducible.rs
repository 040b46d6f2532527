//! `make reproducible`: the module built from two copies of the committed sources in two directories, to the byte.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

const MODULE: &str = "target/wasm32-wasip1/release/junction_webhook_filter.wasm";

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let work = tempfile::tempdir()?;
    let mut modules = Vec::new();
    for directory in ["one", "another/and/deeper"] {
        let copy = sh.create_dir(work.path().join(directory))?;
        let archive = copy.join("sources.tar");
        cmd!(sh, "git archive --output {archive} HEAD").quiet().run()?;
        cmd!(sh, "tar --extract --file {archive} --directory {copy}").quiet().run()?;
        sh.remove_path(&archive)?;
        let build = copy.join("scripts/build-module.sh");
        // Not the target directory that a developer may have set for everything.
        cmd!(sh, "{build} --quiet").env_remove("CARGO_TARGET_DIR").quiet().run()?;
        modules.push(copy.join(MODULE));
    }
    let shown = &modules;
    cmd!(sh, "sha256sum {shown...}").quiet().run()?;
    let built = modules.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    let [one, another] = &built[..] else { bail!("not two modules") };
    ensure!(one == another, "the two modules have other bytes");
    for private in [work.path().to_owned(), cargo_home()?] {
        ensure!(
            !contains(one, private.as_os_str().as_encoded_bytes()),
            "the module names {}",
            private.display()
        );
    }
    println!("the same bytes from two directories, and no path of this machine in them");
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("HOME is not set")
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
