//! The manifests under `deploy/`: every field is one of its kind, and what one names, another has.
//!
//! Kubernetes' own kinds, Istio's and those of the Gateway API are read into bindings generated
//! from their published schemas. Envoy Gateway publishes none, so [`envoy_gateway`] has those of
//! its fields that are used here. Where `CRDS` names a directory with the projects' custom resource
//! definitions, as `make test-crds` asks, [`definitions`] holds the manifests against those too.

mod definitions;
mod envoy_gateway;
mod fields;
mod kustomization;
mod references;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

/// Where the manifests are.
const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy");

/// One document of a file under `deploy/`.
struct Manifest {
    file: String,
    value: Value,
}

impl Manifest {
    fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap()
    }
}

/// Every document under `deploy/` that is a Kubernetes resource.
fn manifests() -> Vec<Manifest> {
    let deploy = Path::new(DEPLOY);
    let mut files = Vec::new();
    collect(deploy, &mut files);
    files.sort();
    let mut manifests = Vec::new();
    for path in files {
        let file = path.strip_prefix(deploy).unwrap().to_str().unwrap().to_owned();
        for value in documents(&fs::read_to_string(&path).unwrap()) {
            if value.get("kind").is_some() && value.get("apiVersion").is_some() {
                manifests.push(Manifest { file: file.clone(), value });
            }
        }
    }
    manifests
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}

fn documents(text: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents.map(|document| Value::deserialize(document).unwrap()).collect()
}
