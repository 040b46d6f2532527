//! The `EnvoyExtensionPolicy`, which attaches the native module.

use super::*;

/// Does what Envoy Gateway 1.9 does: one filter that is off, and each of the Gateway's routes that
/// turns it on; `internal/xds/translator/dynamicmodule.go` of its sources.
pub(super) fn apply(resources: &mut Resources) {
    let module = module();
    let policy = manifest("envoyextensionpolicy.yaml").remove(0);
    let name = |value: &Value| value.as_str().unwrap().to_owned();
    let (namespace, own) = (&policy["metadata"]["namespace"], &policy["metadata"]["name"]);
    let filter = format!(
        "envoy.filters.http.dynamic_modules/envoyextensionpolicy/{}/{}/dynamic-module/0",
        name(namespace),
        name(own)
    );
    let entry = allowed(&module["name"]);
    assert_eq!(entry["source"]["type"], "Local");
    let config = json!({
        "name": filter,
        "disabled": true,
        "typed_config": {
            "@type": "type.googleapis.com/\
                      envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter",
            "dynamic_module_config": {
                "module": {"local": {"filename": entry["source"]["local"]["path"]}},
            },
            "filter_name": module["filterName"],
            "filter_config": {
                "@type": "type.googleapis.com/google.protobuf.StringValue",
                "value": module["config"].to_string(),
            },
        },
    });
    resources.manager()["http_filters"].as_array_mut().unwrap().insert(0, config);
    for route in resources.routes["virtual_hosts"][0]["routes"].as_array_mut().unwrap() {
        let on = json!({"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "config": {}});
        route["typed_per_filter_config"] = json!({ filter.as_str(): on });
    }
    let policy = manifest("clienttrafficpolicy.yaml").remove(0);
    let bytes = |limit: &Value| {
        let mebibytes = limit.as_str().unwrap().strip_suffix("Mi").unwrap();
        mebibytes.parse::<u32>().unwrap().checked_mul(1 << 20).unwrap()
    };
    let limit = bytes(&policy["spec"]["connection"]["bufferLimit"]);
    resources.listener["per_connection_buffer_limit_bytes"] = limit.into();
    let own = &policy["spec"]["http2"];
    let http2 = &mut resources.manager()["http2_protocol_options"];
    http2["initial_stream_window_size"] = bytes(&own["initialStreamWindowSize"]).into();
    http2["initial_connection_window_size"] = bytes(&own["initialConnectionWindowSize"]).into();
}

/// The variables that the configuration names.
pub(super) fn variables() -> Vec<Json> {
    let secrets = module()["config"]["svix"]["secrets"].clone();
    secrets.as_array().unwrap().iter().map(|secret| secret["env"].clone()).collect()
}

/// The one module of the policy.
fn module() -> Json {
    let policy = manifest("envoyextensionpolicy.yaml").remove(0);
    let modules = policy["spec"]["dynamicModule"].as_sequence().unwrap();
    assert_eq!(modules.len(), 1);
    plain(&modules[0])
}

/// The entry of this name in the proxy's list of modules; Envoy Gateway answers 500 without one.
fn allowed(name: &Json) -> Json {
    let proxy = manifest("envoyproxy.yaml").remove(0);
    let list = plain(&proxy["spec"]["dynamicModules"]);
    let entry = list.as_array().unwrap().iter().find(|entry| entry["name"] == *name);
    entry.unwrap_or_else(|| panic!("{name} is not among {list}")).clone()
}

#[test]
fn the_filter_is_the_one_of_envoy_native_yaml() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let mut setup = Setup::new();
    let whole = setup.yaml();
    let manager = at(whole, CONNECTION_MANAGER);
    let filter = &manager["http_filters"][1]["typed_config"];
    let text = filter["filter_config"]["value"].as_str().unwrap();
    let module = module();
    assert_eq!(module["config"], serde_json::from_str::<Json>(text).unwrap());
    assert_eq!(module["filterName"], plain(&filter["filter_name"]));
    let path = allowed(&module["name"])["source"]["local"]["path"].clone();
    assert_eq!(path, Host::Native.deployed_module());
    let limit = plain(&manager["route_config"]["virtual_hosts"][0]["request_body_buffer_limit"]);
    let mut resources = Resources::new();
    assert_eq!(resources.listener["per_connection_buffer_limit_bytes"], limit);
    let http2 = resources.manager()["http2_protocol_options"].clone();
    assert_eq!(http2["initial_stream_window_size"], limit);
    assert_eq!(http2["initial_connection_window_size"], limit);
}

#[test]
fn the_gateways_clients_are_treated_as_with_the_wasm_module() {
    if Host::under_test() == Host::Wasm {
        return;
    }
    let mut own = manifest("clienttrafficpolicy.yaml").remove(0);
    for bound in ["connection", "http2"] {
        assert!(own["spec"].as_mapping_mut().unwrap().remove(bound).is_some());
    }
    let is_policy = |one: &Value| one["kind"] == "ClientTrafficPolicy";
    assert_eq!(Some(own), manifest("gateway.yaml").into_iter().find(is_policy));
}
