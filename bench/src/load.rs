//! The load: some connections, each of which sends one request, reads the answer and sends the
//! next.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use loopback::http1::Answer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// A request as bytes, and the status that it must be answered with.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) status: u16,
}

/// What a stretch of load showed.
pub(crate) struct Observed {
    /// The times from the first byte sent to the last received, in microseconds, in order.
    pub(crate) micros: Vec<u32>,
    /// How long the stretch was.
    pub(crate) elapsed: Duration,
    /// What the measured processes used in it.
    pub(crate) cpu_nanos: u64,
}

/// Loads `address` over `connections` for `warm_up`, then for `duration`, which is what is
/// observed; `cpu_nanos` reads what the measured processes have used so far.
pub(crate) fn run(
    address: SocketAddr,
    request: &Request,
    connections: usize,
    warm_up: Duration,
    duration: Duration,
    cpu_nanos: impl Fn() -> Result<u64>,
) -> Result<Observed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = LocalSet::new();
    runtime.block_on(tasks.run_until(async {
        let micros = Rc::new(RefCell::new(Vec::new()));
        let stop = Rc::new(Cell::new(false));
        let senders: Vec<_> = (0..connections)
            .map(|_| {
                let (request, micros, stop) = (request.clone(), micros.clone(), stop.clone());
                tokio::task::spawn_local(async move {
                    while !stop.get() {
                        send_until_closed(address, &request, &micros, &stop).await?;
                    }
                    Ok::<(), anyhow::Error>(())
                })
            })
            .collect();
        tokio::time::sleep(warm_up).await;
        let cpu_before = cpu_nanos()?;
        let start = Instant::now();
        micros.borrow_mut().clear();
        tokio::time::sleep(duration).await;
        let mut micros = micros.take();
        let elapsed = start.elapsed();
        let cpu_nanos = cpu_nanos()? - cpu_before;
        stop.set(true);
        for sender in senders {
            sender.await??;
        }
        micros.sort_unstable();
        Ok(Observed { micros, elapsed, cpu_nanos })
    }))
}

/// Sends over one connection until either side ends it.
async fn send_until_closed(
    address: SocketAddr,
    request: &Request,
    micros: &RefCell<Vec<u32>>,
    stop: &Cell<bool>,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut received = Vec::with_capacity(4096);
    while !stop.get() {
        let start = Instant::now();
        // A refusal may come, and the connection end, before the whole body has gone.
        let sent = stream.write_all(&request.bytes).await;
        let answer = read_answer(&mut stream, &mut received).await;
        let (status, keeps_open) = answer.with_context(|| format!("after {sent:?}"))?;
        if status != request.status {
            let text = String::from_utf8_lossy(&received).into_owned();
            bail!("answered {status} instead of {}: {text}", request.status);
        }
        micros.borrow_mut().push(u32::try_from(start.elapsed().as_micros())?);
        if !keeps_open {
            break;
        }
    }
    Ok(())
}

/// Reads one answer; its status, and whether another request may follow.
async fn read_answer(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<(u16, bool)> {
    received.clear();
    loop {
        let ended = stream.read_buf(received).await? == 0;
        if let Some(answer) = Answer::parse(received, ended)? {
            return Ok((answer.status, answer.keeps_open));
        }
    }
}
