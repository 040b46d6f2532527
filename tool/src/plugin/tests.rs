//! Where the filter is found, and what of its surroundings it is read with.

use super::*;

const ROOT: &str = concat!(std::env!("CARGO_MANIFEST_DIR"), "/..");
const SVIX: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn committed(path: &str) -> File {
    File::read(&format!("{ROOT}/{path}")).unwrap()
}

fn text(text: &str) -> File {
    File::from_bytes("some.yaml", text.as_bytes().to_vec()).unwrap()
}

/// What the filter makes of the only place, with one variable set.
fn judged(file: &File) -> Result<(), String> {
    let sites = file.sites();
    let [site] = &sites[..] else { panic!("{} places", sites.len()) };
    let variable = |name: &str| match site.passing(name) {
        Passing::Own if name == "JUNCTION_WEBHOOK_SECRET" => Some(SVIX.into()),
        Passing::Own | Passing::None => None,
        Passing::Value(value) => Some(value.into()),
    };
    let found = site.plugin_with(variable);
    found.map(|_| ()).map_err(|unusable| {
        format!("{}: {}", site.configuration.line_of(&unusable.error), unusable.error)
    })
}

#[test]
fn the_filter_is_found_in_every_committed_configuration() {
    for (path, kind, name) in [
        ("envoy.yaml", Kind::Wasm, "listener webhooks, filter junction_webhook"),
        ("deploy/envoy-xds/filter.yaml", Kind::Wasm, "filter junction_webhook"),
        (
            "deploy/istio/envoyfilter.yaml",
            Kind::Wasm,
            "EnvoyFilter clinical/junction-webhook, filter junction_webhook",
        ),
        (
            "deploy/envoy-gateway/envoypatchpolicy.yaml",
            Kind::Wasm,
            "EnvoyPatchPolicy clinical/junction-webhook, filter junction_webhook",
        ),
    ] {
        let file = committed(path);
        let sites = file.sites();
        let [site] = &sites[..] else { panic!("{path}: {} places", sites.len()) };
        assert_eq!((site.kind, site.name.as_str()), (kind, name), "{path}");
        let text = std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
        let line = text.lines().nth(site.line - 1).unwrap();
        assert!(line.ends_with("name: junction_webhook"), "{path}: {line}");
    }
    for path in ["deploy/envoy-xds/listeners.yaml", "deploy/istio/deployment-patch.yaml"] {
        assert!(committed(path).sites().is_empty(), "{path}");
    }
}

#[test]
fn a_committed_configuration_is_read_with_the_variables_that_it_passes() {
    assert_eq!(judged(&committed("envoy.yaml")), Ok(()));
    assert_eq!(judged(&committed("deploy/istio/envoyfilter.yaml")), Ok(()));
    assert_eq!(judged(&committed("deploy/envoy-gateway/envoypatchpolicy.yaml")), Ok(()));
}

#[test]
fn an_error_has_the_line_of_the_file_whatever_form_the_configuration_has() {
    let wasm = |rest: &str| {
        format!(
            "name: junction_webhook\ntyped_config:\n  \"@type\": type.googleapis.com/{}\n  config:\n{rest}",
            "envoy.extensions.filters.http.wasm.v3.Wasm"
        )
    };
    let variables = "    vm_config:\n      environment_variables: { host_env_keys: [JUNCTION_WEBHOOK_SECRET] }\n";
    let any = |kind: &str| {
        format!("    configuration:\n      \"@type\": type.googleapis.com/google.protobuf.{kind}\n")
    };
    let unknown = "modes: unknown field";
    for (rest, expected) in [
        (
            format!(
                "{}      value: |\n        {{\n          \"modes\": 1\n        }}\n",
                any("StringValue")
            ),
            format!("9: {unknown} (line 2 column 9)"),
        ),
        (
            format!("{}      value: '{{\"modes\": 1}}'\n", any("StringValue")),
            format!("7: {unknown} (line 1 column 8)"),
        ),
        (
            format!("{}      value:\n        path: /a\n        modes: 1\n", any("Struct")),
            format!("9: {unknown} (line 1 column 8)"),
        ),
        (
            format!(
                "{}      value:\n        svix:\n          secrets:\n            - {{ env: A, optional: true }}\n            - env: B\n",
                any("Struct")
            ),
            "11: svix.secrets[1]: the environment variable is missing or empty".to_owned(),
        ),
        (
            String::from("    name: x\n"),
            "4: svix.secrets[0]: the environment variable is missing or empty".to_owned(),
        ),
        (any("Duration"), "6: configuration: not valid JSON (line 1 column 1)".to_owned()),
    ] {
        assert_eq!(judged(&text(&wasm(&rest))), Err(expected), "{rest}");
    }
    let usable =
        wasm(&format!("{variables}{}      value: {{ max_body_bytes: 1 }}\n", any("Struct")));
    assert_eq!(judged(&text(&usable)), Ok(()));
}
