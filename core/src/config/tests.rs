//! Defaults, every kind of error with the field it names, and that no error holds a value.

use std::time::Duration;

use super::*;
use crate::document::{Nulls, UnknownEvents};
use crate::route::RouteError;
use crate::signature::{SchemeName, SecretError, hmac};

const FORMS: &str = r#"must be {"env": NAME}, {"inline": SECRET} or {"sds": NAME}"#;
const SVIX: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn environment(name: &str) -> Option<Vec<u8>> {
    match name {
        "JUNCTION_WEBHOOK_SECRET" | "OTHER" => Some(SVIX.into()),
        "EMPTY" => Some(Vec::new()),
        "UNDECODABLE" => Some(b"whsec_!canary!".to_vec()),
        "NOT_TEXT" => Some(b"whsec_\xff".to_vec()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, Unusable> {
    Config::parse(text.as_bytes(), environment)
}

#[test]
fn nothing_and_an_empty_object_are_the_defaults() {
    for text in ["", "{}", "\n{ }\n", r#"{"svix":{},"hmac":{}}"#] {
        let config = parse(text).unwrap();
        assert_eq!(config.route, Route::default(), "{text:?}");
        assert_eq!(config.max_body_bytes, 1_048_576, "{text:?}");
        assert_eq!(config.mode, Mode::Enforce, "{text:?}");
        assert_eq!(config.rules, Rules::default(), "{text:?}");
        assert!(config.hold_headers, "{text:?}");
        assert_eq!(config.duplicates, None, "{text:?}");
        assert!(config.verifier.withholds("x-junction-signature", SchemeName::Hmac), "{text:?}");
        assert!(config.verifier.withholds("x-webhook-signature", SchemeName::Hmac), "{text:?}");
        assert!(config.verifier.withholds("x-signature", SchemeName::Hmac), "{text:?}");
    }
}

#[test]
fn every_field_can_be_set() {
    let config = parse(
        r#"{"path": "/hooks/lab", "svix": {"secrets": [{"env": "OTHER"}], "tolerance_seconds": 0},
            "hmac": {"secrets": [{"inline": "plain"}], "headers": ["X-Lab"], "tolerance_seconds": 60},
            "max_body_bytes": 1, "mode": "shadow", "unknown_events": "acknowledge",
            "nulls": "absent", "hold_headers": false,
            "duplicates": {"remember": 4096, "seconds": 3600}}"#,
    )
    .unwrap();
    assert_eq!(config.route, Route::new("/hooks/lab").unwrap());
    assert_eq!(config.max_body_bytes, 1);
    assert_eq!(config.mode, Mode::Shadow);
    let rules = Rules { unknown_events: UnknownEvents::Acknowledge, nulls: Nulls::Absent };
    assert_eq!(config.rules, rules);
    assert!(!config.hold_headers);
    assert_eq!(config.duplicates, Some(Limits::new(4096, 3600).unwrap()));
    assert!(config.verifier.withholds("x-lab", SchemeName::Hmac));
    assert!(config.verifier.withholds("x-signature", SchemeName::Hmac));
    assert!(!config.verifier.withholds("x-laboratory", SchemeName::Hmac));
}

#[test]
fn svix_stays_on_where_none_of_its_optional_secrets_is_there() {
    let optional = r#"[{"env": "NOT_SET", "optional": true}]"#;
    let known = r#"[{"inline": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]"#;
    let warning = "svix.secrets: none of them is there, so webhooks with Svix's headers fail with \
                   reason=configuration; hmac goes on verifying";
    for (svix, hmac, is_complete) in [
        (optional, known, false),
        ("[]", known, true),
        // A plain HMAC that is off decides over nothing, and no weaker scheme is below it.
        (known, optional, true),
    ] {
        let text = format!(r#"{{"svix": {{"secrets": {svix}}}, "hmac": {{"secrets": {hmac}}}}}"#);
        let config = Config::parse(text.as_bytes(), |_| None::<String>).unwrap();
        assert_eq!(config.verifier.is_complete(), is_complete, "{text}");
        let draft = Draft::parse(text.as_bytes(), |_| None::<String>).unwrap();
        let warned: &[_] = if is_complete { &[] } else { &[warning] };
        assert_eq!(config.warnings().collect::<Vec<_>>(), warned, "{text}");
        assert_eq!(draft.warnings().collect::<Vec<_>>(), warned, "{text}");
    }
}

#[test]
fn the_previous_secret_is_optional_and_used_where_it_is_there() {
    // A tolerance that reaches from the message's time to the literal clock below.
    let text = r#"{"svix": {"tolerance_seconds": 99999999999}}"#;
    let previous = |name: &str| match name {
        "JUNCTION_WEBHOOK_SECRET" => Some("whsec_plJ3nmyCDGBKInavdOK15jsl".to_owned()),
        "JUNCTION_WEBHOOK_SECRET_PREVIOUS" => Some(SVIX.to_owned()),
        _ => None,
    };
    let config = Config::parse(text.as_bytes(), previous).unwrap();
    // The published vector of the Svix library suite, signed with `SVIX`.
    let headers = [
        ("svix-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("svix-timestamp", "1614265330"),
        ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ]
    .map(|(name, value)| (name, value.as_bytes()));
    let mut pending = config.verifier.begin(&headers, Duration::from_secs(1_795_000_000)).unwrap();
    pending.update(br#"{"test": 2432232314}"#);
    assert_eq!(pending.finish().map(|verified| verified.scheme), Ok(SchemeName::Svix));
}

#[test]
fn an_error_names_the_field_and_the_rule() {
    let not_allowed = "not of the right type, or not an allowed value";
    let mode = r#"must be "enforce" or "shadow""#;
    for (text, field, problem) in [
        ("{", "configuration", "not valid JSON (line 1 column 1)".to_owned()),
        ("{} {}", "configuration", "not valid JSON (line 1 column 4)".to_owned()),
        ("[]", "configuration", format!("{not_allowed} (line 1 column 0)")),
        (r#"{"svix":[[],1]}"#, "svix", format!("{not_allowed} (line 1 column 8)")),
        (r#"{"path":null}"#, "path", format!("{not_allowed} (line 1 column 12)")),
        (r#"{"modes":"shadow"}"#, "modes", "unknown field (line 1 column 8)".to_owned()),
        (r#"{"svix":{"secret":1}}"#, "svix.secret", "unknown field (line 1 column 17)".to_owned()),
        (r#"{"mode":"off"}"#, "mode", format!("{mode} (line 1 column 13)")),
        (r#"{"mode":"Shadow"}"#, "mode", format!("{mode} (line 1 column 16)")),
        (r#"{"mode":1}"#, "mode", format!("{mode} (line 1 column 9)")),
        (r#"{"mode":{"shadow":null}}"#, "mode", format!("{mode} (line 1 column 8)")),
        (r#"{"mode":"must be canary"}"#, "mode", format!("{mode} (line 1 column 24)")),
        (
            r#"{"nulls":null}"#,
            "nulls",
            r#"must be "reject" or "absent" (line 1 column 13)"#.to_owned(),
        ),
        (
            r#"{"unknown_events":{}}"#,
            "unknown_events",
            r#"must be "reject", "acknowledge" or "forward" (line 1 column 18)"#.to_owned(),
        ),
        (
            r#"{"mode":"shadow","mode":"enforce"}"#,
            "configuration",
            "a field is given twice (line 1 column 23)".to_owned(),
        ),
        (r#"{"max_body_bytes":0}"#, "max_body_bytes", format!("{not_allowed} (line 1 column 19)")),
        (
            r#"{"max_body_bytes":"1"}"#,
            "max_body_bytes",
            format!("{not_allowed} (line 1 column 21)"),
        ),
        (
            r#"{"svix":{"tolerance_seconds":-1}}"#,
            "svix.tolerance_seconds",
            format!("{not_allowed} (line 1 column 31)"),
        ),
        (r#"{"path":"hooks"}"#, "path", RouteError::NotAbsolute.to_string()),
        (r#"{"path":"/hooks//"}"#, "path", RouteError::NotNormal.to_string()),
        (r#"{"path":"/hooks/*"}"#, "path", RouteError::Pattern.to_string()),
        (r#"{"hmac":{"headers":[]}}"#, "hmac.headers", hmac::HeadersError::Empty.to_string()),
        (
            r#"{"svix":{"secrets":[{"env":"OTHER"},{"env":"MISSING"}]}}"#,
            "svix.secrets[1]",
            "the environment variable is missing or empty".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"EMPTY"}]}}"#,
            "svix.secrets[0]",
            "the environment variable is missing or empty".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"UNDECODABLE","optional":true}]}}"#,
            "svix.secrets[0]",
            SecretError::NotBase64.to_string(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"NOT_TEXT","optional":true}]}}"#,
            "svix.secrets[0]",
            "the environment variable is not UTF-8".to_owned(),
        ),
        (
            r#"{"hmac":{"secrets":[{"inline":""}]}}"#,
            "hmac.secrets[0]",
            SecretError::Empty.to_string(),
        ),
        (r#"{"svix":{"secrets":[{}]}}"#, "svix.secrets[0]", FORMS.to_owned()),
        (
            r#"{"svix":{"secrets":[{"env":"OTHER","inline":"x"}]}}"#,
            "svix.secrets[0]",
            FORMS.to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s"}]}}"#,
            "svix.secrets[0].sds",
            "needs the native module".to_owned(),
        ),
        (
            r#"{"hmac":{"secrets":[{"inline":"k"},{"sds":"s"}]}}"#,
            "hmac.secrets[1].sds",
            "needs the native module".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":""}]}}"#,
            "svix.secrets[0].sds",
            "must not be empty".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":" whsec_MfKQ"}]}}"#,
            "svix.secrets[0].sds",
            "must be a secret's name, not the secret".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"config_source":{"ads":{}}}]}}"#,
            "svix.secrets[0].config_source",
            "needs sds".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"OTHER","config_source":{"ads":{}}}]}}"#,
            "svix.secrets[0].config_source",
            "needs sds".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s","config_source":"ads"}]}}"#,
            "svix.secrets[0].config_source",
            format!("{not_allowed} (line 1 column 52)"),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s","config_source":{"path":"/hooks"}}]}}"#,
            "svix.secrets[0].config_source.path",
            "unknown field (line 1 column 54)".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s","env":"OTHER"}]}}"#,
            "svix.secrets[0]",
            FORMS.to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s","inline":"MfKQ"}]}}"#,
            "svix.secrets[0]",
            FORMS.to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"sds":"s","optional":true}]}}"#,
            "svix.secrets[0]",
            "optional is for env alone: one by SDS may always be missing".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"inline":"x","optional":true}]}}"#,
            "svix.secrets[0]",
            "optional is for env alone: an inline secret is always there".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"OTHER","inline":"x","optional":true}]}}"#,
            "svix.secrets[0]",
            FORMS.to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[]}}"#,
            "svix.secrets, hmac.secrets",
            "svix or hmac must have a secret".to_owned(),
        ),
        (
            r#"{"svix":{"secrets":[{"env":"MISSING","optional":true}]}}"#,
            "svix.secrets, hmac.secrets",
            "svix or hmac must have a secret".to_owned(),
        ),
    ] {
        let error = parse(text).unwrap_err().error;
        assert_eq!(error.to_string(), format!("{field}: {problem}"), "{text}");
    }
}

#[test]
fn the_longest_body_has_a_bound() {
    for (bytes, problem) in [
        (1, None),
        (8_388_608, None),
        (8_388_609, Some("max_body_bytes: must be 1 to 8388608 (8 MiB)")),
        (400_000_000, Some("max_body_bytes: must be 1 to 8388608 (8 MiB)")),
        (u32::MAX, Some("max_body_bytes: must be 1 to 8388608 (8 MiB)")),
    ] {
        let read = parse(&format!(r#"{{"max_body_bytes":{bytes}}}"#));
        let problem = problem.map(str::to_owned);
        assert_eq!(read.err().map(|unusable| unusable.error.to_string()), problem, "{bytes}");
    }
}

/// serde says which words it takes for a type.
#[test]
fn the_words_that_an_error_names_are_those_that_are_read() {
    let taken = [
        serde_json::from_str::<Mode>("\"\"").unwrap_err(),
        serde_json::from_str::<UnknownEvents>("\"\"").unwrap_err(),
        serde_json::from_str::<Nulls>("\"\"").unwrap_err(),
    ];
    assert_eq!(raw::WORDS.map(|(field, _)| field), ["mode", "unknown_events", "nulls"]);
    for ((field, problem), taken) in raw::WORDS.into_iter().zip(taken) {
        let words: Vec<_> = problem.split('"').skip(1).step_by(2).collect();
        // The first that it names is the one that it was given.
        let taken = taken.to_string();
        assert_eq!(words, taken.split('`').skip(3).step_by(2).collect::<Vec<_>>(), "{field}");
        for word in words {
            let text = format!("{{\"{field}\":\"{word}\"}}");
            assert!(parse(&text).is_ok(), "{text}");
        }
    }
}

#[test]
fn the_memory_of_repeats_has_bounds_and_no_defaults() {
    let not_allowed = "not of the right type, or not an allowed value";
    for (text, field, problem) in [
        (
            r#"{"duplicates":{"remember":0,"seconds":1}}"#,
            "duplicates.remember",
            "must be 1 to 65536".to_owned(),
        ),
        (r#"{"duplicates":{"seconds":1}}"#, "duplicates.remember", "must be 1 to 65536".to_owned()),
        (
            r#"{"duplicates":{"remember":65537,"seconds":1}}"#,
            "duplicates.remember",
            "must be 1 to 65536".to_owned(),
        ),
        (
            r#"{"duplicates":{"remember":1}}"#,
            "duplicates.seconds",
            "must be 1 to 604800".to_owned(),
        ),
        (
            r#"{"duplicates":{"remember":1,"seconds":604801}}"#,
            "duplicates.seconds",
            "must be 1 to 604800".to_owned(),
        ),
        (r#"{"duplicates":[1,1]}"#, "duplicates", format!("{not_allowed} (line 1 column 14)")),
        (
            r#"{"duplicates":{"remember":1,"second":1}}"#,
            "duplicates.second",
            "unknown field (line 1 column 36)".to_owned(),
        ),
        (
            r#"{"duplicates":{"remember":1.5,"seconds":1}}"#,
            "duplicates.remember",
            format!("{not_allowed} (line 1 column 29)"),
        ),
    ] {
        let error = parse(text).unwrap_err().error;
        assert_eq!(error.to_string(), format!("{field}: {problem}"), "{text}");
    }
    for text in [
        r#"{"duplicates":{"remember":1,"seconds":1}}"#,
        r#"{"duplicates":{"remember":65536,"seconds":604800}}"#,
    ] {
        assert!(parse(text).unwrap().duplicates.is_some(), "{text}");
    }
    assert_eq!(parse(r#"{"duplicates":null}"#).unwrap().duplicates, None);
}

#[test]
fn an_error_never_holds_a_value() {
    for text in [
        r#"{"mode":"canary"}"#,
        r#"{"path":"canary"}"#,
        r#"{"path":{"canary":1}}"#,
        r#"{"svix":"canary"}"#,
        r#"{"svix":{"secrets":"canary"}}"#,
        r#"{"svix":{"secrets":["canary"]}}"#,
        r#"{"svix":{"secrets":[{"inline":"canary!"}]}}"#,
        r#"{"svix":{"secrets":[{"env":"UNDECODABLE"}]}}"#,
        r#"{"hmac":{"headers":["canary canary"]}}"#,
        r#"{"max_body_bytes":"canary"}"#,
        r#"{"svix":{"secrets":[{"whsec_canary=":true}]}}"#,
        r#"{"svix":{"secrets":[{"sds":"canary"}]}}"#,
        r#"{"svix":{"secrets":[{"sds":"canary","env":"canary"}]}}"#,
        r#"{"svix":{"secrets":[{"sds":"s","config_source":{"whsec_canary=":1}}]}}"#,
        r#"{"whsec_canary=":true}"#,
        "canary",
    ] {
        let error = parse(text).unwrap_err().error.to_string();
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn a_slash_at_the_end_of_the_path_is_dropped() {
    let config = parse(r#"{"path":"/hooks/lab/"}"#).unwrap();
    assert_eq!(config.route.path(), "/hooks/lab");
}
