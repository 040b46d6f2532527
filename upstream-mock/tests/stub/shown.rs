//! One request as the page gets it, and as a command.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::running::{Running, lab_event, order_event, start};
use crate::stream::{Stream, ids};

fn view(stub: &Running, id: &str) -> Value {
    let (status, view) = stub.get(&format!("/requests/{id}/view"));
    assert_eq!(status, 200, "{view}");
    serde_json::from_str(&view).unwrap()
}

/// The lines of a document with this fate.
fn lines<'a>(document: &'a Value, fate: &Value) -> Vec<&'a str> {
    let parts = document["parts"].as_array().unwrap().iter();
    let lines = parts.flat_map(|part| part.as_array().unwrap());
    lines.filter(|line| line["fate"] == *fate).map(|line| line["text"].as_str().unwrap()).collect()
}

#[test]
fn shows_numbers_as_texts_with_their_digits() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1").replace("10.80", "1e999")).0, 200);
    let view = view(&stub, &ids(&stub, 1)[0]);
    let first = &view["markers"][0];
    let read =
        ["comparator", "number", "reference_low", "reference_high", "sent_value", "code", "word"];
    assert_eq!(
        read.map(|name| first[name].clone()),
        ["<", "0.10", "3.40", "1e999", "\"< 0.10\"", "LL", "critical"].map(Value::from)
    );
    assert_eq!(view["facts"][0], json!(["Event id", "msg_1"]));
    assert_eq!((&view["answered"], &view["kind"]), (&json!(200), &json!("event")));
}

#[test]
fn marks_what_the_filter_changed_added_and_kept() {
    let stub = start(&[]);
    assert_eq!(stub.post(lab_event("msg_1")).0, 200);
    let view = view(&stub, &ids(&stub, 1)[0]);
    let (sent, event) = (&view["sent"], &view["document"]);
    assert_eq!(lines(sent, &json!("changed")), [r#""value": "< 0.10","#]);
    assert_eq!(
        lines(sent, &json!("kept")),
        [r#""loinc": "6690-2""#, r#""created": 12345678901234567890.000"#]
    );
    assert_eq!(lines(sent, &json!("added")), Vec::<&str>::new());
    assert_eq!(
        lines(event, &json!("changed")),
        [r#""value": {"kind": "quantity", "comparator": "<", "number": 0.10},"#]
    );
    assert_eq!(
        lines(event, &json!("kept")),
        [
            r#""raw": {"value": "< 0.10"},"#,
            r#""extra": {"loinc": "6690-2"}"#,
            r#""extra": {"created": 12345678901234567890.000}"#
        ]
    );
    assert_eq!(
        lines(event, &json!("added")),
        [
            r#""contract": "junction.event.v1","#,
            r#""event_id": "msg_1","#,
            r#""verified_by": "svix","#,
            r#""sent_at": "2026-11-24T00:15:00Z","#,
            r#""ucum": "10*3/uL","#,
            r#""code": "LL","#,
            r#""critical": true,"#,
            r#""critical": false,"#
        ]
    );
}

#[test]
fn guesses_nothing_where_an_event_does_not_tell_what_was_sent() {
    let stub = start(&[]);
    let untold = lab_event("msg_1").replace(r#""raw": {"value": "< 0.10"}, "#, "");
    assert_eq!(stub.post(untold).0, 200);
    let view = view(&stub, &ids(&stub, 1)[0]);
    assert_eq!(view["sent"], Value::Null);
    let untold = r#"{"error":"not_found","message":"no event that tells what was sent"}"#;
    let sent = format!("/requests/{}/sent", ids(&stub, 1)[0]);
    assert_eq!(stub.get(&sent), (404, untold.to_owned()));
    assert_eq!(view["markers"][0]["number"], "0.10");
}

#[test]
fn shows_documents_up_to_a_bound_and_says_what_is_left_out() {
    let stub = start(&[]);
    let many = vec!["123456789"; 100_000].join(",");
    assert_eq!(stub.post_original("accept", format!("[{many}]").as_bytes()).0, 200);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(stub.post_original("reject;json", deep.as_bytes()).0, 200);
    let ids = ids(&stub, 2);
    let long = view(&stub, &ids[0]);
    let shown = lines(&long["document"], &Value::Null).len();
    assert_eq!(
        shown + usize::try_from(long["document"]["left_out"].as_u64().unwrap()).unwrap(),
        100_002
    );
    assert!((50_000..60_000).contains(&shown), "512 KiB of lines of 10 bytes: {shown}");
    let deep = view(&stub, &ids[1]);
    assert_eq!(deep["document"], Value::Null, "nested deeper than any document that is shown");
    assert!(deep["text"].as_str().unwrap().starts_with("[[["));
}

#[test]
fn shows_markers_up_to_a_bound_and_says_how_many_are_left_out() {
    let stub = start(&[]);
    let event = lab_event("msg_1");
    let (before, rest) = event.split_once("\"markers\": [").unwrap();
    let (markers, after) = rest.rsplit_once("],").unwrap();
    // The example has two, of which the second has no `raw`, `extra` or criticality.
    let (_, second) = markers.split_once("}},").unwrap();
    let cases = [(2000, 2000, 0), (2001, 2000, 1), (9000, 2000, 7000)];
    for (number, (count, shown, left_out)) in cases.into_iter().enumerate() {
        let many = vec![second; count].join(",");
        let many = format!("{before}\"markers\": [{many}],{after}")
            .replace("\"marker_count\": 2", &format!("\"marker_count\": {count}"))
            .replace("\"critical_marker_count\": 1", "\"critical_marker_count\": 0")
            .replace("msg_1", &format!("msg_{count}"));
        assert_eq!(stub.post(many).0, 200);
        let view = view(&stub, ids(&stub, number + 1).last().unwrap());
        assert_eq!(view["markers"].as_array().unwrap().len(), shown);
        assert_eq!(view["markers_left_out"], left_out);
        // One before the first marker and one after the last, but none for lines that are left out.
        let parts = view["document"]["parts"].as_array().unwrap();
        assert!(parts.iter().all(|part| !part.as_array().unwrap().is_empty()));
        let is_whole = view["document"]["left_out"] == 0;
        assert_eq!((is_whole, parts.len() == count + 2), (count < 9000, count < 9000));
    }
}

#[test]
fn lays_out_no_body_of_more_values_than_its_bound_and_says_so() {
    let stub = start(&[]);
    // 30 MB, of which each two or three bytes are a value.
    let wide = |count: usize| format!("[{}]", vec!["[]"; count - 1].join(","));
    let bodies = [wide(250_000), wide(250_001), wide(10_000_000)];
    for body in &bodies {
        assert_eq!(stub.post(body).0, 400);
    }
    let ids = ids(&stub, 3);
    let views = ids.iter().map(|id| view(&stub, id));
    for ((view, body), is_laid_out) in views.zip(&bodies).zip([true, false, false]) {
        assert_eq!(view["has_too_many_values"], !is_laid_out);
        assert_eq!(view["document"].is_object(), is_laid_out);
        assert_eq!(view["body_bytes"], body.len());
        let begins = (!is_laid_out).then(|| &body[..256 * 1024]);
        assert_eq!(view["text"].as_str(), begins);
    }
    let whole = stub.get_long(&format!("/requests/{}", ids[2]));
    assert!(serde_json::from_str::<Value>(&whole).unwrap()["body"] == *bodies[2], "it is whole");
}

#[test]
fn counts_the_markers_of_an_event_that_has_too_many_values_to_be_laid_out() {
    let stub = start(&[]);
    let event = lab_event("msg_1");
    let bulky = format!(r#""extra": {{"bulk": [{}], "loinc""#, vec!["0"; 250_000].join(","));
    let bulky = event.replacen(r#""extra": {"loinc""#, &bulky, 1);
    assert_ne!(bulky, event);
    assert_eq!(stub.post(bulky).0, 200);
    let (rows, _) = Stream::start(&stub).rows(1);
    let told = ["kind", "event_id", "event_type", "markers", "critical", "is_critical"];
    assert_eq!(
        told.map(|name| rows[0][name].clone()),
        [
            "event".into(),
            "msg_1".into(),
            "labtest.result.ready".into(),
            2.into(),
            1.into(),
            Value::from(true)
        ]
    );
    assert_eq!(rows[0]["has_more_words"], true);
    let id = rows[0]["id"].as_str().unwrap();
    assert_eq!(view(&stub, id)["has_too_many_values"], true);
    let said = r#"{"error":"too_many_values","message":"this body has more values than are laid out; it is whole at /requests/ID"}"#;
    assert_eq!(stub.get(&format!("/requests/{id}/sent")), (422, said.to_owned()));
}

#[test]
fn tells_that_a_document_is_critical_however_large_or_deep_it_is() {
    let stub = start(&[]);
    let large = vec!["0"; 250_000].join(",");
    let deep = "[".repeat(200) + &"]".repeat(200);
    let original = |bulk: &str, data: &str| {
        format!(r#"{{"bulk": {bulk}, "event_type": "labtest.result.ready", "data": {data}}}"#)
    };
    let marker = |word: &str| format!(r#"{{"markers": [{{"interpretation": "{word}"}}, {{}}]}}"#);
    let wide = format!("[{large}]");
    let whole = r#"{"interpretation": "Critical", "markers": []}"#;
    let cases = [
        (original(&wide, &marker("critical")), 2, 1, true),
        (original(&deep, &marker("critical")), 2, 1, true),
        (original(&wide, whole), 0, 0, true),
        (original("0", &marker("HH")), 2, 1, true),
        (original("0", &marker("critical_low")), 2, 1, true),
        (original("0", &marker("very abnormal")), 2, 1, true),
        (original("0", &marker("Above upper panic limits")), 2, 1, true),
        (original("0", &marker("high")), 2, 0, false),
        (original("0", &marker("not critical")), 2, 0, false),
        // The second of two names counts too.
        (original("0", r#"{}, "data": {"markers": [{"interpretation": "AA"}]}"#), 1, 1, true),
        (original("0", r#"{"markers": {"a": {"interpretation": "AA"}}}"#), 0, 0, false),
    ];
    for (document, ..) in &cases {
        assert_eq!(stub.post_original("reject;schema", document.as_bytes()).0, 200);
    }
    let (rows, _) = Stream::start(&stub).rows(cases.len());
    for (row, (document, markers, critical, is_critical)) in rows.iter().zip(&cases) {
        let told = ["markers", "critical", "is_critical"].map(|name| row[name].clone());
        let expected = [Value::from(*markers), Value::from(*critical), Value::from(*is_critical)];
        assert_eq!(told, expected, "{}", &document[document.len() - 80..]);
        assert_eq!(row["event_type"], "labtest.result.ready");
    }
}

#[test]
fn tells_nothing_of_what_a_broken_document_begins_with() {
    let stub = start(&[]);
    let broken = r#"{"event_type": "labtest.result.critical", "data": {"markers": [1, 2]}"#;
    assert_eq!(stub.post_original("reject;json", broken.as_bytes()).0, 200);
    let (rows, _) = Stream::start(&stub).rows(1);
    let told = ["event_type", "markers", "is_critical"].map(|name| rows[0][name].clone());
    assert_eq!(told, [Value::Null, Value::Null, Value::from(false)]);
}

#[test]
fn knows_no_request_that_it_has_forgotten_or_never_saw() {
    let stub = start(&[]);
    assert_eq!(stub.post(order_event("msg_1")).0, 200);
    let id = ids(&stub, 1).remove(0);
    assert_eq!(stub.get(&format!("/requests/{id}")).0, 200);
    let (run, _) = id.split_once('-').unwrap();
    for other in [format!("{run}-1"), "0-0".to_owned(), "nonsense".to_owned()] {
        for part in ["", "/view", "/sent", "/curl"] {
            assert_eq!(stub.get(&format!("/requests/{other}{part}")).0, 404, "{other}{part}");
        }
    }
    assert_eq!(stub.delete("/requests"), 204);
    let forgotten = r#"{"error":"not_found","message":"this request is no longer remembered"}"#;
    assert_eq!(stub.get(&format!("/requests/{id}/view")), (404, forgotten.to_owned()));
}

/// Runs a command as a reader who types it, since as an argument it may be too long.
fn run(command: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    shell.stdin.take().unwrap().write_all(command.as_bytes()).unwrap();
    shell.wait_with_output().unwrap()
}

#[test]
fn its_command_sends_the_same_body_again_whatever_is_in_it() {
    let stub = start(&[]);
    let long = "'".repeat(200_000);
    let bodies: [&[u8]; 9] = [
        b"",
        b"@/etc/passwd",
        br#"{"a": "it's $(id) `id` \ \\ \"x\" !! %s"}"#,
        "line\nline\r\n\ttab \u{fc}".as_bytes(),
        b"with a \0 byte",
        b"\xff\xfe no text",
        long.as_bytes(),
        b"\n\x04touch x\n",
        b"\x1b[201~\n\x15\x7f",
    ];
    for body in bodies {
        assert_eq!(stub.post(body).0, 400);
        let before = stub.rows("/requests");
        let id = ids(&stub, before.len()).pop().unwrap();
        let (status, command) = stub.get(&format!("/requests/{id}/curl"));
        assert_eq!(status, 200);
        // A terminal obeys these before the shell sees that they are quoted.
        assert!(
            !command.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{command}"
        );
        let output = run(&command);
        assert!(output.status.success(), "{command}\n{}", String::from_utf8_lossy(&output.stderr));
        let after = stub.rows("/requests");
        assert_eq!(after.len(), before.len() + 1, "{command}");
        for name in ["method", "path", "body", "body_base64"] {
            assert_eq!(after.last().unwrap()[name], before.last().unwrap()[name], "{command}");
        }
    }
}

#[test]
fn its_command_sends_the_same_head_again_to_nobody_else() {
    let stub = start(&[]);
    for head in [
        "GET / HTTP/1.1\r\nx-a: it's $(id)\r\n",
        "OPTIONS * HTTP/1.1\r\n",
        "GET http://other.example/x HTTP/1.1\r\n",
        "CONNECT .other.example:80 HTTP/1.1\r\n",
        "POST /a/../b?c#d HTTP/1.1\r\naccept: a/b\r\n",
    ] {
        stub.exchange(&format!(
            "{head}host: 127.0.0.1\r\nconnection: close\r\nx-forwarded-for: a\r\n\r\n"
        ));
        let before = stub.rows("/requests");
        let id = ids(&stub, before.len()).pop().unwrap();
        let (_, command) = stub.get(&format!("/requests/{id}/curl"));
        let command = format!("{command} --max-time 5 --output /dev/null");
        run(&command);
        let after = stub.rows("/requests");
        assert_eq!(after.len(), before.len() + 1, "{command}");
        for name in ["method", "path"] {
            assert_eq!(after.last().unwrap()[name], before.last().unwrap()[name], "{command}");
        }
        let names = |row: &Value| -> Vec<String> {
            let headers = row["headers"].as_array().unwrap().iter();
            let mut names: Vec<_> = headers
                .map(ToString::to_string)
                .filter(|header| !header.contains("\"host\""))
                .collect();
            names.sort();
            names
        };
        assert_eq!(names(after.last().unwrap()), names(before.last().unwrap()), "{command}");
    }
}
