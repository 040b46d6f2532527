//! The manifests of `deploy/envoy-gateway`: their patches, applied to the listener and the routes
//! that Envoy Gateway makes of that Gateway, do in a real Envoy what the filter does there.

use std::fs;

use harness::{
    CONNECTION_MANAGER, DEPLOYED_MODULE, Host, MODULE, Request, Setup, at, envoy_release,
    restrict_beside_vm, root,
};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use serde_yaml_ng::Value;
use tempfile::TempDir;

use crate::sample::{result_of_length, verifies};

#[test]
fn webhooks_are_verified_behind_the_patched_listener() {
    if Host::lacks("manifests of this kind") {
        return;
    }
    let directory = TempDir::new().unwrap();
    let gateway = patched(&directory).start();
    verifies(&gateway);
    assert_eq!(gateway.counter("junction_webhook_config_ok", &[]), 1);
}

#[test]
fn the_patch_of_the_routes_lets_the_filter_hold_more_than_the_listener_buffers() {
    if Host::lacks("manifests of this kind") {
        return;
    }
    // Older ones bound by the connection what a filter holds back; docs/envoy-gateway.md says so.
    if envoy_release() < (1, 37) {
        return;
    }
    let directory = TempDir::new().unwrap();
    let gateway = patched(&directory).start();
    let long = Request::signed(result_of_length(512 * 1024));
    assert_eq!(gateway.send(&long).status, 200);
    assert_eq!(gateway.send_http2(&long, &[]).status, 200);
}

#[test]
fn the_filter_is_the_one_of_envoy_yaml() {
    if Host::lacks("manifests of this kind") {
        return;
    }
    let mut setup = Setup::new();
    let whole = setup.yaml();
    // Envoy Gateway's Envoys are older than the place in `vm_config`.
    restrict_beside_vm(at(
        whole,
        &format!("{CONNECTION_MANAGER}.http_filters.1.typed_config.config"),
    ));
    let manager = &whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    let [listener, routes] = &operations()[..] else { panic!("two patches") };
    let mut filter = listener.value.clone();
    let place = &mut filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"];
    assert_eq!(*place, DEPLOYED_MODULE);
    *place = MODULE.into();
    assert_eq!(filter, plain(&manager["http_filters"][1]));
    let limit = &manager["route_config"]["virtual_hosts"][0]["request_body_buffer_limit"];
    assert_eq!(routes.value, plain(limit));

    let proxy = manifest("envoyproxy.yaml").remove(0);
    let bootstrap = proxy["spec"]["bootstrap"]["value"].as_str().unwrap();
    let bootstrap: Value = serde_yaml_ng::from_str(bootstrap).unwrap();
    assert_eq!(bootstrap["stats_config"], whole["stats_config"]);
    assert_eq!(bootstrap["stats_flush_interval"], whole["stats_flush_interval"]);
    let log = &proxy["spec"]["telemetry"]["accessLog"]["settings"][0]["format"]["json"];
    assert_eq!(*log, manager["access_log"][0]["typed_config"]["log_format"]["json_format"]);
}

#[test]
fn the_proxy_gets_every_variable_and_the_module_of_the_filter() {
    if Host::lacks("manifests of this kind") {
        return;
    }
    let config = &operations()[0].value["typed_config"]["config"];
    let proxy = manifest("envoyproxy.yaml").remove(0);
    let deployment = &proxy["spec"]["provider"]["kubernetes"]["envoyDeployment"];
    let variables = deployment["container"]["env"].as_sequence().unwrap();
    let names: Vec<Json> = variables.iter().map(|variable| plain(&variable["name"])).collect();
    assert_eq!(config["vm_config"]["environment_variables"]["host_env_keys"], json!(names));
    let mount = &deployment["container"]["volumeMounts"][0];
    assert!(DEPLOYED_MODULE.starts_with(mount["mountPath"].as_str().unwrap()));
    assert_eq!(mount["name"], deployment["pod"]["volumes"][0]["name"]);
}

/// The committed Envoy, with listener and routes as Envoy Gateway would send them.
fn patched(directory: &TempDir) -> Setup {
    let mut setup = Setup::new();
    let yaml = setup.yaml();
    let mut listener = listener_of_envoy_gateway(&name());
    let mut routes = routes_of_envoy_gateway(&name());
    for operation in operations() {
        assert_eq!(operation.name, name());
        let resource = match operation.kind.rsplit('.').next().unwrap() {
            "Listener" => &mut listener,
            "RouteConfiguration" => &mut routes,
            kind => panic!("a patch of {kind}"),
        };
        json_patch::patch(resource, &operation.patch).unwrap();
    }

    // By this name a test finds its port.
    listener["name"] = "webhooks".into();
    // Envoy takes the routes by name from elsewhere, here from a file.
    routes["@type"] = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration".into();
    let file = directory.path().join("routes.json");
    fs::write(&file, json!({"version_info": "1", "resources": [routes]}).to_string()).unwrap();
    let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
    manager["rds"]["config_source"]["path_config_source"] = json!({"path": file});
    let text = listener.to_string().replace(DEPLOYED_MODULE, MODULE);
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

struct Operation {
    kind: String,
    name: String,
    patch: json_patch::Patch,
    value: Json,
}

fn operations() -> Vec<Operation> {
    let policy = manifest("envoypatchpolicy.yaml").remove(0);
    let patches = policy["spec"]["jsonPatches"].as_sequence().unwrap();
    let operation = |patch: &Value| {
        let operation = plain(&patch["operation"]);
        Operation {
            kind: String::deserialize(&patch["type"]).unwrap(),
            name: String::deserialize(&patch["name"]).unwrap(),
            value: operation["value"].clone(),
            patch: serde_json::from_value(json!([operation])).unwrap(),
        }
    };
    patches.iter().map(operation).collect()
}

fn manifest(name: &str) -> Vec<Value> {
    let text = fs::read_to_string(root().join("deploy/envoy-gateway").join(name)).unwrap();
    serde_yaml_ng::Deserializer::from_str(&text)
        .map(|one| Value::deserialize(one).unwrap())
        .collect()
}

fn plain(value: &Value) -> Json {
    serde_json::to_value(value).unwrap()
}
