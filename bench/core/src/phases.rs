//! Prints what each part of the core costs, for each body size; compiled for this machine or for
//! wasm32-wasip1, where `make phases` runs it in node's V8.
//!
//! `phases times N BYTES` does the whole work that many times and prints nothing, for callgrind.

#![expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "prints figures"
)]

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use bench_core::sample;
use bench_core::work::{Refused, Work};

/// Each figure is the fastest of this many rounds: noise only ever adds.
const ROUNDS: usize = 150;
/// Shorter than what a busy machine gives a process in one go.
const ROUND: Duration = Duration::from_millis(2);

/// More than a core's own caches hold, in bytes, and less than those that cores share.
const OWN_CACHES: usize = 4 << 20;

type Part<'w> = Box<dyn Fn() + 'w>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("times") {
        const USAGE: &str = "usage: phases times N BYTES";
        let times: usize = arguments.next().ok_or(USAGE)?.parse()?;
        let work = Work::new(arguments.next().ok_or(USAGE)?.parse()?);
        for _ in 0..times {
            black_box(work.whole()).map_err(describe)?;
        }
        return Ok(());
    }
    println!("| body bytes | part | µs | ns a byte |\n| ---: | --- | ---: | ---: |");
    for size in sample::SIZES {
        let work = Work::new(size);
        let event = work.read().map_err(describe)?;
        let parts: [(&str, Part<'_>); 4] = [
            ("verify", Box::new(|| drop(black_box(work.verify())))),
            ("read", Box::new(|| drop(black_box(work.read())))),
            ("normalise", Box::new(|| drop(black_box(work.normalise(&event))))),
            ("whole", Box::new(|| drop(black_box(work.whole())))),
        ];
        let bytes = work.body_bytes();
        for (name, part) in parts {
            let time = fastest(part).as_nanos() as f64;
            let (micros, per_byte) = (time / 1000.0, time / bytes as f64);
            println!("| {bytes} | {name} | {micros:.2} | {per_byte:.2} |");
        }
        let micros = from_cold(|| drop(black_box(work.whole()))).as_nanos() as f64 / 1000.0;
        println!("| {bytes} | whole, from cold | {micros:.2} | |");
    }
    Ok(())
}

fn describe(_: Refused) -> &'static str {
    "the sample was refused"
}

/// The median of single calls, before each of which other things have filled the core's caches, as
/// Envoy, the kernel and the upstream do between two requests.
fn from_cold(part: impl Fn()) -> Duration {
    let other = vec![1_u8; OWN_CACHES];
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            black_box(other.iter().map(|&byte| u64::from(byte)).sum::<u64>());
            let start = Instant::now();
            part();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times.get(ROUNDS / 2).copied().unwrap_or_default()
}

fn fastest(part: impl Fn()) -> Duration {
    let mut calls: u32 = 1;
    let mut fastest = Duration::MAX;
    let mut rounds = 0;
    while rounds < ROUNDS {
        let start = Instant::now();
        for _ in 0..calls {
            part();
        }
        let spent = start.elapsed();
        if spent < ROUND / 2 {
            calls = calls.saturating_mul(2);
        } else {
            fastest = fastest.min(spent / calls);
            rounds += 1;
        }
    }
    fastest
}
