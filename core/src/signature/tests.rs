//! The verifier as a whole: published vectors, the choice of the scheme, the verdict.

use serde_json::Value;
use standardwebhooks::Webhook;

use super::SignatureError::*;
use super::*;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(super) const OTHER_SECRET: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl";
pub(super) const PLAIN_SECRET: &str = "It's a Secret to Everybody";
pub(super) const NOW: Duration = Duration::from_secs(1_614_265_330);
pub(super) const TOLERANCE: Duration = Duration::from_mins(5);
pub(super) const BODY: &[u8] = br#"{"test": 2432232314}"#;

pub(super) type Headers = Vec<(String, Vec<u8>)>;

pub(super) fn headers<V: AsRef<[u8]>>(pairs: &[(&str, V)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_ref().to_vec())).collect()
}

pub(super) fn borrowed(headers: &[(String, Vec<u8>)]) -> Vec<Header<'_>> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
}

pub(super) fn hex(bytes: [u8; 32]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).concat()
}

/// The three headers of a message sent now, signed by the independent implementation.
pub(super) fn signed(secret: &str, names: [&str; 3]) -> Headers {
    let [id, timestamp, signature] = names;
    let tag = Webhook::new(secret).unwrap().sign("msg_1", 1_614_265_330, BODY).unwrap();
    headers(&[(id, "msg_1"), (timestamp, "1614265330"), (signature, tag.as_str())])
}

pub(super) fn svix_signed() -> Headers {
    signed(SECRET, ["svix-id", "svix-timestamp", "svix-signature"])
}

/// A verifier with these secrets, five minutes of tolerance and the documented header names.
pub(super) fn verifier(svix: &[&str], hmac: &[&str]) -> Verifier {
    let svix = svix.iter().map(|text| Secret::svix(text).unwrap()).collect();
    let hmac = hmac.iter().map(|text| Secret::plain(text).unwrap()).collect();
    let names = ["x-junction-signature", "x-webhook-signature", "x-signature"].map(str::to_owned);
    let hmac = hmac::Scheme::new(hmac, &names, TOLERANCE).unwrap();
    Verifier::new(svix::Scheme::new(svix, TOLERANCE), hmac).unwrap()
}

/// The verdict on a body that arrives at once.
pub(super) fn verify(
    verifier: &Verifier,
    headers: &[(String, Vec<u8>)],
    body: &[u8],
) -> Result<Verified, SignatureError> {
    let mut pending = verifier.begin(&borrowed(headers), NOW)?;
    pending.update(body);
    pending.finish()
}

pub(super) fn verified_message() -> Verified {
    Verified {
        scheme: SchemeName::Svix,
        event_id: "msg_1".to_owned(),
        sent_at: Some(SentAt { seconds: 1_614_265_330, milliseconds: None }),
    }
}

/// The verdict on the headers alone; a `Pending` has no equality to compare.
pub(super) fn begin(
    verifier: &Verifier,
    headers: &[(String, Vec<u8>)],
) -> Result<(), SignatureError> {
    verifier.begin(&borrowed(headers), NOW).map(drop)
}

fn vectors(scheme: &str) -> Vec<Value> {
    let text = include_str!("../../../tests/data/vectors/signatures.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    vectors[scheme].as_array().unwrap().clone()
}

fn text<'v>(vector: &'v Value, key: &str) -> &'v str {
    vector[key].as_str().unwrap()
}

fn body_of(vector: &Value) -> String {
    match &vector["body_repeat"] {
        Value::Null => text(vector, "body").to_owned(),
        repeat => {
            repeat[0].as_str().unwrap().repeat(repeat[1].as_u64().unwrap().try_into().unwrap())
        }
    }
}

#[test]
fn verifies_the_published_svix_vectors() {
    let vectors = vectors("svix");
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let headers = headers(&[
            ("svix-id", text(&vector, "id")),
            ("svix-timestamp", text(&vector, "timestamp")),
            ("svix-signature", text(&vector, "signature")),
        ]);
        let seconds = text(&vector, "timestamp").parse().unwrap();
        let verifier = verifier(&[text(&vector, "secret")], &[]);
        let mut pending =
            verifier.begin(&borrowed(&headers), Duration::from_secs(seconds)).unwrap();
        pending.update(body_of(&vector).as_bytes());
        let expected = Verified {
            scheme: SchemeName::Svix,
            event_id: text(&vector, "id").to_owned(),
            sent_at: Some(SentAt { seconds, milliseconds: None }),
        };
        assert_eq!(pending.finish(), Ok(expected), "{}", vector["name"]);
    }
}

#[test]
fn verifies_the_published_hmac_vectors() {
    let vectors = vectors("hmac");
    assert_eq!(vectors.len(), 1);
    for vector in vectors {
        let headers = headers(&[("x-signature", text(&vector, "signature"))]);
        let verifier = verifier(&[], &[text(&vector, "secret")]);
        let expected = Verified {
            scheme: SchemeName::Hmac,
            // `printf 'Hello, World!' | sha256sum`
            event_id: "sha256:dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f"
                .to_owned(),
            sent_at: None,
        };
        let verdict = verify(&verifier, &headers, body_of(&vector).as_bytes());
        assert_eq!(verdict, Ok(expected), "{}", vector["name"]);
    }
}

#[test]
fn no_cut_of_the_body_changes_the_verdict() {
    let verifier = verifier(&[SECRET], &[]);
    for first in 0..=BODY.len() {
        for second in first..=BODY.len() {
            let mut pending = verifier.begin(&borrowed(&svix_signed()), NOW).unwrap();
            pending.update(&BODY[..first]);
            pending.update(&BODY[first..second]);
            pending.update(&BODY[second..]);
            assert_eq!(pending.finish(), Ok(verified_message()), "{first}, {second}");
        }
    }
}

#[test]
fn an_untouched_pending_has_the_empty_body() {
    let tag = Webhook::new(SECRET).unwrap().sign("msg_1", 1_614_265_330, b"").unwrap();
    let mut headers = svix_signed();
    headers[2].1 = tag.into_bytes();
    let pending = verifier(&[SECRET], &[]).begin(&borrowed(&headers), NOW).unwrap();
    assert_eq!(pending.finish(), Ok(verified_message()));
}

#[test]
fn verifies_a_body_that_is_not_utf8() {
    let body = b"\xff\x00\xfe";
    let expected = Verified {
        scheme: SchemeName::Hmac,
        event_id: format!("sha256:{}", hex(hmac_sha256::Hash::hash(body))),
        sent_at: None,
    };
    let headers = headers(&[("x-signature", hex(hmac_sha256::HMAC::mac(body, "k")))]);
    assert_eq!(verify(&verifier(&[], &["k"]), &headers, body), Ok(expected));
}

#[test]
fn any_flipped_bit_of_the_body_is_a_mismatch() {
    let verifier = verifier(&[SECRET], &[]);
    for index in 0..BODY.len() {
        for bit in 0..8 {
            let mut body = BODY.to_vec();
            body[index] ^= 1 << bit;
            let verdict = verify(&verifier, &svix_signed(), &body);
            assert_eq!(verdict, Err(Mismatch), "byte {index}, bit {bit}");
        }
    }
}

#[test]
fn any_flipped_bit_of_a_header_is_refused() {
    let verifier = verifier(&[SECRET], &[]);
    let errors = [
        [Malformed, Mismatch].as_slice(),
        &[TimestampMalformed, TimestampTooOld, TimestampTooNew, Mismatch],
        &[Mismatch],
    ];
    for (header, errors) in errors.into_iter().enumerate() {
        for index in 0..svix_signed()[header].1.len() {
            for bit in 0..8 {
                let mut headers = svix_signed();
                headers[header].1[index] ^= 1 << bit;
                let error = verify(&verifier, &headers, BODY).unwrap_err();
                let name = &headers[header].0;
                assert!(errors.contains(&error), "{name}, byte {index}, bit {bit}: {error:?}");
            }
        }
    }
}

#[test]
fn a_body_longer_or_shorter_than_signed_is_a_mismatch() {
    let verifier = verifier(&[SECRET], &[]);
    for body in [b"".as_slice(), &BODY[1..], &BODY[..BODY.len() - 1], &[BODY, b"\n"].concat()] {
        let verdict = verify(&verifier, &svix_signed(), body);
        assert_eq!(verdict, Err(Mismatch), "{}", body.escape_ascii());
    }
}

#[test]
fn svix_alone_decides_where_one_of_its_headers_is_present() {
    let verifier = verifier(&[SECRET], &[PLAIN_SECRET]);
    let hmac = hmac_signed();
    assert_eq!(verify(&verifier, &hmac, BODY).unwrap().scheme, SchemeName::Hmac);
    for name in svix::HEADERS {
        let headers = [headers(&[(name, "x")]), hmac.clone()].concat();
        assert_eq!(begin(&verifier, &headers), Err(Missing), "{name}");
    }
    let forged = [signed(OTHER_SECRET, svix_names()), hmac].concat();
    assert_eq!(verify(&verifier, &forged, BODY), Err(Mismatch));
}

#[test]
fn svix_decides_although_an_hmac_header_is_wrong() {
    let verifier = verifier(&[SECRET], &[PLAIN_SECRET]);
    let headers = [svix_signed(), headers(&[("x-signature", "nonsense")])].concat();
    assert_eq!(verify(&verifier, &headers, BODY), Ok(verified_message()));
}

#[test]
fn a_scheme_that_is_off_does_not_decide() {
    let svix_only = verifier(&[SECRET], &[]);
    assert_eq!(begin(&svix_only, &hmac_signed()), Err(Missing));
    let hmac_only = verifier(&[], &[PLAIN_SECRET]);
    assert_eq!(begin(&hmac_only, &svix_signed()), Err(Missing));
    let both = [svix_signed(), hmac_signed()].concat();
    assert_eq!(verify(&hmac_only, &both, BODY).unwrap().scheme, SchemeName::Hmac);
}

#[test]
fn no_signature_header_is_missing() {
    let none = headers(&[("x-hub-signature-256", "x"), ("svix-other", "x"), ("Svix-Id", "x")]);
    for verifier in [verifier(&[SECRET], &[PLAIN_SECRET]), verifier(&[SECRET], &[])] {
        assert_eq!(begin(&verifier, &none), Err(Missing));
        assert_eq!(begin(&verifier, &[]), Err(Missing));
    }
}

#[test]
fn a_repeated_security_header_is_malformed_whichever_scheme_decides() {
    let names = svix::HEADERS.into_iter().chain([
        "x-junction-signature",
        "x-webhook-signature",
        "x-signature",
    ]);
    for name in names {
        for (verifier, valid) in [
            (verifier(&[SECRET], &[]), svix_signed()),
            (verifier(&[SECRET], &[PLAIN_SECRET]), svix_signed()),
            (verifier(&[], &[PLAIN_SECRET]), hmac_signed()),
        ] {
            assert_eq!(begin(&verifier, &valid), Ok(()), "{name}");
            let value = crate::http::value_of(&borrowed(&valid), name).unwrap_or(b"x").to_vec();
            let mut headers = valid;
            headers.retain(|(own, _)| own != name);
            headers.extend([(name.to_owned(), value.clone()), (name.to_owned(), value)]);
            assert_eq!(begin(&verifier, &headers), Err(Malformed), "{name}");
        }
    }
}

#[test]
fn other_headers_may_repeat() {
    let headers = [svix_signed(), headers(&[("x-other", "1"), ("x-other", "2")])].concat();
    assert_eq!(verify(&verifier(&[SECRET], &[]), &headers, BODY), Ok(verified_message()));
}

#[test]
fn withholds_the_signature_headers_and_no_other() {
    for verifier in [verifier(&[SECRET], &[]), verifier(&[], &[PLAIN_SECRET])] {
        for (name, under_svix, under_hmac) in [
            ("svix-signature", true, true),
            ("webhook-id", true, true),
            ("webhook-timestamp", true, true),
            ("webhook-signature", true, true),
            ("x-junction-signature", true, true),
            ("x-webhook-signature", true, true),
            ("x-signature", true, true),
            ("x_signature", true, true),
            ("x-junction_signature", true, true),
            // Signed, where Svix decides.
            ("svix-id", false, true),
            ("svix-timestamp", false, true),
            ("svix_id", true, true),
            ("svix_timestamp", true, true),
            ("svix-ids", false, false),
            ("x-hub-signature-256", false, false),
            ("content-type", false, false),
        ] {
            assert_eq!(verifier.withholds(name, SchemeName::Svix), under_svix, "{name}, Svix");
            assert_eq!(verifier.withholds(name, SchemeName::Hmac), under_hmac, "{name}, HMAC");
        }
    }
}

#[test]
fn names_the_claimed_id_where_there_is_exactly_one() {
    let both = verifier(&[SECRET], &[PLAIN_SECRET]);
    for (pairs, id) in [
        (vec![], None),
        (vec![("svix-id", "msg_1")], Some("msg_1")),
        (vec![("webhook-id", "msg_1")], Some("msg_1")),
        (vec![("svix-id", "msg_1"), ("svix-id", "msg_1")], None),
        (vec![("svix-id", "msg_1"), ("webhook-id", "msg_1")], None),
        (vec![("svix-id", "")], None),
        (vec![("svix-id", "msg 1")], None),
        (vec![("svix-id", "msg\n1")], None),
    ] {
        assert_eq!(both.claimed_id(&borrowed(&headers(&pairs))), id, "{pairs:?}");
    }
    assert_eq!(verifier(&[], &[PLAIN_SECRET]).claimed_id(&borrowed(&svix_signed())), None);
}

#[test]
fn no_secret_makes_no_verifier() {
    let svix = svix::Scheme::new(vec![], TOLERANCE);
    let hmac = hmac::Scheme::new(vec![], &["x-signature".to_owned()], TOLERANCE).unwrap();
    assert_eq!(Verifier::new(svix, hmac).err(), Some(NoSecret));
}

#[test]
fn debug_shows_no_secret_and_no_signature() {
    let verifier = verifier(&[SECRET], &[PLAIN_SECRET]);
    let svix = verifier.begin(&borrowed(&svix_signed()), NOW).unwrap();
    let hmac = verifier.begin(&borrowed(&hmac_signed()), NOW).unwrap();
    let tag = hex(hmac_sha256::HMAC::mac(BODY, PLAIN_SECRET));
    let shown = format!("{verifier:?} {svix:?} {hmac:?}");
    for hidden in ["MfKQ", "Everybody", &tag, "v1,", "49, 242", "73, 116"] {
        assert!(!shown.contains(hidden), "{hidden} in {shown}");
    }
    assert!(shown.contains("Secret(redacted)"), "{shown}");
}

#[test]
fn the_schemes_have_their_names() {
    assert_eq!(SchemeName::Svix.as_str(), "svix");
    assert_eq!(SchemeName::Hmac.as_str(), "hmac");
}

fn svix_names() -> [&'static str; 3] {
    ["svix-id", "svix-timestamp", "svix-signature"]
}

fn hmac_signed() -> Headers {
    headers(&[("x-signature", hex(hmac_sha256::HMAC::mac(BODY, PLAIN_SECRET)))])
}

#[test]
fn names_the_scheme_that_decides_its_headers_and_its_tolerance() {
    let plain = headers(&[("x-signature", "1")]);
    for (svix, hmac, headers, scheme) in [
        (true, true, svix_signed(), Some(SchemeName::Svix)),
        (true, true, plain.clone(), Some(SchemeName::Hmac)),
        (true, false, svix_signed(), Some(SchemeName::Svix)),
        (true, false, plain, None),
        (false, true, svix_signed(), Some(SchemeName::Hmac)),
    ] {
        let verifier =
            verifier(if svix { &[SECRET] } else { &[] }, if hmac { &[PLAIN_SECRET] } else { &[] });
        assert_eq!(verifier.deciding(&borrowed(&headers)), scheme, "{svix} {hmac} {headers:?}");
        assert_eq!(verifier.tolerance(SchemeName::Svix), TOLERANCE);
        let names: Vec<_> = verifier.plain_headers().collect();
        assert_eq!(names, ["x-junction-signature", "x-webhook-signature", "x-signature"]);
    }
}
