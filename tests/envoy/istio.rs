//! The Istio manifests: their patches, applied to the committed Envoy, do what the filter does
//! there.

use harness::{CONNECTION_MANAGER, Host, Setup, at, restrict_beside_vm, yaml};
use serde::Deserialize;
use serde_yaml_ng::Value;

use crate::sample::verifies;

/// The manifest for the host under test.
fn envoy_filter() -> Value {
    yaml(match Host::under_test() {
        Host::Wasm => "deploy/istio/envoyfilter.yaml",
        Host::Native => "deploy/istio-native/envoyfilter.yaml",
    })
}

/// Where a filter names its module.
fn module(filter: &mut Value) -> &mut Value {
    at(
        filter,
        match Host::under_test() {
            Host::Wasm => "typed_config.config.vm_config.code.local.filename",
            Host::Native => "typed_config.dynamic_module_config.module.local.filename",
        },
    )
}

#[test]
fn the_patches_of_the_envoy_filter_verify_webhooks() {
    let manifest = envoy_filter();
    let patch = |apply_to: &str| {
        let patches = manifest["spec"]["configPatches"].as_sequence().unwrap();
        let patch = patches.iter().find(|patch| patch["applyTo"] == apply_to).unwrap();
        patch["patch"]["value"].clone()
    };

    let mut setup = Setup::new();
    let whole = setup.yaml();
    assert_eq!(patch("BOOTSTRAP")["stats_config"], whole["stats_config"]);
    let manager = at(whole, CONNECTION_MANAGER);
    let mut filter = patch("HTTP_FILTER");
    let place = module(&mut filter);
    assert_eq!(*place, Host::under_test().deployed_module());
    *place = Host::under_test().module().into();
    if Host::under_test() == Host::Wasm {
        // Istio's proxies are older than the place in `vm_config`.
        restrict_beside_vm(&mut manager["http_filters"][1]["typed_config"]["config"]);
    }
    assert_eq!(filter, manager["http_filters"][1], "the filter of bare Envoy");
    manager["http_filters"][1] = filter;
    let host = &mut manager["route_config"]["virtual_hosts"][0];
    let limit = patch("VIRTUAL_HOST")["request_body_buffer_limit"].clone();
    assert_eq!(host["request_body_buffer_limit"], limit);

    let gateway = setup.start();
    verifies(&gateway);
}

#[test]
fn the_sidecar_gets_every_variable_that_the_filter_reads() {
    let deployment = yaml("deploy/istio/deployment-patch.yaml");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["name"], "istio-proxy");
    let names: Vec<String> = container["env"]
        .as_sequence()
        .unwrap()
        .iter()
        .map(|variable| String::deserialize(&variable["name"]).unwrap())
        .collect();
    let filter =
        &yaml("deploy/istio/envoyfilter.yaml")["spec"]["configPatches"][0]["patch"]["value"];
    let keys = &filter["typed_config"]["config"]["vm_config"]["environment_variables"];
    let keys: Vec<String> = Vec::deserialize(&keys["host_env_keys"]).unwrap();
    assert_eq!(names, keys);
}
