use std::collections::HashSet;

use super::*;
use crate::explain::{
    capture::Capture,
    cause::{Schemes, claim, keys_for},
    secrets::Secret,
};

/// One request with a signature that matches nothing.
fn rounds(body: &[u8], most_units: usize) -> (Capture, Rounds) {
    let mut capture = Capture::new("", "POST", "/");
    capture.push("svix-id", b"msg_1");
    capture.push("svix-timestamp", b"1731705121");
    capture.push("svix-signature", b"v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    capture.body = body.to_vec();
    let schemes = Schemes { svix: true, hmac: false, plain_headers: None };
    let secrets = [Secret {
        name: "SECRET".to_owned(),
        text: b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_vec(),
        scheme: Some(SchemeName::Svix),
    }];
    let keys = [SchemeName::Svix, SchemeName::Hmac];
    let keys = keys.map(|scheme| keys_for(&secrets, scheme, &schemes));
    let rounds = Rounds::of(claim::read(&capture, &schemes), keys, Work::of(most_units));
    (capture, rounds)
}

/// Bodies of which a short text makes a lot of work.
fn hostile() -> Vec<(&'static str, Vec<u8>)> {
    let (start, end) = ("[".repeat(62), "]".repeat(62));
    let many = |item: &str| format!("[{}0]", item.repeat(20)).into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("no JSON", vec![0; 3000]),
        ("one text", format!("\"{}\"", "é".repeat(1500)).into_bytes()),
        ("lines at every depth", format!("{start}{}0{end}", "0,".repeat(20)).into_bytes()),
        ("arrays in arrays", many(&format!("{start}{end},"))),
        ("numbers", many("1e20,")),
        ("characters to escape", many("\"<é/<é/\",")),
        ("keys", many("{\"b\":1,\"a\":2},")),
    ]
}

/// What it takes is no less than what it hashes and writes, as counted here from the bodies.
#[test]
fn all_that_a_search_does_is_taken_from_its_work() {
    for (name, body) in hostile() {
        let (_, mut search) = rounds(&body, usize::MAX);
        assert_eq!(search.search(&body), Ok(None), "{name}");
        let taken = usize::MAX - search.work.left();

        let (mut forms, mut work) = (Forms::of(&body), Work::of(usize::MAX));
        let (mut distinct, mut bytes, mut all_bytes) = (HashSet::from([body.clone()]), 0, 0);
        for form in Form::all() {
            let Made::Body(made) = forms.make(form, &mut work).unwrap() else { continue };
            all_bytes += made.len();
            if distinct.insert(made.to_vec()) {
                bytes += made.len();
            }
        }
        // Every body but the first has a try by itself, and one with each other id, timestamp and
        // key.
        let each = search.claims[0].prefixes.len() + search.svix.len() - 1;
        let arrived = search.tried - each * (distinct.len() - 1);
        let heads = search.tried * (KEY_BYTES + TRY_UNITS);
        // What arrived is read for each of the changes, and for each of the ten orders; all that
        // comes of it is written, and hashed to know it again; what is new then is hashed for each
        // try, and written once more.
        let least = heads
            + body.len() * (arrived + 23 * 2 + 10 * 4)
            + all_bytes * (2 + 1)
            + bytes * (each + 2);
        assert!(taken >= least, "{name}: {taken} of {least}");
        // And that is most of it, so that the bound cuts nothing short for nothing.
        assert!(taken <= 4 * least, "{name}: {taken} of {least}");
    }
}

#[test]
fn a_search_ends_where_its_work_does() {
    for (name, body) in hostile() {
        let (_, mut search) = rounds(&body, usize::MAX);
        assert_eq!(search.search(&body), Ok(None), "{name}");
        let taken = usize::MAX - search.work.left();

        let run = |most_units| rounds(&body, most_units).1.run(&body);
        let whole = run(taken);
        assert_eq!((whole.untried, whole.tried), (None, search.tried), "{name}");
        let cut = run(taken - 1);
        let pairs =
            Untried { writings: (0, 104), alterations: (0, 23), has_single: false, is_spent: true };
        assert_eq!((cut.untried, cut.tried < whole.tried), (Some(pairs), true), "{name}");
        let nothing = run(0);
        let all = Untried {
            writings: (104, 104),
            alterations: (23, 23),
            has_single: true,
            is_spent: true,
        };
        assert_eq!((nothing.untried, nothing.tried), (Some(all), 0), "{name}");
        // However little there is, no more is tried than it pays for.
        for most_units in [taken / 2, taken / 5, taken / 20, taken / 100] {
            let cut = run(most_units);
            assert!(cut.untried.is_some_and(|untried| untried.is_spent), "{name}: {cut:?}");
            assert!(cut.tried * (KEY_BYTES + TRY_UNITS) <= most_units, "{name}: {cut:?}");
        }
    }
}

#[test]
fn says_which_bodies_were_too_long_by_themselves() {
    let (_, mut search) = rounds(b"{}", usize::MAX);
    search.left.clear();
    search.too_long = Form::all().into_iter().skip(22).take(4).collect();
    let untried =
        Untried { writings: (3, 104), alterations: (1, 23), has_single: false, is_spent: false };
    assert_eq!(search.run(b"{}").untried, Some(untried));
}
