//! The `EnvoyPatchPolicy`, which attaches the Wasm module.

use harness::MODULE;

use super::*;

/// Patches as Envoy Gateway does.
pub(super) fn apply(resources: &mut Resources) {
    for operation in operations() {
        assert_eq!(operation.name, name());
        let resource = match operation.kind.rsplit('.').next().unwrap() {
            "Listener" => &mut resources.listener,
            "RouteConfiguration" => &mut resources.routes,
            kind => panic!("a patch of {kind}"),
        };
        json_patch::patch(resource, &operation.patch).unwrap();
    }
}

/// The variables that the module is shown.
pub(super) fn variables() -> Vec<Json> {
    let config = &operations()[0].value["typed_config"]["config"];
    let keys = &config["vm_config"]["environment_variables"]["host_env_keys"];
    keys.as_array().unwrap().clone()
}

#[test]
fn the_filter_is_the_one_of_envoy_yaml() {
    if Host::lacks("patches") {
        return;
    }
    let mut setup = Setup::new();
    let whole = setup.yaml();
    // Envoy Gateway's Envoys are older than the place in `vm_config`.
    restrict_beside_vm(at(
        whole,
        &format!("{CONNECTION_MANAGER}.http_filters.1.typed_config.config"),
    ));
    let manager = at(whole, CONNECTION_MANAGER);
    let [listener, routes] = &operations()[..] else { panic!("two patches") };
    let mut filter = listener.value.clone();
    let place = &mut filter["typed_config"]["config"]["vm_config"]["code"]["local"]["filename"];
    assert_eq!(*place, Host::Wasm.deployed_module());
    *place = MODULE.into();
    assert_eq!(filter, plain(&manager["http_filters"][1]));
    let limit = &manager["route_config"]["virtual_hosts"][0]["request_body_buffer_limit"];
    assert_eq!(routes.value, plain(limit));
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
