//! The tables, in Markdown.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::gateway::Way;
use crate::measure::{Cell, Memory, Plan, Refused, Row, Workers};

type Figure = fn(&Cell) -> f64;

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
    let figures: [(&str, Figure); 4] = [
        ("CPU µs", |cell| cell.cpu_micros),
        ("p50 µs", |cell| cell.p50_micros),
        ("p99 µs", |cell| cell.p99_micros),
        ("requests/s", |cell| cell.requests_a_second),
    ];
    for row in rows {
        for (name, figure) in figures {
            let _ = write!(text, "| {} | {name} |", row.body_bytes);
            for way in Way::ALL {
                let _ = write!(text, " {} |", short(figure(&row.of(way))));
            }
            let _ = writeln!(text, " {} |", short(figure(&row.core)));
        }
    }
    text
}

pub(crate) fn memory(rows: &[Memory]) -> String {
    let mut text = String::from(
        "\n## Memory\n\nResident memory of a fresh Envoy, in MB: with one worker before the first \
         request, after a round of all sizes and after another; with two workers after a round. \
         Over the empty Wasm filter: what the process holds more with one worker, and what each \
         further worker adds.\n\n\
         | | idle | loaded | again | two workers | over empty | a worker more, over empty |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let empty = rows.iter().find(|row| row.way == Way::EmptyWasm);
    let added = |row: &Memory| megabytes(row.two_workers) - megabytes(row.loaded);
    for row in rows {
        let over = empty.map(|empty| megabytes(row.loaded_again) - megabytes(empty.loaded_again));
        let worker_over = empty.map(|empty| added(row) - added(empty));
        line(
            &mut text,
            format_args!(
                "| {} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
                row.way.name(),
                megabytes(row.idle),
                megabytes(row.loaded),
                megabytes(row.loaded_again),
                megabytes(row.two_workers),
                over.unwrap_or(f64::NAN),
                worker_over.unwrap_or(f64::NAN),
            ),
        );
    }
    text
}

pub(crate) fn refused(rows: &[Refused]) -> String {
    let mut text = String::from(
        "\n## Refused requests\n\nThe empty Wasm filter lets the same request through to the \
         upstream. Envoy closes the connection of a request that is refused before its body has \
         arrived.\n\n\
         | refused for | body bytes | | empty Wasm filter | this filter | `ext_authz` | \
         filter / empty |\n| --- | ---: | --- | ---: | ---: | ---: | ---: |\n",
    );
    let figures: [(&str, Figure); 2] =
        [("CPU µs", |cell| cell.cpu_micros), ("p99 µs", |cell| cell.p99_micros)];
    for row in rows {
        for (name, figure) in figures {
            let _ = write!(text, "| {} | {} | {name} |", row.name, row.body_bytes);
            let of =
                |way| row.ways.iter().find(|(own, _)| *own == way).map(|(_, cell)| figure(cell));
            for (_, cell) in &row.ways {
                let _ = write!(text, " {} |", short(figure(cell)));
            }
            let ratio = of(Way::Filter).zip(of(Way::EmptyWasm)).map(|(ours, empty)| ours / empty);
            let _ = writeln!(text, " {:.2} |", ratio.unwrap_or(f64::NAN));
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
