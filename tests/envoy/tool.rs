//! The tool `junction-webhook` against the filter, as `make send` uses it.

use std::{
    fs,
    process::{Command, Output},
};

use harness::{CONNECTION_MANAGER, Gateway, Request, SECRET, Setup, at, now, tool};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::sample::RESULT;

fn send(gateway: &Gateway, arguments: &[&str]) -> (Option<i32>, String) {
    let url = format!("http://{}/v1/webhooks/junction", gateway.address);
    let Output { status, stdout, .. } = Command::new(tool())
        .args(["send", "--url", &url])
        .args(arguments)
        .env("JUNCTION_WEBHOOK_SECRET", SECRET)
        .output()
        .unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn the_tool_sends_what_the_filter_accepts_and_tampers_so_that_it_refuses() {
    let gateway = Setup::new().start();
    let (code, told) = send(&gateway, &["--expect", "200"]);
    let accepted =
        "200 {\"received\":true,\"event_type\":\"labtest.result.ready\",\"ingested_count\":9}\n";
    assert_eq!((code, told.as_str()), (Some(0), accepted));
    for part in ["body", "timestamp", "signature"] {
        let (code, told) = send(&gateway, &["--tamper", part, "--expect", "401"]);
        assert_eq!(code, Some(0), "{part}: {told}");
        assert!(told.starts_with("401 "), "{part}: {told}");
        assert_eq!(send(&gateway, &["--tamper", part, "--expect", "200"]).0, Some(1), "{part}");
    }
}

#[test]
fn the_tool_shows_the_verdicts_of_shadow_mode_in_place_of_refusals() {
    let gateway = Setup::new().config(&json!({"mode": "shadow"})).start();
    for (arguments, verdict) in [
        (["--age", "0", "--expect", "200"], "accept"),
        (["--age", "400", "--expect", "401"], "reject;timestamp_too_old"),
        (["--tamper", "signature", "--expect", "401"], "reject;signature_mismatch"),
    ] {
        let (code, told) = send(&gateway, &arguments);
        let expected = format!(
            "200 {{\"received\":true,\"event_type\":\"labtest.result.ready\",\"ingested_count\":0,\
             \"shadow_verdict\":\"{verdict}\"}}\n\
             In shadow mode: the original went on; verdict: {verdict}\n"
        );
        assert_eq!((code, told), (Some(0), expected), "{arguments:?}");
    }
    // What enforce mode would have refused is not what was expected.
    assert_eq!(send(&gateway, &["--tamper", "body", "--expect", "200"]).0, Some(1));
}

/// What `check --json` makes of all that an Envoy runs.
fn check_running(gateway: &Gateway) -> Json {
    let directory = TempDir::new().unwrap();
    let dump = directory.path().join("config_dump.json");
    fs::write(&dump, gateway.admin.get("/config_dump").body).unwrap();
    let output = Command::new(tool()).args(["check", "--json"]).arg(dump).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The fields that are warned of, for each time that the filter is in what Envoy runs.
fn warnings(report: &Json) -> Vec<Vec<&str>> {
    let filters = report["filters"].as_array().unwrap();
    assert!(filters.iter().all(|filter| filter["usable"] == true));
    let findings = filters.iter().map(|filter| filter["findings"].as_array().unwrap().iter());
    let warned = findings.map(|all| all.filter(|finding| finding["level"] == "warning"));
    warned.map(|all| all.map(|finding| finding["field"].as_str().unwrap()).collect()).collect()
}

#[test]
fn the_tool_finds_nothing_wrong_in_the_dump_of_the_committed_configuration() {
    let report = check_running(harness::shared());
    // As Envoy was started, and as the listener came to be.
    assert_eq!(warnings(&report), [[""; 0], [""; 0]]);
}

#[test]
fn a_rewrite_that_the_tool_warns_of_lets_a_forgery_through() {
    let mut setup = Setup::new();
    let routes =
        at(setup.yaml(), &format!("{CONNECTION_MANAGER}.route_config.virtual_hosts.0.routes"));
    let rewrite = json!({
        "match": {"prefix": "/hooks/"},
        "route": {"cluster": "upstream", "prefix_rewrite": "/v1/webhooks/"},
    });
    routes.as_sequence_mut().unwrap().insert(0, serde_yaml_ng::to_value(rewrite).unwrap());
    let gateway = setup.start();

    let forged = Request::unsigned(RESULT);
    assert_eq!(gateway.send(&forged).status, 401);
    assert!(gateway.saw(&forged).is_empty());
    let around = Request::unsigned(RESULT).path("/hooks/junction");
    gateway.send(&around);
    let seen = gateway.upstream.requests().pop().unwrap();
    assert!(seen.path.starts_with("/v1/webhooks/junction"), "{seen:?}");
    assert_eq!(seen.body.as_deref(), Some(RESULT));

    assert_eq!(warnings(&check_running(&gateway)), [["prefix_rewrite"], ["prefix_rewrite"]]);
}

#[test]
fn the_tool_normalises_to_the_very_bytes_that_the_upstream_gets() {
    let at = now();
    let request = Request::signed_with(SECRET, "msg_normalised", at, RESULT);
    let gateway = harness::shared();
    assert_eq!(gateway.send(&request).status, 200);
    let seen = gateway.forwarded(&request);
    let directory = TempDir::new().unwrap();
    let document = directory.path().join("document.json");
    fs::write(&document, RESULT).unwrap();
    let output = Command::new(tool())
        .args(["normalise", "--id", "msg_normalised", "--at", &at.to_string()])
        .arg(document)
        .output()
        .unwrap();
    let event = format!("{}\n", seen.body.unwrap());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), event);
}
