//! `make proof`: the proofs at length, about half an hour on two cores.

use std::fs;

use anyhow::Result;
use clap::Args;
use xshell::{Shell, cmd};

/// Where each proof leaves its row of the table.
pub(crate) const ROWS: &str = "target/proof";

#[derive(Args)]
pub(crate) struct Length {
    /// How often each proof through Envoy does what it does in `make test`
    #[arg(long, env = "PROOF_SCALE", default_value_t = 10)]
    scale: u32,
    /// Requests of the longest proof
    #[arg(long, env = "PROOF_REQUESTS", default_value_t = 1_000_000)]
    requests: u64,
    /// Cases of each property
    #[arg(long, env = "PROPTEST_CASES", default_value_t = 100_000)]
    cases: u64,
}

/// Rows of `make fuzz` and `make test-envoys` are in the table where these have run before.
pub(crate) fn run(sh: &Shell, length: &Length) -> Result<()> {
    sh.create_dir(ROWS)?;
    sh.set_var("PROOF_SCALE", length.scale.to_string());
    sh.set_var("PROOF_REQUESTS", length.requests.to_string());
    sh.set_var("PROPTEST_CASES", length.cases.to_string());
    cmd!(sh, "make --no-print-directory proof-schema proof-lossless").quiet().run()?;
    let core = |target: &str| {
        cmd!(sh, "cargo test --locked --package junction-webhook --test {target} --").quiet()
    };
    core("core")
        .args([
            "signature_oracle",
            "properties",
            "bypass",
            "broken_configuration",
            "too_long_where",
        ])
        .run()?;
    cmd!(sh, "cargo test --locked --package junction-webhook --lib writes_every_day")
        .quiet()
        .run()?;
    // A million: one target that is read otherwise would be a way past the filter.
    let million = length.cases.saturating_mul(10).to_string();
    core("core").arg("every_target_is_read").env("PROPTEST_CASES", million).run()?;
    core("cost").run()?;
    // One test at a time: each has the machine to itself, and its figures are its own.
    cmd!(sh, "cargo test --locked --test proof -- --test-threads 1").quiet().run()?;

    println!("\n| What was done | What came of it |\n| --- | --- |");
    for row in sh.read_dir(ROWS)? {
        print!("{}", fs::read_to_string(row)?);
    }
    Ok(())
}
