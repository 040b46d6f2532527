//! Where `capability_restriction_config` stands: in `vm_config` since Envoy 1.40, beside it before.

use std::process::Command;

use harness::{CONNECTION_MANAGER, Host, Setup, at, envoy_release, restrict_beside_vm, root, yaml};
use serde_yaml_ng::Value;

/// The plugin of a whole configuration.
fn plugin(yaml: &mut Value) -> &mut Value {
    at(yaml, &format!("{CONNECTION_MANAGER}.http_filters.1.typed_config.config"))
}

#[test]
fn envoy_takes_its_releases_place_without_a_warning() {
    if Host::lacks("capabilities") {
        return;
    }
    let (accepted, log) = Setup::new().validate();
    assert!(accepted && !log.contains("deprecated"), "{log}");
}

#[test]
fn envoy_warns_of_the_older_place_and_an_older_one_refuses_the_newer() {
    if Host::lacks("capabilities") {
        return;
    }
    let newer = yaml("envoy.yaml");
    let mut setup = Setup::new();
    if envoy_release() < (1, 40) {
        *setup.yaml() = newer;
        let (accepted, log) = setup.validate();
        assert!(
            !accepted && log.contains("'capability_restriction_config') has unknown fields"),
            "{log}"
        );
    } else {
        restrict_beside_vm(plugin(setup.yaml()));
        let (accepted, log) = setup.validate();
        assert!(accepted && log.contains("deprecated"), "{log}");
    }
}

#[test]
fn the_script_for_older_envoys_moves_the_restriction_and_nothing_else() {
    if Host::lacks("capabilities") {
        return;
    }
    let output = Command::new(root().join("scripts/older-envoy.sh")).output().unwrap();
    assert!(output.status.success());
    let older: Value = serde_yaml_ng::from_slice(&output.stdout).unwrap();
    let mut expected = yaml("envoy.yaml");
    restrict_beside_vm(plugin(&mut expected));
    assert_eq!(older, expected);
    assert_ne!(older, yaml("envoy.yaml"));
}
