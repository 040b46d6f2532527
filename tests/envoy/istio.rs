//! The Istio manifest: its patches, applied to the committed Envoy, do what the filter does there.

use harness::{DEPLOYED_MODULE, Host, MODULE, Setup, restrict_beside_vm, yaml};
use serde::Deserialize;

use crate::sample::verifies;

#[test]
fn the_patches_of_the_envoy_filter_verify_webhooks() {
    if Host::lacks("manifests of this kind") {
        return;
    }
    let manifest = yaml("deploy/istio/envoyfilter.yaml");
    let patch = |apply_to: &str| {
        let patches = manifest["spec"]["configPatches"].as_sequence().unwrap();
        let patch = patches.iter().find(|patch| patch["applyTo"] == apply_to).unwrap();
        patch["patch"]["value"].clone()
    };

    let mut setup = Setup::new();
    let whole = setup.yaml();
    let manager = &mut whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
        ["typed_config"];
    let mut filter = patch("HTTP_FILTER");
    let place = &mut filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"];
    assert_eq!(*place, DEPLOYED_MODULE);
    *place = MODULE.into();
    // Istio's proxies are older than the place in `vm_config`.
    restrict_beside_vm(&mut manager["http_filters"][1]["typed_config"]["config"]);
    assert_eq!(filter, manager["http_filters"][1], "the filter of envoy.yaml");
    manager["http_filters"][1] = filter;
    let host = &mut manager["route_config"]["virtual_hosts"][0];
    let limit = patch("VIRTUAL_HOST")["request_body_buffer_limit"].clone();
    assert_eq!(host["request_body_buffer_limit"], limit);
    assert_eq!(patch("BOOTSTRAP")["stats_config"], whole["stats_config"]);

    let gateway = setup.start();
    verifies(&gateway);
}

#[test]
fn the_sidecar_gets_every_variable_that_the_filter_reads() {
    if Host::lacks("manifests of this kind") {
        return;
    }
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
