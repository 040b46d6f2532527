//! Senders that keep on: several connections that are kept alive, and a tally of what came back.

use std::{
    collections::BTreeMap,
    io::{Result, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use harness::{Request, SECRET, now};
use loopback::http1;

use crate::RESULT;

/// Longer than anything may take: Envoy's own timeouts are at most 15 seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(25);

/// A connection that is opened when it is needed and kept while it can be.
pub(crate) struct Sender {
    address: SocketAddr,
    connection: Option<(TcpStream, Vec<u8>)>,
}

impl Sender {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Sends a request and reads the status of its answer.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<u16> {
        let kept = self.connection.take();
        let (mut stream, mut received) =
            kept.map_or_else(|| connect(self.address).map(|stream| (stream, Vec::new())), Ok)?;
        // An early answer may cut the upload short; it is there to be read all the same.
        let written = stream.write_all(bytes);
        let answer = match http1::read(&mut stream, &mut received) {
            Ok(answer) => answer,
            Err(error) => return Err(written.err().unwrap_or(error)),
        };
        let (status, keeps_open, read) = (answer.status, answer.keeps_open, answer.bytes);
        if keeps_open && written.is_ok() {
            received.drain(..read);
            self.connection = Some((stream, received));
        }
        Ok(status)
    }
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Tells what runs beside a load that the load is over, also where it ends in a panic.
#[derive(Default)]
pub(crate) struct Load(AtomicBool);

impl Load {
    pub(crate) fn is_on(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    /// The load is over when this is dropped.
    pub(crate) const fn guard(&self) -> LoadGuard<'_> {
        LoadGuard(self)
    }
}

pub(crate) struct LoadGuard<'l>(&'l Load);

impl Drop for LoadGuard<'_> {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// The bytes of a request over HTTP/1.1, on a connection that is kept.
pub(crate) fn bytes_of(request: &Request) -> Vec<u8> {
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: webhooks.test\r\n", request.method, request.target());
    for (name, value) in &request.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    if !request.headers.iter().any(|(name, _)| name == "content-length") {
        head.extend(["content-length: ", &request.body.len().to_string(), "\r\n"]);
    }
    [head.as_bytes(), b"\r\n", &request.body].concat()
}

/// A valid event of this id, signed now.
pub(crate) fn good(id: &str) -> Vec<u8> {
    bytes_of(&Request::signed_with(SECRET, id, now(), RESULT))
}

/// A request in the right form whose signature is of another message.
pub(crate) fn forged(id: &str) -> Vec<u8> {
    bytes_of(&Request::signed_with(SECRET, "msg_other", now(), RESULT).set("svix-id", id))
}

/// What came back, and how long it took.
#[derive(Default)]
pub(crate) struct Tally {
    by_outcome: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

impl Tally {
    pub(crate) fn note(&mut self, outcome: &Result<u16>, latency: Duration) {
        let name = outcome.as_ref().map_or_else(|_| "no answer".to_owned(), ToString::to_string);
        *self.by_outcome.entry(name).or_default() += 1;
        self.latencies.push(latency);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (name, count) in other.by_outcome {
            *self.by_outcome.entry(name).or_default() += count;
        }
        self.latencies.extend(other.latencies);
    }

    pub(crate) fn count(&self, outcome: &str) -> u64 {
        self.by_outcome.get(outcome).copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> u64 {
        self.by_outcome.values().sum()
    }

    /// Outcomes other than these.
    pub(crate) fn beside(&self, expected: &[&str]) -> BTreeMap<&str, u64> {
        let others = self.by_outcome.iter().filter(|(name, _)| !expected.contains(&name.as_str()));
        others.map(|(name, count)| (name.as_str(), *count)).collect()
    }

    /// The latency that so many of a thousand requests stayed within.
    pub(crate) fn permille(&mut self, permille: usize) -> Duration {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last * permille / 1000).copied().unwrap_or_default()
    }

    pub(crate) fn slowest(&mut self) -> Duration {
        self.permille(1000)
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<_> =
            self.by_outcome.iter().map(|(name, count)| format!("{count} × {name}")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Sends request after request over so many connections, until `next` has no more; `next` is told
/// how many were taken before.
pub(crate) fn pour(
    address: SocketAddr,
    connections: usize,
    next: impl Fn(u64) -> Option<Vec<u8>> + Sync,
) -> Tally {
    let taken = AtomicU64::new(0);
    let total = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let (mut sender, mut tally) = (Sender::new(address), Tally::default());
                while let Some(bytes) = next(taken.fetch_add(1, Ordering::Relaxed)) {
                    let start = Instant::now();
                    let outcome = sender.send(&bytes);
                    tally.note(&outcome, start.elapsed());
                }
                total.lock().unwrap().merge(tally);
            });
        }
    });
    total.into_inner().unwrap()
}

/// Delivers events as Junction does: each again and again until it is answered with 200.
pub(crate) struct Delivery {
    /// Every attempt.
    pub(crate) attempts: Tally,
    /// The ids of the events, all of which have had their 200.
    pub(crate) delivered: Vec<String>,
}

/// Delivers so many events over so many connections; `delivered` is told after each one.
pub(crate) fn deliver(
    address: SocketAddr,
    connections: usize,
    events: u64,
    delivered: impl Fn(u64) + Sync,
) -> Delivery {
    let (taken, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let attempts = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let (mut sender, mut tally) = (Sender::new(address), Tally::default());
                loop {
                    let number = taken.fetch_add(1, Ordering::Relaxed);
                    if number >= events {
                        break;
                    }
                    let start = Instant::now();
                    loop {
                        let attempt = Instant::now();
                        let outcome = sender.send(&good(&event_id(number)));
                        tally.note(&outcome, attempt.elapsed());
                        if matches!(outcome, Ok(200)) {
                            break;
                        }
                        let waited = start.elapsed();
                        assert!(waited < Duration::from_mins(2), "never delivered: {outcome:?}");
                        // A sender backs off; without it a dead upstream is asked all the time.
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    delivered(done.fetch_add(1, Ordering::Relaxed) + 1);
                }
                attempts.lock().unwrap().merge(tally);
            });
        }
    });
    let delivered = (0..events).map(event_id).collect();
    Delivery { attempts: attempts.into_inner().unwrap(), delivered }
}

fn event_id(number: u64) -> String {
    format!("msg_event{number:07}")
}
