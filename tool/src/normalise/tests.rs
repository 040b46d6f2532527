//! The events are the golden ones, and each rule is named where it is the one.

use junction_webhook::document::Rules;
use proptest::{prelude::*, sample::Index};

use super::*;

const GOLDEN: &str = concat!(std::env!("CARGO_MANIFEST_DIR"), "/../tests/data/golden");

fn golden(name: &str) -> String {
    fs::read_to_string(format!("{GOLDEN}/{name}")).unwrap()
}

fn judged<'d>(body: &'d str, rules: Rules, id: &str, at: &str) -> Report<'d> {
    let config = Config { rules, ..plugin::defaults().unwrap() };
    let at = read_time(at).unwrap();
    let envelope = Envelope { event_id: id, verified_by: "svix", sent_at: time::to_utc(&at) };
    judge(body.as_bytes(), &config, &envelope, true).unwrap()
}

const FEED: Rules = Rules { unknown_events: UnknownEvents::Forward, nulls: Nulls::Absent };

#[test]
fn every_golden_sample_becomes_its_event_and_is_explained() {
    let mut count = 0;
    for entry in fs::read_dir(GOLDEN).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(name) = name.strip_suffix(".input.json") else { continue };
        let body = golden(&format!("{name}.input.json"));
        let report = judged(&body, FEED, "msg_2b3s8fK0golden", "1795000000");
        let event = report.event.as_deref().unwrap().get();
        let expected = golden(&format!("{name}.event.json"));
        assert_eq!(test_support::pretty::pretty(event), expected, "{name}");
        let explanation = report.explanation.unwrap();
        // One table for the result, and one for each marker.
        let markers =
            expected.matches("\"slug\":").count() - expected.matches("\"raw\": {\"slug\":").count();
        assert!(markers == 0 || explanation.tables.len() >= 2, "{name}: {markers}");
        count += 1;
    }
    assert!(count >= 35, "{count} samples");
}

#[test]
fn the_rule_of_every_way_to_a_value_is_named() {
    let result = "no value was sent, so result is read";
    let other = "type is not numeric, so result is read";
    let none = "no value was sent, and no usable result";
    let placeholder = "type is not numeric and there is no result: a -1 stands for no number";
    let decided = "-1 without a type may stand for no number, so result is read";
    let kept = "-1 with neither type nor result may stand for no number: it stays";
    let digits = "result is the same number, so its digits are taken";
    let decimal = "a text that is a plain decimal, with or without a comparator";
    let range = "a text of two plain decimals is a range";
    let text = "a text that is not plainly a number stays text";
    for (marker, sent, became, rule) in [
        (r#""value":100.20"#, "100.20", "quantity 100.20", AS_SENT),
        (r#""value":"< 0.10""#, r#""< 0.10""#, "quantity < 0.10", decimal),
        (r#""value":"1-10""#, r#""1-10""#, "range 1 10", range),
        (r#""value":"1:80""#, r#""1:80""#, r#"text "1:80""#, text),
        (r#""value":30.4,"result":"30.40""#, r#""30.40""#, "quantity 30.40", digits),
        (r#""type":"numeric","result":"7.1""#, r#""7.1""#, "quantity 7.1", result),
        (r#""result":" ""#, "-", "absent", none),
        (r#""value":-1,"type":"comment""#, "-1", "absent", placeholder),
        (r#""value":-1,"type":"coded_value","result":"ND""#, r#""ND""#, r#"text "ND""#, other),
        (r#""value":7,"type":"titer","result":"1:80""#, r#""1:80""#, r#"text "1:80""#, other),
        (r#""value":-1,"result":"7.1""#, r#""7.1""#, "quantity 7.1", decided),
        (r#""value":-1"#, "-1", "quantity -1", kept),
        (r#""value":-1,"type":"numeric""#, "-1", "quantity -1", AS_SENT),
    ] {
        let row = row_of("value", marker);
        assert_eq!(row, [sent, became, rule], "{marker}");
    }
}

const AS_SENT: &str = "as sent";

/// What is said of a field of a marker with these members beside its name.
fn row_of(field: &str, members: &str) -> [String; 3] {
    let body = format!(
        r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{{"name":"A  b",{members}}}]}}}}"#
    );
    let report = judged(&body, Rules::default(), "msg_1", "1");
    let explanation = report.explanation.unwrap();
    let table = explanation.tables.iter().find(|table| table.place == "/data/markers/0").unwrap();
    let row = table.rows.iter().find(|row| row.field == field).unwrap();
    let [_, sent, became] = cells(row);
    [sent, became, row.rule.to_owned()]
}

#[test]
fn the_rule_of_every_other_field_is_named() {
    for (field, members, sent, became, rule) in [
        (
            "name",
            r#""value":1"#,
            r#""A  b""#,
            r#""A b""#,
            "trimmed; white space in a name is folded",
        ),
        ("slug", r#""value":1"#, "-", r#""a-b""#, "made of the name"),
        ("slug", r#""slug":"S""#, r#""S""#, r#""S""#, AS_SENT),
        (
            "unit",
            r#""unit":" g/dL ""#,
            r#"" g/dL ""#,
            r#""g/dL""#,
            "trimmed; white space in a name is folded",
        ),
        (
            "ucum",
            r#""unit":"x10E3/uL""#,
            r#""x10E3/uL""#,
            r#""10*3/uL""#,
            "looked up in data/units.tsv",
        ),
        (
            "ucum",
            r#""unit":"mM""#,
            r#""mM""#,
            "-",
            "a spelling that is unknown, or means several units",
        ),
        ("reference_range.low", r#""min_range_value":3.40"#, "3.40", "3.40", AS_SENT),
        ("interpretation.code", r#""value":1"#, "-", "-", "no flag was sent, and none is derived"),
        (
            "interpretation.code",
            r#""interpretation":"borderline""#,
            r#""borderline""#,
            "-",
            "a word that has no code",
        ),
        (
            "interpretation.code",
            r#""interpretation":"not_detected""#,
            r#""not_detected""#,
            r#""ND""#,
            "the code of this word",
        ),
        (
            "interpretation.code",
            r#""value":9,"max_range_value":8,"interpretation":"Abnormal""#,
            r#""Abnormal""#,
            r#""H""#,
            "the value provably lies on that side of its range",
        ),
        (
            "interpretation.code",
            r#""value":8,"max_range_value":8,"interpretation":"critical""#,
            r#""critical""#,
            r#""AA""#,
            "nothing proves a side of the range",
        ),
        (
            "observed_at",
            r#""timestamp":"2024-10-31T10:08:00+01:00""#,
            r#""2024-10-31T10:08:00+01:00""#,
            r#""2024-10-31T09:08:00Z""#,
            "the same instant in UTC",
        ),
        (
            "observed_at",
            r#""timestamp":"2024-10-31""#,
            r#""2024-10-31""#,
            "-",
            "no time with an offset: null, and as sent in raw",
        ),
        (
            "extra",
            r#""loinc":"718-7""#,
            "-",
            r#"{"loinc":"718-7"}"#,
            "fields that the schema does not name, as sent",
        ),
    ] {
        assert_eq!(row_of(field, members), [sent, became, rule], "{field}: {members}");
    }
}

#[test]
fn a_refused_document_has_the_filters_own_answer() {
    let refused = |body, rules| {
        let report = judged(body, rules, "msg_1", "1");
        assert!(report.event.is_none() && report.explanation.is_none());
        (report.outcome, report.status.unwrap(), report.answer.unwrap().get().to_owned())
    };
    let answer = |message: &str| format!(r#"{{"error":"validation_error","message":"{message}"}}"#);
    let required = answer("/event_type: required; /data: required");
    assert_eq!(refused("{}", FEED), ("rejected", 400, required));
    assert_eq!(refused("{", FEED), ("rejected", 400, answer("body is not JSON at byte 1")));
    let other = r#"{"event_type":"labtest.order.updated","data":{}}"#;
    assert_eq!(refused(other, Rules::default()), ("rejected", 400, answer("/event_type: enum")));
    let acknowledge = Rules { unknown_events: UnknownEvents::Acknowledge, nulls: Nulls::Reject };
    let ignored = r#"{"received":true,"event_type":"labtest.order.updated","ignored":true}"#;
    assert_eq!(refused(other, acknowledge), ("acknowledged", 200, ignored.to_owned()));
    let longest = " ".repeat(1_048_576);
    let nothing = answer("body is not JSON at byte 1048576");
    assert_eq!(refused(&longest, FEED), ("rejected", 400, nothing));
    let long = format!("{longest} ");
    let too_large = r#"{"error":"payload_too_large","message":"The body is too large"}"#;
    assert_eq!(refused(&long, FEED), ("rejected", 413, too_large.to_owned()));
}

#[test]
fn an_event_of_another_type_has_no_table_even_where_it_has_markers() {
    let body =
        r#"{"event_type":"x","data":{"markers":[{"name":"a","interpretation":"critical"}]}}"#;
    let report = judged(body, FEED, "msg_1", "1");
    assert_eq!(report.outcome, "forwarded");
    assert!(report.explanation.unwrap().tables.is_empty());
}

#[test]
fn a_time_is_seconds_or_rfc_3339() {
    assert_eq!(read_time("1795000000").unwrap(), "2026-11-18T11:06:40Z");
    assert_eq!(read_time("2026-11-24T01:15:00+01:00").unwrap(), "2026-11-24T00:15:00Z");
    for text in ["", "now", "-1", "2026-11-24", "99999999999999"] {
        assert!(read_time(text).unwrap_err().starts_with("--at: must be"), "{text}");
    }
}

/// What is read is normalised and explained, whatever it is; only a name that is no text has no
/// explanation.
fn look_at(body: &[u8]) {
    let config = Config { rules: FEED, ..plugin::defaults().unwrap() };
    let envelope = Envelope { event_id: "msg_1", verified_by: "svix", sent_at: None };
    match judge(body, &config, &envelope, true) {
        Ok(report) => {
            let explanation = report.explanation.as_ref();
            assert_eq!(report.event.is_some(), explanation.is_some());
            let rows =
                explanation.into_iter().flat_map(|all| &all.tables).flat_map(|all| &all.rows);
            rows.for_each(|row| drop(cells(row)));
        }
        Err(error) => assert!(error.to_string().contains("surrogate"), "{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn arbitrary_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        look_at(&bytes);
    }

    #[test]
    fn arbitrary_values_of_every_field_are_explained(
        members in prop::collection::btree_map(
            "value|type|result|slug|unit|interpretation|timestamp|notes|min_range_value|x|\\\\ud800",
            "-1|-1.0|1e2|null|true|\"\"|\" \"|\"<5\"|\"1-2\"|\"numeric\"|\"abnormal\"|\"\\\\ud800\"|\\[\\]|\\{\\}",
            0..6,
        )
    ) {
        let members: Vec<_> = members.iter().map(|(key, value)| format!(",\"{key}\":{value}")).collect();
        let members = members.concat();
        look_at(format!(
            r#"{{"event_type":"labtest.result.ready","data":{{"markers":[{{"name":"a"{members}}}]}}}}"#
        ).as_bytes());
    }

    #[test]
    fn a_golden_sample_that_is_damaged_is_judged(at in any::<Index>(), put in "[\\[{}:,\"' a0]{0,2}") {
        let mut text = golden("value-result.input.json");
        let at = at.index(text.len());
        assert!(text.is_ascii());
        text.replace_range(at..=at, &put);
        look_at(text.as_bytes());
    }
}
