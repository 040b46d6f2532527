//! The schema's rules at each place, both sides of each bound, and what an answer says of them.

use super::*;

/// Puts a value into a document.
type Place = fn(&str) -> String;

/// What a document comes to: `ok`, `unknown`, or the message of its refusal.
fn verdict_under(rules: Rules, text: &str) -> String {
    match read(text.as_bytes(), rules) {
        Ok(Document::Event(_)) => "ok".to_owned(),
        Ok(Document::Unknown { .. }) => "unknown".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn verdict(text: &str) -> String {
    verdict_under(Rules::default(), text)
}

fn result(data: &str) -> String {
    format!(r#"{{"event_type":"labtest.result.ready","data":{data}}}"#)
}

fn order(data: &str) -> String {
    format!(r#"{{"event_type":"order.cancelled","data":{data}}}"#)
}

fn marker(fields: &str) -> String {
    result(&format!(r#"{{"markers":[{{"name":"a"{fields}}}]}}"#))
}

fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// A value of each JSON type.
const VALUES: [(&str, &str); 6] = [
    ("null", "null"),
    ("boolean", "true"),
    ("number", "1"),
    ("string", r#""x""#),
    ("array", "[]"),
    ("object", "{}"),
];

#[test]
fn each_field_takes_the_types_that_the_schema_gives_it_and_no_other() {
    type Field = fn(&str, &str) -> String;
    let event: Field = |field, value| {
        format!(r#"{{"event_type":"labtest.result.ready","data":{{}},"{field}":{value}}}"#)
    };
    let data: Field = |field, value| result(&format!(r#"{{"{field}":{value}}}"#));
    let in_marker: Field = |field, value| marker(&format!(r#","{field}":{value}"#));
    let in_order: Field =
        |field, value| order(&format!(r#"{{"order_id":"o","status":"s","{field}":{value}}}"#));
    for (place, pointer, field, expected) in [
        (event, "", "user_id", "string"),
        (event, "", "client_user_id", "string"),
        (event, "", "team_id", "string"),
        (data, "/data", "order_id", "string"),
        (data, "/data", "sample_id", "string"),
        (data, "/data", "status", "string"),
        (data, "/data", "interpretation", "string or null"),
        (data, "/data", "collected_at", "string"),
        (data, "/data", "reported_at", "string"),
        (data, "/data", "marker_count", "integer"),
        (data, "/data", "critical_marker_count", "integer"),
        (data, "/data", "markers", "array"),
        (in_marker, "/data/markers/0", "slug", "string"),
        (in_marker, "/data/markers/0", "unit", "string"),
        (in_marker, "/data/markers/0", "value", "string, number or null"),
        (in_marker, "/data/markers/0", "min_range_value", "number or null"),
        (in_marker, "/data/markers/0", "max_range_value", "number or null"),
        (in_marker, "/data/markers/0", "interpretation", "string or null"),
        (in_marker, "/data/markers/0", "timestamp", "string"),
        (in_marker, "/data/markers/0", "notes", "string"),
        (in_order, "/data", "cancellation_reason", "string or null"),
    ] {
        for (kind, value) in VALUES {
            let is_taken = expected.contains(kind) || (kind == "number" && expected == "integer");
            let message = format!("{pointer}/{field}: type {expected}");
            let verdict = verdict(&place(field, value));
            assert_eq!(verdict, if is_taken { "ok" } else { &message }, "{field} {kind}");
        }
    }
}

#[test]
fn each_required_field_is_named_where_it_is_missing_or_of_another_type() {
    for (text, message) in [
        ("{}".to_owned(), "/event_type: required; /data: required"),
        (r#"{"data":{}}"#.to_owned(), "/event_type: required"),
        (r#"{"event_type":1,"data":{}}"#.to_owned(), "/event_type: type string"),
        (r#"{"event_type":null,"data":{}}"#.to_owned(), "/event_type: type string"),
        (r#"{"event_type":"order.completed"}"#.to_owned(), "/data: required"),
        (result("null"), "/data: type object"),
        (result("[]"), "/data: type object"),
        (order("{}"), "/data/order_id: required; /data/status: required"),
        (
            order(r#"{"order_id":null,"status":1}"#),
            "/data/order_id: type string; /data/status: type string",
        ),
        (result(r#"{"markers":[{}]}"#), "/data/markers/0/name: required"),
        (result(r#"{"markers":[{"name":"a"},[]]}"#), "/data/markers/1: type object"),
        (result(r#"{"markers":[{"name":null}]}"#), "/data/markers/0/name: type string"),
    ] {
        assert_eq!(verdict(&text), message, "{text}");
    }
    for text in ["null", "true", "1e999", r#""x""#, "[]"] {
        assert_eq!(verdict(text), "(document): type object", "{text}");
    }
}

#[test]
fn a_string_with_a_minimum_length_has_one_character_at_least() {
    let places: [(&str, Place); 4] = [
        ("collected_at", result),
        ("reported_at", result),
        ("order_id", |data| order(&data.replace('}', r#","status":"s"}"#))),
        ("status", |data| order(&data.replace('}', r#","order_id":"o"}"#))),
    ];
    for (field, place) in places {
        let text = |value: &str| place(&format!(r#"{{"{field}":{value}}}"#));
        assert_eq!(verdict(&text(r#""""#)), format!("/data/{field}: minLength 1"), "{field}");
        assert_eq!(verdict(&text(r#""\u0000""#)), "ok", "{field}");
    }
    for field in ["slug", "unit", "timestamp"] {
        let message = format!("/data/markers/0/{field}: minLength 1");
        assert_eq!(verdict(&marker(&format!(r#","{field}":"""#))), message, "{field}");
        assert_eq!(verdict(&marker(&format!(r#","{field}":" ""#))), "ok", "{field}");
    }
    let nameless = result(r#"{"markers":[{"name":""}]}"#);
    assert_eq!(verdict(&nameless), "/data/markers/0/name: minLength 1");
    for field in ["order_id", "sample_id", "status", "interpretation"] {
        assert_eq!(verdict(&result(&format!(r#"{{"{field}":""}}"#))), "ok", "{field}");
    }
}

#[test]
fn a_count_is_a_whole_number_that_is_not_negative_however_it_is_spelled() {
    for field in ["marker_count", "critical_marker_count"] {
        let verdict = |number: &str| verdict(&result(&format!(r#"{{"{field}":{number}}}"#)));
        for number in
            ["0", "-0", "-0.0", "1.0", "1e2", "150e-1", "1E+400", "0e-400", "123456789012345678901"]
        {
            assert_eq!(verdict(number), "ok", "{field} {number}");
        }
        for number in ["1.5", "150e-2", "1e-1", "1e-400"] {
            assert_eq!(verdict(number), format!("/data/{field}: type integer"), "{number}");
        }
        for number in ["-1", "-1.0", "-1e400"] {
            assert_eq!(verdict(number), format!("/data/{field}: minimum 0"), "{number}");
        }
        let both = format!("/data/{field}: type integer; /data/{field}: minimum 0");
        assert_eq!(verdict("-0.5"), both, "{field}");
    }
}

#[test]
fn the_event_type_selects_the_branch_wherever_it_stands() {
    let data_first =
        |data: &str, event_type: &str| format!(r#"{{"data":{data},"event_type":"{event_type}"}}"#);
    for (data, as_result, as_order) in [
        (r#"{"order_id":"o","status":"s"}"#, "ok", "ok"),
        (
            r#"{"markers":[{}]}"#,
            "/data/markers/0/name: required",
            "/data/order_id: required; /data/status: required",
        ),
        (
            r#"{"order_id":"","status":"s","markers":5,"marker_count":"x"}"#,
            "/data/markers: type array; /data/marker_count: type integer",
            "/data/order_id: minLength 1",
        ),
        (
            r#"{"order_id":"o","status":"s","markers":[{}],"collected_at":""}"#,
            "/data/markers/0/name: required; /data/collected_at: minLength 1",
            "ok",
        ),
        (
            r#"{"order_id":"o","status":"s","cancellation_reason":7}"#,
            "ok",
            "/data/cancellation_reason: type string or null",
        ),
    ] {
        for event_type in ["labtest.result.ready", "labtest.result.critical"] {
            assert_eq!(verdict(&data_first(data, event_type)), as_result, "{data}");
        }
        for event_type in ["order.completed", "order.cancelled"] {
            assert_eq!(verdict(&data_first(data, event_type)), as_order, "{data}");
        }
        assert_eq!(verdict(&result(data)), as_result, "{data}");
        assert_eq!(verdict(&order(data)), as_order, "{data}");
    }
}

#[test]
fn fields_of_the_other_branch_are_unknown_ones() {
    let text =
        r#"{"data":{"markers":[1, 2],"order_id":"o","status":"s"},"event_type":"order.completed"}"#;
    let Ok(Document::Event(event)) = read(text.as_bytes(), Rules::default()) else { panic!() };
    let Data::Order(order) = event.data else { panic!() };
    let extra: Vec<_> =
        order.extra.iter().map(|(key, value)| (key.as_str(), value.token().as_str())).collect();
    assert_eq!(extra, [("markers", "[1, 2]")]);
}

#[test]
fn an_undocumented_event_is_refused_acknowledged_or_forwarded_whatever_its_data() {
    let acknowledge = Rules { unknown_events: UnknownEvents::Acknowledge, ..Rules::default() };
    let forward = Rules { unknown_events: UnknownEvents::Forward, ..Rules::default() };
    for (text, refused, acknowledged, forwarded) in [
        (r#"{"event_type":"x","data":{}}"#, "/event_type: enum", "unknown", "ok"),
        (r#"{"event_type":"","data":{}}"#, "/event_type: enum", "unknown", "/event_type: enum"),
        (
            r#"{"event_type":"Order.completed"}"#,
            "/data: required; /event_type: enum",
            "unknown",
            "ok",
        ),
        (r#"{"data":{"markers":[{}]},"event_type":"x"}"#, "/event_type: enum", "unknown", "ok"),
        (
            r#"{"event_type":"x","user_id":1,"data":[]}"#,
            "/user_id: type string; /data: type object; /event_type: enum",
            "unknown",
            "/user_id: type string",
        ),
        (
            r#"{"event_type":null}"#,
            "/event_type: type string; /data: required",
            "/event_type: type string; /data: required",
            "/event_type: type string; /data: required",
        ),
        (
            r#"{"data":{}}"#,
            "/event_type: required",
            "/event_type: required",
            "/event_type: required",
        ),
        (
            r#"{"event_type":"order.completed","data":{}}"#,
            "/data/order_id: required; /data/status: required",
            "/data/order_id: required; /data/status: required",
            "/data/order_id: required; /data/status: required",
        ),
        (
            r#"{"event_type":"x","data":{"a":1,"a":1}}"#,
            "/event_type: enum; /data: duplicate key",
            "/event_type: enum; /data: duplicate key",
            "/data: duplicate key",
        ),
    ] {
        assert_eq!(verdict(text), refused, "{text}");
        assert_eq!(verdict_under(acknowledge, text), acknowledged, "{text}");
        assert_eq!(verdict_under(forward, text), forwarded, "{text}");
    }
}

#[test]
fn an_undocumented_event_is_forwarded_only_where_its_type_can_stand_in_a_header() {
    let forward = Rules { unknown_events: UnknownEvents::Forward, ..Rules::default() };
    let longest = "x".repeat(MAX_NAME_BYTES);
    for name in ["x", "!", "~", r#"a\"b"#, r"a\\b", r"\u0078.y", longest.as_str()] {
        let text = format!(r#"{{"event_type":"{name}","data":null}}"#);
        assert_eq!(verdict_under(forward, &text), "ok", "{name}");
    }
    let too_long = format!("{longest}x");
    for name in
        ["", "a b", " a", r"a\u0000", r"a\r\nb", r"\t", "\u{7f}", "caf\u{e9}", too_long.as_str()]
    {
        let text = format!(r#"{{"event_type":"{name}","data":null}}"#);
        assert_eq!(verdict_under(forward, &text), "/event_type: enum", "{name}");
    }
}

#[test]
fn the_data_of_an_undocumented_event_stays_as_it_is() {
    let forward = Rules { unknown_events: UnknownEvents::Forward, ..Rules::default() };
    for (fields, expected) in [
        ("", None),
        (r#","data":null"#, Some("null")),
        (r#","data" : [ 1.0 , {"a":1e400}] "#, Some(r#"[ 1.0 , {"a":1e400}]"#)),
        (r#","data":{"order_id":7,"markers":[{}]}"#, Some(r#"{"order_id":7,"markers":[{}]}"#)),
        (r#","data":"\u0078""#, Some(r#""\u0078""#)),
    ] {
        let text = format!(r#"{{"event_type":"x"{fields},"team_id":"t","y":1}}"#);
        let Ok(Document::Event(event)) = read(text.as_bytes(), forward) else { panic!("{text}") };
        assert_eq!(event.event_type.as_str(), "x");
        assert_eq!(event.ids.team_id.map(|id| id.as_str().to_owned()).as_deref(), Some("t"));
        assert_eq!(event.extra.len(), 1);
        let Data::Other(data) = event.data else { panic!("{text}") };
        assert_eq!(data.map(Token::as_str), expected, "{text}");
    }
    let null = r#"{"event_type":"x","user_id":null}"#;
    assert_eq!(verdict_under(forward, null), "/user_id: type string");
    assert_eq!(verdict_under(Rules { nulls: Nulls::Absent, ..forward }, null), "ok");
}

#[test]
fn null_and_an_empty_text_count_as_absent_in_optional_fields_only_where_the_rules_say_so() {
    let absent = Rules { nulls: Nulls::Absent, ..Rules::default() };
    for (text, message) in [
        (r#"{"event_type":"order.completed","team_id":null,"data":{"order_id":"o","status":"s"}}"#.to_owned(), "/team_id: type string"),
        (result(r#"{"collected_at":null}"#), "/data/collected_at: type string"),
        (marker(r#","slug":null"#), "/data/markers/0/slug: type string"),
        (marker(r#","notes":null"#), "/data/markers/0/notes: type string"),
        (result(r#"{"markers":null}"#), "/data/markers: type array"),
        (result(r#"{"marker_count":null}"#), "/data/marker_count: type integer"),
        (
            result(r#"{"critical_marker_count":null}"#),
            "/data/critical_marker_count: type integer",
        ),
        (result(r#"{"collected_at":""}"#), "/data/collected_at: minLength 1"),
        (result(r#"{"reported_at":""}"#), "/data/reported_at: minLength 1"),
        (marker(r#","slug":"""#), "/data/markers/0/slug: minLength 1"),
        (marker(r#","unit":"""#), "/data/markers/0/unit: minLength 1"),
        (marker(r#","timestamp":"""#), "/data/markers/0/timestamp: minLength 1"),
    ] {
        assert_eq!(verdict(&text), message, "{text}");
        assert_eq!(verdict_under(absent, &text), "ok", "{text}");
    }
    for text in [
        result(r#"{"markers":[{"name":null}]}"#),
        result(r#"{"markers":[{"name":""}]}"#),
        result(r#"{"markers":[null]}"#),
        result(r#"{"markers":""}"#),
        result(r#"{"marker_count":""}"#),
        order(r#"{"order_id":null,"status":"s"}"#),
        order(r#"{"order_id":"o","status":""}"#),
        r#"{"event_type":null,"data":{}}"#.to_owned(),
        r#"{"event_type":"order.completed","data":null}"#.to_owned(),
        result("null"),
    ] {
        assert_eq!(verdict_under(absent, &text), verdict(&text), "{text}");
        assert_ne!(verdict(&text), "ok", "{text}");
    }
}

#[test]
fn a_key_given_twice_is_refused_at_every_place() {
    for (text, message) in [
        (r#"{"event_type":"order.completed","event_type":"order.completed","data":{"order_id":"o","status":"s"}}"#.to_owned(), "/event_type: duplicate key"),
        (r#"{"event_type":"order.completed","data":{"order_id":"o","status":"s"},"data":{}}"#.to_owned(), "/data: duplicate key"),
        (r#"{"event_type":"labtest.result.ready","data":{},"x":1,"y":2,"x":3}"#.to_owned(), "(document): duplicate key"),
        (result(r#"{"status":"a","st\u0061tus":"a"}"#), "/data/status: duplicate key"),
        (result(r#"{"x":1,"\u0078":1}"#), "/data: duplicate key"),
        (result(r#"{"x":{"y":[{"z":1,"z":1}]}}"#), "/data: duplicate key"),
        (marker(r#","name":"a""#), "/data/markers/0/name: duplicate key"),
        (marker(r#","loinc":1,"loinc":1"#), "/data/markers/0: duplicate key"),
        (marker(r#","value":{"a":1,"a":2}"#), "/data/markers/0/value: type string, number or null; /data/markers/0: duplicate key"),
        (order(r#"{"order_id":"o","status":"s","status":"s"}"#), "/data/status: duplicate key"),
    ] {
        assert_eq!(verdict(&text), message, "{text}");
    }
    for count in [8, 9, 100] {
        let keys: Vec<_> = (0..count).map(|key| format!(r#""k{key}":1"#)).collect();
        let object = |keys: &[String]| result(&format!(r#"{{"x":{{{}}}}}"#, keys.join(",")));
        assert_eq!(verdict(&object(&keys)), "ok", "{count}");
        let twice = [keys.as_slice(), &[keys[count / 2].clone()]].concat();
        assert_eq!(verdict(&object(&twice)), "/data: duplicate key", "{count}");
    }
}

#[test]
fn the_same_key_in_different_objects_is_no_duplicate() {
    assert_eq!(verdict(&result(r#"{"x":{"x":{"x":1}},"y":{"x":1}}"#)), "ok");
    assert_eq!(verdict(&result(r#"{"markers":[{"name":"a","x":1},{"name":"a","x":1}]}"#)), "ok");
}

#[test]
fn containers_nest_64_deep_and_no_deeper() {
    // At each place, so many containers are open around the value.
    let places: [(usize, &str, Place); 3] = [
        (1, "(document)", |value| {
            format!(r#"{{"event_type":"labtest.result.ready","data":{{}},"x":{value}}}"#)
        }),
        (2, "/data", |value| result(&format!(r#"{{"x":{value}}}"#))),
        (4, "/data/markers/0", |value| marker(&format!(r#","x":{value}"#))),
    ];
    for (around, pointer, place) in places {
        assert_eq!(verdict(&place(&nested(64 - around))), "ok", "{pointer}");
        let deeper = verdict(&place(&nested(65 - around)));
        assert_eq!(deeper, format!("{pointer}: nesting deeper than 64"), "{pointer}");
    }
    assert_eq!(verdict(&nested(64)), "(document): type object");
    assert_eq!(verdict(&nested(65)), "(document): nesting deeper than 64");
    assert_eq!(verdict(&nested(100_000)), "(document): nesting deeper than 64");
}

#[test]
fn an_answer_names_five_violations_at_most() {
    let markers = ["{}"; 6].join(",");
    let message = verdict(&result(&format!(r#"{{"markers":[{markers}]}}"#)));
    let named: Vec<_> =
        (0..5).map(|index| format!("/data/markers/{index}/name: required")).collect();
    assert_eq!(message, named.join("; "));
}

#[test]
fn a_body_that_is_no_json_is_not_held_against_the_schema() {
    for (text, at) in [
        ("", 0),
        (" ", 1),
        (r#"{"event_type":1"#, 15),
        (r#"{"event_type":1,}"#, 16),
        (r#"{"event_type":1} {}"#, 17),
        (r#"{"a":1,"a":1}x"#, 13),
        ("\u{feff}{}", 0),
        ("{}\0", 2),
        (r#"{"data":{"x":"\ud800"}}"#, 13),
        ("{\"a\":\"\u{1f}\"}", 6),
        ("{'a':1}", 1),
        ("{a:1}", 1),
        ("nul", 0),
        ("[1,]", 3),
        ("[01]", 2),
    ] {
        let error = read(text.as_bytes(), Rules::default()).unwrap_err();
        assert_eq!(error, DocumentError::NotJson { at }, "{text:?}");
    }
    let error = read(b"{\"a\":\"\xff\"}", Rules::default()).unwrap_err();
    assert_eq!(error, DocumentError::NotUtf8 { at: 6 });
}

#[test]
fn values_stay_as_the_sender_spelled_them() {
    let text = result(
        r#"{"x":{ "y" : 1.0 },"markers":[{"name":"caf\u00e9","value":1.50e+02,"\u006c":"\n"}]}"#,
    );
    let Ok(Document::Event(event)) = read(text.as_bytes(), Rules::default()) else { panic!() };
    let Data::LabResult(result) = &event.data else { panic!() };
    let (key, value) = &result.extra[0];
    assert_eq!((key.as_str(), value.token().as_str()), ("x", r#"{ "y" : 1.0 }"#));
    assert!(matches!(value, UnknownValue::Other(_)));
    let markers = result.markers.as_ref().unwrap();
    assert_eq!(markers[0].name.as_str(), "café");
    assert_eq!(markers[0].name.token().as_str(), r#""caf\u00e9""#);
    let Some(MarkerValue::Number(number)) = markers[0].value else { panic!() };
    assert_eq!(number.as_str(), "1.50e+02");
    let (key, value) = &result.extra_of(&markers[0])[0];
    assert_eq!((key.as_str(), key.token().as_str()), ("l", r#""\u006c""#));
    let UnknownValue::Text(text) = value else { panic!() };
    assert_eq!((text.as_str(), value.token().as_str()), ("\n", r#""\n""#));
}
