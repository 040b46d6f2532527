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

/// `typed_config` of the filter, in flow style, with this as what its configuration says.
fn filter(path: &str) -> String {
    format!(
        "{{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: {{ \
         vm_config: {{ environment_variables: {{ host_env_keys: [JUNCTION_WEBHOOK_SECRET] }} }}, \
         configuration: {{ \"@type\": type.googleapis.com/google.protobuf.Struct, \
         value: {{ path: {path} }} }} }} }}"
    )
}

/// The guarded path of every place, and its line.
fn guarded(file: &File) -> Vec<(String, usize)> {
    let sites = file.sites();
    let path = |site: &Site<'_>| site.plugin_with_stand_ins().0.unwrap().route.path().to_owned();
    sites.iter().map(|site| (path(site), site.line)).collect()
}

#[test]
fn the_filter_is_found_in_every_wrapping() {
    let plain = filter("/a");
    let typed = "type_url: type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, value: { config: { \
                 name: junction_webhook, configuration: { \"@type\": type.googleapis.com/google.protobuf.StringValue, \
                 value: '{\"path\": \"/a\", \"svix\": {\"secrets\": [{\"inline\": \"AAAA\"}]}}' } } }";
    let bytes = "\"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: { configuration: { \
                 \"@type\": type.googleapis.com/google.protobuf.BytesValue, \
                 value: eyJwYXRoIjogIi9hIiwgInN2aXgiOiB7InNlY3JldHMiOiBbeyJpbmxpbmUiOiAiQUFBQSJ9XX19 } }";
    let camel = plain
        .replace("vm_config", "vmConfig")
        .replace("environment_variables", "environmentVariables")
        .replace("host_env_keys", "hostEnvKeys");
    for (text, line) in [
        (format!("name: x\ntyped_config: {plain}\n"), 1),
        (format!("typed_config: {plain}\n"), 1),
        (format!("name: x\ntypedConfig: {camel}\n"), 1),
        (format!("x: 1\n---\nname: x\ntyped_config: {plain}\n"), 3),
        (
            format!(
                "name: x\ntyped_config: {{ \"@type\": type.googleapis.com/xds.type.v3.TypedStruct, {typed} }}\n"
            ),
            1,
        ),
        (
            format!(
                "name: x\ntyped_config: {{ \"@type\": type.googleapis.com/udpa.type.v1.TypedStruct, {typed} }}\n"
            ),
            1,
        ),
        (format!("name: x\ntyped_config: {{ {bytes} }}\n"), 1),
        (
            format!(
                "kind: List\nitems:\n  - kind: EnvoyFilter\n    name: x\n    typed_config: {plain}\n"
            ),
            4,
        ),
        (
            format!(
                "kind: ConfigMap\ndata:\n  envoy.yaml: |\n    # Envoy's own.\n    name: x\n    typed_config: {plain}\n"
            ),
            5,
        ),
    ] {
        assert_eq!(guarded(&self::text(&text)), [("/a".to_owned(), line)], "{text}");
    }
    let plugin = "kind: List\nitems:\n  - kind: WasmPlugin\n    metadata: { name: a }\n    \
                  spec: { pluginConfig: { path: /a, svix: {} }, vmConfig: { env: [\
                  { name: JUNCTION_WEBHOOK_SECRET, valueFrom: HOST }] } }\n";
    assert_eq!(guarded(&text(plugin)), [("/a".to_owned(), 3)]);
    let two = format!(
        "- {{ name: x, typed_config: {plain} }}\n- {{ name: y, typed_config: {} }}\n",
        filter("/b")
    );
    assert_eq!(guarded(&text(&two)), [("/a".to_owned(), 1), ("/b".to_owned(), 2)]);
}

#[test]
fn what_is_not_ours_is_not_taken_for_it() {
    let other = filter("/a").replace("JUNCTION_WEBHOOK_SECRET", "OTHER");
    for text in [
        format!("name: other\ntyped_config: {other}\n"),
        "name: junction_webhook\n".to_owned(),
        "{ \"static_resources\": { \"listeners\": [] } }\n".to_owned(),
        "[{\"svix\": 1}]".to_owned(),
        "kind: EnvoyExtensionPolicy\nspec: { wasm: [{ name: other }] }\n".to_owned(),
        "kind: WasmPlugin\nspec: { url: oci://other }\n".to_owned(),
    ] {
        assert!(self::text(&text).sites().is_empty(), "{text}");
    }
    // By its configuration alone.
    let ours =
        format!("name: other\ntyped_config: {}\n", other.replace("path: /a", "path: /a, svix: {}"));
    assert_eq!(text(&ours).sites().len(), 1);
}

#[test]
fn a_file_that_is_of_no_use_says_why() {
    let refused = |bytes: &[u8]| File::from_bytes("f", bytes.to_vec()).err().unwrap().to_string();
    assert_eq!(refused(b""), "f: is empty");
    assert_eq!(refused(b"\xef\xbb\xbf \n"), "f: is empty");
    assert_eq!(refused(b"a: \xff"), "f: not UTF-8 at byte 3");
    assert!(refused(b"a: [").starts_with("f: line 2: not valid YAML"));
    // What may be the plugin's own JSON is the core's to refuse.
    let broken = text("{\"path\": \"/a\",\n\"mode\": }");
    let sites = broken.sites();
    let error = sites[0].plugin_with_stand_ins().0.unwrap_err().error;
    assert_eq!(error.to_string(), "configuration: not valid JSON (line 2 column 9)");
    assert_eq!(sites[0].configuration.line_of(&error), 2);
}
