//! The file-based xDS of `deploy/envoy-xds`: what `envoy.yaml` has, from files that Envoy watches.

use std::{fs, path::Path};

use harness::{
    ENDPOINTS_LIMIT, Gateway, Host, MODULE, OTHERS_LIMIT, Request, SECRET, Setup, Upstream, at,
    envoy_release, restrict_beside_vm, yaml,
};
use serde_json::json;
use serde_yaml_ng::Value;
use tempfile::TempDir;

use crate::sample::{RESULT, verifies};

const FILES: [&str; 4] = ["bootstrap.yaml", "listeners.yaml", "clusters.yaml", "filter.yaml"];
const LISTENER: &str = "resources.0.address.socket_address.port_value";
const CLUSTER: &str = "resources.0.load_assignment.endpoints.0.lb_endpoints.0\
                       .endpoint.address.socket_address.port_value";
const MANAGER: &str = "resources.0.filter_chains.0.filters.0.typed_config";
const PLUGIN: &str = "resources.0.typed_config.config";

#[test]
fn the_files_say_what_envoy_yaml_says() {
    let mut whole = yaml("envoy.yaml");
    let [mut bootstrap, mut listeners, mut clusters, mut filter] = FILES.map(committed);

    for (kind, file) in [("listeners", &mut listeners), ("clusters", &mut clusters)] {
        remove(&mut file["resources"][0], "@type");
        let dynamic =
            remove(&mut bootstrap["dynamic_resources"], &format!("{}ds_config", &kind[..1]));
        let path = format!("/etc/envoy/junction/{kind}.yaml");
        assert_eq!(dynamic["path_config_source"]["path"], path);
    }
    let from_file = std::mem::take(&mut at(&mut listeners, MANAGER)["http_filters"][1]);
    let source = &from_file["config_discovery"]["config_source"]["path_config_source"];
    assert_eq!(source["path"], "/etc/envoy/junction/filter.yaml");

    let own = &mut whole["static_resources"]["listeners"][0];
    let manager = &mut own["filter_chains"][0]["filters"][0]["typed_config"];
    let mut block = std::mem::take(&mut manager["http_filters"][1]);
    assert_eq!(from_file["name"], block["name"]);
    assert_eq!(filter["resources"][0]["name"], block["name"]);
    assert_eq!(listeners["resources"][0], *own, "the listener, but for the filter");
    assert_eq!(clusters["resources"][0], whole["static_resources"]["clusters"][0]);

    // The secret is in the file: no variable is passed in, and the rest is the default.
    let plugin = &mut block["typed_config"]["config"];
    remove(plugin, "configuration");
    remove(&mut plugin["vm_config"], "environment_variables");
    plugin["vm_config"]["code"]["local"]["filename"] = Host::Wasm.deployed_module().into();
    remove(at(&mut filter, PLUGIN), "configuration");
    assert_eq!(filter["resources"][0]["typed_config"], block["typed_config"]);

    remove(&mut whole, "static_resources");
    remove(&mut bootstrap, "dynamic_resources");
    assert_eq!(bootstrap, whole, "the bootstrap, but for what is in files");
}

#[test]
fn envoy_takes_the_bootstrap() {
    let directory = TempDir::new().unwrap();
    let (accepted, log) = setup(directory.path(), 9000, &[]).validate();
    assert!(accepted, "{log}");
}

#[test]
fn webhooks_are_verified_by_a_filter_from_files() {
    let directory = TempDir::new().unwrap();
    let gateway = start(directory.path(), &[SECRET]);
    verifies(&gateway);
}

#[test]
fn the_filter_as_committed_knows_no_secret_and_lets_nothing_through() {
    let directory = TempDir::new().unwrap();
    let gateway = start(directory.path(), &[]);
    let webhook = Request::signed(RESULT);
    assert_eq!(gateway.send(&webhook).status, 500);
    assert_eq!(gateway.saw(&webhook), []);
}

/// Starts Envoy with the committed files, in this directory, and these secrets, or with the
/// committed placeholder where there are none. No rate limit is in force.
pub(crate) fn start(directory: &Path, secrets: &[&str]) -> Gateway {
    let upstream = Upstream::start(&[]);
    setup(directory, upstream.address.port(), secrets).start_in_front_of(upstream)
}

fn setup(directory: &Path, upstream: u16, secrets: &[&str]) -> Setup {
    let mut listeners = committed("listeners.yaml");
    *at(&mut listeners, LISTENER) = 0.into();
    for limit in [ENDPOINTS_LIMIT, OTHERS_LIMIT] {
        let enforced = format!("{MANAGER}.{limit}.filter_enforced.default_value.numerator");
        *at(&mut listeners, &enforced) = 0.into();
    }
    move_into_place(directory, "listeners.yaml", &listeners);
    let mut clusters = committed("clusters.yaml");
    *at(&mut clusters, CLUSTER) = upstream.into();
    move_into_place(directory, "clusters.yaml", &clusters);
    if secrets.is_empty() {
        move_into_place(directory, "filter.yaml", &filter());
    } else {
        write_filter(directory, secrets);
    }

    let mut setup = Setup::new();
    *setup.yaml() = placed(directory, &committed("bootstrap.yaml"));
    setup
}

/// Replaces the filter's file as an operator does who rotates the secret.
pub(crate) fn write_filter(directory: &Path, secrets: &[&str]) {
    let secrets: Vec<_> = secrets.iter().map(|secret| json!({"inline": secret})).collect();
    let mut filter = filter();
    let configuration = json!({"svix": {"secrets": secrets}}).to_string();
    *at(&mut filter, &format!("{PLUGIN}.configuration.value")) = configuration.into();
    move_into_place(directory, "filter.yaml", &filter);
}

/// The committed filter, as this release of Envoy takes it.
fn filter() -> Value {
    let mut filter = committed("filter.yaml");
    if envoy_release() < (1, 40) {
        restrict_beside_vm(at(&mut filter, PLUGIN));
    }
    filter
}

/// Envoy looks when a file is moved into place, and so never reads half of one.
fn move_into_place(directory: &Path, name: &str, file: &Value) {
    let partial = directory.join(format!("{name}.partial"));
    let text = serde_yaml_ng::to_string(&placed(directory, file)).unwrap();
    fs::write(&partial, text).unwrap();
    fs::rename(partial, directory.join(name)).unwrap();
}

/// The file with the places of a test instead of those of a deployment.
fn placed(directory: &Path, file: &Value) -> Value {
    let text = serde_yaml_ng::to_string(file)
        .unwrap()
        .replace("/etc/envoy/junction", directory.to_str().unwrap())
        .replace(Host::Wasm.deployed_module(), MODULE);
    serde_yaml_ng::from_str(&text).unwrap()
}

fn committed(name: &str) -> Value {
    yaml(&format!("deploy/envoy-xds/{name}"))
}

fn remove(value: &mut Value, key: &str) -> Value {
    value.as_mapping_mut().unwrap().remove(key).unwrap_or_else(|| panic!("no {key}"))
}
