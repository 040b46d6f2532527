//! The plain HMAC header: its forms and bounds, and which header decides.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::*;
use crate::signature::tests::{
    BODY, Headers, NOW, PLAIN_SECRET, TOLERANCE, begin, borrowed, headers, hex, verifier, verify,
};
use crate::signature::{SchemeName, SignatureError::*, Verified};

fn tag(content: &[u8], secret: &str) -> [u8; 32] {
    hmac_sha256::HMAC::mac(content, secret)
}

/// The tag of `{time}.{BODY}`.
fn timed(time: &str) -> [u8; 32] {
    tag(&[time.as_bytes(), b".", BODY].concat(), PLAIN_SECRET)
}

fn bare() -> [u8; 32] {
    tag(BODY, PLAIN_SECRET)
}

fn carrying(value: &str) -> Headers {
    headers(&[("x-signature", value)])
}

fn verified(sent_at: Option<SentAt>) -> Verified {
    let digest = hmac_sha256::Hash::hash(BODY);
    Verified { scheme: SchemeName::Hmac, event_id: format!("sha256:{}", hex(digest)), sent_at }
}

#[test]
fn verifies_every_form_of_a_body_signature() {
    let (hex, base64) = (hex(bare()), BASE64.encode(bare()));
    let upper = hex.to_uppercase();
    let mixed = hex[..32].to_uppercase() + &hex[32..];
    for text in [hex, upper, mixed, base64] {
        for prefix in ["", "sha256=", "v1="] {
            let value = format!("{prefix}{text}");
            let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value), BODY);
            assert_eq!(verdict, Ok(verified(None)), "{value}");
        }
    }
}

#[test]
fn verifies_a_signed_time_in_seconds_and_milliseconds() {
    for (time, milliseconds) in [("1614265330", None), ("1614265330007", Some(7))] {
        for text in [hex(timed(time)), hex(timed(time)).to_uppercase(), BASE64.encode(timed(time))]
        {
            let value = format!("t={time},v1={text}");
            let sent_at = SentAt { seconds: 1_614_265_330, milliseconds };
            let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value), BODY);
            assert_eq!(verdict, Ok(verified(Some(sent_at))), "{value}");
        }
    }
}

#[test]
fn one_matching_tag_among_others_is_enough() {
    let right = format!(",v1={}", hex(timed("1614265330")));
    let wrong = format!(",v1={}", "0".repeat(64));
    for tags in [
        format!("{right}{wrong}"),
        format!("{wrong}{right}"),
        format!("{}{right}", wrong.repeat(31)),
    ] {
        let value = format!("t=1614265330{tags}");
        let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value), BODY);
        assert!(verdict.is_ok(), "{value}: {verdict:?}");
    }
}

#[test]
fn the_list_of_tags_holds_one_to_thirty_two() {
    let tag = format!(",v1={}", hex(timed("1614265330")));
    for (count, verdict) in [(0, Err(Malformed)), (1, Ok(())), (32, Ok(())), (33, Err(Malformed))] {
        let value = format!("t=1614265330{}", tag.repeat(count));
        assert_eq!(begin(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value)), verdict, "{count}");
    }
}

#[test]
fn a_value_that_is_not_exactly_a_form_is_malformed() {
    let (hex, base64) = (hex(bare()), BASE64.encode(bare()));
    let bare = base64.strip_suffix('=').unwrap();
    let (kept, last) = bare.split_at(bare.len() - 1);
    let stray = char::from(last.as_bytes()[0] + 1);
    let time = "1614265330";
    for value in [
        String::new(),
        "sha256=".to_owned(),
        "v1=".to_owned(),
        hex[1..].to_owned(),
        format!("{hex}0"),
        format!("{hex}00"),
        format!("g{}", &hex[1..]),
        format!("+{}", &hex[1..]),
        format!("0x{hex}"),
        format!(" {hex}"),
        format!("{hex} "),
        format!("{hex},{hex}"),
        bare.to_owned(),
        format!("{base64}="),
        format!("{kept}{stray}="),
        format!("{}=", "-".repeat(43)),
        format!("SHA256={hex}"),
        format!("sha1={hex}"),
        format!("sha256=v1={hex}"),
        format!("sha256:{hex}"),
        format!("v1,{base64}"),
        format!("v0={hex}"),
        format!("v1={hex},v1={hex}"),
        format!("v1={hex},t={time}"),
        format!("T={time},v1={hex}"),
        format!("t={time}"),
        format!("t={time},"),
        format!("t={time},v1="),
        format!("t={time},{hex}"),
        format!("t={time},sha256={hex}"),
        format!("t={time},v0={hex}"),
        format!("t={time},v1={hex},v0={hex}"),
        format!("t={time},v1={hex},"),
        format!("t={time},,v1={hex}"),
        format!("t={time}, v1={hex}"),
        format!("t={time},v1={hex},t={time}"),
        format!("t={time},v1={}", &hex[1..]),
        format!("t={time},v1={hex},v1=x"),
    ] {
        let verdict = begin(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value));
        assert_eq!(verdict, Err(Malformed), "{value:?}");
    }
    let headers = headers(&[("x-signature", b"\xff\xfe")]);
    assert_eq!(begin(&verifier(&[], &[PLAIN_SECRET]), &headers), Err(Malformed));
}

#[test]
fn a_malformed_time_is_named_as_such() {
    for time in
        ["", "0", "01614265330", "+1614265330", "1614265330.0", "10000000000000000000", " 1"]
    {
        let value = format!("t={time},v1={}", hex(timed(time)));
        let verdict = begin(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value));
        assert_eq!(verdict, Err(TimestampMalformed), "{value}");
    }
}

#[test]
fn holds_both_bounds_of_the_tolerance() {
    for (time, verdict) in [
        ("1614265029", Err(TimestampTooOld)),
        ("1614265030", Ok(())),
        ("1614265630", Ok(())),
        ("1614265631", Err(TimestampTooNew)),
        ("1614265029999", Err(TimestampTooOld)),
        ("1614265030000", Ok(())),
        ("1614265630000", Ok(())),
        ("1614265630001", Err(TimestampTooNew)),
        ("161426533000", Err(TimestampTooNew)),
        ("16142653300000", Err(TimestampTooNew)),
        ("9999999999999999999", Err(TimestampTooNew)),
    ] {
        let value = format!("t={time},v1={}", hex(timed(time)));
        let headers = carrying(&value);
        assert_eq!(begin(&verifier(&[], &[PLAIN_SECRET]), &headers), verdict, "{time}");
        let is_verified = verify(&verifier(&[], &[PLAIN_SECRET]), &headers, BODY).is_ok();
        assert_eq!(is_verified, verdict.is_ok(), "{time}");
    }
}

#[test]
fn a_signed_time_is_not_the_body_alone() {
    let time = "1614265330";
    for value in [format!("t={time},v1={}", hex(bare())), format!("v1={}", hex(timed(time)))] {
        let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value), BODY);
        assert_eq!(verdict, Err(Mismatch), "{value}");
    }
    let value = format!("t=1614265331,v1={}", hex(timed(time)));
    let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &carrying(&value), BODY);
    assert_eq!(verdict, Err(Mismatch));
}

#[test]
fn any_flipped_bit_of_the_value_is_refused_or_only_changes_case() {
    let value = format!("t=1614265330,v1={}", hex(timed("1614265330")));
    for index in 0..value.len() {
        for bit in 0..8 {
            let mut flipped = value.clone().into_bytes();
            flipped[index] ^= 1 << bit;
            let changes_digit_case = index > 15 && flipped.eq_ignore_ascii_case(value.as_bytes());
            let headers = headers(&[("x-signature", &flipped)]);
            let verdict = verify(&verifier(&[], &[PLAIN_SECRET]), &headers, BODY);
            assert_eq!(verdict.is_ok(), changes_digit_case, "{}", flipped.escape_ascii());
        }
    }
}

#[test]
fn any_configured_secret_may_have_signed() {
    let headers = carrying(&hex(bare()));
    for (secrets, verdict) in [
        (vec!["k", PLAIN_SECRET], Ok(verified(None))),
        (vec![PLAIN_SECRET, "k"], Ok(verified(None))),
        (vec!["k"], Err(Mismatch)),
    ] {
        assert_eq!(verify(&verifier(&[], &secrets), &headers, BODY), verdict, "{secrets:?}");
    }
}

#[test]
fn the_first_configured_header_that_is_present_decides() {
    let (right, wrong) = (hex(bare()), "0".repeat(64));
    let names = ["x-junction-signature", "x-webhook-signature", "x-signature"];
    for (index, first) in names.into_iter().enumerate() {
        for later in &names[index + 1..] {
            for (values, verdict) in
                [([&right, &wrong], Ok(verified(None))), ([&wrong, &right], Err(Mismatch))]
            {
                let mut headers = headers(&[(first, values[0]), (*later, values[1])]);
                for _ in 0..2 {
                    headers.reverse();
                    let verifier = verifier(&[], &[PLAIN_SECRET]);
                    assert_eq!(verify(&verifier, &headers, BODY), verdict, "{first}, {later}");
                }
            }
        }
    }
}

#[test]
fn reads_the_configured_header_whatever_its_case() {
    let secrets = vec![Secret::plain(PLAIN_SECRET).unwrap()];
    let scheme = Scheme::new(secrets, &["X-Lab-Signature".to_owned()], TOLERANCE).unwrap();
    let headers = headers(&[("x-lab-signature", hex(bare()))]);
    let mut pending = scheme.begin(&borrowed(&headers), NOW).unwrap();
    pending.update(BODY);
    assert_eq!(pending.finish(), Ok(verified(None)));
}

#[test]
fn refuses_header_names_that_are_unusable() {
    for (names, error) in [
        (vec![], Some(HeadersError::Empty)),
        (vec![""], Some(HeadersError::NotAName)),
        (vec!["x signature"], Some(HeadersError::NotAName)),
        (vec![":path"], Some(HeadersError::NotAName)),
        (vec!["x-s\u{fc}"], Some(HeadersError::NotAName)),
        (vec!["svix-id"], Some(HeadersError::Reserved)),
        (vec!["x-signature", "Webhook-Signature"], Some(HeadersError::Reserved)),
        (vec!["x-signature", "X-Signature"], Some(HeadersError::Repeated)),
        (vec!["x-signature", "x-other"], None),
    ] {
        let owned: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(Scheme::new(vec![], &owned, TOLERANCE).err(), error, "{names:?}");
    }
}
