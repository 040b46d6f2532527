//! Runs the stub: `upstream-mock --listen 127.0.0.1:9000 --db PATH`.
//!
//! Standard output carries one line, `listening on ADDRESS`, once requests are answered; everything
//! else goes to standard error.

mod probe;

use std::{
    error::Error,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use upstream_mock::{EnvoyAdmin, FailRate, Options, Stub, serve};

/// Stand-in for the clinical service: stores junction.event.v1 webhooks in SQLite.
///
/// GET / is a page that shows what comes, for a browser on this machine. POST /v1/webhooks/junction
/// stores an event once per event id; an original with x-junction-verdict, as shadow mode sends it
/// on, is taken and not stored. GET /requests lists what came, verified or not, oldest first and no
/// more than the last 10000 requests or 64 MiB; DELETE /requests forgets them. GET /events,
/// /markers and /orders read the database; GET /healthz answers ok.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9000")]
    listen: SocketAddr,

    /// The database file, created where missing; without it the events are kept in memory
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,

    /// The share of webhooks, 0 to 1, to answer 503 and not store; spread evenly, not at random:
    /// 0.25 fails every fourth
    #[arg(long, value_name = "RATE", default_value = "0")]
    fail_rate: FailRate,

    /// Wait so many milliseconds before answering a webhook, after it is stored
    #[arg(long, value_name = "N", default_value_t = 0)]
    delay_ms: u64,

    /// Where Envoy's admin interface is, on a loopback: the page then shows what the filter
    /// forwarded and refused
    #[arg(long, value_name = "http://127.0.0.1:9901")]
    envoy_admin: Option<EnvoyAdmin>,

    /// Start nothing: ask the stub that listens there for /healthz, and exit 0 if it is well
    #[arg(long, value_name = "ADDRESS", exclusive = true)]
    probe: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "upstream-mock: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(stub) = arguments.probe {
        return Ok(probe::healthy(stub)?);
    }
    let stub = Stub::open(&Options {
        database: arguments.db,
        fail_rate: arguments.fail_rate,
        delay: Duration::from_millis(arguments.delay_ms),
        envoy_admin: arguments.envoy_admin,
    })?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", arguments.listen))?;
    // Before the line, so that whoever read it can already stop the stub in good order.
    let stop = stop_signal()?;
    let mut stdout = io::stdout();
    writeln!(stdout, "listening on {}", listener.local_addr()?)?;
    stdout.flush()?;
    serve(stub, listener, stop).await?;
    Ok(())
}

fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
