//! The committed configuration passes, and each dangerous change to it is told where it was made.

use super::*;

mod robust;
mod routes;
mod secrets;
mod spelling;

const ROOT: &str = concat!(std::env!("CARGO_MANIFEST_DIR"), "/..");
const SVIX: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn committed(path: &str) -> String {
    std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap()
}

/// What is found in files of these texts, notes apart: the level, the field and the line.
fn found(texts: &[&str]) -> Vec<String> {
    let named = texts.iter().enumerate();
    let files: Vec<_> = named
        .map(|(index, text)| {
            File::from_bytes(&index.to_string(), text.as_bytes().to_vec()).unwrap()
        })
        .collect();
    let surroundings = Surroundings::of(&files);
    let sites: Vec<_> = files.iter().flat_map(File::sites).collect();
    let all = sites.iter().flat_map(|site| check(site, &surroundings, false).findings);
    let told = all.filter(|finding| finding.level != Level::Note).map(|finding| {
        let text = texts[finding.file.parse::<usize>().unwrap()];
        let line = text.lines().nth(finding.line.checked_sub(1).unwrap()).unwrap_or_default();
        format!("{} {} | {}", finding.level.as_str(), finding.field, line.trim())
    });
    told.collect()
}

/// `envoy.yaml` with this in the place of that, which it has once.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(committed("envoy.yaml"), |text, (that, this)| {
        assert_eq!(text.matches(that).count(), 1, "{that}");
        text.replace(that, this)
    })
}

/// Every YAML below a directory, by its path from the root.
fn yamls(directory: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(format!("{ROOT}/{directory}")).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            all.extend(yamls(&path));
        } else if entry.path().extension().is_some_and(|kind| kind == "yaml") {
            all.push(path);
        }
    }
    all
}

#[test]
fn what_is_committed_has_no_warning() {
    let mut paths = yamls("deploy");
    paths.extend(["envoy.yaml", "envoy-native.yaml"].map(str::to_owned));
    let mut filters = 0;
    for path in paths.iter().filter(|path| *path != "deploy/envoy-xds/filter.yaml") {
        let text = committed(path);
        let file = File::from_bytes(path, text.clone().into_bytes()).unwrap();
        filters += file.sites().len();
        assert_eq!(found(&[&text]), [""; 0], "{path}");
    }
    // Envoy, Istio and Envoy Gateway, each with either module.
    assert_eq!(filters, 6);
    // With a secret in its place, and that warning alone.
    let filter = committed("deploy/envoy-xds/filter.yaml").replace("whsec_…", SVIX);
    let listeners = committed("deploy/envoy-xds/listeners.yaml");
    let inline = format!(
        "warning svix.secrets[0] | {{\"svix\": {{\"secrets\": [{{\"inline\": \"{SVIX}\"}}]}}}}"
    );
    assert_eq!(found(&[&filter, &listeners]), [inline.as_str()]);
    // The listener is that of the filter, whose file only names it.
    let limit = "request_body_buffer_limit: ";
    let little = listeners.replace(&format!("{limit}33554432"), &format!("{limit}1"));
    let told = format!("warning {} | {limit}1", limit.trim_end_matches(": "));
    let mut told = [inline, told];
    told.sort();
    let mut all = found(&[&filter, &little]);
    all.sort();
    assert_eq!(all, told);
}

#[test]
fn the_room_that_a_policy_of_envoy_gateway_gives_is_looked_at() {
    let module = committed("deploy/envoy-gateway-native/envoyextensionpolicy.yaml");
    let policy = committed("deploy/envoy-gateway-native/clienttrafficpolicy.yaml");
    assert_eq!(found(&[&module, &policy]), [""; 0]);
    let little = policy.replace("bufferLimit: 32Mi", "bufferLimit: 19Mi");
    assert_eq!(
        found(&[&module, &little]),
        ["warning bufferLimit | connection: { bufferLimit: 19Mi }"]
    );
    let released = module.replace("mode: enforce", "hold_headers: false");
    assert_eq!(found(&[&released]), ["error hold_headers | hold_headers: false"]);
}

#[test]
fn the_capabilities_are_those_of_the_committed_configuration() {
    let text = committed("envoy.yaml");
    let listed =
        text.lines().map(str::trim).skip_while(|line| *line != "allowed_capabilities:").skip(1);
    let listed = listed.take_while(|line| line.starts_with('#') || line.ends_with(": {}"));
    let listed: Vec<_> = listed.filter_map(|line| line.strip_suffix(": {}")).collect();
    assert_eq!(listed, host::CAPABILITIES);
}

#[test]
fn each_dangerous_setting_of_the_plugin_is_told() {
    for (that, this, expected) in [
        (
            "allow_on_headers_stop_iteration: true\n",
            "root_id: x\n",
            vec!["error allow_on_headers_stop_iteration | config:"],
        ),
        (
            "failure_policy: FAIL_RELOAD",
            "failure_policy: FAIL_CLOSED",
            vec!["warning failure_policy | failure_policy: FAIL_CLOSED"],
        ),
        (
            "failure_policy: FAIL_RELOAD",
            "failure_policy: FAIL_OPEN",
            vec!["error failure_policy | failure_policy: FAIL_OPEN"],
        ),
        ("failure_policy: FAIL_RELOAD", "fail_open: true", vec!["error failure_policy | config:"]),
        (
            "proxy_on_request_trailers: {}",
            "",
            vec!["error capability_restriction_config | allowed_capabilities:"],
        ),
        (
            "proxy_set_property: {}",
            "",
            vec!["warning capability_restriction_config | allowed_capabilities:"],
        ),
        ("proxy_set_shared_data: {}", "", vec![]),
        (
            "capability_restriction_config:\n",
            "none_of_it:\n",
            vec!["warning capability_restriction_config | config:"],
        ),
        (
            "                              - JUNCTION_WEBHOOK_SECRET\n",
            "",
            vec!["error svix.secrets[0] | {\"env\": \"JUNCTION_WEBHOOK_SECRET\"},"],
        ),
        (
            "                              - JUNCTION_WEBHOOK_SECRET_PREVIOUS\n",
            "",
            vec![
                "warning svix.secrets[1] | {\"env\": \"JUNCTION_WEBHOOK_SECRET_PREVIOUS\", \"optional\": true}",
            ],
        ),
        (
            "\"mode\": \"enforce\"",
            "\"mode\": \"shadow\"",
            vec!["warning mode | \"mode\": \"shadow\","],
        ),
        ("\"mode\": \"enforce\"", "\"mode\": \"off\"", vec!["error mode | \"mode\": \"off\","]),
        (
            "\"secrets\": [],",
            "\"secrets\": [{\"inline\": \"plain\"}],",
            vec!["warning hmac.secrets[0] | \"secrets\": [{\"inline\": \"plain\"}],"],
        ),
        (
            "\"max_body_bytes\": 1048576",
            "\"max_body_bytes\": 4194304",
            vec!["warning request_body_buffer_limit | request_body_buffer_limit: 33554432"],
        ),
        (
            "\"max_body_bytes\": 1048576",
            "\"duplicates\": {\"remember\": 1, \"seconds\": 1}",
            vec![],
        ),
        (
            "\"max_body_bytes\": 1048576",
            "\"hold_headers\": false",
            vec!["error hold_headers | \"hold_headers\": false,"],
        ),
    ] {
        assert_eq!(found(&[&edited(&[(that, this)])]), expected, "{that} -> {this}");
    }
    let memory = [
        ("\"max_body_bytes\": 1048576", "\"duplicates\": {\"remember\": 1, \"seconds\": 1}"),
        ("proxy_set_shared_data: {}", ""),
    ];
    let expected = ["warning capability_restriction_config | allowed_capabilities:"];
    assert_eq!(found(&[&edited(&memory)]), expected);
}

#[test]
fn a_restriction_that_allows_nothing_restricts_nothing() {
    let text = "name: junction_webhook\ntyped_config:\n  \"@type\": type.googleapis.com/\
                envoy.extensions.filters.http.wasm.v3.Wasm\n  config:\n    \
                allow_on_headers_stop_iteration: true\n    failure_policy: FAIL_RELOAD\n    vm_config:\n      \
                environment_variables: { host_env_keys: [JUNCTION_WEBHOOK_SECRET] }\n      \
                capability_restriction_config: { allowed_capabilities: {} }\n";
    assert_eq!(found(&[text]), ["warning capability_restriction_config | config:"]);
    let one = text.replace("allowed_capabilities: {}", "allowed_capabilities: { proxy_log: {} }");
    let line = "capability_restriction_config: { allowed_capabilities: { proxy_log: {} } }";
    assert_eq!(
        found(&[&one]),
        ["error", "warning"].map(|level| format!("{level} capability_restriction_config | {line}"))
    );
}

#[test]
fn what_is_doubtful_in_a_configuration_alone_is_told() {
    let config = r#"{"svix": {"secrets": []}, "hmac": {"secrets": [{"env": "A"}]}}"#;
    assert_eq!(found(&[config]), [format!("warning hmac.secrets | {config}")]);
    let leaves = r#"{"hold_headers": false}"#;
    assert_eq!(found(&[leaves]), [format!("warning hold_headers | {leaves}")]);
    let both = r#"{"hmac": {"secrets": [{"env": "A"}]}}"#;
    assert_eq!(found(&[both]), [""; 0]);
}

#[test]
fn a_filter_that_leaves_heads_to_the_buffer_needs_it_behind() {
    let leaves = ("\"max_body_bytes\": 1048576", "\"hold_headers\": false");
    let buffer = |bytes: u32| {
        format!(
            "- name: envoy.filters.http.buffer\n                    typed_config:\n                      \
             \"@type\": type.googleapis.com/envoy.extensions.filters.http.buffer.v3.Buffer\n                      \
             max_request_bytes: {bytes}\n                  "
        )
    };
    let cannot = ("allow_on_headers_stop_iteration: true\n", "root_id: x\n");
    let (router, first) = ("- name: envoy.filters.http.router", "- name: local_ratelimit\n");
    let behind = |bytes| format!("{}{router}", buffer(bytes));
    let (enough, little) = (behind(33_554_432), behind(20_000_000));
    assert_eq!(found(&[&edited(&[leaves, cannot, (router, &enough)])]), [""; 0]);
    assert_eq!(
        found(&[&edited(&[leaves, cannot, (router, &little)])]),
        ["warning max_request_bytes | max_request_bytes: 20000000"]
    );
    let front = format!("{}{first}", buffer(33_554_432));
    assert_eq!(
        found(&[&edited(&[leaves, cannot, (first, &front)])]),
        ["error hold_headers | \"hold_headers\": false,"]
    );
}

#[test]
fn too_little_room_is_told_whatever_bounds_it() {
    let limit = "                      request_body_buffer_limit: 33554432\n";
    let set = |bytes: u32| limit.replace("33554432", &bytes.to_string());
    let told = |field: &str, line: &str| vec![format!("warning {field} | {line}")];
    let line = |bytes: u32| format!("request_body_buffer_limit: {bytes}");
    for (bytes, is_told) in [(20_971_520, false), (20_971_519, true), (1_048_576, true)] {
        let expected =
            if is_told { told("request_body_buffer_limit", &line(bytes)) } else { vec![] };
        assert_eq!(found(&[&edited(&[(limit, &set(bytes))])]), expected, "{bytes}");
    }
    for (bytes, begins) in [
        (1_048_576, "1048576 is not above max_body_bytes, 1048576: "),
        (1_048_577, "1048577 may be too little for the event of a body of max_body_bytes"),
    ] {
        let text = edited(&[(limit, &set(bytes))]);
        let files = [File::from_bytes("", text.into_bytes()).unwrap()];
        let sites = files[0].sites();
        let findings = check(&sites[0], &Surroundings::of(&files), false).findings;
        assert!(findings[0].problem.starts_with(begins), "{findings:?}");
    }
    let window = "initial_stream_window_size";
    assert_eq!(found(&[&edited(&[(limit, "")])]), told(window, &format!("{window}: 65536")));
    let wide = [(limit, ""), ("initial_stream_window_size: 65536", "max_concurrent_streams_: 1")];
    let connection = "per_connection_buffer_limit_bytes";
    assert_eq!(found(&[&edited(&wide)]), told(connection, &format!("{connection}: 2097152")));
    let istio = committed("deploy/istio/envoyfilter.yaml");
    let little =
        istio.replace("request_body_buffer_limit: 33554432", "request_body_buffer_limit: 1");
    let patched = "value: { request_body_buffer_limit: 1 }";
    assert_eq!(found(&[&little]), told("request_body_buffer_limit", patched));
}

#[test]
fn manifests_that_cannot_hold_heads_are_told_so() {
    let istio = |config: &str| {
        format!(
            "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {{ name: hook }}\nspec:\n  \
             url: oci://registry.example.com/junction_webhook_filter:1\n  pluginConfig: {config}\n  \
             vmConfig: {{ env: [{{ name: JUNCTION_WEBHOOK_SECRET, valueFrom: HOST }}, \
             {{ name: JUNCTION_WEBHOOK_SECRET_PREVIOUS, valueFrom: HOST }}] }}\n"
        )
    };
    let url = "url: oci://registry.example.com/junction_webhook_filter:1";
    assert_eq!(found(&[&istio("{}")]), [format!("error hold_headers | {url}")]);
    let config = "pluginConfig: { hold_headers: false }";
    assert_eq!(
        found(&[&istio("{ hold_headers: false }")]),
        [format!("warning hold_headers | {config}")]
    );
    let gateway = "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: EnvoyExtensionPolicy\nmetadata: { name: hook }\nspec:\n  \
                   wasm:\n    - name: junction-webhook\n      failOpen: true\n      config: { hold_headers: false }\n      \
                   env: { hostKeys: [JUNCTION_WEBHOOK_SECRET, JUNCTION_WEBHOOK_SECRET_PREVIOUS] }\n";
    assert_eq!(
        found(&[gateway]),
        [
            "error failOpen | failOpen: true",
            "warning hold_headers | config: { hold_headers: false }"
        ]
    );
}

#[test]
fn a_dynamic_module_holds_heads_itself() {
    let filter = |config: &str| {
        format!(
            "name: junction_webhook\ntyped_config:\n  \"@type\": type.googleapis.com/\
             envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter\n  filter_config:\n    \
             \"@type\": type.googleapis.com/google.protobuf.StringValue\n    value: '{config}'\n"
        )
    };
    assert_eq!(found(&[&filter("{}")]), [""; 0]);
    let config = r#"{"hold_headers": false}"#;
    assert_eq!(found(&[&filter(config)]), [format!("error hold_headers | value: '{config}'")]);
}

/// `Envoy::MessageUtil::loadFromFile` reads one document.
#[test]
fn a_filter_in_a_document_that_envoy_does_not_read_is_told() {
    let (own, istio) = (committed("envoy.yaml"), committed("deploy/istio/envoyfilter.yaml"));
    let told = ["warning --- | - name: junction_webhook"];
    assert_eq!(found(&[&format!("admin: {{}}\n---\n{own}")]), told);
    assert_eq!(found(&[&format!("---\n{own}---\nadmin: {{}}\n")]), [""; 0]);
    let manifest = "apiVersion: v1\nkind: Namespace\nmetadata: { name: a }\n---\n";
    assert_eq!(found(&[&format!("{manifest}{istio}")]), [""; 0]);
    let map = |text: &str| {
        let data = text.lines().collect::<Vec<_>>().join("\n    ");
        format!("{manifest}apiVersion: v1\nkind: ConfigMap\ndata:\n  envoy.yaml: |\n    {data}\n")
    };
    assert_eq!(found(&[&map(&own)]), [""; 0]);
    assert_eq!(found(&[&map(&format!("admin: {{}}\n---\n{own}"))]), told);
}
