//! What one manifest names, another has.

use serde_json::{Value, json};

use crate::{Manifest, manifests};

/// The one manifest of this kind, in the file whose path ends so.
fn one(kind: &str, file: &str) -> Value {
    let fits = |manifest: &Manifest| manifest.kind() == kind && manifest.file.ends_with(file);
    let mut found: Vec<Value> =
        manifests().into_iter().filter(fits).map(|manifest| manifest.value).collect();
    assert_eq!(found.len(), 1, "{kind} in {file}");
    found.remove(0)
}

fn deployment() -> Value {
    one("Deployment", "kubernetes/deployment.yaml")
}

#[test]
fn everything_is_in_one_namespace() {
    let namespace = one("Namespace", "namespace.yaml")["metadata"]["name"].clone();
    for manifest in manifests() {
        if !["Namespace", "Kustomization"].contains(&manifest.kind()) {
            assert_eq!(manifest.value["metadata"]["namespace"], namespace, "{}", manifest.file);
        }
    }
}

#[test]
fn the_service_finds_the_pods_and_their_port() {
    let template = deployment()["spec"]["template"].clone();
    let labels = &template["metadata"]["labels"];
    assert_eq!(deployment()["spec"]["selector"]["matchLabels"], *labels);
    let service = one("Service", "service.yaml");
    assert_eq!(service["spec"]["selector"], *labels);
    let port = &template["spec"]["containers"][0]["ports"][0];
    assert_eq!(service["spec"]["ports"][0]["targetPort"], port["name"]);
    for probe in ["readinessProbe", "livenessProbe"] {
        let get = &template["spec"]["containers"][0][probe]["httpGet"];
        assert_eq!((&get["port"], &get["path"]), (&port["name"], &json!("/healthz")), "{probe}");
    }
    for file in ["istio/envoyfilter.yaml", "istio-native/envoyfilter.yaml"] {
        let filter = one("EnvoyFilter", file);
        assert_eq!(filter["spec"]["workloadSelector"]["labels"], *labels, "{file}");
    }
}

#[test]
fn the_stub_listens_on_its_port_and_keeps_its_database_on_the_volume() {
    let pod = deployment()["spec"]["template"]["spec"].clone();
    let container = &pod["containers"][0];
    let (port, mount) = (&container["ports"][0]["containerPort"], &container["volumeMounts"][0]);
    let database = format!("{}/events.db", mount["mountPath"].as_str().unwrap());
    let listen = format!("0.0.0.0:{port}");
    assert_eq!(container["args"], json!(["--listen", listen, "--db", database]));
    let volume = &pod["volumes"][0];
    assert_eq!(volume["name"], mount["name"]);
    let claim = one("PersistentVolumeClaim", "persistentvolumeclaim.yaml");
    assert_eq!(volume["persistentVolumeClaim"]["claimName"], claim["metadata"]["name"]);
}

#[test]
fn the_stub_may_do_no_more_than_it_must() {
    let pod = deployment()["spec"]["template"]["spec"].clone();
    assert_eq!(pod["automountServiceAccountToken"], false);
    let user = 65532;
    let expected = json!({"runAsNonRoot": true, "runAsUser": user, "runAsGroup": user,
        "fsGroup": user, "seccompProfile": {"type": "RuntimeDefault"}});
    assert_eq!(pod["securityContext"], expected);
    let expected = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]}});
    assert_eq!(pod["containers"][0]["securityContext"], expected);
}

#[test]
fn the_gateway_leads_to_the_service_with_its_proxy_and_policies() {
    let gateway = one("Gateway", "gateway.yaml");
    let name = &gateway["metadata"]["name"];
    let parameters = &gateway["spec"]["infrastructure"]["parametersRef"];
    for file in ["envoy-gateway/envoyproxy.yaml", "envoy-gateway-native/envoyproxy.yaml"] {
        assert_eq!(parameters["name"], one("EnvoyProxy", file)["metadata"]["name"], "{file}");
    }
    assert_eq!(
        one("EnvoyPatchPolicy", "envoypatchpolicy.yaml")["spec"]["targetRef"]["name"],
        *name
    );
    for (kind, file) in [
        ("ClientTrafficPolicy", "gateway.yaml"),
        ("ClientTrafficPolicy", "envoy-gateway-native/clienttrafficpolicy.yaml"),
        ("EnvoyExtensionPolicy", "envoy-gateway-native/envoyextensionpolicy.yaml"),
    ] {
        assert_eq!(one(kind, file)["spec"]["targetRefs"][0]["name"], *name, "{file}");
    }
    let route = one("HTTPRoute", "gateway.yaml");
    let parent = &route["spec"]["parentRefs"][0];
    assert_eq!(parent["name"], *name);
    assert_eq!(parent["sectionName"], gateway["spec"]["listeners"][0]["name"]);
    let backend = &route["spec"]["rules"][0]["backendRefs"][0];
    let service = one("Service", "service.yaml");
    assert_eq!(backend["name"], service["metadata"]["name"]);
    assert_eq!(backend["port"], service["spec"]["ports"][0]["port"]);
}

#[test]
fn envoy_takes_its_variables_from_the_secret_of_the_example() {
    let secret = one("Secret", "secret.example.yaml");
    let sidecar = one("Deployment", "istio/deployment-patch.yaml");
    assert_eq!(sidecar["metadata"]["name"], deployment()["metadata"]["name"]);
    let [proxy, native] = ["envoy-gateway/envoyproxy.yaml", "envoy-gateway-native/envoyproxy.yaml"]
        .map(|file| one("EnvoyProxy", file)["spec"]["provider"]["kubernetes"].clone());
    for variables in [
        &sidecar["spec"]["template"]["spec"]["containers"][0]["env"],
        &proxy["envoyDeployment"]["container"]["env"],
        &native["envoyDeployment"]["container"]["env"],
    ] {
        let variables = variables.as_array().unwrap();
        assert_eq!(variables.len(), 2, "the current and the previous secret");
        for variable in variables {
            let key = &variable["valueFrom"]["secretKeyRef"];
            assert_eq!(key["name"], secret["metadata"]["name"]);
            let name = key["key"].as_str().unwrap();
            assert!(secret["stringData"].get(name).is_some(), "{name}");
        }
    }
}
