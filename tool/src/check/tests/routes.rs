//! What gets to the endpoint's service, and past the filter.

use super::{committed, edited, found};

#[test]
fn a_route_that_the_guard_does_not_cover_is_told() {
    let endpoint = "- match: { safe_regex: { regex: \"/v1/webhooks/junction/?\" } }";
    let all = "- match: { prefix: \"/\" }\n                          route: { cluster: upstream, timeout: 30s }";
    let off = "typed_per_filter_config: { junction_webhook: { \"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true } }";
    let before = |route: &str| format!("{route}\n                        {endpoint}");
    let rewrites = before(
        "- { match: { prefix: /hooks/ }, route: { cluster: upstream, prefix_rewrite: /v1/webhooks/ } }",
    );
    let harmless = before(
        "- { match: { prefix: /hooks/ }, route: { cluster: upstream, prefix_rewrite: /other/ } }",
    );
    let exact = before(
        "- { match: { path: /hook }, route: { cluster: upstream, prefix_rewrite: /v1/webhooks/junction } }",
    );
    let switched = format!("{all}\n                          {off}");
    let elsewhere = before(&format!(
        "- {{ match: {{ prefix: /static/ }}, route: {{ cluster: upstream }}, {off} }}"
    ));
    let whole = format!("domains: [\"*\"]\n                      {off}");
    let answered =
        before("- { match: { path: /v1/webhooks/junction }, direct_response: { status: 200 } }");
    let insensitive = endpoint.replace(
        "regex: \"/v1/webhooks/junction/?\" }",
        "regex: \"/v1/webhooks/junction/?\" }, case_sensitive: false",
    );
    for (that, this, expected) in [
        (endpoint, "- match: { path: \"/v1/webhooks/junction\" }", vec![]),
        (
            endpoint,
            "- match: { prefix: \"/v1/webhooks/junction\" }",
            vec!["warning match | - match: { prefix: \"/v1/webhooks/junction\" }"],
        ),
        (
            endpoint,
            "- match: { path_separated_prefix: \"/v1/webhooks/junction\" }",
            vec!["warning match | - match: { path_separated_prefix: \"/v1/webhooks/junction\" }"],
        ),
        (
            endpoint,
            "- match: { safe_regex: { regex: \"/v1/webhooks/junction.*\" } }",
            vec!["warning match | - match: { safe_regex: { regex: \"/v1/webhooks/junction.*\" } }"],
        ),
        (endpoint, "- match: { prefix: \"/v1/webhooks\" }", vec![]),
        (endpoint, &insensitive, vec![&*format!("warning case_sensitive | {insensitive}")]),
        (endpoint, &harmless, vec![]),
        (
            endpoint,
            &rewrites,
            vec![
                "warning prefix_rewrite | - { match: { prefix: /hooks/ }, route: { cluster: upstream, prefix_rewrite: /v1/webhooks/ } }",
            ],
        ),
        (
            endpoint,
            &exact,
            vec![
                "warning prefix_rewrite | - { match: { path: /hook }, route: { cluster: upstream, prefix_rewrite: /v1/webhooks/junction } }",
            ],
        ),
        (all, &switched, vec![&*format!("error typed_per_filter_config | {off}")]),
        (endpoint, &elsewhere, vec![]),
        ("domains: [\"*\"]", &whole, vec![&*format!("error typed_per_filter_config | {off}")]),
        (
            endpoint,
            &answered,
            vec![
                "warning direct_response | - { match: { path: /v1/webhooks/junction }, direct_response: { status: 200 } }",
            ],
        ),
        (
            "normalize_path: true",
            "normalize_path: false",
            vec![
                "warning normalize_path | \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            ],
        ),
        (
            "timeout: 10s\n",
            "internal_redirect_policy: {}\n",
            vec!["warning internal_redirect_policy | internal_redirect_policy: {}"],
        ),
        (
            "- name: junction_webhook\n",
            "- disabled: true\n                    name: junction_webhook\n",
            vec!["error disabled | - disabled: true"],
        ),
        (
            "- name: junction_webhook\n",
            "- disabled: \"true\"\n                    name: junction_webhook\n",
            vec!["error disabled | - disabled: \"true\""],
        ),
    ] {
        assert_eq!(found(&[&edited(&[(that, this)])]), expected, "{that} -> {this}");
    }
}

#[test]
fn a_path_that_looks_misspelt_is_told() {
    let endpoint = "- match: { safe_regex: { regex: \"/v1/webhooks/junction/?\" } }";
    let all = "- match: { prefix: \"/\" }\n                          route: { cluster: upstream, timeout: 30s }";
    let path = "\"path\": \"/v1/webhooks/junction\"";
    let misspelt = edited(&[(path, "\"path\": \"/v1/webhook/junction\"")]);
    assert_eq!(found(&[&misspelt]), ["warning path | \"path\": \"/v1/webhook/junction\","]);
    let both = [(endpoint, "- match: { path: /hooks/lab }"), (path, "\"path\": \"/hooks/lab\"")];
    assert_eq!(found(&[&edited(&both)]), [""; 0]);
    let nothing = [
        (all, "- { match: { prefix: /static/ }, route: { cluster: upstream } }"),
        (path, "\"path\": \"/hooks/lab\""),
    ];
    assert_eq!(found(&[&edited(&nothing)]), ["warning path | \"path\": \"/hooks/lab\","]);
}

#[test]
fn a_filter_in_front_that_sees_or_changes_what_is_unverified_is_told() {
    let first = "- name: local_ratelimit\n";
    let front = |kind: &str| {
        format!(
            "- name: front\n                    typed_config: {{ \"@type\": \
             type.googleapis.com/envoy.extensions.filters.http.{kind} }}\n                  {first}"
        )
    };
    for kind in [
        "decompressor.v3.Decompressor",
        "grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "ext_proc.v3.ExternalProcessor",
        "lua.v3.Lua",
        "router.v3.Router",
    ] {
        let told = found(&[&edited(&[(first, &front(kind))])]);
        assert_eq!(told, ["warning http_filters | - name: front"], "{kind}");
    }
    for kind in ["cors.v3.Cors", "jwt_authn.v3.JwtAuthentication"] {
        assert_eq!(found(&[&edited(&[(first, &front(kind))])]), [""; 0], "{kind}");
    }
}

#[test]
fn a_filter_inside_a_matcher_is_told() {
    let whole = "- name: junction_webhook\n                    typed_config:\n                      \
                 \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n";
    let inside = "- name: outer\n                    typed_config:\n                     \
                  \"@type\": type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher\n                     \
                  extension_config:\n                      name: junction_webhook\n                      typed_config:\n                       \
                  \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n";
    let text = edited(&[(whole, inside)]).replace(
        "                      config:\n                        name: junction_webhook",
        "                       config:\n                        name: junction_webhook",
    );
    assert_eq!(found(&[&text]), ["warning http_filters | name: junction_webhook"]);
}

#[test]
fn routes_of_another_file_are_looked_at() {
    let own = committed("envoy.yaml");
    let (before, from) = own.split_once("                route_config:\n").unwrap();
    let (_, after) = from.split_once("\n  clusters:\n").unwrap();
    let rds = format!(
        "{before}                rds: {{ route_config_name: elsewhere }}\n\n  clusters:\n{after}"
    );
    let routes = |name: &str| {
        format!(
            "resources:\n  - name: {name}\n    virtual_hosts:\n      - routes:\n          - match: \
             {{ prefix: /v1/webhooks/junction }}\n            route: {{ cluster: upstream }}\n        \
             request_body_buffer_limit: 33554432\n"
        )
    };
    assert_eq!(found(&[&rds]), [""; 0]);
    assert_eq!(found(&[&rds, &routes("other")]), [""; 0]);
    assert_eq!(
        found(&[&rds, &routes("elsewhere")]),
        ["warning match | - match: { prefix: /v1/webhooks/junction }"]
    );
}

#[test]
fn another_listener_that_leads_to_the_same_service_is_told() {
    let other = |cluster: &str| {
        format!(
            "static_resources:\n  listeners:\n    - name: back\n      filter_chains:\n        - filters:\n            \
             - typed_config:\n                http_filters: [{{ name: envoy.filters.http.router }}]\n                \
             route_config: {{ virtual_hosts: [{{ routes: [{{ match: {{ prefix: / }}, route: {{ cluster: {cluster} }} }}] }}] }}\n"
        )
    };
    let own = committed("envoy.yaml");
    let told = found(&[&own, &other("upstream")]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("warning http_filters"), "{told:?}");
    assert_eq!(found(&[&own, &other("elsewhere")]), [""; 0]);
}
