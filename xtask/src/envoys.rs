//! `make test-envoys`: the tests against Envoy on every release line that is supported.

use std::fs;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::versions::{self, Versions};
use crate::{log, proof};

pub(crate) fn run(sh: &Shell, releases: &[String]) -> Result<()> {
    let pinned = Versions::read(sh)?;
    let all: Vec<_> = pinned.envoys().map(str::to_owned).collect();
    sh.create_dir(proof::ROWS)?;
    let mut rows = Vec::new();
    for release in if releases.is_empty() { &all } else { releases } {
        let envoy = versions::envoy_of(release);
        cmd!(sh, "scripts/install-envoy.sh {envoy} {envoy} {release}").quiet().run()?;
        println!("Envoy {release}");
        let name = format!("target/envoy/test-{release}.log");
        let file = sh.current_dir().join(&name);
        let test = cmd!(sh, "cargo test --locked --test envoy --test proof");
        let done = log::run(test.quiet().env("ENVOY", &envoy), &file)?;
        let log = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
        if !done {
            let failures: Vec<_> = log.lines().filter(|line| is_failure(line)).collect();
            let told = if failures.is_empty() { log::tail(&log, 40).collect() } else { failures };
            eprintln!("{}", told.join("\n"));
            bail!("the tests fail on Envoy {release}; log in {name}");
        }
        let passed = passed(&log);
        println!("{passed} tests passed");
        rows.push(format!("{release}: {passed}"));
    }
    let row = format!("| Tests against Envoy that pass, by release | {} |\n", rows.join(", "));
    sh.write_file(format!("{}/70-envoys", proof::ROWS), row)?;
    Ok(())
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
    use super::{is_failure, passed};

    #[test]
    fn passed_tests_are_counted_over_all_programs() {
        let log = "test a ... ok\n\ntest result: ok. 115 passed; 0 failed; 1 ignored\n\n\
                   test result: ok. 12 passed; 0 failed\n";
        assert_eq!(passed(log), 127);
    }

    #[test]
    fn a_failed_test_and_its_panic_are_what_is_told() {
        assert!(is_failure("test edge::refuses ... FAILED"));
        assert!(is_failure("thread 'edge::refuses' panicked at tests/envoy/edge.rs:1:2:"));
        assert!(!is_failure("test edge::refuses ... ok"));
    }
}
