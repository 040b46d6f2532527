//! Stand-in for the clinical service behind the filter: takes `junction.event.v1` events, stores
//! them in SQLite once per `event_id`, and tells what it saw.
//!
//! It owns the ingestion side of the contract and nothing of the filter: it never checks a
//! signature, and it knows the event's shape from the contract alone, so that the filter and the
//! stub cannot share a mistake.
//!
//! | module | what |
//! | --- | --- |
//! | `routes` | paths, answers, and the layer that records requests |
//! | `recorder`, `mark` | the bounded list behind `GET /requests`, and its numbers |
//! | `event`, `place` | the shape of `junction.event.v1`, and the cursor that reads it |
//! | `store` | SQLite |
//! | `faults` | `--fail-rate` and `--delay-ms` |
//! | `page`, `live`, `row`, `view` | `GET /`, its stream of what came, and one request of it |
//! | `tree`, `rebuild`, `lines` | documents for people: the sender's, rebuilt from the event |
//! | `curl` | a request as a command |
//! | `door` | who may look |
//! | `envoy` | what Envoy's statistics say of the filter |

mod curl;
mod door;
mod envoy;
mod event;
mod faults;
mod lines;
mod live;
mod mark;
mod outline;
mod page;
mod place;
mod rebuild;
mod recorder;
mod routes;
mod row;
mod store;
mod tree;
mod view;

use std::{
    fmt,
    future::{Future, IntoFuture, pending},
    io,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    time::sleep,
};

use crate::{envoy::Statistics, faults::Faults, live::Readers, recorder::Recorder, store::Store};

pub use crate::envoy::{EnvoyAdmin, EnvoyAdminError};
pub use crate::faults::{FailRate, FailRateError};

/// How long open requests may go on after a stop was asked for; a body that never completes would
/// otherwise keep the process alive for ever.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// How the stub stores and misbehaves; the default keeps everything in memory and behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The database file; in memory where there is none.
    pub database: Option<PathBuf>,
    /// The share of webhooks answered 503 and not stored.
    pub fail_rate: FailRate,
    /// How long each webhook waits for its answer, after it was stored.
    pub delay: Duration,
    /// The admin interface of the Envoy in front, for the page to show the filter's counters.
    pub envoy_admin: Option<EnvoyAdmin>,
}

/// The open database, the list of requests and the faults; cheap to clone, one state behind all.
#[derive(Clone)]
pub struct Stub(Arc<State>);

struct State {
    store: Store,
    recorder: Recorder,
    faults: Faults,
    statistics: Option<Statistics>,
    readers: Readers,
    /// Whether the stub stops, which ends what would otherwise go on: the streams of open pages.
    stopping: watch::Sender<bool>,
}

impl Stub {
    /// Opens the database.
    ///
    /// # Errors
    /// The database cannot be opened or created.
    pub fn open(options: &Options) -> Result<Self, OpenError> {
        let store = Store::open(options.database.as_deref()).map_err(OpenError)?;
        let faults = Faults::new(options.fail_rate, options.delay);
        Ok(Self(Arc::new(State {
            store,
            recorder: Recorder::default(),
            faults,
            statistics: options.envoy_admin.map(Statistics::new),
            readers: Readers::default(),
            stopping: watch::Sender::new(false),
        })))
    }
}

/// Answers requests on `listener` until `stop` resolves, then lets open requests finish for a few
/// seconds.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    stub: Stub,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let router = routes::router(stub.clone());
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        stub.0.stopping.send_replace(true);
        // The receiver is gone only when the server is.
        let _ = stopping.send(());
    });
    let patience = async {
        match stopped.await {
            Ok(()) => sleep(SHUTDOWN_GRACE).await,
            Err(_) => pending().await,
        }
    };
    tokio::select! {
        result = server.into_future() => result,
        () = patience => Ok(()),
    }
}

/// The database could not be opened.
#[derive(Debug)]
pub struct OpenError(rusqlite::Error);

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open the database: {}", self.0)
    }
}

impl std::error::Error for OpenError {}
