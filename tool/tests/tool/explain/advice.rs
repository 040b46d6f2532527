//! What it says about what goes wrong at night, of requests that the published library signed.

use super::{
    AT,
    verdicts::{EVENT, explained, signed},
};

/// What check 6 compared, and what is advised.
fn told(request: &str, at: &str) -> (String, String) {
    let (code, told) = explained("{}", request, &["--at", at]);
    assert_eq!(code, Some(1), "{told:#}");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&told["checks"][6]["compared"]), text(&told["advice"]))
}

#[test]
fn says_which_unit_a_timestamp_is_in_that_is_not_in_seconds() {
    for (digits, unit) in [
        ("1731705121000", "milliseconds"),
        ("1731705121000000", "microseconds"),
        ("1731705121000000000", "nanoseconds"),
    ] {
        let (compared, advice) = told(&signed(EVENT).replace("1731705121", digits), AT);
        let expected = format!(
            "timestamp {digits} is read in seconds, and would be 2024-11-15T21:12:01Z in {unit}"
        );
        assert!(compared.ends_with(&expected), "{compared}");
        let start = "A signature matches with the timestamp in seconds: ";
        assert!(advice.starts_with(start), "{advice}");
    }
}

#[test]
fn says_what_is_wrong_about_a_timestamp_that_is_no_plain_number() {
    for other in ["01731705121", "+1731705121", "2024-11-15T21:12:01Z", "1731705121.0"] {
        let (compared, _) = told(&signed(EVENT).replace("1731705121", other), AT);
        let expected =
            format!("timestamp {other} is not whole seconds since 1970, in digits alone");
        assert!(compared.ends_with(&expected), "{compared}");
    }
    let webhook = standardwebhooks::Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let right = webhook.sign("msg_1", 1_731_705_121, EVENT.as_bytes()).unwrap();
    // HMAC-SHA256 by Python of `msg_1.01731705121.` and the event.
    let signature = "v1,NNMPEvCbDU3DYUzGMqj/ug1Icb5+t0NJ2RqsiC5/t9o=";
    let request = signed(EVENT).replace("1731705121", "01731705121").replace(&right, signature);
    let (_, advice) = told(&request, AT);
    let start = "A signature matches as it is, over a timestamp in another form: ";
    assert!(advice.starts_with(start), "{advice}");
}

#[test]
fn says_that_the_time_is_wrong_beside_another_cause_or_none() {
    let event = signed(&format!("{EVENT}\n")).trim_end().replace("length: 75", "length: 74");
    let (_, advice) = told(&event, AT);
    assert!(!advice.contains("signed time"), "{advice}");
    for at in ["1731706000", "1731704000"] {
        let (_, advice) = told(&event, at);
        let end = "; and mend the signed time, which is too far off as well.";
        assert!(advice.starts_with("A signature matches with a line feed"), "{advice}");
        assert!(advice.ends_with(end), "{advice}");
        let (_, advice) = told(&event.replace("msg_1", "other"), at);
        let start =
            "The signed time is too far off, and no signature matches either: no cause found";
        assert!(advice.starts_with(start), "{advice}");
    }
}

#[test]
fn says_first_what_the_head_lacks_where_no_signature_matches() {
    let event = signed(EVENT);
    for (request, expected) in [
        (
            event.replace("svix-id: msg_1\n", ""),
            "A header of the signature is missing, and no signature matches without it: let the \
             sender send svix-id, svix-timestamp and svix-signature, and nothing between drop or \
             change them.",
        ),
        (
            event.replace("svix-signature", "dropped"),
            "The request lacks a signature: let the sender send svix-id, svix-timestamp and \
             svix-signature, and nothing between drop or change them.",
        ),
    ] {
        assert_eq!(told(&request, AT).1, expected);
    }
    let (_, advice) = told(&event.replace("msg_1", "other.one"), AT);
    let start = "The headers have another form than is due, as said at check 6, and no signature \
                 matches either: no cause found in ";
    assert!(advice.starts_with(start), "{advice}");
    let (_, advice) = told(&event.replace("svix-id", "svix-id: msg_1\nsvix-id"), AT);
    let start = "A signature matches though svix-id is given more than once: ";
    assert!(advice.starts_with(start), "{advice}");
}

#[test]
fn names_the_secrets_that_were_tried_and_a_body_that_is_empty() {
    let event = signed(EVENT).replace("msg_1", "other");
    let (_, advice) = told(&event, AT);
    let expected = ": the request was signed with another secret than JUNCTION_WEBHOOK_SECRET, or ";
    assert!(advice.contains(expected), "{advice}");
    let empty = event.replace(EVENT, "").replace("length: 74", "length: 0");
    let (_, advice) = told(&empty, AT);
    let expected = ", of a body that is empty: look whether the capture has lost it, or something \
                    before the filter; else the request was signed with another secret than \
                    JUNCTION_WEBHOOK_SECRET.";
    assert!(advice.ends_with(expected), "{advice}");
}
