//! The manifests against the custom resource definitions that Istio, the Gateway API and Envoy
//! Gateway publish, where `CRDS` names a directory that has them.

use std::{collections::BTreeMap, env, fs, path::Path};

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{documents, fields::misspell, manifests};

const GROUPS: [&str; 3] =
    ["gateway.envoyproxy.io/", "gateway.networking.k8s.io/", "networking.istio.io/"];

#[test]
fn the_published_definitions_take_every_manifest_and_no_misspelt_field() {
    let Some(directory) = env::var_os("CRDS") else { return };
    let definitions = definitions(Path::new(&directory));
    let mut checked = Vec::new();
    for manifest in manifests() {
        let version = manifest.value["apiVersion"].as_str().unwrap();
        if !GROUPS.iter().any(|group| version.starts_with(group)) {
            continue;
        }
        let key = (version.to_owned(), manifest.kind().to_owned());
        let definition =
            definitions.get(&key).unwrap_or_else(|| panic!("no definition of {key:?}"));
        assert_eq!(errors(definition, &manifest.value), [""; 0], "deploy/{}", manifest.file);
        let misspelt = misspell(&manifest);
        assert_ne!(errors(definition, &misspelt), [""; 0], "{key:?} with a misspelt field");
        checked.push(manifest.kind().to_owned());
    }
    let kinds = "Gateway HTTPRoute ClientTrafficPolicy EnvoyExtensionPolicy EnvoyPatchPolicy \
                 EnvoyProxy EnvoyFilter";
    for kind in kinds.split(' ') {
        assert!(checked.iter().any(|checked| checked == kind), "{kind} is checked");
    }
}

fn errors(definition: &Validator, manifest: &Value) -> Vec<String> {
    let errors = definition.iter_errors(manifest);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The validators of all definitions in the files of a directory, by version and kind.
fn definitions(directory: &Path) -> BTreeMap<(String, String), Validator> {
    let mut validators = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        for definition in documents(&fs::read_to_string(entry.unwrap().path()).unwrap()) {
            if definition["kind"] != "CustomResourceDefinition" {
                continue;
            }
            let spec = &definition["spec"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            for version in spec["versions"].as_array().unwrap() {
                let name = format!("{}/{}", text(&spec["group"]), text(&version["name"]));
                let mut schema = version["schema"]["openAPIV3Schema"].clone();
                close(&mut schema);
                // What every resource has need not be in its definition.
                for field in ["apiVersion", "kind", "metadata"] {
                    schema["properties"][field] = json!(true);
                }
                let validator = jsonschema::draft202012::new(&schema).unwrap();
                validators.insert((name, text(&spec["names"]["kind"])), validator);
            }
        }
    }
    validators
}

/// Makes of Kubernetes' structural schema, which is silent on fields that it does not name, one
/// that refuses them, as the API server does for `kubectl apply`.
fn close(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let open = fields.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
    if !open && fields.contains_key("properties") {
        fields.entry("additionalProperties").or_insert(json!(false));
    }
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        properties.values_mut().for_each(close);
    }
    for inner in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(inner) {
            close(inner);
        }
    }
}
