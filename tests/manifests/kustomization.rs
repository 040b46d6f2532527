//! The kustomizations: what of their fields is used here, and that what they name is there.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::{DEPLOY, manifests};

/// See <https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/>.
#[derive(Deserialize)]
pub(crate) struct Kustomization {
    resources: Vec<String>,
    #[serde(default)]
    patches: Vec<Change>,
    #[serde(default)]
    #[expect(dead_code, reason = "only that it is a field")]
    images: Vec<Image>,
}

#[derive(Deserialize)]
struct Change {
    path: Option<String>,
    patch: Option<String>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    version: String,
    kind: String,
    name: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only that these are fields")]
struct Image {
    name: String,
    #[serde(rename = "newTag")]
    new_tag: String,
}

#[test]
fn every_kustomization_names_files_and_resources_that_are_there() {
    let deploy = Path::new(DEPLOY);
    let manifests = manifests();
    let mut taken = Vec::new();
    for manifest in manifests.iter().filter(|manifest| manifest.kind() == "Kustomization") {
        let directory = Path::new(&manifest.file).parent().unwrap();
        let kustomization: Kustomization = serde_json::from_value(manifest.value.clone()).unwrap();
        for name in &kustomization.resources {
            let file = directory.join(name);
            assert!(deploy.join(&file).exists(), "{}: {name}", manifest.file);
            // Kustomize takes none that the kustomization lies in.
            assert!(Path::new(name).file_name().is_some(), "{}: {name}", manifest.file);
            taken.push(file);
        }
        for change in &kustomization.patches {
            if let Some(name) = &change.path {
                assert!(deploy.join(directory).join(name).is_file(), "{}: {name}", manifest.file);
                taken.push(directory.join(name));
            }
            assert!(change.path.is_some() != change.patch.is_some(), "{}: a patch", manifest.file);
            if let Some(Target { version, kind, name }) = &change.target {
                let fits = |value: &Value| {
                    value["apiVersion"] == **version
                        && value["kind"] == **kind
                        && value["metadata"]["name"] == **name
                };
                assert!(manifests.iter().any(|one| fits(&one.value)), "{kind} {name}");
            }
        }
    }
    for manifest in &manifests {
        let example = manifest.file.ends_with(".example.yaml");
        let file = Path::new(&manifest.file);
        let used = taken.iter().any(|path| path == file) || manifest.kind() == "Kustomization";
        assert!(used != example, "deploy/{} is in a kustomization", manifest.file);
    }
}
