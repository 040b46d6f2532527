//! What is loaded, in which order, and what one cell of a table says.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};
use bench_core::sample;
use bench_core::work::Work;
use loopback::process::{Process, own_thread_nanos};
use tempfile::TempDir;

use crate::gateway::{Artefacts, Gateway, Way};
use crate::load::{self, Request};
use crate::upstream;

/// Connections that keep Envoy's worker busy.
pub(crate) const FULL_LOAD: usize = 8;

/// How many Envoys run each of two builds that are compared: one Envoy differs from the next of the
/// same build by several per cent.
const INSTANCES: usize = 4;

/// How long, how often and how much at once.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Each has one request in flight.
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    pub(crate) warm_up: Duration,
    pub(crate) duration: Duration,
    pub(crate) sizes: Vec<usize>,
}

/// One measured cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Processor time for one request, of every process but the load generator.
    pub(crate) cpu_micros: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    pub(crate) requests_a_second: f64,
}

impl Cell {
    /// The median of each figure.
    fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            cpu_micros: of(|cell| cell.cpu_micros),
            p50_micros: of(|cell| cell.p50_micros),
            p99_micros: of(|cell| cell.p99_micros),
            requests_a_second: of(|cell| cell.requests_a_second),
        }
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    let upper = figures.get(middle).copied().unwrap_or(f64::NAN);
    if figures.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|index| figures.get(index));
    lower.map_or(upper, |lower| f64::midpoint(*lower, upper))
}

/// One body size under every way.
pub(crate) struct Row {
    /// The exact size, in bytes.
    pub(crate) body_bytes: usize,
    /// One for each Envoy.
    pub(crate) ways: Vec<(Way, Cell)>,
    /// The core alone, called in a loop on this machine.
    pub(crate) core: Cell,
}

impl Row {
    pub(crate) fn of(&self, way: Way) -> Cell {
        of(&self.ways, way)
    }
}

/// A way's cell, the median where several Envoys run it; no figures where it was not measured.
fn of(ways: &[(Way, Cell)], way: Way) -> Cell {
    let cells = ways.iter().filter(|(own, _)| *own == way).map(|(_, cell)| *cell);
    Cell::median(&cells.collect::<Vec<_>>())
}

/// One way of refusing, beside the same request let through by what refuses nothing.
pub(crate) struct Refused {
    pub(crate) name: &'static str,
    pub(crate) body_bytes: usize,
    pub(crate) ways: Vec<(Way, Cell)>,
}

impl Refused {
    pub(crate) fn of(&self, way: Way) -> Cell {
        of(&self.ways, way)
    }
}

/// One way with some workers.
pub(crate) struct Workers {
    pub(crate) way: Way,
    pub(crate) count: u32,
    pub(crate) cell: Cell,
}

/// One way's resident memory, in bytes.
pub(crate) struct Memory {
    pub(crate) way: Way,
    /// With one worker, before the first request.
    pub(crate) idle: u64,
    /// With one worker, after a round of all sizes.
    pub(crate) loaded: u64,
    /// With one worker, after another round.
    pub(crate) loaded_again: u64,
    /// With two workers, after a round of all sizes.
    pub(crate) two_workers: u64,
}

/// Everything that runs while cells are measured.
pub(crate) struct Stage {
    gateways: Vec<Gateway>,
    nginx: Process,
    upstream: std::net::SocketAddr,
    artefacts: Artefacts,
    directory: TempDir,
    timestamp: u64,
}

impl Stage {
    pub(crate) fn start(artefacts: Artefacts) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (nginx, upstream) = upstream::start(directory.path())?;
        let start = |way| Gateway::start(way, 1, upstream, &artefacts, directory.path());
        let ways = match artefacts.earlier {
            Some(_) => [Way::Earlier, Way::Wasm].repeat(INSTANCES),
            None => Way::ALL.to_vec(),
        };
        let gateways = ways.into_iter().map(start).collect::<Result<Vec<_>>>()?;
        let timestamp = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        Ok(Self { gateways, nginx, upstream, artefacts, directory, timestamp })
    }

    /// Good requests of every size under every way.
    pub(crate) fn accepted(&self, plan: &Plan) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let requests: Vec<_> = plan.sizes.iter().map(|&size| self.good(size)).collect();
        let works: Vec<_> = plan.sizes.iter().map(|&size| Work::new(size)).collect();
        let mut cells = vec![vec![Vec::new(); self.gateways.len() + 1]; plan.sizes.len()];
        for round in 0..plan.rounds {
            let (number, of, connections) = (round + 1, plan.rounds, plan.connections);
            eprintln!("round {number} of {of}: accepted, over {connections} connections");
            for ((request, work), cells) in requests.iter().zip(&works).zip(&mut cells) {
                for (gateway, cells) in self.gateways.iter().zip(cells.iter_mut()) {
                    cells.push(self.cell(gateway, request, plan)?);
                }
                if let Some(cells) = cells.last_mut() {
                    cells.push(core(work, plan)?);
                }
            }
        }
        for (work, cells) in works.iter().zip(cells) {
            let ways = self.gateways.iter().zip(&cells);
            rows.push(Row {
                body_bytes: work.body_bytes(),
                ways: ways.map(|(gateway, cells)| (gateway.way, Cell::median(cells))).collect(),
                core: cells.last().map(|cells| Cell::median(cells)).context("no core")?,
            });
        }
        Ok(rows)
    }

    /// Requests that the filter refuses. The ways that refuse nothing let them through.
    pub(crate) fn refused(&self, plan: &Plan) -> Result<Vec<Refused>> {
        let ways = [Way::Buffer, Way::EmptyWasm, Way::Wasm, Way::Native, Way::ExtAuthz];
        let mut rows = Vec::new();
        for size in [500, 12_000] {
            let good = sample::lab_result(size);
            let broken = sample::broken_lab_result(size);
            let signature = sample::sign(good.as_bytes(), self.timestamp);
            let wrong = sample::sign(b"another body", self.timestamp);
            let old = self.timestamp - 200_000_000;
            let broken_signature = sample::sign(broken.as_bytes(), self.timestamp);
            for (name, body, signature, timestamp, status) in [
                ("no signature", &good, None, self.timestamp, 401),
                ("timestamp too old", &good, Some(&signature), old, 401),
                ("wrong signature", &good, Some(&wrong), self.timestamp, 401),
                ("breaks the schema", &broken, Some(&broken_signature), self.timestamp, 400),
            ] {
                let refused = request(body, timestamp, signature, status);
                rows.push((name, body.len(), refused, vec![Vec::new(); ways.len()]));
            }
        }
        for round in 0..plan.rounds {
            eprintln!("round {} of {}: refused", round + 1, plan.rounds);
            for (_, _, request, cells) in &mut rows {
                for (way, cells) in ways.into_iter().zip(cells) {
                    let passes = matches!(way, Way::Buffer | Way::EmptyWasm);
                    let status = if passes { 200 } else { request.status };
                    let request = Request { status, ..request.clone() };
                    cells.push(self.cell(self.gateway(way)?, &request, plan)?);
                }
            }
        }
        let row = |(name, body_bytes, _, cells): (_, _, _, Vec<Vec<Cell>>)| {
            let ways = ways.into_iter().zip(cells);
            let ways = ways.map(|(way, cells)| (way, Cell::median(&cells))).collect();
            Refused { name, body_bytes, ways }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// One and two workers, at 12 kB.
    pub(crate) fn workers(&self, plan: &Plan) -> Result<Vec<Workers>> {
        let request = self.good(12_000);
        let two = [Way::Envoy, Way::Wasm, Way::Native].map(|way| self.fresh(way, 2));
        let two = two.into_iter().collect::<Result<Vec<_>>>()?;
        let mut subjects = Vec::new();
        for gateway in &two {
            subjects.push((self.gateway(gateway.way)?, 1, Vec::new()));
            subjects.push((gateway, 2, Vec::new()));
        }
        for round in 0..plan.rounds {
            eprintln!("round {} of {}: workers", round + 1, plan.rounds);
            for (gateway, _, cells) in &mut subjects {
                cells.push(self.cell(gateway, &request, plan)?);
            }
        }
        let row = |(gateway, count, cells): (&Gateway, u32, Vec<Cell>)| Workers {
            way: gateway.way,
            count,
            cell: Cell::median(&cells),
        };
        Ok(subjects.into_iter().map(row).collect())
    }

    /// Memory of fresh gateways that have had the same load.
    pub(crate) fn memory(&self, plan: &Plan) -> Result<Vec<Memory>> {
        let mut rows = Vec::new();
        for way in [Way::Envoy, Way::Buffer, Way::EmptyWasm, Way::Wasm, Way::Native] {
            eprintln!("memory: {}", way.name());
            let one = self.fresh(way, 1)?;
            let idle = one.resident_bytes()?;
            self.load_all_sizes(&one, plan)?;
            let loaded = one.resident_bytes()?;
            self.load_all_sizes(&one, plan)?;
            let loaded_again = one.resident_bytes()?;
            let two = self.fresh(way, 2)?;
            self.load_all_sizes(&two, plan)?;
            let two_workers = two.resident_bytes()?;
            rows.push(Memory { way, idle, loaded, loaded_again, two_workers });
        }
        Ok(rows)
    }

    fn fresh(&self, way: Way, workers: u32) -> Result<Gateway> {
        Gateway::start(way, workers, self.upstream, &self.artefacts, self.directory.path())
    }

    fn load_all_sizes(&self, gateway: &Gateway, plan: &Plan) -> Result<()> {
        for &size in &plan.sizes {
            self.cell(gateway, &self.good(size), plan)?;
        }
        Ok(())
    }

    fn gateway(&self, way: Way) -> Result<&Gateway> {
        self.gateways.iter().find(|own| own.way == way).context("a way that does not run")
    }

    fn cell(&self, gateway: &Gateway, request: &Request, plan: &Plan) -> Result<Cell> {
        let cpu_nanos = || Ok(gateway.cpu_nanos()? + self.nginx.cpu_nanos()?);
        let observed = load::run(
            gateway.address,
            request,
            plan.connections,
            plan.warm_up,
            plan.duration,
            cpu_nanos,
        )
        .with_context(|| gateway.way.name())?;
        cell(&observed.micros, observed.cpu_nanos, observed.elapsed)
    }

    fn good(&self, size: usize) -> Request {
        let body = sample::lab_result(size);
        let signature = sample::sign(body.as_bytes(), self.timestamp);
        request(&body, self.timestamp, Some(&signature), 200)
    }
}

fn request(body: &str, timestamp: u64, signature: Option<&String>, status: u16) -> Request {
    let signature =
        signature.map(|signature| format!("svix-signature: {signature}\r\n")).unwrap_or_default();
    let bytes = format!(
        "POST /v1/webhooks/junction HTTP/1.1\r\nhost: localhost\r\n\
         content-type: application/json\r\nuser-agent: Svix-Webhooks/1.62\r\n\
         svix-id: {}\r\nsvix-timestamp: {timestamp}\r\n{signature}content-length: {}\r\n\r\n{body}",
        sample::MESSAGE_ID,
        body.len(),
    );
    Request { bytes: bytes.into_bytes(), status }
}

/// The core called natively, again and again, by this thread.
fn core(work: &Work, plan: &Plan) -> Result<Cell> {
    let mut micros = Vec::new();
    let cpu_before = own_thread_nanos()?;
    let start = Instant::now();
    while start.elapsed() < plan.duration {
        let begun = Instant::now();
        work.whole().map_err(|_| anyhow!("the sample was refused"))?;
        micros.push(u32::try_from(begun.elapsed().as_nanos())?);
    }
    let elapsed = start.elapsed();
    let spent = own_thread_nanos()? - cpu_before;
    micros.sort_unstable();
    let mut cell = cell(&micros, spent, elapsed)?;
    // They were nanoseconds.
    cell.p50_micros /= 1000.0;
    cell.p99_micros /= 1000.0;
    Ok(cell)
}

fn cell(micros: &[u32], cpu_nanos: u64, elapsed: Duration) -> Result<Cell> {
    let count = micros.len() as f64;
    let percentile = |share: f64| {
        let index = ((count * share) as usize).min(micros.len().saturating_sub(1));
        micros.get(index).map(|&micros| f64::from(micros)).context("no request was answered")
    };
    Ok(Cell {
        cpu_micros: cpu_nanos as f64 / 1000.0 / count,
        p50_micros: percentile(0.5)?,
        p99_micros: percentile(0.99)?,
        requests_a_second: count / elapsed.as_secs_f64(),
    })
}
