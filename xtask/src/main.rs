//! `cargo xtask`: what the project's make targets do, where it is longer than about ten lines of
//! shell.
//!
//! `make` stays the face: it says what is there, and builds what a task needs. What must run before
//! there is anything built is in `scripts/`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a developer's tool that reports")]

mod bench;
mod browser;
mod cargo_tool;
mod debian;
mod deny;
mod dist;
mod docker;
mod envoys;
mod fuzz;
mod instructions;
mod log;
mod npm;
mod observability;
mod oci;
mod page;
mod phases;
mod proof;
mod readme;
mod reproducible;
mod run;
mod send;
mod skopeo;
mod sources;
mod test;
mod versions;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use xshell::Shell;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "What the make targets do")]
enum Task {
    /// Run the stub and Envoy with the filter, until Ctrl-C
    Run,
    /// Send one good and three bad webhooks to what `run` started
    Send,
    /// Run every test, and print the ten slowest
    Test,
    /// Run the tests of the native module
    TestNative,
    /// Run the commands of README.md
    TestReadme,
    /// Run the commands of docs/docker.md on a Docker engine
    TestDocker,
    /// Hold data/units.tsv against an independent implementation of UCUM
    TestUnits,
    /// Check .github/workflows with actionlint
    LintWorkflows,
    /// Measure the filter beside the other ways to do its work; `--help` lists the options
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Measure the Wasm module beside that of an earlier commit
    BenchAgainst {
        commit: String,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Measure each part of the core, natively and in V8
    Phases {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run the proofs at length and print what they measured as one table
    Proof(proof::Length),
    /// Fuzz each target, one after the other
    Fuzz(fuzz::Options),
    /// Check licences, bans, sources and, where reachable, advisories of all dependencies
    Deny,
    /// Build the module twice, from two directories, and compare the bytes
    Reproducible,
    /// Count the instructions of one request and of what strangers send
    Instructions,
    /// Run the tests against Envoy on every release line that is supported
    TestEnvoys(envoys::Options),
    /// Check alerts and dashboard with a real Prometheus
    TestObservability,
    /// Draw docs/images/dashboard*.svg from a real scrape
    DashboardPicture,
    /// Run the tests of the stub's page in a real Chromium
    TestPage,
    /// Draw docs/images/page*.png from real webhooks
    PagePictures,
    /// Print the directory that has prometheus and promtool, having unpacked them where they are
    /// missing
    Prometheus,
    /// Write a module as an OCI image layout
    Oci(oci::Options),
    /// Check the images under target/oci and target/oci-native with skopeo
    TestOci,
    /// Gather the files of a release in target/dist
    Dist {
        /// The release's tag, which must be the version, with its section in the changelog
        tag: Option<String>,
    },
}

fn main() -> ExitCode {
    match perform() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform() -> Result<()> {
    // Every path is relative to it, an argument's too.
    env::set_current_dir(root()?)?;
    let sh = Shell::new()?;
    match Task::parse() {
        Task::Run => run::run(&sh),
        Task::Send => send::run(&sh),
        Task::Test => test::run(&sh),
        Task::TestNative => test::native(&sh),
        Task::TestReadme => readme::check(&sh),
        Task::TestDocker => docker::check(&sh),
        Task::TestUnits => npm::test_units(&sh),
        Task::LintWorkflows => npm::lint_workflows(&sh),
        Task::Bench { options } => bench::run(&sh, &options),
        Task::BenchAgainst { commit, options } => bench::against(&sh, &commit, &options),
        Task::Phases { arguments } => phases::run(&sh, &arguments),
        Task::Proof(length) => proof::run(&sh, &length),
        Task::Fuzz(options) => fuzz::run(&sh, &options),
        Task::Deny => deny::run(&sh),
        Task::Reproducible => reproducible::run(&sh),
        Task::Instructions => instructions::run(&sh),
        Task::TestEnvoys(options) => envoys::run(&sh, &options),
        Task::TestObservability => observability::check(&sh),
        Task::DashboardPicture => observability::draw(&sh),
        Task::TestPage => browser::check(&sh),
        Task::PagePictures => browser::draw(&sh),
        Task::Prometheus => {
            println!("{}", observability::prometheus(&sh)?.display());
            Ok(())
        }
        Task::Oci(options) => oci::write(&sh, options),
        Task::TestOci => skopeo::check(&sh),
        Task::Dist { tag } => dist::gather(&sh, tag.as_deref()),
    }
}

/// The clone that this was built in.
fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask/ is in no directory")
}
