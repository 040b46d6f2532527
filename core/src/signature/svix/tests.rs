//! The Svix headers: their sets, forms and bounds, and the order in which they are judged.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use standardwebhooks::Webhook;

use super::*;
use crate::signature::tests::{
    BODY, Headers, NOW, OTHER_SECRET, SECRET, begin, headers, hex, signed, svix_signed,
    verified_message, verifier, verify,
};
use crate::signature::{SchemeName, SignatureError::*, Verified};

/// A signed message whose parts are replaced where `Some`.
fn message(id: Option<&[u8]>, timestamp: Option<&[u8]>, signature: Option<&[u8]>) -> Headers {
    let mut headers = svix_signed();
    for ((_, value), replacement) in headers.iter_mut().zip([id, timestamp, signature]) {
        if let Some(replacement) = replacement {
            *value = replacement.to_vec();
        }
    }
    headers
}

fn with_signature(signature: &str) -> Headers {
    message(None, None, Some(signature.as_bytes()))
}

/// The `v1,…` entry of the signed message.
fn entry(secret: &str) -> String {
    Webhook::new(secret).unwrap().sign("msg_1", 1_614_265_330, BODY).unwrap()
}

#[test]
fn verifies_either_set_of_names_in_any_order_of_headers() {
    let verifier = verifier(&[SECRET], &[]);
    for names in [SVIX, STANDARD] {
        let mut headers = signed(SECRET, names);
        assert_eq!(verify(&verifier, &headers, BODY), Ok(verified_message()), "{names:?}");
        headers.reverse();
        assert_eq!(verify(&verifier, &headers, BODY), Ok(verified_message()), "{names:?}");
    }
}

#[test]
fn an_incomplete_set_is_missing() {
    let verifier = verifier(&[SECRET], &[]);
    for names in [SVIX, STANDARD] {
        for name in names {
            let mut headers = signed(SECRET, names);
            headers.retain(|(own, _)| own != name);
            assert_eq!(begin(&verifier, &headers), Err(Missing), "{name}");
        }
    }
}

#[test]
fn a_mix_of_both_sets_is_malformed() {
    let verifier = verifier(&[SECRET], &[]);
    let both = [signed(SECRET, SVIX), signed(SECRET, STANDARD)].concat();
    assert_eq!(begin(&verifier, &both), Err(Malformed));
    for (whole, part) in [(SVIX, STANDARD), (STANDARD, SVIX)] {
        for (index, name) in part.into_iter().enumerate() {
            let added = [signed(SECRET, whole), headers(&[(name, "x")])].concat();
            assert_eq!(begin(&verifier, &added), Err(Malformed), "{name} added");
            let mut swapped = signed(SECRET, whole);
            swapped[index].0 = name.to_owned();
            assert_eq!(begin(&verifier, &swapped), Err(Malformed), "{name} swapped");
        }
    }
}

#[test]
fn verifies_every_form_of_id() {
    let longest = "i".repeat(256);
    for id in ["i", "msg_p5jXN8AQM9LWM0D4loKWxJek", "!\"#$%&'()*+,-/:;<=>?@[\\]^_`{|}~", &longest] {
        let tag = Webhook::new(SECRET).unwrap().sign(id, 1_614_265_330, BODY).unwrap();
        let headers = message(Some(id.as_bytes()), None, Some(tag.as_bytes()));
        let verified = Verified { event_id: id.to_owned(), ..verified_message() };
        assert_eq!(verify(&verifier(&[SECRET], &[]), &headers, BODY), Ok(verified), "{id}");
    }
}

#[test]
fn a_malformed_id_is_refused_though_its_signature_is_right() {
    let longer = "i".repeat(257);
    for id in ["", "msg.1", ".", "msg 1", "msg\t1", "msg\n1", "msg\u{7f}", "m\u{fc}", "\0", &longer]
    {
        let tag = Webhook::new(SECRET).unwrap().sign(id, 1_614_265_330, BODY).unwrap();
        let headers = message(Some(id.as_bytes()), None, Some(tag.as_bytes()));
        assert_eq!(begin(&verifier(&[SECRET], &[]), &headers), Err(Malformed), "{id:?}");
    }
    let headers = message(Some(b"msg\xff"), None, None);
    assert_eq!(begin(&verifier(&[SECRET], &[]), &headers), Err(Malformed));
}

#[test]
fn a_malformed_timestamp_is_named_as_such() {
    for timestamp in [b"".as_slice(), b"01614265330", b"1614265330.0", b"-1614265330", b"\xff"] {
        let headers = message(None, Some(timestamp), None);
        let verdict = begin(&verifier(&[SECRET], &[]), &headers);
        assert_eq!(verdict, Err(TimestampMalformed), "{}", timestamp.escape_ascii());
    }
}

#[test]
fn holds_both_bounds_of_the_tolerance() {
    let now = NOW.as_secs();
    for (seconds, verdict) in [
        (now - 301, Err(TimestampTooOld)),
        (now - 300, Ok(())),
        (now + 300, Ok(())),
        (now + 301, Err(TimestampTooNew)),
        (now * 1_000, Err(TimestampTooNew)),
        (9_999_999_999_999_999_999, Err(TimestampTooNew)),
        (1, Err(TimestampTooOld)),
    ] {
        let headers = message(None, Some(seconds.to_string().as_bytes()), None);
        assert_eq!(begin(&verifier(&[SECRET], &[]), &headers), verdict, "{seconds}");
    }
}

#[test]
fn verifies_a_timestamp_at_each_bound() {
    for seconds in [1_614_265_030, 1_614_265_630] {
        let tag = Webhook::new(SECRET).unwrap().sign("msg_1", seconds, BODY).unwrap();
        let headers = message(None, Some(seconds.to_string().as_bytes()), Some(tag.as_bytes()));
        let sent_at = SentAt { seconds: seconds.try_into().unwrap(), milliseconds: None };
        let verified = Verified { sent_at: Some(sent_at), ..verified_message() };
        assert_eq!(verify(&verifier(&[SECRET], &[]), &headers, BODY), Ok(verified), "{seconds}");
    }
}

#[test]
fn judges_id_then_timestamp_then_tolerance_then_signature() {
    let bad = b"".as_slice();
    let old = b"1".as_slice();
    for (id, timestamp, signature, error) in [
        (Some(bad), Some(bad), Some(bad), Malformed),
        (None, Some(bad), Some(bad), TimestampMalformed),
        (None, Some(old), Some(bad), TimestampTooOld),
        (None, None, Some(bad), Malformed),
    ] {
        let headers = message(id, timestamp, signature);
        assert_eq!(begin(&verifier(&[SECRET], &[]), &headers), Err(error), "{headers:?}");
    }
}

#[test]
fn one_matching_entry_among_others_is_enough() {
    let (right, wrong) = (entry(SECRET), entry(OTHER_SECRET));
    let unknown = format!("v2,{} v1a,{} v1 v1, , x", "A".repeat(44), "A".repeat(88));
    for signature in [
        right.clone(),
        format!("{right} {wrong}"),
        format!("{wrong} {right}"),
        format!("{wrong} {right} {wrong}"),
        format!("{unknown} {right} {unknown}"),
        format!("  {right}  "),
        format!("{right} {right}"),
        format!("{}{right}", format!("{wrong} ").repeat(31)),
    ] {
        let verdict = verify(&verifier(&[SECRET], &[]), &with_signature(&signature), BODY);
        assert_eq!(verdict, Ok(verified_message()), "{signature}");
    }
}

#[test]
fn an_empty_or_overlong_list_of_entries_is_malformed() {
    let right = format!("{} ", entry(SECRET));
    for (signature, verdict) in [
        (String::new(), Err(Malformed)),
        (" ".to_owned(), Err(Malformed)),
        ("   ".to_owned(), Err(Malformed)),
        (right.repeat(32), Ok(())),
        (right.repeat(33), Err(Malformed)),
        ("v2,x ".repeat(32) + &right, Err(Malformed)),
    ] {
        let headers = with_signature(&signature);
        assert_eq!(begin(&verifier(&[SECRET], &[]), &headers), verdict, "{signature:?}");
    }
}

#[test]
fn only_a_canonical_v1_entry_is_compared() {
    let right = entry(SECRET);
    let base64 = right.strip_prefix("v1,").unwrap();
    let tag = BASE64.decode(base64).unwrap();
    // Without its padding, and with a last character that differs in bits that do not count.
    let bare = base64.strip_suffix('=').unwrap();
    let (kept, last) = bare.split_at(bare.len() - 1);
    let stray = char::from(last.as_bytes()[0] + 1);
    for signature in [
        base64.to_owned(),
        format!("V1,{base64}"),
        format!("v1={base64}"),
        format!("v1:{base64}"),
        format!("v1,,{base64}"),
        format!("v2,{base64}"),
        format!("v1a,{base64}"),
        format!("v11,{base64}"),
        format!("v1,{bare}"),
        format!("v1,{base64}="),
        format!("v1,{kept}{stray}="),
        format!("v1,{}", base64.replace('+', "-").replace('/', "_")),
        format!("v1,{base64},"),
        format!("v1,{base64}\tx"),
        format!("\t{right}"),
        format!("v1,{}", BASE64.encode(&tag[..31])),
        format!("v1,{}", BASE64.encode([tag.as_slice(), b"\0"].concat())),
        format!("v1,{}", hex(tag.as_slice().try_into().unwrap())),
        "v1,".to_owned(),
        "v1".to_owned(),
        ",".to_owned(),
    ] {
        let verdict = verify(&verifier(&[SECRET], &[]), &with_signature(&signature), BODY);
        assert_eq!(verdict, Err(Mismatch), "{signature}");
    }
    let headers = message(None, None, Some(b"v1,\xff \xfe"));
    assert_eq!(verify(&verifier(&[SECRET], &[]), &headers, BODY), Err(Mismatch));
}

#[test]
fn any_configured_secret_may_have_signed() {
    for secrets in [vec![SECRET], vec![SECRET, OTHER_SECRET], vec![OTHER_SECRET, SECRET]] {
        let verdict = verify(&verifier(&secrets, &[]), &svix_signed(), BODY);
        assert_eq!(verdict, Ok(verified_message()), "{secrets:?}");
    }
    let verdict = verify(&verifier(&[OTHER_SECRET], &[]), &svix_signed(), BODY);
    assert_eq!(verdict, Err(Mismatch));
}

#[test]
fn a_signature_is_of_its_own_id_and_timestamp() {
    for (id, timestamp) in
        [(Some(b"msg_2".as_slice()), None), (None, Some(b"1614265331".as_slice()))]
    {
        let headers = message(id, timestamp, None);
        assert_eq!(verify(&verifier(&[SECRET], &[]), &headers, BODY), Err(Mismatch), "{headers:?}");
    }
}

#[test]
fn the_scheme_is_svix_under_either_set_of_names() {
    let verdict = verify(&verifier(&[SECRET], &["k"]), &signed(SECRET, STANDARD), BODY);
    assert_eq!(verdict.map(|verified| verified.scheme), Ok(SchemeName::Svix));
}
