//! A field that is there in both of its spellings is told, wherever it decides something.

use super::{super::*, committed, edited, found};

/// What is before this on its line of `envoy.yaml`.
fn indent_of(field: &str) -> String {
    let text = committed("envoy.yaml");
    let (before, _) = text.split_once(field).unwrap();
    before.rsplit('\n').next().unwrap().to_owned()
}

#[test]
fn a_field_in_both_spellings_is_an_error_that_names_both() {
    for (that, other, is_first) in [
        ("failure_policy: FAIL_RELOAD", "failurePolicy: FAIL_OPEN", true),
        ("failure_policy: FAIL_RELOAD", "failurePolicy: FAIL_OPEN", false),
        ("failure_policy: FAIL_RELOAD", "failurePolicy:", false),
        ("allow_on_headers_stop_iteration: true", "allowOnHeadersStopIteration: false", false),
        ("capability_restriction_config:", "capabilityRestrictionConfig: {}", true),
        ("request_body_buffer_limit: 33554432", "requestBodyBufferLimit: 1", false),
        ("per_connection_buffer_limit_bytes: 2097152", "perConnectionBufferLimitBytes: 1", false),
        ("normalize_path: true", "normalizePath: false", true),
        (
            "typed_config:\n                      \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
            "typedConfig: {}",
            true,
        ),
    ] {
        let indent = indent_of(that);
        let both = if is_first {
            format!("{other}\n{indent}{that}")
        } else {
            format!("{that}\n{indent}{other}")
        };
        let told = found(&[&edited(&[(that, &both)])]);
        let (that, other) = (that.lines().next().unwrap(), other);
        let line = if is_first { that } else { other };
        let field = line.split(':').next().unwrap();
        assert!(told.contains(&format!("error {field} | {line}")), "{both}: {told:?}");
        let errors = told.iter().filter(|told| told.starts_with("error")).count();
        assert_eq!(errors, 1, "{told:?}");
    }
}

#[test]
fn a_patch_and_what_an_anchor_merges_in_have_no_field_in_both_spellings_either() {
    let istio = committed("deploy/istio/envoyfilter.yaml");
    let limit = "value: { request_body_buffer_limit: 33554432";
    assert_eq!(istio.matches(limit).count(), 1);
    let double = istio.replace(limit, &format!("{limit}, requestBodyBufferLimit: 1"));
    let told = found(&[&double]);
    let start = "error requestBodyBufferLimit | value: { request_body_buffer_limit: 33554432";
    assert!(told.iter().any(|told| told.starts_with(start)), "{told:?}");
    let policy = "failure_policy: FAIL_RELOAD";
    let both = format!("<<: {{ failurePolicy: FAIL_OPEN }}\n{}{policy}", indent_of(policy));
    let merged = edited(&[(policy, &both)]);
    let told = found(&[&merged]);
    assert_eq!(told, [format!("error failure_policy | {policy}")]);
    let files = [File::from_bytes("", merged.into_bytes()).unwrap()];
    let findings = check(&files[0].sites()[0], &Surroundings::of(&files), false).findings;
    assert!(findings[0].problem.starts_with("is the same field as failurePolicy, "));
}

#[test]
fn names_that_are_no_fields_may_look_like_two_spellings() {
    let variables = "host_env_keys:";
    let indent = indent_of(variables);
    let names = format!("key_values: {{ a_b: x, aB: y }}\n{indent}{variables}");
    assert_eq!(found(&[&edited(&[(variables, &names)])]), [""; 0]);
    let manifest = "apiVersion: v1\nkind: ConfigMap\ndata: { a_b: x, aB: y }\n---\n";
    let istio = format!("{manifest}{}", committed("deploy/istio/envoyfilter.yaml"));
    assert_eq!(found(&[&istio]), [""; 0]);
}
