//! No manifest has a field that its kind does not have: Kubernetes drops such a field, or refuses
//! it.

use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{Namespace, PersistentVolumeClaim, Secret, Service},
};
use kcr_gateway_networking_k8s_io::v1::{gateways::Gateway, httproutes::HttpRoute};
use kcr_networking_istio_io::v1alpha3::envoyfilters::EnvoyFilter;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Manifest, documents,
    envoy_gateway::{ClientTrafficPolicy, EnvoyExtensionPolicy, EnvoyPatchPolicy, EnvoyProxy},
    kustomization::Kustomization,
    manifests,
};

#[test]
fn every_manifest_has_only_fields_of_its_kind() {
    let manifests = manifests();
    let kinds: Vec<&str> = manifests.iter().map(Manifest::kind).collect();
    for (_, kind, ..) in MISSPELT {
        assert!(kinds.contains(&kind), "{kind} is among {kinds:?}");
    }
    for manifest in &manifests {
        let kind = manifest.kind();
        assert!(MISSPELT.iter().any(|(_, own, ..)| *own == kind), "{kind} goes red in a test");
        assert_eq!(faults(&manifest.value), [""; 0], "{} in deploy/{}", kind, manifest.file);
    }
}

/// A file, a kind in it, a field of that kind, and where it stands.
const MISSPELT: [(&str, &str, &str, &str); 16] = [
    ("kubernetes/namespace.yaml", "Namespace", "labels", "metadata"),
    (
        "kubernetes/deployment.yaml",
        "Deployment",
        "readinessProbe",
        "spec.template.spec.containers.0",
    ),
    ("kubernetes/service.yaml", "Service", "targetPort", "spec.ports.0"),
    ("kubernetes/persistentvolumeclaim.yaml", "PersistentVolumeClaim", "accessModes", "spec"),
    ("kubernetes/secret.example.yaml", "Secret", "stringData", ""),
    ("kubernetes/kustomization.yaml", "Kustomization", "newTag", "images.0"),
    ("istio/envoyfilter.yaml", "EnvoyFilter", "subFilter", FILTER),
    ("envoy-gateway/gateway.yaml", "Gateway", "parametersRef", "spec.infrastructure"),
    ("envoy-gateway/gateway.yaml", "HTTPRoute", "backendRefs", "spec.rules.0"),
    ("envoy-gateway/gateway.yaml", "ClientTrafficPolicy", "earlyRequestHeaders", "spec.headers"),
    ("envoy-gateway/envoypatchpolicy.yaml", "EnvoyPatchPolicy", "operation", "spec.jsonPatches.0"),
    ("envoy-gateway/envoyproxy.yaml", "EnvoyProxy", "secretKeyRef", VARIABLE),
    (
        "envoy-gateway-native/envoyextensionpolicy.yaml",
        "EnvoyExtensionPolicy",
        "filterName",
        "spec.dynamicModule.0",
    ),
    ("envoy-gateway-native/envoyproxy.yaml", "EnvoyProxy", "dynamicModules", "spec"),
    (
        "envoy-gateway-native/clienttrafficpolicy.yaml",
        "ClientTrafficPolicy",
        "bufferLimit",
        "spec.connection",
    ),
    ("istio-native/envoyfilter.yaml", "EnvoyFilter", "subFilter", FILTER),
];
const FILTER: &str = "spec.configPatches.0.match.listener.filterChain.filter";
const VARIABLE: &str = "spec.provider.kubernetes.envoyDeployment.container.env.0.valueFrom";

#[test]
fn a_misspelt_field_of_each_kind_is_named() {
    for (file, kind, field, place) in MISSPELT {
        let manifests = manifests();
        let of_kind = |manifest: &&Manifest| manifest.file == file && manifest.kind() == kind;
        let manifest = manifests.iter().find(of_kind).unwrap();
        let expected = format!("{place}.{field}x");
        let faults = faults(&misspelt(manifest, field));
        let named = faults.iter().any(|fault| *fault == expected.trim_start_matches('.'));
        // Where the field must be there, that it is missing is what is said.
        let missing =
            faults.iter().any(|fault| fault.contains(&format!("missing field `{field}`")));
        assert!(named || missing, "{kind}: {faults:?} names {expected}");
    }
}

/// The manifest with the first field of [`MISSPELT`] for its kind misspelt.
pub(crate) fn misspell(manifest: &Manifest) -> Value {
    let (.., field, _) = MISSPELT.iter().find(|(_, kind, ..)| *kind == manifest.kind()).unwrap();
    misspelt(manifest, field)
}

fn misspelt(manifest: &Manifest, field: &str) -> Value {
    let text = manifest.value.to_string();
    let misspelt = text.replacen(&format!("{field:?}:"), &format!("\"{field}x\":"), 1);
    assert_ne!(misspelt, text, "{}: {field}", manifest.kind());
    documents(&misspelt).remove(0)
}

/// What is wrong with a manifest: its unknown fields, or why it cannot be read at all.
fn faults(manifest: &Value) -> Vec<String> {
    let read = match (manifest["apiVersion"].as_str().unwrap(), manifest["kind"].as_str().unwrap())
    {
        ("v1", "Namespace") => unknown::<Namespace>,
        ("v1", "PersistentVolumeClaim") => unknown::<PersistentVolumeClaim>,
        ("v1", "Secret") => unknown::<Secret>,
        ("v1", "Service") => unknown::<Service>,
        ("apps/v1", "Deployment") => unknown::<Deployment>,
        ("kustomize.config.k8s.io/v1beta1", "Kustomization") => unknown::<Kustomization>,
        ("networking.istio.io/v1alpha3", "EnvoyFilter") => unknown::<EnvoyFilter>,
        ("gateway.networking.k8s.io/v1", "Gateway") => unknown::<Gateway>,
        ("gateway.networking.k8s.io/v1", "HTTPRoute") => unknown::<HttpRoute>,
        ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy") => unknown::<ClientTrafficPolicy>,
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyExtensionPolicy") => {
            unknown::<EnvoyExtensionPolicy>
        }
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyPatchPolicy") => unknown::<EnvoyPatchPolicy>,
        ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy") => unknown::<EnvoyProxy>,
        (version, kind) => panic!("nothing is known of {version} {kind}"),
    };
    let mut fields = manifest.as_object().unwrap().clone();
    fields.remove("apiVersion");
    fields.remove("kind");
    read(fields.into())
}

fn unknown<T: DeserializeOwned>(fields: Value) -> Vec<String> {
    let mut unknown = Vec::new();
    // `?` stands for an optional value, which is no place of the document.
    let read: Result<T, _> = serde_ignored::deserialize(fields, |path| {
        unknown.push(path.to_string().replace(".?", "").replace("?.", ""));
    });
    match read {
        Ok(_) => unknown,
        Err(error) => vec![error.to_string()],
    }
}
