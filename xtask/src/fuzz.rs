//! `make fuzz`: each target of `fuzz/`, one after the other. An input that breaks something is left
//! under `target/fuzz/artifacts`, and the run fails.

use std::fs;

use anyhow::{Result, bail};
use clap::Args;
use xshell::{Shell, cmd};

use crate::log;
use crate::{cargo_tool, proof};

const TARGETS: [&str; 5] = ["exchange", "native", "signature_headers", "document", "configuration"];

#[derive(Args)]
pub(crate) struct Options {
    /// How long each target is fuzzed
    #[arg(long, env = "FUZZ_SECONDS", default_value_t = 600)]
    seconds: u64,
    /// The Rust toolchain, which must be a nightly one
    #[arg(long, env = "FUZZ_TOOLCHAIN", default_value = "nightly")]
    toolchain: String,
    /// These targets alone
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
}

pub(crate) fn run(sh: &Shell, options: &Options) -> Result<()> {
    let cargo_fuzz = cargo_tool::installed(sh, "cargo-fuzz")?;
    sh.create_dir(proof::ROWS)?;
    let all = TARGETS.map(str::to_owned);
    let targets = if options.targets.is_empty() { &all[..] } else { &options.targets };
    for target in targets {
        let corpus = sh.create_dir(format!("target/fuzz/corpus/{target}"))?;
        let artifacts = sh.create_dir(format!("target/fuzz/artifacts/{target}"))?;
        let mut seeds = vec![format!("fuzz/seeds/{target}")];
        if target == "document" {
            seeds.push("examples/payloads".to_owned());
        }
        let log = sh.current_dir().join(format!("target/fuzz/{target}.log"));
        let seconds = options.seconds;
        println!("fuzzing {target} for {seconds} seconds; log in target/fuzz/{target}.log");
        let limits = [
            format!("-max_total_time={seconds}"),
            "-timeout=10".to_owned(),
            "-rss_limit_mb=2048".to_owned(),
            "-max_len=16384".to_owned(),
            "-dict=fuzz/json.dict".to_owned(),
            format!("-artifact_prefix={}/", artifacts.display()),
            "-print_final_stats=1".to_owned(),
        ];
        let fuzz = cmd!(
            sh,
            "{cargo_fuzz} fuzz run --target-dir target/fuzz {target} {corpus} {seeds...} -- {limits...}"
        )
        .quiet()
        .env("RUSTUP_TOOLCHAIN", &options.toolchain)
        // Of the toolchain that runs this.
        .env_remove("CARGO");
        if !log::run(fuzz, &log)? {
            for line in log::tail(&fs::read_to_string(&log)?, 60) {
                eprintln!("{}", line.chars().take(500).collect::<String>());
            }
            bail!("{target} has a finding");
        }
        let row = row(target, seconds, &String::from_utf8_lossy(&fs::read(&log)?));
        print!("{row}");
        sh.write_file(format!("{}/15-fuzz-{target}", proof::ROWS), row)?;
    }
    Ok(())
}

/// The row of the proofs' table, from what libFuzzer printed.
fn row(target: &str, seconds: u64, log: &str) -> String {
    let after = |line: &str, word: &str| {
        let mut words = line.split_whitespace().skip_while(|own| *own != word).skip(1);
        words.next().map(str::to_owned)
    };
    let last =
        |word| log.lines().filter_map(|line| after(line, word)).next_back().unwrap_or_default();
    let (inputs, edges) = (last("stat::number_of_executed_units:"), last("cov:"));
    format!(
        "| Fuzzing `{target}` for {seconds} s | {inputs} inputs, {edges} edges covered, 0 findings |\n"
    )
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn the_row_has_the_last_figures_of_the_log() {
        let log = "#2\tINITED cov: 7 ft: 7 corp: 1/1b\n#9\tDONE   cov: 1234 ft: 5 corp: 9/9b\n\
                   stat::number_of_executed_units: 987\nstat::peak_rss_mb: 40\n";
        let row = row("document", 5, log);
        let expected =
            "| Fuzzing `document` for 5 s | 987 inputs, 1234 edges covered, 0 findings |\n";
        assert_eq!(row, expected);
    }
}
