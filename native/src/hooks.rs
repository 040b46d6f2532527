//! What this module does in each of Envoy's hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use webhook::config::Config;
use webhook::http::Header;
use webhook::metrics::Series;
use webhook::port::{self, Flow, Host as _, Worker};
use webhook::reject::{Reason, Rejection};
use webhook::repeats::{Limits, Repeats};
use webhook::report::Verdict;

use crate::abi::{self, Configuration, Level, Status, Stream};
use crate::envoy::{Envoy, Metrics, body_parts};
use crate::memory::Memory;

/// One plugin, on all workers.
pub(crate) struct Plugin(Arc<Shared>);

struct Shared {
    worker: Worker,
    metrics: Metrics,
    is_usable: bool,
    /// Before 1.39, Envoy takes metrics from a request alone.
    is_begun: AtomicBool,
}

/// Reads a plugin's configuration.
pub(crate) fn configure(at: Configuration<'_>, text: &[u8]) -> Plugin {
    let config = Config::parse(text, |name| {
        std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes)
    });
    let opened =
        config.and_then(Config::holding_heads).and_then(|config| config.open_repeats(open_memory));
    let (plugin, repeats) = match opened {
        Ok((config, repeats)) => (Ok(config), repeats),
        Err(unusable) => (Err(unusable), None),
    };
    let is_usable = plugin.is_ok();
    let metrics = Metrics::define(at, repeats.is_some());
    let envoy = Envoy::configuring(at, &metrics);
    envoy.begin_counters();
    let worker = Worker::start(plugin, repeats, &envoy);
    let is_begun = AtomicBool::new(false);
    Plugin(Arc::new(Shared { worker, metrics, is_usable, is_begun }))
}

#[allow(clippy::unnecessary_wraps, reason = "other hosts may have no memory")]
fn open_memory(limits: Limits) -> Result<Arc<dyn Repeats>, &'static str> {
    Ok(Arc::new(Memory(limits)))
}

impl Plugin {
    /// Starts with nothing seen of a request.
    pub(crate) fn request(&self) -> Request {
        let inner = port::Request::new(&self.0.worker);
        Request { shared: Arc::clone(&self.0), state: State::Open(inner) }
    }
}

/// One HTTP request.
pub(crate) struct Request {
    shared: Arc<Shared>,
    state: State,
}

enum State {
    Open(port::Request),
    /// It has its answer, since something here panicked.
    Panicked,
}

impl Request {
    /// Takes the head.
    pub(crate) fn on_headers(&mut self, stream: Stream<'_>, end_of_stream: bool) -> Status {
        if !self.shared.is_begun.swap(true, Ordering::Relaxed) {
            let envoy = Envoy::serving(stream, &self.shared.metrics);
            envoy.begin_counters();
            envoy.record(Series::ConfigOk, u64::from(self.shared.is_usable));
        }
        let headers = stream.headers();
        let headers: Option<Vec<Header<'_>>> = headers.map(|headers| {
            // Nothing here has a name that is no text.
            let named = |(name, value)| (str::from_utf8(name).unwrap_or_default(), value);
            headers.into_iter().map(named).collect()
        });
        self.step(stream, |request, worker, envoy| {
            request.on_head(headers.as_deref(), end_of_stream, worker, envoy)
        })
    }

    /// Takes a part of the body.
    pub(crate) fn on_body(&mut self, stream: Stream<'_>, end_of_stream: bool) -> Status {
        let (_, size) = body_parts(stream);
        self.step(stream, |request, worker, envoy| {
            request.on_body(size, end_of_stream, worker, envoy)
        })
    }

    /// Takes the end of a request that ends with trailers.
    pub(crate) fn on_trailers(&mut self, stream: Stream<'_>) -> Status {
        self.step(stream, |request, worker, envoy| request.on_trailers(worker, envoy))
    }

    /// Takes the end of the request and of its answer.
    pub(crate) fn on_complete(&mut self, stream: Stream<'_>) {
        let envoy = Envoy::serving(stream, &self.shared.metrics);
        if let State::Open(request) = &mut self.state {
            request.on_done(&self.shared.worker, &envoy);
        }
    }

    fn step(
        &mut self,
        stream: Stream<'_>,
        step: impl FnOnce(&mut port::Request, &Worker, &Envoy<'_>) -> Flow,
    ) -> Status {
        let State::Open(request) = &mut self.state else { return Status::Drop };
        let envoy = Envoy::serving(stream, &self.shared.metrics);
        match step(request, &self.shared.worker, &envoy) {
            Flow::Continue => Status::Continue,
            Flow::Hold if request.is_answered() => Status::Drop,
            Flow::Hold => Status::Hold,
        }
    }

    /// Answers a request in whose hook something panicked, without a word of why: the message may
    /// hold a patient's data.
    pub(crate) fn on_panic(&mut self, stream: Stream<'_>) {
        self.state = State::Panicked;
        let envoy = Envoy::serving(stream, &self.shared.metrics);
        envoy.add(Series::Requests(Verdict::Rejected(Reason::Internal)), 1);
        abi::log(Level::Error, "a request ended in a panic and was answered 500: please report it");
        envoy.answer(&Rejection::from(Reason::Internal).answer());
    }
}
