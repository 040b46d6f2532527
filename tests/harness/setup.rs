//! From the committed `envoy.yaml`, or `envoy-native.yaml`, to a running Envoy: only ports, the
//! plugin's configuration and what a test asks for are rewritten.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use loopback::process::Process;
use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;
use tempfile::TempDir;

use crate::{
    Admin, Gateway, Host, SECRET, Upstream, eventually,
    locate::{self, envoy},
    process,
};

const ADMIN: &str = "admin.address.socket_address.port_value";
const LISTENER: &str = "static_resources.listeners.0.address.socket_address.port_value";
/// Where `envoy.yaml` has the port of the upstream.
pub const UPSTREAM: &str = "static_resources.clusters.0.load_assignment.endpoints.0.lb_endpoints.0\
                        .endpoint.address.socket_address.port_value";
/// Where `envoy.yaml` has the connection manager.
pub const CONNECTION_MANAGER: &str =
    "static_resources.listeners.0.filter_chains.0.filters.0.typed_config";
const PLUGIN: &str = "http_filters.1.typed_config.config";
/// The rate limit of the endpoint, in the connection manager.
pub const ENDPOINTS_LIMIT: &str =
    "route_config.virtual_hosts.0.routes.0.typed_per_filter_config.local_ratelimit";
/// The rate limit of all other paths.
pub const OTHERS_LIMIT: &str = "http_filters.0.typed_config";
const CAPABILITIES: &str = "capability_restriction_config";

/// What Envoy may hold back of one request, in bytes. 1.36 takes `request_body_buffer_limit`, but a
/// request that the filter holds back is under the bounds of connection and stream all the same.
const HOLD_BOUND: u32 = 33_554_432;

/// An Envoy to be started; unchanged, it is the committed one with [`SECRET`].
pub struct Setup {
    yaml: Value,
    environment: Vec<(String, String)>,
    workers: u8,
    arguments: Vec<OsString>,
}

impl Setup {
    /// The committed configuration, with one worker.
    pub fn new() -> Self {
        // One worker, so that the order of things is Envoy's own.
        let yaml = locate::yaml(Host::under_test().envoy_yaml());
        Self { yaml, environment: Vec::new(), workers: 1, arguments: Vec::new() }
            .env("JUNCTION_WEBHOOK_SECRET", SECRET)
            .for_release(locate::envoy_release())
    }

    /// What an older Envoy needs that the committed configuration does not have.
    fn for_release(mut self, release: (u32, u32)) -> Self {
        if release < (1, 40) && Host::under_test() == Host::Wasm {
            restrict_beside_vm(at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.{PLUGIN}")));
        }
        if release >= (1, 37) {
            return self;
        }
        let http2 = format!("{CONNECTION_MANAGER}.http2_protocol_options");
        self.patch("static_resources.listeners.0.per_connection_buffer_limit_bytes", HOLD_BOUND)
            .patch(&format!("{http2}.initial_stream_window_size"), HOLD_BOUND)
            .patch(&format!("{http2}.initial_connection_window_size"), HOLD_BOUND)
    }

    /// Replaces the plugin's configuration.
    pub fn config(self, config: &Json) -> Self {
        self.config_text(&config.to_string())
    }

    /// Replaces the plugin's configuration by a text that need not be JSON.
    pub fn config_text(self, config: &str) -> Self {
        let path = format!("{CONNECTION_MANAGER}.{}.value", Host::under_test().configuration());
        self.patch(&path, config)
    }

    /// Replaces the plugin's configuration, as a protobuf `Struct` instead of a text.
    pub fn config_struct(self, config: &Json) -> Self {
        let path = format!("{CONNECTION_MANAGER}.{}", Host::under_test().configuration());
        let any = json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": config});
        self.patch(&path, serde_yaml_ng::to_value(any).unwrap())
    }

    /// Replaces one value of `envoy.yaml`, which must be there: `a.0.b` is the `b` in the first
    /// `a`.
    pub fn patch(mut self, path: &str, value: impl Into<Value>) -> Self {
        *at(&mut self.yaml, path) = value.into();
        self
    }

    /// Adds one value to the HTTP connection manager.
    pub fn connection_manager(mut self, name: &str, value: impl Into<Value>) -> Self {
        let manager = at(&mut self.yaml, CONNECTION_MANAGER).as_mapping_mut().unwrap();
        manager.insert(name.into(), value.into());
        self
    }

    /// Makes of Envoy a host that cannot hold headers back, with `hold_headers` false.
    pub fn without_held_headers(self, config: &Json) -> Self {
        let setup = self.without_header_stop();
        let mut config = config.clone();
        config["hold_headers"] = false.into();
        setup.config(&config)
    }

    /// Takes the option away without which Envoy cannot hold headers back.
    pub fn without_header_stop(mut self) -> Self {
        let plugin = at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.{PLUGIN}"));
        let plugin = plugin.as_mapping_mut().unwrap();
        assert!(plugin.remove("allow_on_headers_stop_iteration").is_some());
        self
    }

    /// Puts an HTTP filter right behind the plugin.
    pub fn filter_behind(mut self, filter: Value) -> Self {
        let filters = at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.http_filters"));
        let filters = filters.as_sequence_mut().unwrap();
        let router = filters.len().checked_sub(1).unwrap();
        filters.insert(router, filter);
        self
    }

    /// Lets trailers of HTTP/1.1 through to the filter, which Envoy drops by default.
    pub fn http1_trailers(self) -> Self {
        let options = serde_yaml_ng::from_str::<Value>("{enable_trailers: true}").unwrap();
        self.connection_manager("http_protocol_options", options)
    }

    /// Writes the access log to a file instead of standard output.
    pub fn access_log_to(self, path: &str) -> Self {
        let log = format!("{CONNECTION_MANAGER}.access_log.0.typed_config");
        let kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";
        let mut setup = self.patch(&format!("{log}.@type"), kind);
        at(&mut setup.yaml, &log)["path"] = path.into();
        setup
    }

    /// Lets through more requests a second than the edge does.
    pub fn without_rate_limit(self) -> Self {
        [OTHERS_LIMIT, ENDPOINTS_LIMIT].into_iter().fold(self, |setup, limit| {
            let enforced = format!("{CONNECTION_MANAGER}.{limit}.filter_enforced");
            setup.patch(&format!("{enforced}.default_value.numerator"), 0)
        })
    }

    /// Lets so few requests through to the paths of one rate limit, and then none for ten minutes.
    pub fn rate_limit(self, limit: &str, requests: u32) -> Self {
        let bucket = format!("{CONNECTION_MANAGER}.{limit}.token_bucket");
        self.patch(&format!("{bucket}.max_tokens"), requests)
            .patch(&format!("{bucket}.tokens_per_fill"), requests)
            .patch(&format!("{bucket}.fill_interval"), "600s")
    }

    /// Sets a variable of Envoy's environment.
    pub fn env(self, name: &str, value: &str) -> Self {
        let mut setup = self.without_env(name);
        setup.environment.push((name.to_owned(), value.to_owned()));
        setup
    }

    /// Takes away a variable of Envoy's environment.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// Takes away one of the calls that the module may make.
    pub fn without_capability(mut self, name: &str) -> Self {
        let plugin = at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.{PLUGIN}"));
        let holder =
            if plugin.get(CAPABILITIES).is_some() { plugin } else { &mut plugin["vm_config"] };
        let allowed = at(holder, &format!("{CAPABILITIES}.allowed_capabilities"));
        assert!(allowed.as_mapping_mut().unwrap().remove(name).is_some());
        self
    }

    /// Lets Envoy have so many workers.
    pub fn workers(self, workers: u8) -> Self {
        Self { workers, ..self }
    }

    /// Adds an argument to Envoy's command line.
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The configuration as it stands, for a test that takes parts of it elsewhere.
    pub fn yaml(&mut self) -> &mut Value {
        &mut self.yaml
    }

    /// Starts the stub and Envoy and waits until both answer.
    pub fn start(self) -> Gateway {
        self.start_with(Upstream::start(&[]))
    }

    /// Starts Envoy in front of this stub and waits until both answer.
    pub fn start_with(self, upstream: Upstream) -> Gateway {
        let port = upstream.address.port();
        self.patch(UPSTREAM, port).start_in_front_of(upstream)
    }

    /// Starts Envoy, whose upstream the test has set by itself, and waits until it answers.
    pub fn start_in_front_of(self, upstream: Upstream) -> Gateway {
        let mut setup = self.patch(ADMIN, 0);
        if setup.yaml["static_resources"].get("listeners").is_some() {
            setup.listen_on(0);
        }
        let directory = TempDir::new().unwrap();
        let (process, admin) = setup.run(&directory);
        Gateway { address: admin.listener(), admin, upstream, process, setup, directory }
    }

    /// Moves the listener into a file that Envoy watches, as a control plane would update it.
    pub fn listener_from_file(mut self, directory: &Path) -> (Self, ListenerFile) {
        self = self.patch(LISTENER, 0);
        let statics = at(&mut self.yaml, "static_resources").as_mapping_mut().unwrap();
        let mut listener = statics.remove("listeners").unwrap()[0].clone();
        listener["@type"] = "type.googleapis.com/envoy.config.listener.v3.Listener".into();
        let file = ListenerFile { path: directory.join("listener.json"), listener };
        file.write(&json!({}), 0);
        let source = json!({"lds_config": {"resource_api_version": "V3", "path_config_source": {
            "path": file.path, "watched_directory": {"path": directory}}}});
        self.yaml["dynamic_resources"] = serde_yaml_ng::to_value(source).unwrap();
        (self, file)
    }

    /// Sets the port that the listener is on.
    pub(crate) fn listen_on(&mut self, port: u16) {
        *at(&mut self.yaml, LISTENER) = port.into();
    }

    /// Starts Envoy and waits until it answers.
    pub(crate) fn run(&self, directory: &TempDir) -> (Process, Admin) {
        locate::require_module();
        let address = directory.path().join("admin-address");
        let _ = fs::remove_file(&address);
        let mut process =
            self.spawn(directory, &["--admin-address-path".into(), address.clone().into()]);
        let admin = eventually("Envoy is ready", || {
            process::require_alive(&mut process, "Envoy");
            let admin = Admin(fs::read_to_string(&address).ok()?.parse().ok()?);
            admin.is_ready().then_some(admin)
        });
        (process, admin)
    }

    /// Lets Envoy check the configuration, ports unchanged; whether it is accepted, and the log.
    pub fn validate(self) -> (bool, String) {
        locate::require_module();
        let directory = TempDir::new().unwrap();
        let mut process = self.spawn(&directory, &["--mode".into(), "validate".into()]);
        let status = process.wait().unwrap();
        (status.success(), process.stderr().text())
    }

    fn spawn(&self, directory: &TempDir, arguments: &[OsString]) -> Process {
        let config = directory.path().join("envoy.yaml");
        fs::write(&config, serde_yaml_ng::to_string(&self.yaml).unwrap()).unwrap();
        let mut command = process::command(envoy());
        command
            .arg("--config-path")
            .arg(config)
            .args(["--concurrency", &self.workers.to_string(), "--use-dynamic-base-id"])
            // Access log lines are written at once instead of every ten seconds.
            .args(["--file-flush-interval-msec", "10", "--log-level", "info"])
            .args(&self.arguments)
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        Process::start(&command).unwrap()
    }
}

/// Puts a plugin's `capability_restriction_config` where Envoy had it before 1.40, which takes it
/// from there too, with a warning, and better from `vm_config`.
pub fn restrict_beside_vm(plugin: &mut Value) {
    if let Some(capabilities) = plugin["vm_config"].as_mapping_mut().unwrap().remove(CAPABILITIES) {
        plugin[CAPABILITIES] = capabilities;
    }
}

/// The listener of an Envoy that watches a file for it.
pub struct ListenerFile {
    path: PathBuf,
    listener: Value,
}

impl ListenerFile {
    /// Replaces the plugin's configuration, and with it the listener.
    pub fn write(&self, config: &Json, version: u64) {
        let mut listener = self.listener.clone();
        let manager = CONNECTION_MANAGER.strip_prefix("static_resources.listeners.0.").unwrap();
        let path = format!("{manager}.{}.value", Host::under_test().configuration());
        *at(&mut listener, &path) = config.to_string().into();
        let resources = json!({"version_info": version.to_string(), "resources": [listener]});
        // Envoy looks when a file is moved into place, and so never reads half of one.
        let partial = self.path.with_extension("partial");
        fs::write(&partial, resources.to_string()).unwrap();
        fs::rename(partial, &self.path).unwrap();
    }
}

/// The committed configuration, started once for all tests that assert on single requests.
pub fn shared() -> &'static Gateway {
    static SHARED: OnceLock<Gateway> = OnceLock::new();
    SHARED.get_or_init(|| Setup::new().start())
}

/// What a document has at a path of keys and indices with dots between them; panics without it.
pub fn at<'a>(yaml: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(yaml, |value, step| {
        let found = match step.parse::<usize>() {
            Ok(index) => value.get_mut(index),
            Err(_) => value.get_mut(step),
        };
        found.unwrap_or_else(|| panic!("envoy.yaml has no {step} of {path}"))
    })
}
