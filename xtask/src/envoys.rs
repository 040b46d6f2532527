//! `make test-envoys`: the tests against Envoy on every release line that is supported, with each
//! host.

use std::fs;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use xshell::{Shell, cmd};

use crate::test::panicking_module;
use crate::versions::{self, Versions};
use crate::{log, proof};

/// The first release that loads the native module: it has `module.local`, and every callback that
/// the module is linked to.
const LOADS_DYNAMIC_MODULE: (u32, u32) = (1, 38);

/// Which of the two hosts a run is for, as `FILTER_HOST` calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Host {
    Wasm,
    Native,
}

impl Host {
    const fn name(self) -> &'static str {
        match self {
            Self::Wasm => "wasm",
            Self::Native => "native",
        }
    }

    fn runs_on(self, release: &str) -> bool {
        self == Self::Wasm || minor(release) >= Some(LOADS_DYNAMIC_MODULE)
    }

    /// The place and the beginning of its row in the table of proofs.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Wasm => ("70-envoys", "Tests against Envoy that pass, by release"),
            Self::Native => ("71-envoys-native", "The same with the native module"),
        }
    }
}

#[derive(Args)]
pub(crate) struct Options {
    /// With this host alone; both, where it is left out
    #[arg(long, value_enum)]
    host: Option<Host>,
    /// These alone, such as 1.38.2
    releases: Vec<String>,
}

pub(crate) fn run(sh: &Shell, options: &Options) -> Result<()> {
    let pinned = Versions::read(sh)?;
    let all: Vec<_> = pinned.envoys().map(str::to_owned).collect();
    let releases = if options.releases.is_empty() { &all } else { &options.releases };
    sh.create_dir(proof::ROWS)?;
    let both = [Host::Wasm, Host::Native];
    panicking_module(sh)?;
    for host in both.into_iter().filter(|host| options.host.is_none_or(|own| own == *host)) {
        let mut passed = Vec::new();
        for release in releases.iter().filter(|release| host.runs_on(release)) {
            passed.push(format!("{release}: {}", test(sh, release, host)?));
        }
        let (place, what) = host.row();
        let row = format!("| {what} | {} |\n", passed.join(", "));
        sh.write_file(format!("{}/{place}", proof::ROWS), row)?;
    }
    Ok(())
}

/// Runs the tests with one Envoy and one host; how many passed.
fn test(sh: &Shell, release: &str, host: Host) -> Result<u64> {
    let envoy = versions::envoy_of(release);
    cmd!(sh, "scripts/install-envoy.sh {envoy} {envoy} {release}").quiet().run()?;
    let host = host.name();
    println!("Envoy {release}, {host}");
    let name = format!("target/envoy/test-{release}-{host}.log");
    let file = sh.current_dir().join(&name);
    let test = cmd!(sh, "cargo test --locked --test envoy --test proof").quiet();
    let done = log::run(test.env("ENVOY", &envoy).env("FILTER_HOST", host), &file)?;
    let log = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
    if !done {
        let failures: Vec<_> = log.lines().filter(|line| is_failure(line)).collect();
        let told = if failures.is_empty() { log::tail(&log, 40).collect() } else { failures };
        eprintln!("{}", told.join("\n"));
        bail!("the tests fail on Envoy {release}; log in {name}");
    }
    let passed = passed(&log);
    println!("{passed} tests passed");
    Ok(passed)
}

/// The release line of a release: 1.38.2 is of 1.38.
fn minor(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn is_failure(line: &str) -> bool {
    line.starts_with("test ") && line.contains(" FAILED") || line.contains("panicked at")
}

/// How many tests passed, all programs together.
fn passed(log: &str) -> u64 {
    let results = log.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    results.filter_map(|result| result.split(' ').next()?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Host, is_failure, passed};

    #[test]
    fn passed_tests_are_counted_over_all_programs() {
        let log = "test a ... ok\n\ntest result: ok. 115 passed; 0 failed; 1 ignored\n\n\
                   test result: ok. 12 passed; 0 failed\n";
        assert_eq!(passed(log), 127);
    }

    #[test]
    fn the_dynamic_module_is_tested_where_it_can_be_loaded() {
        let runs = |release: &str| [Host::Wasm, Host::Native].map(|host| host.runs_on(release));
        for release in ["1.36.4", "1.37.0", "unknown"] {
            assert_eq!(runs(release), [true, false], "{release}");
        }
        for release in ["1.38.2", "1.40.0", "1.100.0", "2.0.0"] {
            assert_eq!(runs(release), [true, true], "{release}");
        }
    }

    #[test]
    fn a_failed_test_and_its_panic_are_what_is_told() {
        assert!(is_failure("test edge::refuses ... FAILED"));
        assert!(is_failure("thread 'edge::refuses' panicked at tests/envoy/edge.rs:1:2:"));
        assert!(!is_failure("test edge::refuses ... ok"));
    }
}
