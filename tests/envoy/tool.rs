//! The tool `junction-webhook` against the filter, as `make send` uses it.

use std::process::{Command, Output};

use serde_json::json;

use harness::{Gateway, SECRET, Setup, tool};

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
