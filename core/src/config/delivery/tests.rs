//! Secrets that come, change, go and come broken: what verifies then, and what is told of it.

use std::time::Duration;

use super::*;
use crate::config::Guarded;
use crate::route::Route;
use crate::signature::SignatureError;

/// The published vector of the Svix library suite: its secret, headers and body.
const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &[u8] = b"whsec_plJ3nmyCDGBKInavdOK15jsl";
const VECTOR: [(&str, &[u8]); 3] = [
    ("svix-id", b"msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ("svix-timestamp", b"1614265330"),
    ("svix-signature", b"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
];
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const NOW: Duration = Duration::from_secs(1_614_265_330);

fn draft(text: &str) -> Draft {
    Draft::parse(text.as_bytes(), |_| None::<String>).unwrap()
}

/// One secret of Svix's, by SDS.
fn one() -> Delivery {
    Delivery::new(draft(r#"{"path":"/hooks/lab","svix":{"secrets":[{"sds":"current"}]}}"#))
}

/// What becomes of the vector; `None` where the plugin is unusable.
fn verdict(delivery: &Delivery) -> Option<Result<(), SignatureError>> {
    let config = delivery.plugin().as_ref().as_ref().ok()?;
    let pending = config.verifier.begin(&VECTOR, NOW);
    Some(pending.and_then(|mut pending| {
        pending.update(BODY);
        pending.finish().map(drop)
    }))
}

fn bad(line: &str) -> Vec<News> {
    vec![News::Bad(line.to_owned())]
}

#[test]
fn subscriptions_are_data_with_field_name_and_source() {
    let draft = draft(
        r#"{"svix":{"secrets":[{"inline":"MfKQ"},{"sds":"a"}]},
            "hmac":{"secrets":[{"sds":"b","config_source":
                {"ads":{},"initialFetchTimeout":"1s","resource_api_version":"V3"}}]}}"#,
    );
    let all: Vec<_> = draft
        .subscriptions()
        .iter()
        .map(|own| (own.field.as_str(), own.name.as_str(), own.source.as_deref()))
        .collect();
    let source = r#"{"ads":{},"initial_fetch_timeout":"1s","resource_api_version":"V3"}"#;
    assert_eq!(
        all,
        [("svix.secrets[1].sds", "a", None), ("hmac.secrets[0].sds", "b", Some(source))]
    );
}

#[test]
fn a_secret_that_has_not_come_verifies_nothing_and_closes_the_configured_path() {
    let mut delivery = one();
    for value in [None, Some(&b""[..]), Some(b" \n")] {
        delivery.update(|_| value);
        let Err(Unusable { guarded, .. }) = &**delivery.plugin() else { panic!("{value:?}") };
        assert_eq!(*guarded, Guarded::Path(Route::new("/hooks/lab").unwrap()), "{value:?}");
    }
    delivery.update(|_| Some(SECRET));
    assert_eq!(verdict(&delivery), Some(Ok(())));
}

#[test]
fn a_delivered_value_is_read_as_one_of_the_environment_is() {
    let mut delivery = one();
    for (value, verdict_of) in [
        (&b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"[..], Some(Ok(()))),
        (b"\t whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n", Some(Ok(()))),
        (OTHER, Some(Err(SignatureError::Mismatch))),
        (b"whsec_!canary!", None),
        (b"whsec_\xff", None),
        (b"whsec_", None),
        (b"d2hzZWNfTWZLUQ==", None),
    ] {
        assert!(delivery.update(|_| Some(value)), "{value:?}");
        assert_eq!(verdict(&delivery), verdict_of, "{value:?}");
    }
}

#[test]
fn a_value_is_bounded_and_one_byte_more_is_refused() {
    let mut delivery =
        Delivery::new(draft(r#"{"svix":{"secrets":[]},"hmac":{"secrets":[{"sds":"a"}]}}"#));
    let value = vec![b'k'; MOST_SECRET_BYTES + 2];
    assert!(delivery.update(|_| Some(&value[..MOST_SECRET_BYTES])));
    assert!(delivery.plugin().is_ok());
    assert!(delivery.update(|_| Some(&value[..=MOST_SECRET_BYTES])));
    assert!(delivery.plugin().is_err());
    assert_eq!(
        delivery.news(false),
        bad("configuration is unusable: hmac.secrets[0].sds: the secret by SDS is longer than \
             4096 bytes; its path is answered with 500")
    );
    assert!(!delivery.update(|_| Some(&value)), "nothing beyond the bound is looked at");
}

#[test]
fn a_value_is_read_once_for_each_change_of_it() {
    let mut delivery = one();
    assert!(delivery.update(|_| Some(SECRET)));
    let plugin = Arc::clone(delivery.plugin());
    let again = SECRET.to_vec();
    assert!(!delivery.update(|_| Some(&again)), "the same, elsewhere");
    assert!(Arc::ptr_eq(&plugin, delivery.plugin()));
    assert!(delivery.update(|_| Some(OTHER)));
    assert!(!Arc::ptr_eq(&plugin, delivery.plugin()));
    assert!(plugin.is_ok(), "a request that is under way keeps what it began with");
}

#[test]
fn a_broken_secret_beside_a_good_one_takes_nothing_from_it() {
    let text = r#"{"svix":{"secrets":[{"sds":"old"},{"sds":"new"}]}}"#;
    let mut delivery = Delivery::new(draft(text));
    let values =
        |old: &'static [u8], new: &'static [u8]| move |place: usize| [old, new].get(place).copied();
    delivery.update(values(SECRET, b""));
    assert_eq!(verdict(&delivery), Some(Ok(())));
    delivery.update(values(b"", SECRET));
    assert_eq!(verdict(&delivery), Some(Ok(())));
    delivery.update(values(OTHER, b"!"));
    assert_eq!(verdict(&delivery), Some(Err(SignatureError::Mismatch)));
    delivery.update(values(b"", b"!"));
    assert_eq!(verdict(&delivery), None);
}

#[test]
fn while_svixs_secret_has_not_come_no_weaker_scheme_takes_its_place() {
    let text = r#"{"svix":{"secrets":[{"sds":"a"}]},"hmac":{"secrets":[{"inline":"k"}]}}"#;
    let delivery = Delivery::new(draft(text));
    let config = delivery.plugin().as_ref().as_ref().unwrap();
    // By `printf x | openssl dgst -sha256 -hmac k`.
    let plain = b"c38edc8815c8489f64738978f44008f8596345545f0baa68ef6fcf5c53e57189".as_slice();
    let finish = |headers: &[(&str, &[u8])]| {
        let mut pending = config.verifier.begin(headers, NOW)?;
        pending.update(b"x");
        pending.finish().map(drop)
    };
    assert_eq!(finish(&[("x-signature", plain)]), Ok(()));
    let both: Vec<_> = VECTOR.into_iter().chain([("x-signature", plain)]).collect();
    assert_eq!(finish(&both), Err(SignatureError::Mismatch));
}

#[test]
fn a_scheme_lacks_what_a_request_needs_where_it_is_claimed_decides_and_has_no_secret() {
    let text = r#"{"svix":{"secrets":[{"sds":"a"}]},"hmac":{"secrets":[{"sds":"b"}]}}"#;
    let plain: [(&str, &[u8]); 1] = [("x-webhook-signature", b"1")];
    let both: Vec<_> = VECTOR.into_iter().chain(plain).collect();
    let (svix, hmac) = (Some(SchemeName::Svix), Some(SchemeName::Hmac));
    for (values, is_complete, lacking) in [
        ([SECRET, b"k"], true, [None, None, None, None]),
        ([b"", b"k"], false, [svix, svix, None, None]),
        ([SECRET, b""], false, [None, None, hmac, None]),
    ] {
        let mut delivery = Delivery::new(draft(text));
        delivery.update(|place| values.get(place).copied());
        let verifier = &delivery.plugin().as_ref().as_ref().unwrap().verifier;
        assert_eq!(verifier.is_complete(), is_complete, "{values:?}");
        let of = [&both[..], &VECTOR, &plain, &[]].map(|headers| verifier.lacking(headers));
        assert_eq!(of, lacking, "{values:?}");
    }
}

#[test]
fn each_change_of_state_is_told_once_and_names_the_field_and_no_value() {
    let mut delivery = one();
    let unusable = |problem: &str| {
        bad(&format!(
            "configuration is unusable: svix.secrets[0].sds: {problem}; its path is answered with \
             500"
        ))
    };
    let good = || vec![News::Good("svix.secrets[0].sds: the secret by SDS has come".to_owned())];
    let absent = "the secret by SDS has not come, or is empty";
    assert_eq!(delivery.news(true), [], "it may still come");
    assert_eq!(delivery.news(false), unusable(absent));
    assert_eq!(delivery.news(false), []);
    for (value, news) in [
        (&b""[..], vec![]),
        (SECRET, good()),
        (OTHER, vec![]),
        (
            b"whsec_!canary!",
            unusable(
                "of the secret by SDS: secret must be standard base64 after an optional whsec_",
            ),
        ),
        (b"whsec_!another!", vec![]),
        (b"\xff", unusable("the secret by SDS is not UTF-8")),
        (b"", unusable(absent)),
        (SECRET, good()),
    ] {
        delivery.update(|_| Some(value));
        assert_eq!(delivery.news(false), news, "{value:?}");
        assert_eq!(delivery.news(false), [], "{value:?}: once");
    }
}

#[test]
fn a_secret_that_is_there_from_the_start_is_nothing_to_tell_of() {
    let mut delivery = one();
    delivery.update(|_| Some(SECRET));
    assert_eq!(delivery.news(true), []);
    assert_eq!(delivery.news(false), []);
}

#[test]
fn what_else_verifies_is_said_beside_a_secret_that_does_not() {
    let text = r#"{"svix":{"secrets":[{"inline":"MfKQ"},{"sds":"a"}]}}"#;
    let mut delivery = Delivery::new(draft(text));
    assert_eq!(
        delivery.news(false),
        bad("svix.secrets[1].sds: the secret by SDS has not come, or is empty; the other secrets \
             go on verifying")
    );
}

#[test]
fn no_value_is_in_what_debug_shows() {
    let mut delivery = one();
    delivery.update(|_| Some(SECRET));
    let shown = format!("{delivery:?}");
    assert!(!shown.contains("MfKQ9r8G"), "{shown}");
}
