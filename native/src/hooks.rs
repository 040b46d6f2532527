//! What this module does in each of Envoy's hooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use webhook::config::{Draft, Subscription, Unusable};
use webhook::http::{Header, header_name};
use webhook::port::{self, Flow, Worker};
use webhook::repeats::Repeats;

use crate::abi::{Configuration, NoSubscription, SecretId, Status, Stream};
use crate::envoy::{Envoy, Metrics, Names, body_parts};
use crate::memory::Memory;

/// One plugin, on all workers.
pub(crate) struct Plugin(Arc<Shared>);

struct Shared {
    worker: Worker,
    names: Names,
    /// Before 1.39, Envoy takes metrics from a request alone.
    is_begun: AtomicBool,
}

/// Reads a plugin's configuration.
pub(crate) fn configure(at: Configuration<'_>, text: &[u8]) -> Plugin {
    let opened = open(at, text);
    let limits = opened.as_ref().ok().and_then(|(draft, _)| draft.limits());
    let metrics = Metrics::define(at, limits.is_some());
    let (names, worker) = match opened {
        Ok((draft, secrets)) => {
            let names = Names { metrics, secrets };
            let repeats = limits.map(|limits| -> Arc<dyn Repeats> { Arc::new(Memory(limits)) });
            let envoy = Envoy::configuring(at, &names);
            envoy.begin_counters();
            let worker = Worker::start_delivered(draft, repeats, &envoy);
            if !names.secrets.is_empty() {
                // By then those from files have come.
                at.call_back();
            }
            (names, worker)
        }
        Err(unusable) => {
            let names = Names { metrics, secrets: Vec::new() };
            let envoy = Envoy::configuring(at, &names);
            envoy.begin_counters();
            let worker = Worker::start(Err(unusable), None, &envoy);
            (names, worker)
        }
    };
    let is_begun = AtomicBool::new(at.can_change_metrics());
    Plugin(Arc::new(Shared { worker, names, is_begun }))
}

/// Reads a configuration and subscribes to the secrets that Envoy delivers.
fn open(at: Configuration<'_>, text: &[u8]) -> Result<(Draft, Vec<SecretId>), Unusable> {
    let draft = Draft::parse(text, |name| {
        std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes)
    })?;
    if draft.limits().is_some() && !at.delivers_secrets() {
        // 1.39 does not tell which cluster a request goes to, so that one which is steered
        // elsewhere would hide another, nor 1.38 whether an answer is the upstream's.
        return Err(draft.unusable("duplicates", "needs Envoy 1.40 or later"));
    }
    let draft = draft.holding_heads()?;
    let subscribe = |own: &Subscription| {
        at.subscribe(&own.name, own.source.as_deref()).map_err(|why| {
            draft.unusable(
                &own.field,
                match why {
                    NoSubscription::OldEnvoy => "needs Envoy 1.40 or later",
                    NoSubscription::Refused if own.source.is_some() => {
                        "Envoy refuses its config_source, and says why in its log"
                    }
                    NoSubscription::Refused => "Envoy has no static secret of this name",
                },
            )
        })
    };
    let secrets = draft.subscriptions().iter().map(subscribe).collect::<Result<_, _>>()?;
    Ok((draft, secrets))
}

impl Plugin {
    /// Looks at the secrets that Envoy delivers, so that the gauges need not wait for a request.
    pub(crate) fn look(&self, at: Configuration<'_>) {
        self.0.worker.look(&Envoy::configuring(at, &self.0.names));
    }

    /// Starts with nothing seen of a request.
    pub(crate) fn request(&self) -> Request {
        Request { shared: Arc::clone(&self.0), inner: port::Request::new(&self.0.worker) }
    }
}

/// One HTTP request.
pub(crate) struct Request {
    shared: Arc<Shared>,
    inner: port::Request,
}

impl Request {
    /// Takes the head.
    pub(crate) fn on_headers(&mut self, stream: Stream<'_>, end_of_stream: bool) -> Status {
        if !self.shared.is_begun.swap(true, Ordering::Relaxed) {
            let envoy = Envoy::serving(stream, &self.shared.names);
            envoy.begin_counters();
            self.shared.worker.gauge(&envoy);
        }
        let headers = stream.headers();
        let headers: Option<Vec<Header<'_>>> = headers.map(|headers| {
            headers.into_iter().map(|(name, value)| (header_name(name), value)).collect()
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
        let envoy = Envoy::serving(stream, &self.shared.names);
        self.inner.on_done(&self.shared.worker, &envoy);
    }

    fn step(
        &mut self,
        stream: Stream<'_>,
        step: impl FnOnce(&mut port::Request, &Worker, &Envoy<'_>) -> Flow,
    ) -> Status {
        let envoy = Envoy::serving(stream, &self.shared.names);
        match step(&mut self.inner, &self.shared.worker, &envoy) {
            Flow::Continue => Status::Continue,
            Flow::Hold if self.inner.is_answered() => Status::Drop,
            Flow::Hold => Status::Hold,
        }
    }

    /// Takes the news that one of these hooks panicked.
    pub(crate) fn on_panic(&mut self, stream: Stream<'_>) -> Status {
        self.step(stream, |request, worker, envoy| request.on_panic(worker, envoy))
    }
}
