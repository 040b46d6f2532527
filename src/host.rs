//! The bridge to Envoy: the only file that names the proxy-wasm SDK, and no place for decisions.
//!
//! It hands headers, body, configuration and time to the core, and carries out what the core says.
//! The SDK panics on statuses that Envoy does not return for these calls; headers are read as
//! bytes, since its string getters also panic on what is not UTF-8.
//! Specification: proxy-wasm ABI 0.2.1.

use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action as Flow, BufferType, ContextType, MetricType};

use junction_webhook::config::Config;
use junction_webhook::duplicates::{Memory, Store, is_taken};
use junction_webhook::exchange::{Action, Exchange, Forward, Outcome, Plugin, Report, Verdict};
use junction_webhook::log_budget::LogBudget;
use junction_webhook::metrics::{
    BODY_BYTES, CONFIG_OK, FILTER_MICROSECONDS, MARKERS, RequestLabels, SIGNATURE_AGE_SECONDS,
    event_types, events_name,
};
use junction_webhook::reject::Answer;

use self::shared_data::SharedData;
use crate::struct_text::json_text;

/// How often a worker says how many log lines it held back, if any.
const TICK: Duration = Duration::from_secs(1);

#[allow(unsafe_code, reason = "two calls of the host that the SDK panics in")]
mod shared_data;

#[allow(unsafe_code, reason = "the SDK's macro exports the module's entry point")]
mod entry {
    proxy_wasm::main! {{
        proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
        proxy_wasm::set_root_context(|_| Box::new(super::Root::default()));
    }}
}

/// One plugin on one worker.
#[derive(Default)]
struct Root {
    /// Set by `on_configure`, which Envoy calls before any request.
    worker: Option<Rc<Worker>>,
}

/// What the requests of a worker share.
struct Worker {
    plugin: Arc<Plugin>,
    /// What the upstream has taken, where that is remembered.
    memory: Option<Rc<Memory>>,
    metrics: Metrics,
    log_budget: RefCell<LogBudget>,
    /// Some request's body has come, so holding heads back does not hold bodies back as well.
    is_body_seen: Cell<bool>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Always true: false would make Envoy reject the listener, and the contract wants its 500s.
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let config = Config::parse(&json_text(&configuration), |name| {
            std::env::var_os(name).map(OsString::into_encoded_bytes)
        });
        let (plugin, memory) = match config.and_then(|config| config.open_memory(shared_data)) {
            Ok((config, memory)) => (Ok(config), memory.map(Rc::new)),
            Err(unusable) => (Err(unusable), None),
        };
        if let Err(unusable) = &plugin {
            log::error!("configuration is unusable: {}", unusable.error);
        }
        let metrics = Metrics::define(memory.is_some());
        metrics.config_ok.record(usize::from(plugin.is_ok()));
        self.set_tick_period(TICK);
        self.worker = Some(Rc::new(Worker {
            plugin: Arc::new(plugin),
            memory,
            metrics,
            log_budget: RefCell::default(),
            is_body_seen: Cell::default(),
        }));
        true
    }

    fn on_tick(&mut self) {
        let held_back =
            self.worker.as_ref().map_or(0, |worker| worker.log_budget.borrow_mut().flush());
        if held_back > 0 {
            log::warn!("{held_back} lines about rejected webhooks held back");
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        let worker = Rc::clone(self.worker.as_ref()?);
        let exchange = Exchange::new(Arc::clone(&worker.plugin)).with_memory(worker.memory.clone());
        Some(Box::new(Request { worker, exchange, spent: Duration::ZERO }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One HTTP request.
struct Request {
    worker: Rc<Worker>,
    exchange: Exchange,
    /// The time spent in callbacks that have ended.
    spent: Duration,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Flow {
        let now = self.now();
        let headers = self.get_http_request_headers_bytes();
        let outcome = self.exchange.on_head(&headers, end_of_stream, now);
        self.carry_out(outcome, now)
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Flow {
        let start = self.now();
        self.worker.is_body_seen.set(true);
        if self.is_leaked() {
            return self.leak(start);
        }
        let outcome = self.exchange.on_body(size, end_of_stream, read_body);
        self.carry_out(outcome, start)
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Flow {
        let start = self.now();
        if self.is_leaked() {
            return self.leak(start);
        }
        let outcome = self.exchange.on_end(read_body);
        if let Outcome::Decided(_, Action::Forward(Forward { body: Some(_), .. })) = &outcome {
            // Trailers are not signed.
            self.set_http_request_trailers(Vec::new());
        }
        self.carry_out(outcome, start)
    }

    fn on_log(&mut self) {
        let response = |field| property(vec!["response", field]);
        if self.exchange.awaits_answer() && is_taken(&response("code"), &response("code_details")) {
            self.exchange.on_taken(self.now());
        }
        if self.exchange.is_undecided() && response("code_details") == b"via_upstream" {
            self.warn(
                "a webhook went on unverified: capability_restriction_config must allow \
                 proxy_on_request_body and proxy_on_request_trailers",
            );
        } else if !self.worker.is_body_seen.get() && self.exchange.is_starved() {
            self.warn(
                "a webhook ended before any of its body came: where all do, the plugin lacks \
                 allow_on_headers_stop_iteration",
            );
        }
    }
}

/// A part of the body that Envoy holds back.
fn read_body(start: usize, length: usize) -> Option<Vec<u8>> {
    hostcalls::get_buffer(BufferType::HttpRequestBody, start, length).ok().flatten()
}

/// Envoy's shared data, if it lets the module use that and tell how the upstream answered; the
/// memory itself finds out about the former.
fn shared_data() -> Option<Box<dyn Store>> {
    let may_read_properties = hostcalls::get_property(vec!["plugin_vm_id"]).is_ok();
    let store: Box<dyn Store> = Box::new(SharedData);
    may_read_properties.then_some(store)
}

/// What Envoy says of the request; nothing where it says nothing.
fn property(path: Vec<&str>) -> Vec<u8> {
    hostcalls::get_property(path).ok().flatten().unwrap_or_default()
}

impl Request {
    /// Whether the router has seen a head that Envoy's buffer filter should hold back. Where the
    /// host cannot tell, it counts as held.
    fn is_leaked(&self) -> bool {
        self.exchange.relies_on_buffer()
            && property(vec!["upstream", "request_attempt_count"]).iter().any(|byte| *byte != 0)
    }

    fn leak(&mut self, start: Duration) -> Flow {
        self.warn(
            "hold_headers is false, and nothing behind this filter holds heads back: put Envoy's \
             buffer filter there",
        );
        let outcome = self.exchange.on_leak();
        self.carry_out(outcome, start)
    }

    /// Carries out what the core says in a callback that began at `start`.
    fn carry_out(&mut self, outcome: Outcome, start: Duration) -> Flow {
        match outcome {
            Outcome::Wait => {
                self.spend_since(start);
                Flow::Pause
            }
            Outcome::Continue => Flow::Continue,
            Outcome::PassHead(forward) => {
                let flow = self.forward(&forward);
                self.spend_since(start);
                flow
            }
            Outcome::Unguarded => {
                let labels = RequestLabels { verdict: None, reason: None };
                self.worker.metrics.count_request(labels);
                Flow::Continue
            }
            Outcome::Decided(report, action) => {
                self.worker.metrics.count(&report);
                self.tell_access_log(&report);
                self.log(&report);
                let flow = match action {
                    Action::Answer(answer) => self.answer(&answer),
                    Action::Forward(forward) => self.forward(&forward),
                };
                self.spend_since(start);
                self.worker.metrics.filter_microseconds.record(self.spent.as_micros());
                flow
            }
        }
    }

    /// Adds the time since `start`, when a callback began. Envoy reads its clock at each call, so
    /// that time passes within one; a clock that is set back counts as one that stood still.
    fn spend_since(&mut self, start: Duration) {
        self.spent = self.spent.saturating_add(self.now().saturating_sub(start));
    }

    fn answer(&self, answer: &Answer) -> Flow {
        let headers = answer.headers().collect();
        self.send_http_response(u32::from(answer.status), headers, Some(answer.body.as_bytes()));
        Flow::Pause
    }

    fn forward(&self, forward: &Forward) -> Flow {
        for name in &forward.remove {
            self.remove_http_request_header(name);
        }
        for (name, value) in &forward.set {
            self.set_http_request_header(name, Some(value));
        }
        if let Some(body) = &forward.body {
            self.set_http_request_body(0, usize::MAX, body);
        }
        Flow::Continue
    }

    /// Sets the filter state that the access log reads.
    fn tell_access_log(&self, report: &Report) {
        let set = |name, value: &str| self.set_property(vec![name], Some(value.as_bytes()));
        set("junction_webhook_verdict", report.verdict.label());
        set("junction_webhook_reason", report.reason_label());
        if let Some(event_id) = &report.event_id {
            set("junction_webhook_event_id", event_id);
        }
        if let Some(event_type) = report.event_type {
            set("junction_webhook_event_type", event_type);
        }
    }

    fn log(&self, report: &Report) {
        if report.reason.is_none() {
            return;
        }
        let would_be = if report.verdict == Verdict::Shadowed { "would be " } else { "" };
        let reason = report.reason_label();
        let event_id = report.event_id.as_deref().unwrap_or("none");
        self.warn(&format!("webhook {would_be}rejected: reason={reason} event_id={event_id}"));
    }

    /// Logs a line if there is room for one.
    fn warn(&self, line: &str) {
        let Some(held_back) = self.worker.log_budget.borrow_mut().take(self.now()) else { return };
        if held_back > 0 {
            log::warn!("{held_back} lines about rejected webhooks held back");
        }
        log::warn!("{line}");
    }

    /// The time since the Unix epoch; a clock before it counts as the epoch.
    fn now(&self) -> Duration {
        self.get_current_time().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// A metric by its Envoy id.
#[derive(Clone, Copy)]
struct Metric(Option<u32>);

impl Metric {
    fn define(kind: MetricType, name: &str) -> Self {
        Self(hostcalls::define_metric(kind, name).ok())
    }

    /// Adds to a counter. A metric that fails is no reason to fail a request.
    fn add(self, count: usize) {
        if let (Some(id), Ok(count)) = (self.0, i64::try_from(count)) {
            let _ = hostcalls::increment_metric(id, count);
        }
    }

    /// Sets a gauge, or adds a sample to a histogram.
    fn record(self, value: impl TryInto<u64>) {
        if let (Some(id), Ok(value)) = (self.0, value.try_into()) {
            let _ = hostcalls::record_metric(id, value);
        }
    }
}

/// The worker's metrics; all exist from the start.
struct Metrics {
    requests: Vec<(RequestLabels, Metric)>,
    events: Vec<(&'static str, Metric)>,
    markers: Metric,
    body_bytes: Metric,
    filter_microseconds: Metric,
    signature_age_seconds: Metric,
    config_ok: Metric,
}

impl Metrics {
    fn define(remembers: bool) -> Self {
        let repeated = remembers.then_some(RequestLabels::REPEATED);
        let counter = |name: &str| Metric::define(MetricType::Counter, name);
        let histogram = |name: &str| Metric::define(MetricType::Histogram, name);
        Self {
            requests: RequestLabels::all()
                .chain(repeated)
                .map(|own| (own, counter(&own.name())))
                .collect(),
            events: event_types().map(|own| (own, counter(&events_name(own)))).collect(),
            markers: counter(MARKERS),
            body_bytes: histogram(BODY_BYTES),
            filter_microseconds: histogram(FILTER_MICROSECONDS),
            signature_age_seconds: histogram(SIGNATURE_AGE_SECONDS),
            config_ok: Metric::define(MetricType::Gauge, CONFIG_OK),
        }
    }

    fn count(&self, report: &Report) {
        self.count_request(RequestLabels { verdict: Some(report.verdict), reason: report.reason });
        if let Some(event_type) = report.event_type {
            add_to(&self.events, &event_type);
            if report.marker_count > 0 {
                self.markers.add(report.marker_count);
            }
        }
        self.body_bytes.record(report.body_bytes);
        if let Some(age) = report.signature_age {
            self.signature_age_seconds.record(age.as_secs());
        }
    }

    fn count_request(&self, labels: RequestLabels) {
        add_to(&self.requests, &labels);
    }
}

fn add_to<L: PartialEq>(counters: &[(L, Metric)], labels: &L) {
    if let Some((_, counter)) = counters.iter().find(|(own, _)| own == labels) {
        counter.add(1);
    }
}
