//! `make deny`: licences, bans, sources and, where the `RustSec` database can be had, advisories of
//! all dependencies.

use std::collections::BTreeSet;

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::{cargo_tool, log};

const MODULE: &str = "junction-webhook-filter";

pub(crate) fn run(sh: &Shell) -> Result<()> {
    let deny = cargo_tool::installed(sh, "cargo-deny")?;
    let checks = ["--hide-inclusion-graph", "bans", "licenses", "sources"];
    cmd!(sh, "{deny} --workspace --locked check {checks...}").quiet().run()?;

    // The crates of the module alone, without those of tests and tools.
    println!("\nCrates in the module:");
    let of_module = ["--edges", "normal", "--target", "wasm32-wasip1", "--prefix", "none"];
    let tree = cmd!(sh, "cargo tree --locked --package {MODULE} {of_module...}").quiet().read()?;
    let crates: BTreeSet<_> = tree
        .lines()
        .filter(|line| !line.contains(MODULE) && !line.is_empty())
        .map(|line| line.trim_end_matches(" (*)"))
        .collect();
    for name in crates {
        println!("{name}");
    }
    println!();

    let fetched = sh.current_dir().join("target/deny-fetch.log");
    if log::run(cmd!(sh, "{deny} fetch db").quiet(), &fetched)? {
        let checks = ["--hide-inclusion-graph", "--disable-fetch", "advisories"];
        cmd!(sh, "{deny} --workspace --locked check {checks...}").quiet().run()?;
    } else {
        eprintln!(
            "warning: the RustSec database cannot be reached, so advisories are not checked: \
             see target/deny-fetch.log"
        );
    }
    Ok(())
}
