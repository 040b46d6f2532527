//! The tables, in Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::gateway::Way;
use crate::measure::{Cell, Memory, Plan, Refused, Row, Workers};

type Figure = fn(&Cell) -> f64;

const FIGURES: [(&str, Figure); 4] = [
    ("CPU µs", |cell| cell.cpu_micros),
    ("p50 µs", |cell| cell.p50_micros),
    ("p99 µs", |cell| cell.p99_micros),
    ("requests/s", |cell| cell.requests_a_second),
];

/// Where a run took place.
pub(crate) struct Machine {
    pub(crate) date: String,
    processor: String,
    cores: usize,
    kernel: String,
    envoy: String,
    commit: String,
    load: String,
}

impl Machine {
    pub(crate) fn of(envoy: &Path) -> Result<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        let load = fs::read_to_string("/proc/loadavg")?;
        let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let version = output(Command::new(envoy).arg("--version"))?;
        Ok(Self {
            date: output(Command::new("date").arg("+%F"))?,
            processor: model.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            // Without what its builder calls it.
            kernel: release.split('-').next().unwrap_or_default().trim().to_owned(),
            // "/path/to/envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL"
            envoy: version.split('/').rev().nth(3).unwrap_or("unknown").to_owned(),
            commit: output(Command::new("git").args(["describe", "--always", "--dirty"]))?,
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        })
    }
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What was run, and on what.
pub(crate) fn heading(machine: &Machine, plan: &Plan) -> String {
    format!(
        "# Measured on {}\n\n`make bench` at commit {}: Envoy {}, one worker; {} rounds of {} ms a \
         cell, medians; {} connections, each with one request at a time, where nothing else is \
         said. {} cores ({}), shared by load generator, Envoy, `ext_authz` service and upstream; \
         Linux {}; load average {} at the start.\n\nCPU: µs a request of all processes but the load \
         generator. The core is called natively, without Envoy and without an upstream.\n",
        machine.date,
        machine.commit,
        machine.envoy,
        plan.rounds,
        plan.duration.as_millis(),
        plan.connections,
        machine.cores,
        machine.processor,
        machine.kernel,
        machine.load,
    )
}

/// Every size under every way: the tables that the rest is about.
pub(crate) fn accepted(plan: &Plan, rows: &[Row]) -> String {
    let load = load_name(plan);
    let mut text = format!("\n## Accepted requests, {load}\n\n| body bytes | |");
    for way in Way::ALL {
        let _ = write!(text, " {} |", way.name());
    }
    text += " core, native |\n| ---: | --- |";
    text += &" ---: |".repeat(Way::ALL.len() + 1);
    text.push('\n');
    for row in rows {
        for (name, figure) in FIGURES {
            let _ = write!(text, "| {} | {name} |", row.body_bytes);
            for way in Way::ALL {
                let _ = write!(text, " {} |", short(figure(&row.of(way))));
            }
            let _ = writeln!(text, " {} |", short(figure(&row.core)));
        }
    }
    text
}

/// The Wasm module beside one of an earlier build.
pub(crate) fn builds(plan: &Plan, rows: &[Row]) -> String {
    let mut text = format!("\n## The Wasm module beside an earlier one, {}\n\n", load_name(plan));
    text +=
        "| body bytes | | earlier | now | now / earlier |\n| ---: | --- | ---: | ---: | ---: |\n";
    for row in rows {
        let [earlier, now] = [Way::Earlier, Way::Wasm].map(|way| row.of(way));
        for (name, figure) in FIGURES {
            let [earlier, now] = [&earlier, &now].map(figure);
            let shown = [earlier, now].map(short).join(" | ");
            line(
                &mut text,
                format_args!("| {} | {name} | {shown} | {:.3} |", row.body_bytes, now / earlier),
            );
        }
    }
    text
}

pub(crate) fn memory(rows: &[Memory]) -> String {
    let mut text = String::from(
        "\n## Memory\n\nResident memory of a fresh Envoy, in MB: with one worker before the first \
         request, after a round of all sizes and after another; with two workers after a round. \
         Over the `buffer` filter and over the empty Wasm filter: what the process holds more with \
         one worker, and what each further worker adds.\n\n\
         | | idle | loaded | again | two workers | over `buffer` | a worker more | over empty Wasm \
         | a worker more |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let added = |row: &Memory| megabytes(row.two_workers) - megabytes(row.loaded);
    let bases = [Way::Buffer, Way::EmptyWasm].map(|way| rows.iter().find(|row| row.way == way));
    for row in rows {
        let over = bases.map(|base| {
            base.map_or([f64::NAN; 2], |base| {
                let process = megabytes(row.loaded_again) - megabytes(base.loaded_again);
                [process, added(row) - added(base)]
            })
        });
        let figures = [row.idle, row.loaded, row.loaded_again, row.two_workers].map(megabytes);
        let _ = write!(text, "| {} |", row.way.name());
        for figure in figures.iter().chain(over.iter().flatten()) {
            let _ = write!(text, " {figure:.1} |");
        }
        text.push('\n');
    }
    text
}

pub(crate) fn refused(rows: &[Refused]) -> String {
    let mut text = String::from(
        "\n## Refused requests\n\nThe `buffer` filter and the empty Wasm filter let the same request \
         through to the upstream. Envoy closes the connection of a request that is refused before \
         its body has arrived.\n\n| refused for | body bytes | |",
    );
    for (way, _) in rows.first().map(|row| &row.ways).into_iter().flatten() {
        let _ = write!(text, " {} |", way.name());
    }
    text += " native / `buffer` | Wasm / empty Wasm |\n| --- | ---: | --- |";
    text += &" ---: |".repeat(rows.first().map_or(0, |row| row.ways.len()) + 2);
    text.push('\n');
    let figures: [(&str, Figure); 2] =
        [("CPU µs", |cell| cell.cpu_micros), ("p99 µs", |cell| cell.p99_micros)];
    for row in rows {
        for (name, figure) in figures {
            let _ = write!(text, "| {} | {} | {name} |", row.name, row.body_bytes);
            for (_, cell) in &row.ways {
                let _ = write!(text, " {} |", short(figure(cell)));
            }
            for (way, base) in [(Way::Native, Way::Buffer), (Way::Wasm, Way::EmptyWasm)] {
                let ratio = figure(&row.of(way)) / figure(&row.of(base));
                let _ = write!(text, " {ratio:.2} |");
            }
            text.push('\n');
        }
    }
    text
}

pub(crate) fn workers(rows: &[Workers]) -> String {
    let mut text = String::from(
        "\n## Several workers\n\nBodies of 12 kB. Load generator and upstream take their part of \
         the same cores: where they are two, two workers cannot have one each.\n\n\
         | | workers | requests/s | CPU µs |\n| --- | ---: | ---: | ---: |\n",
    );
    for row in rows {
        line(
            &mut text,
            format_args!(
                "| {} | {} | {} | {} |",
                row.way.name(),
                row.count,
                short(row.cell.requests_a_second),
                short(row.cell.cpu_micros),
            ),
        );
    }
    text
}

/// The load in words.
pub(crate) const fn load_name(plan: &Plan) -> &'static str {
    if plan.connections == 1 { "one at a time" } else { "at full load" }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

/// Three digits that matter.
fn short(figure: f64) -> String {
    match figure {
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}
