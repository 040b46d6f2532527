//! The filter's own answers, held against the endpoint's schemas by an independent validator.

use junction_webhook::document::{self, Rules};
use junction_webhook::reject::{Answer, Reason, Rejection};
use serde_json::Value;
use test_support::schema::Schema;

fn assert_documented(schema: &Schema, answer: &Answer) {
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let headers: Vec<_> = answer.headers().collect();
    assert!(headers.contains(&("content-type", "application/json")), "{answer:?}");
    if let Err(error) = schema.check(&body) {
        panic!("{error}: {answer:?}");
    }
}

#[test]
fn every_refusal_satisfies_the_documented_schema_of_errors() {
    let schema =
        Schema::parse(include_str!("../../../tests/data/schema/response-error.schema.json"));
    for reason in Reason::ALL {
        assert_documented(&schema, &Rejection::from(reason).answer());
    }
    for body in [b"\xff".as_slice(), b"{", b"{}", br#"{"event_type":"order.completed","data":{}}"#]
    {
        let error = document::read(body, Rules::default()).unwrap_err();
        assert_documented(&schema, &Rejection::from(error).answer());
    }
}

#[test]
fn an_event_that_is_not_ingested_is_answered_as_documented_whatever_its_type() {
    let schema = Schema::parse(include_str!("../../../tests/data/schema/response-200.schema.json"));
    for event_type in ["labtest.order.updated", "", "\"\\\u{0}\u{2028}ü"] {
        let answer = Answer::ignored(event_type);
        assert_eq!(answer.status, 200);
        assert_documented(&schema, &answer);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(body["event_type"], event_type);
        assert_eq!(body["ignored"], true);
    }
}

#[test]
fn whoever_reports_a_wrong_verdict_can_choose_every_reason() {
    let form = include_str!("../../../.github/ISSUE_TEMPLATE/wrong-verdict.yml");
    for reason in Reason::ALL {
        let option = format!("\n        - {}\n", reason.label());
        assert!(form.contains(&option), "{}", reason.label());
    }
}
