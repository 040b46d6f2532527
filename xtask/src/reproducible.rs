//! `make reproducible`: both modules built from two copies of the committed sources in two
//! directories, to the byte.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::sources;

/// What `scripts/build-module.sh` is told, and where the module is then.
const MODULES: [(&[&str], &str); 2] = [
    (&[], "target/wasm32-wasip1/release/junction_webhook_filter.wasm"),
    (&["native"], "target/release/libjunction_webhook.so"),
];

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let work = tempfile::tempdir()?;
    let copies = ["one", "another/and/deeper"].map(|directory| work.path().join(directory));
    for copy in &copies {
        sources::unpack(sh, "HEAD", copy)?;
        for (which, _) in MODULES {
            sources::build_module(sh, copy, which)?;
        }
    }
    let private = [work.path().to_owned(), cargo_home()?];
    for (_, module) in MODULES {
        let built = copies.each_ref().map(|copy| copy.join(module));
        let shown = &built;
        cmd!(sh, "sha256sum {shown...}").quiet().run()?;
        compare(&built, &private).with_context(|| module.to_owned())?;
    }
    println!("the same bytes from two directories, and no path of this machine in them");
    Ok(())
}

/// Fails where the files have other bytes, or name one of these paths.
fn compare(built: &[PathBuf], private: &[PathBuf]) -> Result<()> {
    let built = built.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    let [one, another] = &built[..] else { bail!("not two modules") };
    ensure!(one == another, "the two builds have other bytes");
    let named = private.iter().find(|path| contains(one, path));
    ensure!(
        named.is_none(),
        "it names {}",
        named.map_or(Path::new(""), PathBuf::as_path).display()
    );
    Ok(())
}

fn cargo_home() -> Result<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).context("HOME is not set")
}

fn contains(bytes: &[u8], path: &Path) -> bool {
    let path = path.as_os_str().as_encoded_bytes();
    bytes.windows(path.len()).any(|window| window == path)
}
