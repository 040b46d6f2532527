//! The bridge to Envoy: the only file that names the proxy-wasm SDK, and no place for decisions.
//!
//! It hands headers, body, configuration and time to the core, and carries out what the core says.
//! The SDK panics on statuses that Envoy does not return for these calls.
//! Specification: proxy-wasm ABI 0.2.1.

use std::ffi::OsString;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use junction_webhook::config::Config;
use junction_webhook::exchange::Forward;
use junction_webhook::metrics::{Kind, Series};
use junction_webhook::port::{self, Change, Flow, Host, Warning, Worker};
use junction_webhook::reject::Answer;
use junction_webhook::repeats::{Destination, Limits, Repeats};
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, BufferType, ContextType, MapType, MetricType};

use crate::abi::{self, SharedData};
use crate::header_map;
use crate::memory::Memory;
use crate::metric_name;
use crate::response::{is_too_long, status};
use crate::struct_text::json_text;

/// How often a worker says how many log lines it held back, if any.
const TICK: Duration = Duration::from_secs(1);

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
    started: Option<(Rc<Worker>, Rc<Envoy>)>,
}

impl Context for Root {}

impl RootContext for Root {
    /// Always true: false would make Envoy reject the listener, and the contract wants its 500s.
    fn on_configure(&mut self, _size: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        let config = Config::parse(&json_text(&configuration), |name| {
            std::env::var_os(name).map(OsString::into_encoded_bytes)
        });
        let (plugin, repeats) = match config.and_then(|config| config.open_repeats(open_memory)) {
            Ok((config, repeats)) => (Ok(config), repeats),
            Err(unusable) => (Err(unusable), None),
        };
        let envoy = Envoy::with_metrics(repeats.is_some());
        let worker = Worker::start(plugin, repeats, &envoy);
        self.set_tick_period(TICK);
        self.started = Some((Rc::new(worker), Rc::new(envoy)));
        true
    }

    fn on_tick(&mut self) {
        if let Some((worker, envoy)) = &self.started {
            worker.tick(&**envoy);
        }
    }

    fn create_http_context(&self, _context_id: u32) -> Option<Box<dyn HttpContext>> {
        let (worker, envoy) = self.started.as_ref()?;
        let (worker, envoy) = (Rc::clone(worker), Rc::clone(envoy));
        Some(Box::new(Request { inner: port::Request::new(&worker), worker, envoy }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

/// One HTTP request.
struct Request {
    worker: Rc<Worker>,
    envoy: Rc<Envoy>,
    inner: port::Request,
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _count: usize, end_of_stream: bool) -> Action {
        let map = abi::request_headers();
        let headers = map.as_deref().and_then(header_map::pairs);
        action(self.inner.on_head(headers.as_deref(), end_of_stream, &self.worker, &*self.envoy))
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        action(self.inner.on_body(size, end_of_stream, &self.worker, &*self.envoy))
    }

    fn on_http_request_trailers(&mut self, _count: usize) -> Action {
        action(self.inner.on_trailers(&self.worker, &*self.envoy))
    }

    fn on_log(&mut self) {
        self.inner.on_done(&self.worker, &*self.envoy);
    }
}

const fn action(flow: Flow) -> Action {
    match flow {
        Flow::Continue => Action::Continue,
        Flow::Hold => Action::Pause,
    }
}

/// Opens the memory in Envoy's shared data, if it lets the module use that and tell how the
/// upstream answered.
fn open_memory(limits: Limits) -> Result<Arc<dyn Repeats>, &'static str> {
    const REFUSED: &str = "capability_restriction_config must allow proxy_get_shared_data, \
                           proxy_set_shared_data and proxy_get_property";
    if !may_ask() {
        return Err(REFUSED);
    }
    let memory = Memory::open(limits, Box::new(SharedData)).map_err(|_| REFUSED)?;
    Ok(Arc::new(memory))
}

/// Whether Envoy lets the module ask for properties.
fn may_ask() -> bool {
    hostcalls::get_property(vec!["plugin_vm_id"]).is_ok()
}

/// What Envoy says of the request; nothing where it says nothing.
fn property(path: Vec<&str>) -> Vec<u8> {
    hostcalls::get_property(path).ok().flatten().unwrap_or_default()
}

/// Envoy's calls, and the ids of the worker's metrics by the place of each series.
struct Envoy {
    metrics: Vec<Option<u32>>,
    /// Envoy writes a line to its log each time that it is asked what it does not allow.
    may_ask: bool,
}

impl Envoy {
    /// Defines every series, so that it exists from the start.
    fn with_metrics(remembers: bool) -> Self {
        let define = |series: Series| {
            let kind = match series.kind() {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            series
                .is_used(remembers)
                .then(|| hostcalls::define_metric(kind, &metric_name::spell(series)).ok())?
        };
        Self { metrics: Series::all().map(define).collect(), may_ask: may_ask() }
    }

    fn metric(&self, series: Series) -> Option<u32> {
        self.metrics.get(series.index()).copied().flatten()
    }
}

impl Host for Envoy {
    /// Envoy reads its clock at each call, so that time passes within a callback.
    fn now(&self) -> Duration {
        let now = hostcalls::get_current_time().unwrap_or(UNIX_EPOCH);
        now.duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn body(&self, length: usize) -> Option<Vec<u8>> {
        hostcalls::get_buffer(BufferType::HttpRequestBody, 0, length).ok().flatten()
    }

    fn is_head_gone(&self) -> bool {
        property(vec!["upstream", "request_attempt_count"]).iter().any(|byte| *byte != 0)
    }

    fn destination(&self) -> Destination {
        let xds = |field| property(vec!["xds", field]);
        Destination { route: xds("route_name"), cluster: xds("cluster_name") }
    }

    fn trailer_names(&self) -> Option<Vec<String>> {
        let map = abi::request_trailers()?;
        Some(header_map::pairs(&map)?.into_iter().map(|(name, _)| name.to_owned()).collect())
    }

    fn upstream_status(&self) -> Option<u16> {
        let response = |field| property(vec!["response", field]);
        port::upstream_status(status(&response("code"))?, &response("code_details"))
    }

    fn add(&self, counter: Series, count: usize) {
        if let (Some(id), Ok(count)) = (self.metric(counter), i64::try_from(count)) {
            let _ = hostcalls::increment_metric(id, count);
        }
    }

    fn record(&self, series: Series, value: u64) {
        if let Some(id) = self.metric(series) {
            let _ = hostcalls::record_metric(id, value);
        }
    }

    fn set_filter_state(&self, key: &'static str, value: &str) {
        let _ = hostcalls::set_property(vec![key], Some(value.as_bytes()));
    }

    fn warn(&self, line: &str) {
        log::warn!("{line}");
    }

    fn error(&self, line: &str) {
        log::error!("{line}");
    }

    fn remedy(&self, warning: Warning) -> &'static str {
        match warning {
            Warning::Unverified => {
                "capability_restriction_config must allow proxy_on_request_body and \
                 proxy_on_request_trailers"
            }
            Warning::Starved => "the plugin lacks allow_on_headers_stop_iteration",
            Warning::Leaked => "put Envoy's buffer filter there",
        }
    }

    fn answer(&self, answer: &Answer) {
        let headers = answer.headers().collect();
        let body = Some(answer.body.as_bytes());
        let _ = hostcalls::send_http_response(u32::from(answer.status), headers, body);
    }

    /// Envoy refuses a body that is above its bound within the call that sets it. It has no bound
    /// for one that it has not held back, whose end came in its first part.
    fn change(&self, forward: &Forward) -> Change {
        let map = MapType::HttpRequestHeaders;
        for name in &forward.remove {
            let _ = hostcalls::set_map_value(map, name, None);
        }
        for (name, value) in &forward.set {
            let _ = hostcalls::set_map_value(map, name, Some(value));
        }
        let Some(body) = &forward.body else { return Change::Made };
        if hostcalls::set_buffer(BufferType::HttpRequestBody, 0, usize::MAX, body).is_err() {
            return Change::Failed;
        }
        let is_refused = self.may_ask && is_too_long(&property(vec!["response", "code_details"]));
        if is_refused { Change::Refused } else { Change::Made }
    }

    fn drop_trailers(&self) {
        let _ = hostcalls::set_map(MapType::HttpRequestTrailers, Vec::new());
    }

    fn remove_trailers(&self, names: &[String]) {
        for name in names {
            let _ = hostcalls::set_map_value(MapType::HttpRequestTrailers, name, None);
        }
    }
}
