//! Each check and verdict, of requests that the published library signed.

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::Value;

use super::{AT, explain, run};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const EVENT: &str =
    r#"{"event_type":"order.completed","data":{"order_id":"o-1","status":"done"}}"#;
const UNKNOWN: &str = r#"{"event_type":"patient.smith","data":{}}"#;

/// A request that is signed as the published library signs.
pub(crate) fn signed(body: &str) -> String {
    let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = webhook.sign("msg_1", 1_731_705_121, body.as_bytes()).unwrap();
    format!(
        "POST /v1/webhooks/junction HTTP/1.1\nhost: example.com\ncontent-type: application/json\n\
         svix-id: msg_1\nsvix-timestamp: 1731705121\nsvix-signature: {signature}\n\
         content-length: {}\n\n{body}",
        body.len()
    )
}

/// The exit code, and the JSON that is told.
pub(crate) fn explained(config: &str, request: &str, more: &[&str]) -> (Option<i32>, Value) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    fs::write(&path, config).unwrap();
    let mut command = explain(&["-", "--json", "--config", path.to_str().unwrap()]);
    command.args(more).env("JUNCTION_WEBHOOK_SECRET", SECRET);
    if !more.contains(&"--at") {
        command.args(["--at", AT]);
    }
    let Output { status, stdout, stderr } = run(command, request.as_bytes());
    let told = String::from_utf8_lossy(&stderr).into_owned();
    (
        status.code(),
        serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {told}")),
    )
}

fn states(told: &Value) -> String {
    let checks = told["checks"].as_array().unwrap().iter();
    checks
        .map(|check| match check["state"].as_str().unwrap() {
            "passed" => '+',
            "failed" => '!',
            "not reached" => '.',
            other => panic!("{other}"),
        })
        .collect()
}

/// One line for each check that can fail, in the contract's order.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn marks_the_check_that_failed_and_none_behind_it() {
    let valid = signed(EVENT);
    let long = signed(&EVENT.replace("done", &"d".repeat(300)));
    let undeclared = long.lines().filter(|line| !line.starts_with("content-length"));
    let undeclared = undeclared.collect::<Vec<_>>().join("\n");
    let change = |from: &str, to: &str| valid.replacen(from, to, 1);
    let small = r#"{"max_body_bytes":100}"#;
    for (config, request, states_expected, outcome, reason, status) in [
        (
            "{}",
            change("/v1/webhooks/junction", "/other"),
            "!...........",
            "unguarded",
            "none",
            None,
        ),
        (
            "{}",
            change("/v1/webhooks", &format!("/{}/..", "a/".repeat(2100))),
            "!...........",
            "rejected",
            "path",
            Some(400),
        ),
        (r#"{"mode":"x"}"#, valid.clone(), "+!..........", "rejected", "configuration", Some(500)),
        ("{}", change("POST", "PUT"), "++!.........", "rejected", "method", Some(405)),
        (
            "{}",
            change("host", "content-encoding: gzip\nhost"),
            "+++!........",
            "rejected",
            "content_encoding",
            Some(415),
        ),
        (
            "{}",
            change("application/json", "text/plain"),
            "++++!.......",
            "rejected",
            "content_type",
            Some(415),
        ),
        (small, long.clone(), "+++++!......", "rejected", "body_size", Some(413)),
        (
            "{}",
            change("svix-id", "svix-if"),
            "++++++!.....",
            "rejected",
            "signature_missing",
            Some(401),
        ),
        (
            "{}",
            change("msg_1", "msg.1"),
            "++++++!.....",
            "rejected",
            "signature_malformed",
            Some(401),
        ),
        (
            "{}",
            change("1731705121", "01731705121"),
            "++++++!.....",
            "rejected",
            "timestamp_malformed",
            Some(401),
        ),
        (
            "{}",
            change("1731705121", "1731704821"),
            "++++++!.....",
            "rejected",
            "timestamp_too_old",
            Some(401),
        ),
        (
            "{}",
            change("1731705121", "1731705427"),
            "++++++!.....",
            "rejected",
            "timestamp_too_new",
            Some(401),
        ),
        (small, undeclared, "+++++++!....", "rejected", "body_size", Some(413)),
        (
            "{}",
            change("msg_1", "msg_2"),
            "++++++++!...",
            "rejected",
            "signature_mismatch",
            Some(401),
        ),
        ("{}", signed("{"), "+++++++++!..", "rejected", "json", Some(400)),
        ("{}", signed("{}"), "++++++++++!.", "rejected", "schema", Some(400)),
        (
            r#"{"unknown_events":"acknowledge"}"#,
            signed(UNKNOWN),
            "+++++++++++.",
            "acknowledged",
            "none",
            Some(200),
        ),
        ("{}", valid.clone(), "++++++++++++", "forwarded", "none", None),
        (r#"{"mode":"shadow"}"#, valid.clone(), "++++++++++++", "shadowed", "none", None),
        (
            r#"{"mode":"shadow"}"#,
            change("msg_1", "msg_2"),
            "++++++++!...",
            "shadowed",
            "signature_mismatch",
            None,
        ),
    ] {
        let (code, told) = explained(config, &request, &[]);
        let accepted = reason == "none" && outcome != "unguarded";
        assert_eq!(states(&told), states_expected, "{outcome} {reason}: {told:#}");
        assert_eq!(told["verdict"]["outcome"], outcome, "{told:#}");
        assert_eq!(told["verdict"]["reason"], reason, "{told:#}");
        assert_eq!(told["answer"]["status"].as_u64(), status, "{told:#}");
        assert_eq!(code, Some(i32::from(!accepted)), "{outcome} {reason}");
    }
}

#[test]
fn tells_a_right_signature_at_a_wrong_time_from_a_wrong_one() {
    for (at, start) in [
        ("1731706000", "A signature matches as it is, over a time that is past"),
        ("1731704000", "A signature matches as it is, over a time that lies ahead"),
    ] {
        let (_, told) = explained("{}", &signed(EVENT), &["--at", at]);
        assert!(told["advice"].as_str().unwrap().starts_with(start), "{told:#}");
    }
}

#[test]
fn says_what_enforce_mode_would_answer_where_the_mode_is_shadow() {
    let (code, told) = explained(r#"{"mode":"shadow"}"#, &signed("{}"), &[]);
    let answer = &told["in_enforce_mode"]["answer"];
    let body = r#"{"error":"validation_error","message":"/event_type: required; /data: required"}"#;
    assert_eq!((code, &answer["status"], &answer["body"]), (Some(1), &400.into(), &body.into()));
    assert_eq!(told["checks"][10]["compared"], "/event_type: required; /data: required");
    let set = serde_json::json!([["x-junction-verdict", "reject;schema"]]);
    assert_eq!(told["forwarded"]["set"], set);
    let (code, told) = explained(r#"{"mode":"shadow"}"#, &signed(EVENT), &["--show-body"]);
    assert_eq!(code, Some(0));
    assert_eq!(told["in_enforce_mode"]["forwarded"]["event"]["data"]["order_id"], "o-1");
    let (_, told) = explained("{}", &signed(EVENT), &[]);
    assert_eq!(told.get("in_enforce_mode"), None);
}

#[test]
fn says_once_what_becomes_of_a_header_that_is_set_in_place_of_the_senders() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config");
    let mine = "x-junction-verdict: accept\nx_junction_verdict: accept\nidempotency-key: 1\n";
    let request = signed(EVENT).replace("content-length", &format!("{mine}content-length"));
    for (config, expected) in [
        (
            r#"{"mode":"shadow"}"#,
            "         x-junction-verdict: accept\n         without x_junction_verdict\n",
        ),
        (
            "{}",
            "         x-junction-verified-by: svix\n         without svix-signature, \
             x-junction-verdict, x_junction_verdict\n",
        ),
    ] {
        fs::write(&path, config).unwrap();
        let mut command = explain(&["-", "--at", AT, "--config", path.to_str().unwrap()]);
        command.env("JUNCTION_WEBHOOK_SECRET", SECRET);
        let told = String::from_utf8(run(command, request.as_bytes()).stdout).unwrap();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn shows_the_event_and_its_type_only_where_that_is_asked_for() {
    let (_, told) = explained("{}", &signed(EVENT), &[]);
    assert!(!told.to_string().contains("o-1"), "{told:#}");
    assert_eq!(told["answer"], Value::Null);
    let (_, told) = explained("{}", &signed(EVENT), &["--show-body"]);
    assert_eq!(told["forwarded"]["event"]["data"]["order_id"], "o-1");

    for mode in ["acknowledge", "forward"] {
        let config = format!(r#"{{"unknown_events":"{mode}"}}"#);
        let (code, told) = explained(&config, &signed(UNKNOWN), &[]);
        assert!(!told.to_string().contains("smith"), "{told:#}");
        assert_eq!(code, Some(0));
        let (_, told) = explained(&config, &signed(UNKNOWN), &["--show-body"]);
        assert!(told.to_string().contains("smith"), "{told:#}");
    }
}

#[test]
fn has_no_verdict_without_the_whole_body() {
    let cut = signed(EVENT);
    let cut = &cut[..cut.len() - 1];
    let (code, told) = explained("{}", cut, &[]);
    assert_eq!((code, states(&told).as_str()), (Some(2), "+++++++....."));
    assert_eq!(told["verdict"]["outcome"], "undecided");
    // What needs no body is judged all the same.
    let (code, told) = explained("{}", &cut.replace("POST", "GET"), &[]);
    assert_eq!((code, told["verdict"]["reason"].as_str()), (Some(1), Some("method")));
}

#[test]
fn advises_by_the_head_where_the_body_is_missing() {
    let whole = signed(EVENT);
    let cut = &whole[..whole.len() - 1];
    let milliseconds = cut.replace("1731705121", "1731705121000");
    let unsigned = cut.replace("svix-signature", "dropped");
    let malformed = cut.replace("svix-id: msg_1", "svix-id: msg.1");
    for (request, at, start) in [
        (cut, "1731706000", "The signed time is past: find what held the request up"),
        (cut, "1731704000", "The signed time lies ahead: set the sender's clock"),
        (&milliseconds, AT, "The timestamp is not in seconds"),
        (&unsigned, AT, "A header of the signature is missing"),
        (&malformed, AT, "Mend the form of the headers"),
    ] {
        let (_, told) = explained("{}", request, &["--at", at]);
        assert!(told["advice"].as_str().unwrap().starts_with(start), "{told:#}");
    }
}

#[test]
fn finds_the_secret_of_another_plugin_in_the_same_file() {
    let filter = |name: &str, path: &str, secret: &str| {
        format!(
            "- name: {name}\n  typed_config:\n    \
             \"@type\": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm\n    config:\n      \
             name: junction_webhook\n      configuration:\n        \
             \"@type\": type.googleapis.com/google.protobuf.Struct\n        value:\n          path: {path}\n          \
             svix: {{ secrets: [{{ inline: {secret} }}] }}\n"
        )
    };
    let config = filter("first", "/other", SECRET)
        + &filter("second", "/v1/webhooks/junction", "whsec_plJ3nmyCDGBKInavdOK15jsl");
    let (_, told) = explained(&config, &signed(EVENT), &[]);
    assert_eq!(told["causes"], serde_json::json!(["secret_of_another_endpoint"]), "{told:#}");
    let advice = told["advice"].as_str().unwrap();
    assert!(advice.contains("svix.secrets[0] of filter first"), "{advice}");
    // And each plugin can be asked by its number.
    let (_, told) = explained(&config, &signed(EVENT), &["--plugin", "0"]);
    assert_eq!(told["verdict"]["outcome"], "unguarded");
}

#[test]
fn takes_the_value_of_a_secret_that_envoy_delivers() {
    let config = "- name: junction_webhook\n  typed_config:\n    \
         \"@type\": type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter\n    \
         dynamic_module_config: { name: junction_webhook }\n    filter_config:\n      \
         \"@type\": type.googleapis.com/google.protobuf.Struct\n      value:\n        \
         svix: { secrets: [{ sds: current }] }\n";
    let (code, told) = explained(config, &signed(EVENT), &[]);
    assert_eq!((code, told["verdict"]["reason"].as_str()), (Some(1), Some("configuration")));
    let note = told["notes"][0].as_str().unwrap();
    assert!(note.contains("--sds current=VARIABLE"), "{note}");
    let delivered = ["--sds", "current=JUNCTION_WEBHOOK_SECRET"];
    let (code, told) = explained(config, &signed(EVENT), &delivered);
    assert_eq!((code, &told["notes"]), (Some(0), &serde_json::json!([])), "{told:#}");
    // Beside a scheme that has its secret, the one without still refuses.
    let both = config.replace("svix:", "hmac: { secrets: [{ inline: plain }] }\n        svix:");
    let (code, told) = explained(&both, &signed(EVENT), &[]);
    assert_eq!((code, told["verdict"]["reason"].as_str()), (Some(1), Some("configuration")));
    assert_eq!(told["checks"][1]["compared"], "svix has no usable secret", "{told:#}");
    let advice = "See that Envoy delivers a usable secret of svix: none has come.";
    assert_eq!(told["advice"], advice, "{told:#}");
    assert_eq!(explained(&both, &signed(EVENT), &delivered).0, Some(0));
    // And its causes are looked for as those of any other.
    let (_, told) =
        explained(config, &(signed(EVENT) + "\n").replace("content-length: ", "x: "), &delivered);
    assert_eq!(told["causes"], serde_json::json!(["body_line_end_added"]), "{told:#}");
}

#[test]
fn takes_a_request_that_options_spell() {
    let body = EVENT;
    let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = webhook.sign("msg_1", 1_731_705_121, body.as_bytes()).unwrap();
    let signature = format!("svix-signature: {signature}");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("body.json");
    fs::write(&file, body).unwrap();
    for body in [["--body", body], ["--body-file", file.to_str().unwrap()]] {
        let mut command = explain(&["--header", "svix-id: msg_1", "--header", &signature]);
        command.args(["--header", "Svix-Timestamp:1731705121"]).args(body);
        let Output { status, stdout, .. } = run(command_with_secret(command), b"");
        assert_eq!(status.code(), Some(0), "{}", String::from_utf8_lossy(&stdout));
    }
    let Output { status, stderr, .. } = run(explain(&[]), b"");
    assert_eq!(status.code(), Some(2), "{}", String::from_utf8_lossy(&stderr));
}

fn command_with_secret(mut command: Command) -> Command {
    command.env("JUNCTION_WEBHOOK_SECRET", SECRET);
    command
}

#[test]
fn notes_that_envoy_may_resolve_a_path_before_the_filter() {
    let noted = |path: &str| {
        let (_, told) = explained("{}", &signed(EVENT).replacen("/v1/webhooks", path, 1), &[]);
        let notes = told["notes"].as_array().unwrap().iter();
        notes.filter(|note| note.as_str().unwrap().contains("normalize_path")).count()
    };
    assert_eq!(noted(&format!("/{}/../v1/webhooks", "a/".repeat(2100))), 1);
    assert_eq!(noted("/a/../v1/webhooks"), 0);
}

/// The bound is counted in `explain::cause::rounds`; here it is the one that holds.
#[test]
fn bounds_the_search_where_nobody_says_how_far_to_go() {
    let Output { stdout, .. } = run(explain(&["--help"]), b"");
    let help = String::from_utf8(stdout).unwrap();
    let (_, effort) = help.split_once("--effort <BYTES>").unwrap();
    let (effort, _) = effort.split_once("--show-body").unwrap();
    assert!(effort.contains("[default: 4294967296]"), "{effort}");

    let wrong = signed(EVENT).replace("msg_1", "other");
    let (_, told) = explained("{}", &wrong, &["--effort", "10000000"]);
    assert_eq!(told["search"]["complete"], true, "{told:#}");
    let (code, told) = explained("{}", &wrong, &["--effort", "9000"]);
    assert_eq!((code, &told["search"]["complete"]), (Some(1), &false.into()), "{told:#}");
    // What is found within the bound is found.
    let (_, told) = explained(
        "{}",
        &signed(&format!("{EVENT}\n")).trim_end().replace("75", "74"),
        &["--effort", "70000"],
    );
    assert_eq!(told["causes"], serde_json::json!(["body_line_end_removed"]), "{told:#}");
    assert_eq!(told["search"]["complete"], true, "{told:#}");
}
