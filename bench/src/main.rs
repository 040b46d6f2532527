//! `make bench`: measures the filter beside the other ways to do its work, in one run on one
//! machine, and writes a dated table and a plot under `docs/performance/`.
//!
//! All ways run at once and are loaded one after the other, round after round, so that whatever
//! else the machine does meets all of them alike; a figure is the median of the rounds.

#![expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool that computes figures and prints them"
)]

mod gateway;
mod load;
mod measure;
mod plot;
mod process;
mod report;
mod targets;
mod upstream;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::gateway::Artefacts;
use crate::measure::{FULL_LOAD, Plan, Stage};

#[derive(Parser)]
struct Arguments {
    /// Rounds; each figure is the median of them
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each cell is loaded in a round, in milliseconds
    #[arg(long, default_value_t = 700)]
    milliseconds: u64,
    /// Measure these body sizes alone, in bytes
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<usize>,
    /// Leave out refusals and several workers
    #[arg(long)]
    accepted_only: bool,
    /// Where the table and the plot go; printed alone where it is not given
    #[arg(long)]
    out: Option<PathBuf>,
    /// Envoy's binary
    #[arg(long, env = "ENVOY")]
    envoy: PathBuf,
    /// The Wasm module
    #[arg(long, default_value = "target/wasm32-wasip1/release/junction_webhook_filter.wasm")]
    wasm: PathBuf,
    /// A Wasm module of an earlier build: measure good requests through it and through the Wasm
    /// module, and nothing else
    #[arg(long, conflicts_with_all = ["out", "accepted_only"])]
    against: Option<PathBuf>,
    /// The native module
    #[arg(long, default_value = "target/release/libjunction_webhook.so")]
    native: PathBuf,
    /// The module that does nothing
    #[arg(long, default_value = "target/wasm32-wasip1/release/empty_filter.wasm")]
    empty_filter: PathBuf,
    /// The module that makes the filter's host calls and the HMAC alone
    #[arg(long, default_value = "target/wasm32-wasip1/release/floor_filter.wasm")]
    floor_filter: PathBuf,
    /// The service that `ext_authz` asks
    #[arg(long, default_value = "target/release/ext-authz")]
    ext_authz: PathBuf,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let plan = Plan {
        connections: FULL_LOAD,
        rounds: arguments.rounds,
        warm_up: Duration::from_millis(arguments.milliseconds / 5),
        duration: Duration::from_millis(arguments.milliseconds),
        sizes: if arguments.sizes.is_empty() {
            bench_core::sample::SIZES.to_vec()
        } else {
            arguments.sizes
        },
    };
    let artefacts = Artefacts {
        envoy: arguments.envoy,
        wasm: arguments.wasm,
        earlier: arguments.against,
        native: arguments.native,
        empty_filter: arguments.empty_filter,
        floor_filter: arguments.floor_filter,
        ext_authz: arguments.ext_authz,
    };
    let machine = report::Machine::of(&artefacts.envoy)?;
    let compares_builds = artefacts.earlier.is_some();
    let stage = Stage::start(artefacts)?;
    let mut text = report::heading(&machine, &plan);
    let accepted = stage.accepted(&plan)?;
    let one_at_a_time = Plan { connections: 1, ..plan.clone() };
    let unhurried = stage.accepted(&one_at_a_time)?;
    if compares_builds {
        for (plan, rows) in [(&plan, &accepted), (&one_at_a_time, &unhurried)] {
            text += &report::builds(plan, rows);
        }
        println!("{text}");
        return Ok(());
    }
    for (plan, rows) in [(&plan, &accepted), (&one_at_a_time, &unhurried)] {
        text += &report::accepted(plan, rows);
        text += &targets::native(plan, rows);
        text += &targets::wasm(plan, rows);
    }
    if !arguments.accepted_only {
        text += &report::memory(&stage.memory(&plan)?);
        let refused = stage.refused(&plan)?;
        text += &report::refused(&refused);
        text += &report::workers(&stage.workers(&plan)?);
    }
    println!("{text}");
    if let Some(out) = arguments.out {
        fs::create_dir_all(&out)?;
        let name = |kind: &str| out.join(format!("{}.{kind}", machine.date));
        let plot = plot::accepted(&plan, &accepted).context("plot")?;
        fs::write(name("svg"), plot)?;
        fs::write(name("md"), text)?;
    }
    Ok(())
}
