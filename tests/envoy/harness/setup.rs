//! From the committed `envoy.yaml` to a running Envoy: only ports, the plugin's configuration and
//! what a test asks for are rewritten.

use std::{ffi::OsString, fs, net::SocketAddr, sync::OnceLock};

use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;
use tempfile::TempDir;

use super::{
    Admin, Gateway, SECRET, Upstream, eventually,
    locate::{self, envoy, root},
    process::Process,
};

const ADMIN: &str = "admin.address.socket_address.port_value";
const LISTENER: &str = "static_resources.listeners.0.address.socket_address.port_value";
const UPSTREAM: &str = "static_resources.clusters.0.load_assignment.endpoints.0.lb_endpoints.0\
                        .endpoint.address.socket_address.port_value";
const CONNECTION_MANAGER: &str =
    "static_resources.listeners.0.filter_chains.0.filters.0.typed_config";
const PLUGIN: &str = "http_filters.1.typed_config.config";

/// An Envoy to be started; unchanged, it is the committed one with [`SECRET`].
pub(crate) struct Setup {
    yaml: Value,
    environment: Vec<(String, String)>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        let yaml = fs::read_to_string(root().join("envoy.yaml")).unwrap();
        Self { yaml: serde_yaml_ng::from_str(&yaml).unwrap(), environment: Vec::new() }
            .env("JUNCTION_WEBHOOK_SECRET", SECRET)
    }

    /// Replaces the plugin's configuration.
    pub(crate) fn config(self, config: &Json) -> Self {
        self.config_text(&config.to_string())
    }

    /// Replaces the plugin's configuration by a text that need not be JSON.
    pub(crate) fn config_text(self, config: &str) -> Self {
        let path = format!("{CONNECTION_MANAGER}.{PLUGIN}.configuration.value");
        self.patch(&path, config)
    }

    /// Replaces the plugin's configuration, as a protobuf `Struct` instead of a text.
    pub(crate) fn config_struct(self, config: &Json) -> Self {
        let path = format!("{CONNECTION_MANAGER}.{PLUGIN}.configuration");
        let any = json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": config});
        self.patch(&path, serde_yaml_ng::to_value(any).unwrap())
    }

    /// Replaces one value of `envoy.yaml`, which must be there: `a.0.b` is the `b` in the first `a`.
    pub(crate) fn patch(mut self, path: &str, value: impl Into<Value>) -> Self {
        *at(&mut self.yaml, path) = value.into();
        self
    }

    /// Adds one value to the HTTP connection manager.
    pub(crate) fn connection_manager(mut self, name: &str, value: impl Into<Value>) -> Self {
        let manager = at(&mut self.yaml, CONNECTION_MANAGER).as_mapping_mut().unwrap();
        manager.insert(name.into(), value.into());
        self
    }

    /// Makes of Envoy a host that cannot hold headers back, with `hold_headers` false.
    pub(crate) fn without_held_headers(self, config: &Json) -> Self {
        let mut setup = self.without_header_stop();
        let capabilities = format!("{CONNECTION_MANAGER}.{PLUGIN}.capability_restriction_config");
        let allowed = at(&mut setup.yaml, &format!("{capabilities}.allowed_capabilities"));
        let none = Value::Mapping(serde_yaml_ng::Mapping::new());
        allowed.as_mapping_mut().unwrap().insert("proxy_get_property".into(), none);
        let mut config = config.clone();
        config["hold_headers"] = false.into();
        setup.config(&config)
    }

    /// Takes the option away without which Envoy cannot hold headers back.
    pub(crate) fn without_header_stop(mut self) -> Self {
        let plugin = at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.{PLUGIN}"));
        let plugin = plugin.as_mapping_mut().unwrap();
        assert!(plugin.remove("allow_on_headers_stop_iteration").is_some());
        self
    }

    /// Puts an HTTP filter right behind the plugin.
    pub(crate) fn filter_behind(mut self, filter: Value) -> Self {
        let filters = at(&mut self.yaml, &format!("{CONNECTION_MANAGER}.http_filters"));
        let filters = filters.as_sequence_mut().unwrap();
        let router = filters.len().checked_sub(1).unwrap();
        filters.insert(router, filter);
        self
    }

    /// Lets trailers of HTTP/1.1 through to the filter, which Envoy drops by default.
    pub(crate) fn http1_trailers(self) -> Self {
        let options = serde_yaml_ng::from_str::<Value>("{enable_trailers: true}").unwrap();
        self.connection_manager("http_protocol_options", options)
    }

    /// Sets a variable of Envoy's environment.
    pub(crate) fn env(self, name: &str, value: &str) -> Self {
        let mut setup = self.without_env(name);
        setup.environment.push((name.to_owned(), value.to_owned()));
        setup
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self
    }

    /// Starts the stub and Envoy and waits until both answer.
    pub(crate) fn start(self) -> Gateway {
        locate::require_module();
        let upstream = Upstream::start();
        let setup =
            self.patch(ADMIN, 0).patch(LISTENER, 0).patch(UPSTREAM, upstream.address.port());
        let directory = TempDir::new().unwrap();
        let admin_address = directory.path().join("admin-address");
        let mut process = setup.spawn(
            &directory,
            &["--admin-address-path".into(), admin_address.clone().into_os_string()],
        );
        let admin = eventually("Envoy is ready", || {
            process.require_alive("Envoy");
            let address: SocketAddr = fs::read_to_string(&admin_address).ok()?.parse().ok()?;
            let admin = Admin(address);
            admin.is_ready().then_some(admin)
        });
        Gateway { address: admin.listener(), admin, upstream, process, _directory: directory }
    }

    /// Lets Envoy check the configuration, ports unchanged; whether it is accepted, and the log.
    pub(crate) fn validate(self) -> (bool, String) {
        locate::require_module();
        let directory = TempDir::new().unwrap();
        self.spawn(&directory, &["--mode".into(), "validate".into()]).wait()
    }

    fn spawn(&self, directory: &TempDir, arguments: &[OsString]) -> Process {
        let config = directory.path().join("envoy.yaml");
        fs::write(&config, serde_yaml_ng::to_string(&self.yaml).unwrap()).unwrap();
        let fixed = [
            "--config-path".into(),
            config.into_os_string(),
            // One worker, so that the order of things is Envoy's own.
            "--concurrency".into(),
            "1".into(),
            "--use-dynamic-base-id".into(),
            // Access log lines are written at once instead of every ten seconds.
            "--file-flush-interval-msec".into(),
            "10".into(),
            "--log-level".into(),
            "info".into(),
        ];
        let arguments = fixed.iter().chain(arguments).map(AsRef::as_ref);
        Process::start(&envoy(), arguments, &self.environment, root())
    }
}

/// The committed configuration, started once for all tests that assert on single requests.
pub(crate) fn shared() -> &'static Gateway {
    static SHARED: OnceLock<Gateway> = OnceLock::new();
    SHARED.get_or_init(|| Setup::new().start())
}

fn at<'a>(yaml: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(yaml, |value, step| {
        let found = match step.parse::<usize>() {
            Ok(index) => value.get_mut(index),
            Err(_) => value.get_mut(step),
        };
        found.unwrap_or_else(|| panic!("envoy.yaml has no {step} of {path}"))
    })
}
