//! What a chosen webhook says: its markers, the two documents, its head, and the commands for it.

use std::process::Command;

use harness::{Request, SECRET, Setup, root, tool};
use serde_json::json;

use crate::browser::key;
use crate::setting::{LAPTOP, Setting, example, result};

#[test]
fn shows_each_marker_on_its_range_with_the_senders_digits() {
    let page = Setting::new();
    page.send(
        "msg_markers",
        r#"{"event_type": "labtest.result.ready", "data": {"markers": [
        {"name": "Within", "value": 5.10, "min_range_value": 4.0, "max_range_value": 6.00,
         "unit": "x10E3/uL", "interpretation": "normal", "timestamp": "2024-10-31T10:08:00+01:00",
         "notes": "fasting"},
        {"name": "Below", "value": "<0.50", "min_range_value": 4},
        {"name": "Far", "value": 12345678901234567890.10, "max_range_value": 6,
         "interpretation": "critical"},
        {"name": "Spread", "value": "4.5-5.5", "min_range_value": 4, "max_range_value": 6},
        {"name": "Word", "value": "1:80", "unit": "cells", "min_range_value": 4, "max_range_value": 6},
        {"name": "Huge", "value": 1e999, "min_range_value": 4, "max_range_value": 6},
        {"name": "None"}
    ]}}"#,
    );
    page.choose("msg_markers");
    let rows = page.browser.run(
        "return [...document.querySelectorAll('.markers tbody tr')].map(
        (row) => [...row.cells].map((cell) => cell.innerText.replaceAll('\\n', ' ')))",
    );
    assert_eq!(
        rows,
        json!([
            [
                "Within within from the name",
                "5.10 x10E3/uL UCUM 10*3/uL",
                "4.0 to 6.00",
                "N normal",
                "2024-10-31T09:08:00Z sent as \"2024-10-31T10:08:00+01:00\"",
                "fasting"
            ],
            ["Below below from the name", "< 0.50 sent as \"<0.50\"", "from 4", "", "", ""],
            [
                "Far far from the name",
                "12345678901234567890.10",
                "up to 6",
                "Critical HH critical",
                "",
                ""
            ],
            ["Spread spread from the name", "4.5 to 5.5 sent as \"4.5-5.5\"", "4 to 6", "", "", ""],
            ["Word word from the name", "1:80 cells no UCUM code", "4 to 6", "", "", ""],
            ["Huge huge from the name", "1e999", "4 to 6", "", "", ""],
            ["None none from the name", "no value", "", "", "", ""],
        ])
    );
    // What each bar has: a point and arrows; two arrows are a value off the scale.
    let bars = page.browser.run(
        "return [...document.querySelectorAll('.markers tbody tr')].map(
        (row) => ['.within', '.open', '.point', '.span', 'polyline'].map(
            (part) => row.querySelectorAll(`svg ${part}`).length))",
    );
    assert_eq!(
        bars,
        json!([
            [1, 0, 1, 0, 0],
            [1, 1, 1, 0, 1],
            [1, 1, 0, 0, 2],
            [1, 0, 0, 1, 0],
            [0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0],
        ])
    );
    let label = "return document.querySelector('.markers svg').getAttribute('aria-label')";
    assert_eq!(page.browser.read(label), "5.10. Reference range 4.0 to 6.00");
    let middle = "const [range, point] = ['.within', '.point'].map(
            (part) => document.querySelector(`.markers svg ${part}`).getBoundingClientRect());
        return point.left > range.left && point.right < range.right";
    assert_eq!(page.browser.run(middle), true, "the value lies inside its range");
}

#[test]
fn shows_the_senders_document_beside_the_event_with_what_was_changed() {
    let page = Setting::new();
    page.send(
        "msg_both",
        r#"{"event_type": "labtest.result.ready", "lab": {"n": 1.50}, "data": {
        "markers": [{"name": "White  Blood Cells", "value": "< 0.10", "loinc": "6690-2"}]}}"#,
    );
    page.choose("msg_both");
    let lines = |column: usize, fate: &str| {
        page.browser.run(&format!("return [...document.querySelectorAll(
            '.documents > .json:nth-child({}) .{fate}')].map((line) => line.lastChild.textContent.trim())",
            if column == 0 { "odd" } else { "even" }))
    };
    assert_eq!(
        lines(0, "changed"),
        json!(["\"name\": \"White  Blood Cells\",", "\"value\": \"< 0.10\","])
    );
    assert_eq!(lines(0, "kept"), json!(["\"loinc\": \"6690-2\"", "\"lab\": {\"n\": 1.50}"]));
    assert_eq!(
        lines(1, "changed"),
        json!([
            "\"name\": \"White Blood Cells\",",
            "\"value\": {\"kind\": \"quantity\", \"comparator\": \"<\", \"number\": 0.10},",
        ])
    );
    let added = lines(1, "added").to_string();
    for name in ["contract", "event_id", "verified_by", "sent_at", "slug", "marker_count"] {
        assert!(added.contains(name), "{name} in {added}");
    }
    // Marked by a sign too, not by colour alone.
    assert_eq!(
        page.browser.read("return document.querySelector('.documents .changed i').innerText"),
        "~"
    );
    let head = page.browser.text("#detail section:last-child");
    assert!(head.contains("idempotency-key\tmsg_both"), "{head}");
    assert!(!head.contains("svix-signature"), "{head}");
}

#[test]
fn has_an_address_of_its_own_and_a_way_back() {
    let page = Setting::new();
    page.send("msg_first", &example("order.completed"));
    page.send("msg_second", &example("order.cancelled"));
    page.wait_for_rows(2);
    page.choose("msg_first");
    let address = page.browser.read("return location.href");
    page.choose("msg_second");
    page.browser.run("history.back()");
    page.browser.wait_for_text("#detail", "Choose a webhook");

    page.browser.open("about:blank");
    page.browser.open(&address);
    page.browser.wait_for_text("#detail", "msg_first");
    page.browser.press(&[key::ESCAPE]);
    page.browser.wait_for_text("#detail", "Choose a webhook");
    assert_eq!(page.browser.read("return location.href"), page.url(""));
}

#[test]
fn gives_a_command_that_sends_the_request_again() {
    let page = Setting::new();
    let document = result(&json!([{"name": "O'Neil `id` $(id) \"x\"", "value": 1}]));
    page.send("msg_copy", &document);
    page.choose("msg_copy");
    page.browser.click(".actions button");
    page.browser
        .wait("return document.querySelector('.command textarea')?.value.startsWith('curl ')");
    let command = page.browser.read("return document.querySelector('.command textarea').value");
    let output = Command::new("sh").args(["-c", &command]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.ends_with("\"ingested_count\":0}"), "it was stored before: {answer}");
    let requests = page.gateway.upstream.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
    page.browser.wait_for_text("#rows", "received 2×");
}

#[test]
fn gives_the_command_that_explains_an_event() {
    let page = Setting::new();
    page.send("msg_why", &result(&json!([{"name": "Iron", "value": "< 0.10"}])));
    page.choose("msg_why");
    let (status, told) = explained(&page);
    assert_eq!(status, 0, "{told}");
    // Its own id and signed time included.
    let received = page.gateway.upstream.requests().remove(0).body.unwrap();
    assert!(
        received.contains("\"event_id\":\"msg_why\"") && !received.contains("\"sent_at\":null")
    );
    assert_eq!(told.lines().next(), Some(received.as_str()));
    assert!(told.contains("\"< 0.10\""), "what was sent: {told}");
}

#[test]
fn gives_the_command_that_explains_what_was_not_verified() {
    let page = Setting::with(Setup::new().config(&json!({"mode": "shadow"})), LAPTOP);
    let forged = Request::signed(example("order.completed")).body("{}");
    assert_eq!(page.gateway.send(&forged).status, 200);
    page.wait_for_rows(1);
    page.browser.click("#rows button");
    page.browser.wait_for_text("#detail", "Not verified");
    let (status, told) = explained(&page);
    // The committed configuration refuses it, at the time when it came as at any other.
    assert_eq!(status, 1, "{told}");
    assert!(told.contains("reason signature_mismatch"), "{told}");
}

/// Runs the command as a reader would: its status, and what the tool tells.
pub(crate) fn explained(page: &Setting) -> (i32, String) {
    tool();
    let command = explain_command(page);
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(root()).env("JUNCTION_WEBHOOK_SECRET", SECRET);
    let output = shell.output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(told).unwrap())
}

/// The command that the page gives for the chosen webhook.
pub(crate) fn explain_command(page: &Setting) -> String {
    page.browser.click(".actions button:nth-child(2)");
    page.browser.wait("return document.querySelector('.command textarea') !== null");
    page.browser.read("return document.querySelector('.command textarea').value")
}
