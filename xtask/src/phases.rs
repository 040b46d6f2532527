//! `make phases`: what each part of the core costs natively, and as Wasm in node's V8, the engine
//! that Envoy has too.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::debian;

/// Arguments go to the program in V8.
pub(crate) fn run(sh: &Shell, arguments: &[String]) -> Result<()> {
    let phases = ["--package", "bench-core", "--bin", "phases"];
    cmd!(sh, "cargo build --release --locked {phases...}").quiet().run()?;
    cmd!(sh, "cargo build --release --locked {phases...} --target wasm32-wasip1").quiet().run()?;

    println!("## Native\n");
    cmd!(sh, "target/release/phases").quiet().run()?;
    if debian::on_path("node").is_none() {
        eprintln!("\nSKIPPED: node is not installed, so nothing was measured in V8");
        return Ok(());
    }
    println!("\n## In V8 (node {})\n", cmd!(sh, "node --version").quiet().read()?);
    let module = "target/wasm32-wasip1/release/phases.wasm";
    cmd!(sh, "node --no-warnings bench/core/phases.mjs {module} {arguments...}").quiet().run()?;
    Ok(())
}
