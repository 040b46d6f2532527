//! The manifests of `deploy/envoy-gateway`: what Envoy Gateway makes of them and of that Gateway
//! does in a real Envoy what the filter does there.

mod patches;
mod policy;

use std::fs;

use harness::{
    CONNECTION_MANAGER, Host, Request, Setup, at, envoy_release, restrict_beside_vm, root,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;
use tempfile::TempDir;

use crate::sample::{result_of_length, verifies};

/// What Envoy Gateway sends to its Envoys.
struct Resources {
    listener: Json,
    routes: Json,
}

impl Resources {
    /// Of the committed manifests, for the host under test.
    fn new() -> Self {
        let listener = listener_of_envoy_gateway(&name());
        let mut resources = Self { listener, routes: routes_of_envoy_gateway(&name()) };
        match Host::under_test() {
            Host::Wasm => patches::apply(&mut resources),
            Host::Native => policy::apply(&mut resources),
        }
        resources
    }

    fn manager(&mut self) -> &mut Json {
        &mut self.listener["filter_chains"][0]["filters"][0]["typed_config"]
    }
}

#[test]
fn webhooks_are_verified_behind_the_listener_of_the_gateway() {
    let directory = TempDir::new().unwrap();
    let gateway = of_envoy_gateway(&directory).start();
    verifies(&gateway);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
}

#[test]
fn the_filter_can_hold_more_than_a_listener_of_envoy_gateway_buffers() {
    // Older ones bound by the connection what a filter holds back; docs/envoy-gateway.md says so.
    if envoy_release() < (1, 37) {
        return;
    }
    let directory = TempDir::new().unwrap();
    let gateway = of_envoy_gateway(&directory).start();
    let long = Request::signed(result_of_length(512 * 1024));
    assert_eq!(gateway.send(&long).status, 200);
    assert_eq!(gateway.send_http2(&long, &[]).status, 200);
}

#[test]
fn metrics_and_access_log_are_those_of_bare_envoy() {
    let mut setup = Setup::new();
    let whole = setup.yaml();
    let proxy = manifest("envoyproxy.yaml").remove(0);
    let bootstrap = proxy["spec"]["bootstrap"]["value"].as_str().unwrap();
    let bootstrap: Value = serde_yaml_ng::from_str(bootstrap).unwrap();
    assert_eq!(bootstrap["stats_config"], whole["stats_config"]);
    assert_eq!(bootstrap["stats_flush_interval"], whole["stats_flush_interval"]);
    let log = &proxy["spec"]["telemetry"]["accessLog"]["settings"][0]["format"]["json"];
    let manager = at(whole, CONNECTION_MANAGER);
    assert_eq!(*log, manager["access_log"][0]["typed_config"]["log_format"]["json_format"]);
}

#[test]
fn the_proxy_gets_every_variable_and_the_module_of_the_filter() {
    let proxy = manifest("envoyproxy.yaml").remove(0);
    let deployment = &proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"];
    let variables = deployment["container"]["env"].as_sequence().unwrap();
    let names: Vec<Json> = variables.iter().map(|variable| plain(&variable["name"])).collect();
    let read = match Host::under_test() {
        Host::Wasm => patches::variables(),
        Host::Native => policy::variables(),
    };
    assert_eq!(names, read);
    let mount = &deployment["container"]["volumeMounts"][0];
    let module = Host::under_test().deployed_module();
    assert!(module.starts_with(mount["mountPath"].as_str().unwrap()));
    assert_eq!(mount["name"], deployment["pod"]["volumes"][0]["name"]);
}

/// The committed Envoy, with listener and routes as Envoy Gateway would send them.
fn of_envoy_gateway(directory: &TempDir) -> Setup {
    let mut setup = Setup::new();
    let yaml = setup.yaml();
    let mut resources = Resources::new();
    // By this name a test finds its port.
    resources.listener["name"] = "webhooks".into();
    // Envoy takes the routes by name from elsewhere, here from a file.
    let kind = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
    resources.routes["@type"] = kind.into();
    let file = directory.path().join("routes.json");
    let discovered = json!({"version_info": "1", "resources": [resources.routes]});
    fs::write(&file, discovered.to_string()).unwrap();
    resources.manager()["rds"]["config_source"]["path_config_source"] = json!({"path": file});
    let host = Host::under_test();
    let text = resources.listener.to_string().replace(host.deployed_module(), host.module());
    yaml["static_resources"]["listeners"][0] = serde_yaml_ng::from_str(&text).unwrap();
    setup
}

/// What Envoy Gateway 1.9 makes of an HTTPS listener, but for TLS.
fn listener_of_envoy_gateway(name: &str) -> Json {
    json!({
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10443}},
        "max_connections_to_accept_per_socket_event": 1,
        "per_connection_buffer_limit_bytes": 32768,
        "filter_chains": [{"name": name, "filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network\
                          .http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": "https-10443",
                "rds": {
                    "route_config_name": name,
                    "config_source": {"resource_api_version": "V3", "initial_fetch_timeout": "0s"},
                },
                "common_http_protocol_options": {
                    "headers_with_underscores_action": "REJECT_REQUEST",
                },
                "http2_protocol_options": {
                    "max_concurrent_streams": 100,
                    "initial_stream_window_size": 65536,
                    "initial_connection_window_size": 1_048_576,
                },
                "normalize_path": true,
                "merge_slashes": true,
                "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
                "use_remote_address": true,
                "server_header_transformation": "PASS_THROUGH",
                "http_filters": [{
                    "name": "envoy.filters.http.router",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3\
                                  .Router",
                        "suppress_envoy_headers": true,
                    },
                }],
            },
        }]}],
    })
}

/// What Envoy Gateway 1.9 makes of an `HTTPRoute` for everything.
fn routes_of_envoy_gateway(name: &str) -> Json {
    json!({
        "name": name,
        "ignore_port_in_host_matching": true,
        "virtual_hosts": [{
            "name": format!("{name}/*"),
            "domains": ["*"],
            "routes": [{
                "name": "httproute/clinical/clinical/rule/0/match/0/*",
                "match": {"prefix": "/"},
                "route": {"cluster": "upstream", "timeout": "10s"},
            }],
        }],
    })
}

/// What Envoy Gateway calls both: namespace, Gateway and listener.
fn name() -> String {
    let gateway = manifest("gateway.yaml").remove(0);
    let part = |value: &Value| String::deserialize(value).unwrap();
    let (metadata, listeners) = (&gateway["metadata"], &gateway["spec"]["listeners"]);
    [&metadata["namespace"], &metadata["name"], &listeners[0]["name"]].map(part).join("/")
}

/// A manifest for the host under test.
fn manifest(name: &str) -> Vec<Value> {
    let [wasm, native] = ["envoy-gateway", "envoy-gateway-native"]
        .map(|directory| root().join("deploy").join(directory).join(name));
    let own = Host::under_test() == Host::Native && native.exists();
    let text = fs::read_to_string(if own { native } else { wasm }).unwrap();
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|one| Value::deserialize(one).unwrap())
        .collect()
}

fn plain(value: &Value) -> Json {
    serde_json::to_value(value).unwrap()
}
